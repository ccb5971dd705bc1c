"""One instrument's matching: our accounts' orders against each other and against the market outside.

Pure and synchronous: no clock, no I/O, integer ticks and lots. The exchange process, the back-test
and paper trading use this same class. The outside market is what the venue displays plus its trade
prints; our orders never change what it displays, so liquidity that we took is remembered until the
market itself says something new about that level.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator
from heapq import merge

import msgspec

from midas.domain.order import Side
from midas.venues.sim.outside import Level, OutsideBook, OutsideSide


class Execution(msgspec.Struct, frozen=True):
    """Part of one order was executed; a trade between two of our accounts makes two of these."""

    order_id: int
    tick: int
    lots: int
    maker: bool


class Prevented(msgspec.Struct, frozen=True):
    """A resting order expired because its own account's order came to meet it."""

    order_id: int
    lots: int


Outcome = Execution | Prevented


class Resting(msgspec.Struct):
    """An order in the book. `ahead`: outside lots before it; `credit`: lots that left the level
    unexplained since the last depth change, which a trade print may still explain."""

    order_id: int
    account: str
    side: Side
    tick: int
    lots: int
    ahead: int
    credit: int = 0


class Taking(msgspec.Struct, frozen=True, kw_only=True):
    """An order that comes to take: up to `limit` where given, up to `lots` or to `budget` ticks x lots."""

    order_id: int
    account: str
    side: Side
    lots: int | None = None
    limit: int | None = None
    budget: int | None = None


class Reach(msgspec.Struct, frozen=True):
    """What an order would take now: lots, and their value in ticks x lots."""

    lots: int
    value: int


