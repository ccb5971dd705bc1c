"""Deposits and withdrawals as the venue lists them: what the user stream told while nobody listened."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import msgspec

from midas.domain.event import FlowSeen
from midas.domain.time import DAY, MILLISECOND, SECOND
from midas.errors import MalformedMessage, Rejected
from midas.venues.binance.orders import amount
from midas.venues.binance.rest import Rest
from midas.venues.binance.weights import Priority

LOOK_BACK = 7 * DAY  # a longer absence is a person's to explain
_CREDITED = (1, 6)  # success; credited, but not yet to be withdrawn
_NOT_DONE = (1, 3, 5)  # of withdrawals: cancelled, rejected, failed


class _Deposit(msgspec.Struct, rename="camel"):
    coin: str
    amount: str
    status: int
    insert_time: int


class _Withdrawal(msgspec.Struct, rename="camel"):
    coin: str
    amount: str
    status: int
    apply_time: str
    transaction_fee: str = "0"


async def flows(rest: Rest, priority: Priority) -> tuple[FlowSeen, ...] | None:
    """Those of the last week; None where the venue doesn't list them, or not so that they could be read.

    Raises Unreachable or RateLimited: that says nothing, and the next pass asks again.
    """
    since = str((rest.now() - LOOK_BACK) // MILLISECOND)
    deposits = partial(rest.client.get_deposit_history, startTime=since)
    withdrawals = partial(rest.client.get_withdraw_history, startTime=since)
    try:
        came = await rest.ask(deposits, list[_Deposit], priority)
        went = await rest.ask(withdrawals, list[_Withdrawal], priority)
        return (
            *(_flow(d.coin, amount(d.amount), d.insert_time * MILLISECOND, rest.now()) for d in came
              if d.status in _CREDITED),
            *(_flow(w.coin, -amount(w.amount) - amount(w.transaction_fee), _instant(w.apply_time), rest.now())
              for w in went if w.status not in _NOT_DONE),
        )  # fmt: skip
    except (Rejected, MalformedMessage):
        return None


def _flow(asset: str, change: Decimal, time: int, now: int) -> FlowSeen:
    return FlowSeen(asset, change, time, now)


def _instant(text: str) -> int:
    """`2026-11-21 20:15:03`, in UTC."""
    try:
        return int(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()) * SECOND
    except ValueError:
        raise MalformedMessage(f"a withdrawal's time is {text!r}; expected YYYY-MM-DD HH:MM:SS") from None
