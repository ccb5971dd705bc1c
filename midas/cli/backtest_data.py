"""What `midas backtest` runs over: tables of candles, tables of quotes and prints, or a recorded stream."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence, Sized
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import msgspec

from midas.backtest.assumptions import Assumptions
from midas.backtest.outcome import Outcome
from midas.backtest.record import Record
from midas.backtest.series import Bars
from midas.backtest.settings import configured
from midas.backtest.tick_quality import examine_ticks
from midas.backtest.tick_recording import RecordedTicks
from midas.backtest.tick_run import TickSource, run_ticks
from midas.backtest.tick_table import is_ticks, read_ticks
from midas.backtest.ticks import Ticks
from midas.cli.data_page import tick_remark
from midas.cli.trying import assumptions_from, cash_from, parameter, span_from, strategies_for, units_from
from midas.domain.instrument import Instrument
from midas.domain.time import MINUTE
from midas.engine.config import EngineConfig
from midas.errors import UsageError
from midas.ports.strategy import Strategy
from midas.reports.words import counted
from midas.settings import Settings
from midas.venues.recording import SUFFIXES

CANDLES = MINUTE  # that are made of prints


class Asked(msgspec.Struct, frozen=True):
    """What is run, with what, and under which assumptions."""

    config: EngineConfig
    strategies: Sequence[Strategy]
    balances: dict[str, Decimal]
    given: Assumptions

    @property
    def cash(self) -> float:
        """To begin with."""
        return float(self.balances[self.config.quote])


class Ran(msgspec.Struct, frozen=True):
    """What came of it."""

    asked: Asked
    series: Sequence[Bars]
    outcome: Outcome
    record: Record
    files: list[str]
    remarks: list[str]


def prepared(
    args: Namespace, settings: Settings, instruments: Sequence[Instrument], period: int,
    series: Sequence[Bars] = (),
) -> Asked:  # fmt: skip
    """The engine's configuration with the options of the command."""
    given = assumptions_from(args, settings)
    parameters = dict(parameter(text) for text in args.set or ())
    config = configured(
        settings, args.strategy, parameters, tuple(instruments), period, given.spread_bps, units_from(args),
        series,
    )  # fmt: skip
    strategies = strategies_for(settings, config, parameters)
    balances = dict.fromkeys((i.base for i in instruments), Decimal(0))
    balances[config.quote] = cash_from(args, settings, config.quote)
    return Asked(config, strategies, balances, given)


def has_ticks(files: Sequence[Path]) -> bool:
    """Whether these are quotes and prints, or a recorded stream."""
    return is_recorded(files[0]) or is_ticks(files[0])


def is_recorded(path: Path) -> bool:
    """Whether it is a recorded stream: a file of one, or a folder of such files."""
    if path.is_dir():
        return any(path.glob("*.jsonl*"))
    return path.name.lower().endswith(SUFFIXES)


def over_ticks(args: Namespace, settings: Settings, files: Sequence[Path]) -> Ran:
    """Every tick through the engine; candles of a minute are made of the prints where anybody reads them."""
    source = _source(args, files)
    asked = prepared(args, settings, [source.instrument], CANDLES)
    asked = msgspec.structs.replace(
        asked, config=msgspec.structs.replace(asked.config, bar_spread=None),
        given=msgspec.structs.replace(asked.given, of_ticks=True, impact=False, spread_bps=0.0),
    )  # fmt: skip
    record = Record(keep=False)
    with progress(len(source) if isinstance(source, Sized) else None, "ticks") as advance:
        outcome = run_ticks(
            asked.config, asked.strategies, source, asked.balances, asked.given, record=record,
            advance=advance,
        )  # fmt: skip
    names = ", ".join(map(str, files))
    return Ran(
        asked,
        [source.marks(CANDLES)],
        outcome,
        record,
        [names],
        [counted(outcome.bars, "tick"), *_told(source, files)],
    )


def _told(source: TickSource, files: Sequence[Path]) -> list[str]:
    return [tick_remark(examine_ticks(source, files))] if isinstance(source, Ticks) else []


def _source(args: Namespace, files: Sequence[Path]) -> TickSource:
    symbol = args.symbol or ""
    if is_ticks(files[0]):
        return read_ticks(files, symbol).between(*span_from(args))
    if len(files) > 1:
        raise UsageError("--data takes one recording: a file, or a folder of its files")
    if args.begin or args.end:
        raise UsageError("--from and --to leave out candles and rows of tables; a recording is played whole")
    return RecordedTicks(files[0], symbol)


@contextmanager
def progress(total: int | None, what: str) -> Iterator[Callable[[int], None] | None]:
    """A bar with the time left, on stderr, where somebody watches."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with Progress(console=console, transient=True) as shown:
        task = shown.add_task(what, total=total)
        yield lambda more: shown.update(task, advance=more)