class Queues:
    """Our resting orders on one side, by price, first come first."""

    __slots__ = ("_keys", "_queues", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self._keys: list[int] = []
        self._queues: dict[int, list[Resting]] = {}

    def add(self, order: Resting) -> None:
        """Put `order` at the end of its price."""
        key = order.tick * self.sign
        if key not in self._queues:
            insort(self._keys, key)
            self._queues[key] = []
        self._queues[key].append(order)

    def remove(self, order: Resting) -> None:
        """Take `order` out."""
        key = order.tick * self.sign
        queue = self._queues[key]
        queue.remove(order)
        if not queue:
            del self._queues[key]
            self._keys.remove(key)

    def at(self, key: int) -> list[Resting]:
        """The orders at `key`, first come first (a copy, so that a fill may remove one)."""
        return list(self._queues.get(key, ()))

    def prices(self) -> list[int]:
        """Prices with orders, best first (a copy)."""
        return list(self._keys)

    def __iter__(self) -> Iterator[Resting]:
        for key in self.prices():
            yield from self.at(key)


class Matcher:
    """Price-time priority over one instrument."""

    def __init__(self) -> None:
        self.book = OutsideBook()
        self._orders: dict[int, Resting] = {}
        self._bids = Queues(-1)
        self._asks = Queues(+1)

    def snapshot(self, last_id: int, bids: Iterable[Level], asks: Iterable[Level]) -> list[Outcome]:
        """The whole outside book anew."""
        self.book.snapshot(last_id, bids, asks)
        return self._settle_book()

    def depth(self, last_id: int, bids: Iterable[Level], asks: Iterable[Level]) -> list[Outcome]:
        """Levels of the outside book changed."""
        if not self.book.change(last_id, bids, asks):
            return []
        outcomes = self._settle_book()
        for order in self._orders.values():
            order.credit = 0
        return outcomes

    def quote(self, last_id: int, bid: Level, ask: Level) -> list[Outcome]:
        """The outside best bid and ask changed."""
        return self._settle_book() if self.book.quote(last_id, bid, ask) else []

    def trade(self, tick: int, lots: int, buyer_is_maker: bool) -> list[Outcome]:
        """A trade was printed outside: it would have met our better prices first, then our queue."""
        queues = self._bids if buyer_is_maker else self._asks
        key = tick * queues.sign
        outcomes: list[Outcome] = []
        for better in queues.prices():
            if better > key or lots == 0:
                break
            if better < key:
                lots -= self._fill_in_order(queues.at(better), lots, outcomes)
            else:
                self._print(queues.at(key), lots, outcomes)
        return outcomes

    def reach(self, taking: Taking) -> Reach:
        """What `taking` would take if it came now; its account's own orders don't count."""
        lots = value = 0
        for key in self._prices(taking):
            price = key * self._other(taking.side).sign
            there = self._side(taking.side).available(key) + sum(
                order.lots for order in self._other(taking.side).at(key) if order.account != taking.account
            )
            step = min(there, _wanted(taking, lots, value, price))
            lots += step
            value += step * price
            if step < there or _spent(taking, value, price):
                break
        return Reach(lots, value)

    def take(self, taking: Taking) -> list[Outcome]:
        """Execute against everything that `taking` reaches, best price first."""
        outcomes: list[Outcome] = []
        lots = value = 0
        for key in self._prices(taking):
            price = key * self._other(taking.side).sign
            wanted = _wanted(taking, lots, value, price)
            if wanted == 0:
                break
            step = self._take_level(key, wanted, taking, outcomes)
            lots += step
            value += step * price
            if _spent(taking, value, price):
                break
        return outcomes

    def rest(self, taking: Taking, lots: int) -> Resting:
        """Leave `lots` of an order in the book at its limit, behind everything displayed there."""
        assert taking.limit is not None
        own = self.book.bids if taking.side is Side.BUY else self.book.asks
        ahead = own.available(taking.limit * own.sign)
        order = Resting(taking.order_id, taking.account, taking.side, taking.limit, lots, ahead)
        self._orders[order.order_id] = order
        self._queues(order.side).add(order)
        return order

    def cancel(self, order_id: int) -> int:
        """Take an order out of the book; the lots that were left, 0 where it isn't there."""
        order = self._orders.pop(order_id, None)
        if order is None:
            return 0
        self._queues(order.side).remove(order)
        return order.lots

    def ahead(self, order_id: int) -> int | None:
        """Outside lots before a resting order; None where it doesn't rest."""
        order = self._orders.get(order_id)
        return None if order is None else order.ahead

    def _queues(self, side: Side) -> Queues:
        return self._bids if side is Side.BUY else self._asks

    def _other(self, side: Side) -> Queues:
        return self._asks if side is Side.BUY else self._bids

    def _side(self, taker: Side) -> OutsideSide:
        return self.book.asks if taker is Side.BUY else self.book.bids

    def _prices(self, taking: Taking) -> Iterator[int]:
        """Keys of the other side within the limit, best first."""
        other = self._other(taking.side)
        limit = None if taking.limit is None else taking.limit * other.sign
        previous: int | None = None
        for key in merge(self._side(taking.side).prices(), other.prices()):
            if limit is not None and key > limit:
                return
            if key != previous:
                yield key
            previous = key

    def _take_level(self, key: int, wanted: int, taking: Taking, outcomes: list[Outcome]) -> int:
        """Execute up to `wanted` lots at one price: outside lots and our orders in time order."""
        side, queues = self._side(taking.side), self._other(taking.side)
        price, available, passed, left = key * side.sign, side.available(key), 0, wanted
        for order in queues.at(key):
            step = min(left, max(0, order.ahead - passed))
            passed, left = passed + step, left - step
            if left == 0:
                break
            if order.account == taking.account:
                outcomes.append(Prevented(order.order_id, self.cancel(order.order_id)))
                continue
            left -= self._meet(order, left, taking.order_id, outcomes)
        step = min(left, available - passed)
        passed, left = passed + step, left - step
        if passed:
            outcomes.append(Execution(taking.order_id, price, passed, maker=False))
            side.take(key, passed)
        for order in queues.at(key):
            order.ahead = max(0, order.ahead - passed)
        return wanted - left

    def _meet(self, order: Resting, lots: int, taker: int, outcomes: list[Outcome]) -> int:
        """A trade between two of our accounts."""
        step = min(lots, order.lots)
        outcomes.append(Execution(taker, order.tick, step, maker=False))
        self._fill(order, step, outcomes)
        return step

    def _fill(self, order: Resting, lots: int, outcomes: list[Outcome]) -> None:
        outcomes.append(Execution(order.order_id, order.tick, lots, maker=True))
        order.lots -= lots
        if order.lots == 0:
            self.cancel(order.order_id)

    def _fill_in_order(self, orders: list[Resting], lots: int, outcomes: list[Outcome]) -> int:
        """Fill `orders` one after the other with up to `lots`; the lots used."""
        left = lots
        for order in orders:
            step = min(left, order.lots)
            if step:
                self._fill(order, step, outcomes)
            left -= step
        return lots - left

    def _print(self, orders: list[Resting], lots: int, outcomes: list[Outcome]) -> None:
        """A print at the orders' own price: it eats what is ahead of each, then fills it."""
        passed, left = 0, lots
        for order in orders:
            step = min(left, max(0, order.ahead + order.credit - passed))
            passed, left = passed + step, left - step
            if left == 0:
                break
            used = min(left, order.lots)
            self._fill(order, used, outcomes)
            left -= used
        for order in orders:
            explained = min(order.credit, passed)
            order.credit -= explained
            order.ahead = max(0, order.ahead - (passed - explained))

    def _settle_book(self) -> list[Outcome]:
        """After the outside book moved: nobody waits behind more than is shown, crossed orders fill."""
        if not self._orders:
            return []
        for order in self._orders.values():
            own = self.book.bids if order.side is Side.BUY else self.book.asks
            shown = own.available(order.tick * own.sign)
            if shown < order.ahead:
                order.credit += order.ahead - shown
                order.ahead = shown
        outcomes: list[Outcome] = []
        self._cross(self._bids, self.book.asks, outcomes)
        self._cross(self._asks, self.book.bids, outcomes)
        return outcomes

    def _cross(self, queues: Queues, opposite: OutsideSide, outcomes: list[Outcome]) -> None:
        """Orders whose price the opposite side has reached fill at their own price."""
        best = opposite.best()
        if best is None:
            return
        for order in queues:
            if order.tick * opposite.sign < best[0] * opposite.sign:
                return
            for key in opposite.prices():
                if key > order.tick * opposite.sign or order.lots == 0:
                    break
                step = min(order.lots, opposite.available(key))
                if step:
                    opposite.take(key, step)
                    self._fill(order, step, outcomes)


def _wanted(taking: Taking, lots: int, value: int, price: int) -> int:
    """How many more lots `taking` wants at `price` after `lots` worth `value`."""
    if taking.budget is not None:
        return max(0, (taking.budget - value) // price)
    assert taking.lots is not None
    return taking.lots - lots


def _spent(taking: Taking, value: int, price: int) -> bool:
    """Whether a budget no longer pays for one lot at `price`, even if the next price is lower."""
    return taking.budget is not None and taking.budget - value < price
