"""What a back-test says in figures, all of them from `midas.statistics`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from math import fsum

import msgspec
import numpy as np

from midas.backtest.assumptions import Assumptions
from midas.backtest.conditions import taking
from midas.backtest.outcome import Outcome, exposed
from midas.backtest.quality import Quality
from midas.backtest.series import Bars
from midas.costs import BPS
from midas.statistics.conventions import CALENDAR, daily_closes, simple_returns
from midas.statistics.performance import Performance, measure
from midas.statistics.trades import TradeStatistics, trade_statistics


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Fractions, and money in the account's currency."""

    begins: int  # market time
    ends: int
    bars: int
    cash: float  # that it began with
    equity: float  # at the end, open positions at the last close
    performance: Performance  # of daily returns, after all costs
    trades: TradeStatistics
    closed: int  # trades
    fills: int
    fees: float
    traded: float  # notional of all fills
    exposed: float  # share of the bars with a position
    held: float  # of buying with everything at the first close, its fee and spread paid, and keeping it
    audits: int
    digest: str
    interrupted: bool
    funding: float = 0.0  # paid; negative where it was earned
    after_gaps: int = 0  # fills in the first bar after a hole in the data


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a back-test tells: of what, under which assumptions, and what came of it."""

    strategy: str
    parameters: dict[str, object]
    instruments: tuple[str, ...]
    assumptions: Assumptions
    summary: Summary
    signals: dict[str, int]  # by what became of them
    refusals: dict[str, int]  # by the limit that said no
    data: tuple[Quality, ...] = ()  # what the files are like
    run: str = ""  # under which it is kept


def summarise(outcome: Outcome, series: Sequence[Bars], cash: float, given: Assumptions) -> Summary:
    """Of one run; days are cut at midnight UTC."""
    curve = outcome.curve
    days = daily_closes(zip((curve.time - 1).tolist(), curve.equity.tolist(), strict=True))
    profits = list(chain.from_iterable(outcome.trips(bars.instrument.id).profits for bars in series))
    reached = [bars for bars in series if len(curve.time) and bars.time[0] <= curve.time[-1]]
    return Summary(
        begins=min(int(bars.time[0]) - bars.period for bars in series),
        ends=int(curve.time[-1]) if len(curve.time) else 0, bars=outcome.bars, cash=cash,
        equity=outcome.equity, performance=measure(simple_returns([cash, *days]), CALENDAR),
        trades=trade_statistics(profits), closed=len(profits), fills=len(outcome.fills),
        fees=float(sum(fill.fee for fill in outcome.fills)),
        traded=fsum(float(fill.price * fill.quantity) for fill in outcome.fills),
        exposed=exposed(curve, outcome.fills, min(bars.period for bars in series)),
        held=_held(reached, int(curve.time[-1]) if reached else 0, taking(given).total_bps / BPS),
        audits=outcome.audits, digest=outcome.digest, interrupted=outcome.interrupted,
        funding=outcome.funding, after_gaps=outcome.after_gaps,
    )  # fmt: skip


def _held(series: Sequence[Bars], until: int, cost: float) -> float:
    """An equal part of the money in each instrument; `cost` a fraction, paid once."""
    if not series:
        return 0.0
    last = [int(np.searchsorted(bars.time, until, side="right")) - 1 for bars in series]
    grown = (b.close[i] / b.close[0] * (1.0 - cost) - 1.0 for b, i in zip(series, last, strict=True))
    return fsum(grown) / len(series)
