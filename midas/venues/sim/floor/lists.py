"""Order lists: orders of which one ends or starts another.

OCO: two legs, of which at most one trades. OTO: a leg that starts when a working order is filled.
OTOCO: a working order that starts two such legs.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from itertools import pairwise

import msgspec

from midas.domain.money import ZERO
from midas.domain.order import Side
from midas.venues.sim.floor.orders import Ask, Kind
from midas.venues.sim.floor.refusal import Refusal, engine_refusal


class ListStatus(Enum):
    """Where a list stands, in the venue's words."""

    EXECUTING = "EXECUTING"
    ALL_DONE = "ALL_DONE"


class ListNews(Enum):
    """What just happened to a list: the venue's list status types."""

    EXEC_STARTED = "EXEC_STARTED"
    UPDATED = "UPDATED"  # a client id of one of its orders changed
    ALL_DONE = "ALL_DONE"


class ListAsk(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for: one or two legs, and the working order that starts them, if any."""

    symbol: str
    legs: tuple[Ask, ...]  # of two the one above first
    working: Ask | None = None
    client_id: str = ""

    @property
    def asks(self) -> tuple[Ask, ...]:
        """All orders as the venue numbers them: the working one, then the stop loss."""
        legs = tuple(sorted(self.legs, key=lambda leg: not leg.type.stops))
        return legs if self.working is None else (self.working, *legs)


class OrderList(msgspec.Struct, kw_only=True):
    """One order list from acceptance to its end."""

    list_id: int
    account: str
    symbol: str
    client_id: str
    created_at: int  # wall nanoseconds
    updated_at: int
    legs: list[int] = []
    working: int | None = None
    status: ListStatus = ListStatus.EXECUTING
    locked: Decimal = ZERO  # set aside for whichever of two legs comes first

    @property
    def contingency(self) -> str:
        """The venue's name for it."""
        return "OCO" if self.working is None else "OTO"

    @property
    def orders(self) -> list[int]:
        """Ids of all its orders, the working one first."""
        return self.legs if self.working is None else [self.working, *self.legs]


def check_pair(above: Ask, below: Ask) -> None:
    """Refuse two legs that are no OCO, whatever the market's price is."""
    buys = above.side is Side.BUY
    for leg in (above, below):
        if leg.type in (Kind.LIMIT, Kind.MARKET):
            raise Refusal(-1158, "Order type not supported in OCO.")
    if not above.type.waits and not below.type.waits:
        raise Refusal(-1168, "At least one OCO order must be contingent.")
    limits, stops, profits = (below, above, below) if buys else (above, below, above)
    if any(leg.type is Kind.LIMIT_MAKER and leg is not limits for leg in (above, below)):
        raise _misplaced(buys, -1165, -1166, "limit")
    if any(leg.type.stops and leg is not stops for leg in (above, below)):
        raise _misplaced(not buys, -1197, -1196, "stop loss")
    if any(leg.type.profits and leg is not profits for leg in (above, below)):
        raise _misplaced(buys, -1198, -1199, "take profit")


def check_prices(legs: tuple[Ask, ...], last: Decimal | None) -> None:
    """Refuse two legs whose prices don't lie around each other, and around the `last` price where given."""
    stop = next((_level(leg) for leg in legs if leg.type.stops), None)
    gain = next((_level(leg) for leg in legs if not leg.type.stops), None)
    rising = [price for price in (gain, last, stop) if price is not None]
    if legs[0].side is Side.SELL:
        rising.reverse()
    if any(left >= right for left, right in pairwise(rising)):
        raise engine_refusal("The relationship of the prices for the orders is not correct.")


def _level(leg: Ask) -> Decimal | None:
    """The price that a leg stands at; None for a trailing one without a stop price."""
    return leg.price if leg.type in (Kind.LIMIT_MAKER, Kind.TAKE_PROFIT_LIMIT) else leg.stop_price


def _misplaced(below: bool, code_below: int, code_above: int, noun: str) -> Refusal:
    """A leg on the wrong side; `below` where it belongs below."""
    code, place = (code_below, "below") if below else (code_above, "above")
    side = "buy" if code in (-1165, -1196, -1198) else "sell"
    return Refusal(code, f"A {noun} order in a {side} OCO must be {place}.")
