"""An order that comes to take, how far it has got, and what comes of it."""

from __future__ import annotations

from enum import Enum

import msgspec

from midas.domain.order import Side


class SelfTrade(Enum):
    """What happens where two orders of one account meet; the taker's word counts."""

    NONE = "NONE"  # they trade
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"
    DECREMENT = "DECREMENT"  # both lose what would have been traded

    @property
    def ends_taker(self) -> bool:
        """Whether the order that comes is over where it meets its own account."""
        return self in (SelfTrade.EXPIRE_TAKER, SelfTrade.EXPIRE_BOTH)


class Execution(msgspec.Struct, frozen=True):
    """Part of one order was executed; a trade between two of our accounts makes two of these."""

    order_id: int
    tick: int
    lots: int
    maker: bool
    meeting: int = 0  # the same for both halves of a trade between two of our orders; 0: with the market
    full: bool = False  # the order's budget is spent with this: it buys no other lot that is there


class Prevented(msgspec.Struct, frozen=True):
    """Lots of `order_id` expired because it met `other_id` of its own account at `tick`."""

    order_id: int
    lots: int
    other_id: int
    tick: int
    match_id: int  # the same for both orders of one meeting
    taker: bool
    ended: bool  # nothing is left of the order


Outcome = Execution | Prevented


class Taking(msgspec.Struct, frozen=True, kw_only=True):
    """An order that comes to take: up to `limit` where given, up to `lots` or to `budget` ticks x lots."""

    order_id: int
    account: str
    side: Side
    lots: int | None = None
    limit: int | None = None
    budget: int | None = None
    self_trade: SelfTrade = SelfTrade.EXPIRE_MAKER


class Reach(msgspec.Struct, frozen=True):
    """What an order would take now: lots, and their value in ticks x lots."""

    lots: int
    value: int


class Sweep(msgspec.Struct):
    """An order on its way through the book."""

    taking: Taking
    lots: int = 0  # executed or prevented so far
    value: int = 0  # in ticks x lots
    over: bool = False  # expired on the way
    spent: bool = False  # the budget no longer pays for a lot, though there is one
    outcomes: list[Outcome] = []

    def wanted(self, price: int) -> int:
        """How many more lots are wanted at `price`."""
        if self.taking.budget is not None:
            return max(0, (self.taking.budget - self.value) // price)
        assert self.taking.lots is not None
        return self.taking.lots - self.lots

    def short(self, price: int) -> bool:
        """Whether a budget no longer pays for one lot at `price`, even if the next price is lower."""
        return self.taking.budget is not None and self.taking.budget - self.value < price

    def ended(self) -> list[Outcome]:
        """What came of it. Where a budget is spent, the last outcome of the order that came ends it."""
        mine = [at for at, outcome in enumerate(self.outcomes) if outcome.order_id == self.taking.order_id]
        if self.spent and mine:
            last = self.outcomes[mine[-1]]
            ends = {"full": True} if isinstance(last, Execution) else {"ended": True}
            self.outcomes[mine[-1]] = msgspec.structs.replace(last, **ends)
        return self.outcomes

    def add(self, lots: int, price: int) -> None:
        """Lots were taken at `price`."""
        self.lots += lots
        self.value += lots * price
