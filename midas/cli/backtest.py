"""`midas backtest`: one strategy over files of candles, on the engine that trades live."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import msgspec

from midas.assembly.config import strategies_of
from midas.backtest.assumptions import Assumptions
from midas.backtest.compiled.objections import declares
from midas.backtest.compiled.path import timed
from midas.backtest.outcome import Outcome
from midas.backtest.quality import examine
from midas.backtest.record import Record
from midas.backtest.run import run
from midas.backtest.series import Bars
from midas.backtest.settings import configured
from midas.backtest.summary import Report, summarise
from midas.backtest.tables import bars_of, read_tables
from midas.cli.data_page import remark
from midas.cli.options import settings_from
from midas.cli.report import columns, write_html
from midas.cli.trying import asked, assumptions_from, cash_from, parameter, units_from
from midas.engine.config import EngineConfig
from midas.errors import UsageError
from midas.ports.strategy import Strategy
from midas.reports import archive
from midas.reports.build import Run, sheet_of
from midas.reports.page import first
from midas.reports.sheet import Sheet
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
    tables = read_tables(files, args.symbol or "", time.time_ns())
    series = asked(bars_of(tables), args)
    given = assumptions_from(args, settings)
    instruments = tuple(bars.instrument for bars in series)
    period = min(bars.period for bars in series)
    parameters = dict(parameter(text) for text in args.set or ())
    units = units_from(args)
    config = configured(settings, args.strategy, parameters, instruments, period, given.spread_bps, units)
    strategies = [loaded.make() for loaded in strategies_of(settings.workspace, config)]
    balances = dict.fromkeys((i.base for i in instruments), Decimal(0))
    balances[config.quote] = cash_from(args, settings, config.quote)
    record = Record(keep=False)
    outcome = _compiled(args.fast, config, strategies, series, balances, given)
    if outcome is None:
        with _progress(sum(map(len, series))) as advance:
            outcome = run(config, strategies, series, balances, given, record=record, advance=advance)
    quality = tuple(examine(table) for table in tables)
    kept, written = _kept(args, settings, Run(
        strategy=args.strategy, parameters=dict(config.strategies[0].parameters), currency=config.quote,
        cash=float(balances[config.quote]), given=given, series=series, outcome=outcome, record=record,
        made_at=time.time_ns(), files=[", ".join(each.files) for each in quality],
        remarks=[remark(each) for each in quality],
        twin=twins(trades(outcome.fills)[0], series, float(balances[config.quote]), TWIN_SEED),
    ))  # fmt: skip
    report = Report(
        run=kept.id, strategy=args.strategy, parameters=dict(config.strategies[0].parameters),
        instruments=tuple(i.name for i in instruments), assumptions=given,
        summary=summarise(outcome, series, float(balances[config.quote])),
        signals=dict(record.signals), refusals=dict(record.refusals),
        data=quality,
    )  # fmt: skip
    if args.json:
        print(msgspec.json.encode(report, enc_hook=str).decode())
    else:
        print("\n".join(first(kept, columns())))
        print(_where(kept, written))
    if outcome.interrupted:
        print("midas: interrupted: these are the bars until then", file=sys.stderr)
    return _INTERRUPTED if outcome.interrupted else 0


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
    print(f"midas: the engine is stepped: {found.reason}", file=sys.stderr)
    return None


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


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None] | None]:
    """A bar with the time left, on stderr, where somebody watches."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("bars", total=total)
        yield lambda more: progress.update(task, advance=more)
