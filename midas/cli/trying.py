"""What every command that tries a strategy on candles is told in the same options."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from midas.backtest.assumptions import RISK_AVERSE, Assumptions
from midas.backtest.series import Bars
from midas.costs import CostModel, FeeSchedule
from midas.domain.time import HOUR, MILLISECOND, SECOND
from midas.errors import UsageError
from midas.settings import Settings

_CASH = Decimal(10_000)


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
    begin = _moment(args.begin, "--from") if args.begin else 0
    return begin, _moment(args.end, "--to") if args.end else 2**63 - 1


def assumptions_from(args: Namespace, settings: Settings) -> Assumptions:
    """Costs, latency and what the venue fills."""
    exchange = settings.exchange
    return Assumptions(
        costs=CostModel(fees=FeeSchedule(
            maker=exchange.maker_fee if args.maker_bps is None else Decimal(str(args.maker_bps)) / 10_000,
            taker=exchange.taker_fee if args.taker_bps is None else Decimal(str(args.taker_bps)) / 10_000,
        )),
        spread_bps=args.spread_bps, impact=not args.no_impact,
        order_latency=int(args.latency_ms * MILLISECOND), answer_latency=int(args.latency_ms * MILLISECOND),
        volume_share=args.volume_share, feed_latency=int(getattr(args, "feed_ms", 0.0) * MILLISECOND),
        queue=getattr(args, "queue", RISK_AVERSE), funding=getattr(args, "funding_bps", 0.0) / 1e4,
        funding_every=int(getattr(args, "funding_hours", 8.0) * HOUR),
    )  # fmt: skip


def cash_from(args: Namespace, settings: Settings, quote: str) -> Decimal:
    """What a run begins with."""
    if args.cash is not None:
        return Decimal(str(args.cash))
    return settings.exchange.balances.get(quote, _CASH)


def units_from(args: Namespace) -> Decimal | None:
    """Base units that are always held; None: sizing decides."""
    return None if args.units is None else Decimal(str(args.units))


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
