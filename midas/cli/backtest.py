"""`midas backtest`: one strategy over files of candles, on the engine that trades live."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from midas.assembly.config import strategies_of
from midas.backtest.assumptions import Assumptions
from midas.backtest.quality import examine
from midas.backtest.record import Record
from midas.backtest.run import run
from midas.backtest.series import Bars
from midas.backtest.settings import configured
from midas.backtest.summary import Report, summarise
from midas.backtest.tables import bars_of, read_tables
from midas.cli.backtest_page import page
from midas.cli.options import settings_from
from midas.costs import CostModel, FeeSchedule
from midas.domain.time import MILLISECOND, SECOND
from midas.errors import UsageError
from midas.settings import Settings

_INTERRUPTED = 130
_CASH = Decimal(10_000)


def backtest(args: Namespace) -> int:
    """Run, and tell; 130 where somebody interrupted it, with what was reached until then."""
    settings = settings_from(args)
    files = [Path(name).expanduser() for name in args.data]
    tables = read_tables(files, args.symbol or "", time.time_ns())
    series = _asked(bars_of(tables), args)
    given = _assumptions(args, settings)
    instruments = tuple(bars.instrument for bars in series)
    period = min(bars.period for bars in series)
    parameters = dict(_parameter(text) for text in args.set or ())
    config = configured(settings, args.strategy, parameters, instruments, period, given.spread_bps)
    strategies = [loaded.make() for loaded in strategies_of(settings.workspace, config)]
    balances = {i.base: Decimal(0) for i in instruments} | {config.quote: _cash(args, settings, config.quote)}
    record = Record(keep=False)
    with _progress(sum(map(len, series))) as advance:
        outcome = run(config, strategies, series, balances, given, record=record, advance=advance)
    report = Report(
        strategy=args.strategy, parameters=dict(config.strategies[0].parameters),
        instruments=tuple(i.name for i in instruments), assumptions=given,
        summary=summarise(outcome, series, float(balances[config.quote])),
        signals=dict(record.signals), refusals=dict(record.refusals),
        data=tuple(examine(table) for table in tables),
    )  # fmt: skip
    if args.json:
        print(msgspec.json.encode(report, enc_hook=str).decode())
    else:
        print("\n".join(page(report, record.told, config.quote, outcome.wall)))
    if outcome.interrupted:
        print("midas: interrupted: these are the bars until then", file=sys.stderr)
    return _INTERRUPTED if outcome.interrupted else 0


def _asked(series: Sequence[Bars], args: Namespace) -> list[Bars]:
    """The part that was asked for. Raises UsageError where nothing is left of it."""
    begin = _moment(args.begin, "--from") if args.begin else 0
    end = _moment(args.end, "--to") if args.end else 2**63 - 1
    part = [bars.between(begin, end) for bars in series]
    for whole, rest in zip(series, part, strict=True):
        if not len(rest):
            first, last = _day(int(whole.time[0]) - whole.period), _day(int(whole.time[-1]))
            raise UsageError(
                f"no candle of {whole.instrument.symbol} between --from and --to; "
                f"the data reach from {first} to {last}"
            )
    return part


def _assumptions(args: Namespace, settings: Settings) -> Assumptions:
    exchange = settings.exchange
    return Assumptions(
        costs=CostModel(fees=FeeSchedule(
            maker=exchange.maker_fee if args.maker_bps is None else Decimal(str(args.maker_bps)) / 10_000,
            taker=exchange.taker_fee if args.taker_bps is None else Decimal(str(args.taker_bps)) / 10_000,
        )),
        spread_bps=args.spread_bps, impact=not args.no_impact,
        order_latency=int(args.latency_ms * MILLISECOND), answer_latency=int(args.latency_ms * MILLISECOND),
        volume_share=args.volume_share,
    )  # fmt: skip


def _cash(args: Namespace, settings: Settings, quote: str) -> Decimal:
    if args.cash is not None:
        return Decimal(str(args.cash))
    return settings.exchange.balances.get(quote, _CASH)


def _parameter(text: str) -> tuple[str, object]:
    """`span=20`: a number where it reads as one."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"--set {text!r}: expected NAME=VALUE, such as --set horizon=30")
    try:
        decoded: object = msgspec.json.decode(value.strip())
    except msgspec.DecodeError:
        decoded = value.strip()
    return key.strip(), decoded


def _moment(text: str, option: str) -> int:
    """Nanoseconds of a date or time, UTC where it says nothing else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option} {text!r}: expected a date such as 2020-01-31, or 2020-01-31T12:00"
        ) from None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * SECOND


def _day(at: int) -> str:
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%d %H:%M")


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
