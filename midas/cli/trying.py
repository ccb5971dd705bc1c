"""What every command that tries a strategy on candles is told in the same options."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from midas.assembly.config import strategies_of
from midas.backtest.assumptions import RISK_AVERSE, Assumptions
from midas.backtest.series import Bars
from midas.costs import CostModel, FeeSchedule
from midas.domain.time import HOUR, MILLISECOND, SECOND
from midas.engine.config import EngineConfig
from midas.errors import ParameterInvalid, UsageError
from midas.ports.strategy import Hears, Strategy
from midas.settings import Settings
from midas.workspace import load_strategies

_CASH = Decimal(10_000)
_BEYOND_CANDLES = {Hears.BOOK: "the order book", Hears.TICK: "quotes and trades"}


def asked(series: Sequence[Bars], args: Namespace) -> list[Bars]:
    """The part that was asked for. Raises UsageError where nothing is left of it."""
    begin, end = span_from(args)
    part = [bars.between(begin, end) for bars in series]
    for whole, rest in zip(series, part, strict=True):
        if not len(rest):
            first, last = _day(int(whole.time[0]) - whole.period), _day(int(whole.time[-1]))
            raise UsageError(
                f"no candle of {whole.instrument.symbol} between --from and --to; "
                f"the data reach from {first} to {last}"
            )
    return part


def span_from(args: Namespace) -> tuple[int, int]:
    """From when until when, nanoseconds. Raises UsageError."""
    begin = _moment(args.begin) if args.begin else 0
    end = _moment(args.end) if args.end else 2**63 - 1
    if args.begin and args.end and end <= begin:
        same = "is" if end == begin else "lies after"
        raise UsageError(
            f"--from {args.begin} {same} --to {args.end}: expected the earlier of both after --from"
        )
    return begin, end


def assumptions_from(args: Namespace, settings: Settings) -> Assumptions:
    """Costs, latency and what the venue fills."""
    exchange, scale = settings.exchange, args.costs
    maker = exchange.maker_fee if args.maker_bps is None else Decimal(str(args.maker_bps)) / 10_000
    taker = exchange.taker_fee if args.taker_bps is None else Decimal(str(args.taker_bps)) / 10_000
    fees = FeeSchedule(maker=_scaled(maker, scale), taker=_scaled(taker, scale))
    return Assumptions(
        costs=CostModel(fees=fees, impact=CostModel().impact * scale),
        spread_bps=args.spread_bps * scale, impact=not args.no_impact and scale > 0.0,
        order_latency=int(args.latency_ms * MILLISECOND), answer_latency=int(args.latency_ms * MILLISECOND),
        volume_share=args.volume_share, feed_latency=int(getattr(args, "feed_ms", 0.0) * MILLISECOND),
        queue=getattr(args, "queue", RISK_AVERSE), funding=getattr(args, "funding_bps", 0.0) * scale / 1e4,
        funding_every=int(getattr(args, "funding_hours", 8.0) * HOUR),
    )  # fmt: skip


def _scaled(fee: Decimal, scale: float) -> Decimal:
    """A rebate never grows."""
    return fee * Decimal(str(scale if fee > 0 else min(scale, 1.0)))


def cash_from(args: Namespace, settings: Settings, quote: str) -> Decimal:
    """What a run begins with."""
    if args.cash is not None:
        return Decimal(str(args.cash))
    return settings.exchange.balances.get(quote, _CASH)


def units_from(args: Namespace) -> Decimal | None:
    """Base units that are always held; None: sizing decides."""
    return None if args.units is None else Decimal(str(args.units))


def strategies_for(settings: Settings, config: EngineConfig, typed: Mapping[str, object]) -> list[Strategy]:
    """Fresh ones. Raises UsageError that names --set where `typed` parameters are wrong."""
    try:
        return [loaded.make() for loaded in strategies_of(settings.workspace, config)]
    except ParameterInvalid as error:
        raise refused(error, typed) from None


def check_typed(
    args: Namespace, settings: Settings, typed: Mapping[str, object], ticks: bool = False
) -> None:
    """What was typed of span and strategy, before any data are read. Raises UsageError.

    `ticks`: the data have more than candles.
    """
    span_from(args)
    known = settings.strategies.get(args.strategy)
    given = (dict(known.parameters) if known is not None else {}) | dict(typed)
    try:
        [loaded] = load_strategies(settings.workspace, {args.strategy: given})
    except ParameterInvalid as error:
        raise refused(error, typed) from None
    if not ticks and loaded.type.hears in _BEYOND_CANDLES:
        heard = _BEYOND_CANDLES[loaded.type.hears]
        raise UsageError(
            f"{args.strategy} hears {heard}, and candles have none: it would never be asked; "
            "`midas backtest` takes recordings and tables of quotes, too"
        )


def refused(error: ParameterInvalid, typed: Mapping[str, object]) -> UsageError:
    """The same in the words in which it was typed, where it was."""
    if error.key in typed:
        several = isinstance(error.value, str) and (".." in error.value or "," in error.value)
        more = "; `midas sweep` tries several" if several else ""
        return UsageError(f"--set {error.key}={error.value}: {error.sentence}{more}")
    if error.key or not typed:
        return error
    together = " ".join(f"{name}={value}" for name, value in typed.items())
    return UsageError(f"--set {together}: {error.sentence}; here {error.value}")


def parameter(text: str) -> tuple[str, object]:
    """`span=20`: a number where it reads as one."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"--set {text!r}: expected NAME=VALUE, such as --set horizon=30")
    try:
        decoded: object = msgspec.json.decode(value.strip())
    except msgspec.DecodeError:
        decoded = value.strip()
    return key.strip(), decoded


def _moment(text: str) -> int:
    """Nanoseconds of a date or time, UTC where it says nothing else."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * SECOND


def _day(at: int) -> str:
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%d %H:%M")
