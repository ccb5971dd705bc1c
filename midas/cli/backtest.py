"""`midas backtest`: one strategy over candles, ticks or a recording, on the engine that trades live."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from midas.backtest.assumptions import Assumptions
from midas.backtest.compiled.objections import declares
from midas.backtest.compiled.path import timed
from midas.backtest.outcome import Outcome, reached
from midas.backtest.quality import Quality, examine
from midas.backtest.record import Record
from midas.backtest.run import Looks, run
from midas.backtest.series import Bars
from midas.backtest.summary import Report, summarise
from midas.backtest.sweep.luck import chosen_from
from midas.backtest.tables import bars_of, read_tables
from midas.backtest.trials import digest_of
from midas.cli.backtest_data import Ran, has_ticks, over_ticks, prepared, progress
from midas.cli.counting import ever_tried
from midas.cli.data_page import remark
from midas.cli.options import settings_from
from midas.cli.report import columns, write_html
from midas.cli.trying import asked, check_typed, parameter
from midas.cli.waiting import waiting
from midas.engine.config import EngineConfig
from midas.errors import UsageError
from midas.ports.strategy import Strategy
from midas.reports import archive, spending
from midas.reports.build import Run, sheet_of
from midas.reports.page import first
from midas.reports.sheet import Sheet, Twin
from midas.reports.tables import writer
from midas.reports.trading import trades
from midas.reports.twins import twins
from midas.settings import Settings

_INTERRUPTED = 130
TWIN_SEED = 1  # the same run has the same twins


def backtest(args: Namespace) -> int:
    """Run, and tell; 130 where somebody interrupted it, with what was reached until then."""
    settings = settings_from(args)
    files = [Path(name).expanduser() for name in args.data]
    ticks = has_ticks(files)
    check_typed(args, settings, dict(parameter(text) for text in args.set or ()), ticks)
    ran, quality = (over_ticks(args, settings, files), ()) if ticks else _over_candles(args, settings, files)
    outcome, record, config = ran.outcome, ran.record, ran.asked.config
    parameters: dict[str, object] = dict(config.strategies[0].parameters)
    trials, spread = ever_tried(
        settings.home, args.strategy, ran.series, [(parameters, outcome)], ran.asked.cash, "backtest"
    )
    kept, written = _kept(args, settings, Run(
        strategy=args.strategy, parameters=parameters, currency=config.quote, cash=ran.asked.cash,
        given=ran.asked.given, series=ran.series, outcome=outcome, record=record, made_at=time.time_ns(),
        files=ran.files, remarks=ran.remarks, trials=trials, trial_variance=spread,
        overfitting=chosen_from(settings.home, args.strategy, digest_of(ran.series), parameters),
        twin=_twin(ran),
        needs_regime=_needs_regime(ran.asked.strategies[0]),
    ))  # fmt: skip
    report = Report(
        run=kept.id, strategy=args.strategy, parameters=parameters,
        instruments=tuple(i.name for i in config.instruments), assumptions=ran.asked.given,
        summary=summarise(outcome, ran.series, ran.asked.cash, ran.asked.given),
        signals=dict(record.signals), refusals=dict(record.refusals), data=quality,
    )  # fmt: skip
    if args.json:
        print(msgspec.json.encode(report, enc_hook=str).decode())
    else:
        print("\n".join(first(kept, columns())))
        print(_where(kept, written))
    if outcome.interrupted:
        print("midas: interrupted: these are the figures until then", file=sys.stderr)
    return _INTERRUPTED if outcome.interrupted else 0


def _twin(ran: Ran) -> Twin | None:
    """As dear as the run, and on the candles that it reached."""
    fills, series = ran.outcome.fills, reached(ran.series, ran.outcome.curve)
    dear = spending.spent(ran.outcome, series, ran.asked.given).beyond
    found, _ = trades(fills, charges=ran.outcome.charges)
    return twins(found, series, ran.asked.cash, TWIN_SEED, dear=dear)


def _over_candles(
    args: Namespace, settings: Settings, files: Sequence[Path]
) -> tuple[Ran, tuple[Quality, ...]]:
    with waiting("midas: reading the data"):
        tables = read_tables(files, args.symbol or "", time.time_ns())
        series = asked(bars_of(tables), args)
    what = prepared(
        args, settings, [bars.instrument for bars in series], min(b.period for b in series), series
    )
    record = Record(keep=False)
    outcome = _compiled(args.fast, what.config, what.strategies, series, what.balances, what.given)
    if outcome is None:
        with progress(sum(map(len, series)), "bars") as advance:
            outcome = run(
                what.config, what.strategies, series, what.balances, what.given, record=record,
                looks=Looks(advance), listens=args.fast != "never",
            )  # fmt: skip
    quality = tuple(examine(table) for table in tables)
    names = [", ".join(each.files) for each in quality]
    part = bool(args.begin or args.end)
    remarks = [remark(each, part=part) for each in quality]
    return Ran(what, series, outcome, record, names, remarks), quality


def _compiled(
    wish: str, config: EngineConfig, strategies: Sequence[Strategy], series: Sequence[Bars],
    balances: Mapping[str, Decimal], given: Assumptions,
) -> Outcome | None:  # fmt: skip
    """The outcome over arrays, where that is wished for and proven equal. Raises UsageError for `only`."""
    if wish == "never" or (wish == "auto" and not declares(strategies[0])):
        return None
    found = timed(config, strategies, series, balances, given)
    if isinstance(found, Outcome):
        return found
    if wish == "only":
        raise UsageError(f"--fast only: {found.reason}; --fast auto steps the engine where it has to")
    print(f"midas: stepped candle by candle on the engine, since {found.reason}", file=sys.stderr)
    return None


def _needs_regime(strategy: Strategy) -> bool:
    """Whether it opens nothing before the rules know what kind of market this is."""
    return not (strategy.trades_unknown or getattr(strategy, "unaided", False))


def _kept(args: Namespace, settings: Settings, run_: Run) -> tuple[Sheet, list[Path]]:
    """The sheet, with an id where it is kept, and the files that were asked for."""
    sheet, found = sheet_of(run_)
    if args.save:
        sheet = archive.keep(settings.home, sheet, writer(run_.outcome, found))
    return sheet, [write_html(sheet, Path(args.html).expanduser())] if args.html else []


def _where(sheet: Sheet, written: Sequence[Path]) -> str:
    more = f"; {written[0]} holds it as a page" if written else ""
    if not sheet.id:
        return f"not kept{more}"
    return f"kept: `midas report {sheet.id}` tells all{more}"
