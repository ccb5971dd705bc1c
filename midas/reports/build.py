"""From a run to its tear sheet."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import msgspec
import numpy as np

from midas.backtest.assumptions import Assumptions
from midas.backtest.conditions import taking
from midas.backtest.outcome import Outcome, exposed, reached
from midas.backtest.record import Record
from midas.backtest.series import Bars
from midas.costs import BPS
from midas.reports import calendar, figures, parts, paths, spending, thinning
from midas.reports import trading as deals
from midas.reports.readiness import readiness
from midas.reports.sheet import Part, Sheet, Source, Trade, Twin
from midas.statistics.conventions import CALENDAR, simple_returns
from midas.statistics.performance import win_rate

TOLD = 50  # lines of the engine that are kept


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What one back-test was, and what others found out about it."""

    strategy: str
    parameters: dict[str, Any]
    currency: str
    cash: float
    given: Assumptions
    series: Sequence[Bars]
    outcome: Outcome
    record: Record
    made_at: int  # wall time
    files: Sequence[str] = ()  # that each of the series came from
    remarks: Sequence[str] = ()  # on the data of each
    trials: int = 1  # configurations ever tried on these data, this one among them
    trial_variance: float = 0.0  # of their Sharpe ratios, of one day each
    overfitting: float | None = None
    twin: Twin | None = None
    needs_regime: bool = False  # nothing is opened before the rules have seen one


def sheet_of(run: Run) -> tuple[Sheet, list[Trade]]:
    """The sheet, without an id yet, and all trades, of which it holds the newest."""
    outcome, cash = run.outcome, run.cash
    times, equity = outcome.curve.time, outcome.curve.equity
    series = reached(run.series, outcome.curve)
    ways = {bars.instrument.id: paths.path(bars, outcome.fills, times) for bars in series}
    held = paths.bought(series, times, cash, taking(run.given).total_bps / BPS)
    ends, closes = paths.daily(times, equity)
    others = paths.daily(times, held)[1].tolist()
    returns, beside = simple_returns([cash, *closes.tolist()]), simple_returns([cash, *others])
    depth = paths.fallen(equity, cash)
    found, still = deals.trades(outcome.fills, run.record.exits, outcome.charges)
    window, rolled = figures.rolling(ends.tolist(), returns, CALENDAR)
    worst = float(paths.fallen(held, cash).min()) if len(held) else 0.0
    sheet = Sheet(
        made_at=run.made_at, strategy=run.strategy, parameters=dict(run.parameters),
        instruments=tuple(bars.instrument.name for bars in run.series), currency=run.currency,
        data=sources(run.series, run.files, run.remarks), assumptions=msgspec.to_builtins(run.given),
        begins=min(int(bars.time[0]) - bars.period for bars in run.series),
        ends=int(times[-1]) if len(times) else 0, bars=outcome.bars, seconds=outcome.wall,
        interrupted=outcome.interrupted, digest=outcome.digest, cash=cash, equity=outcome.equity,
        growth=figures.growth(returns, CALENDAR), worst=float(depth.min()) if len(depth) else 0.0,
        evidence=figures.evidence(
            returns, CALENDAR, win_rate([trade.profit for trade in found]), run.trials, run.trial_variance,
            run.overfitting,
        ),
        trading=msgspec.structs.replace(
            deals.trading(found, still, outcome.fills), after_gaps=outcome.after_gaps
        ),
        costs=spending.spent(outcome, series, run.given),
        exposed=exposed(outcome.curve, outcome.fills, min(bars.period for bars in run.series)),
        benchmark=figures.benchmark(returns, beside, worst, CALENDAR) if series else None, twin=run.twin,
        ready=readiness(run.record, run.needs_regime, times, equity, held),
        months=calendar.months(ends, closes, cash),
        falls=calendar.falls(times, equity, cash, int(times[0]) - run.series[0].period if len(times) else 0),
        curve=thinning.curve(times, equity, depth, held, _exposure(run, ways)), rolling=rolled,
        rolling_days=window, bins=deals.bins([trade.result for trade in found]),
        charts=tuple(map(thinning.chart, series)), trades=tuple(found[-deals.KEPT :]),
        parts=_parts(run, series, ways, found), signals=dict(run.record.signals),
        refusals=dict(run.record.refusals), why=_why(run.record),
        told=tuple((line.at, line.text) for line in run.record.told[-TOLD:]),
    )  # fmt: skip
    return sheet, found


def _why(record: Record) -> dict[str, dict[str, int]]:
    """The most frequent reason first."""
    found: dict[str, dict[str, int]] = {}
    for (outcome, reason), count in record.why.most_common():
        found.setdefault(outcome, {})[reason] = count
    return found


def sources(
    series: Sequence[Bars], files: Sequence[str] = (), remarks: Sequence[str] = ()
) -> tuple[Source, ...]:
    """What the data were; `files` and `remarks` one for each of the series, or none."""
    return tuple(
        Source(
            instrument=bars.instrument.name, file=file, rows=len(bars), period=bars.period,
            begins=int(bars.time[0]) - bars.period, ends=int(bars.time[-1]), digest=_digest(bars),
            remark=remark,
        )
        for bars, file, remark in zip_longest(series, files, remarks, fillvalue="")
        if isinstance(bars, Bars)
    )  # fmt: skip


def _digest(bars: Bars) -> str:
    found = hashlib.blake2b(digest_size=8)
    for column in (bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume):
        found.update(np.ascontiguousarray(column).data)
    return found.hexdigest()


def _exposure(run: Run, ways: dict[str, paths.Path]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """What is held over equity, at each close."""
    equity = run.outcome.curve.equity
    value = sum((np.abs(way.value) for way in ways.values()), np.zeros(len(equity)))
    return np.divide(value, equity, out=np.zeros(len(equity)), where=equity > 0.0)


def _parts(
    run: Run, series: Sequence[Bars], ways: dict[str, paths.Path], found: list[Trade]
) -> tuple[Part, ...]:
    fills, times = run.outcome.fills, run.outcome.curve.time
    if not series:
        return ()
    names = {bars.instrument.id: bars.instrument.name for bars in series}
    kinds = (
        parts.by_strategy(fills, series, found), parts.by_instrument(ways, names, fills, found),
        parts.by_regime(series, ways, times, run.record.regimes, found) if run.outcome.audits else [],
    )  # fmt: skip
    paid = -run.outcome.funding
    return tuple(
        part
        for mine in kinds if mine
        for part in (*mine, *([Part(kind=mine[0].kind, name="funding", profit=paid)] if paid else []))
    )  # fmt: skip
