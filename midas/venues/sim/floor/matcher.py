"""One instrument's matching: our accounts' orders against each other and against the market outside.

Pure and synchronous: no clock, no I/O, integer ticks and lots. The exchange process, the back-test
and paper trading use this same class. The outside market is what the venue displays plus its trade
prints; our orders never change what it displays, so liquidity that we took is remembered until the
market itself says something new about that level.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from heapq import merge

from midas.domain.order import Side
from midas.venues.sim.floor.queues import Queues, QueuesStand, Resting
from midas.venues.sim.floor.taking import Execution, Outcome, Prevented, Reach, SelfTrade, Sweep, Taking
from midas.venues.sim.levels.outside import Level, OutsideBook, OutsideSide

__all__ = ["Execution", "Matcher", "Outcome", "Prevented", "Reach", "SelfTrade", "Taking"]


class Matcher:
    """Price-time priority over one instrument."""

    def __init__(self) -> None:
        self.book = OutsideBook()
        self._orders: dict[int, Resting] = {}
        self._bids = Queues(-1)
        self._asks = Queues(+1)
        self._next_match = 0
        self._meetings = 0
        self._credited: list[Resting] = []  # whose credit isn't zero, or wasn't

    def snapshot(self, last_id: int, bids: Iterable[Level], asks: Iterable[Level]) -> list[Outcome]:
        """The whole outside book anew."""
        self.book.snapshot(last_id, bids, asks)
        return self._settle_book()

    def depth(
        self, last_id: int, bids: Iterable[Level], asks: Iterable[Level], *, crosses: bool = True
    ) -> list[Outcome]:
        """Levels of the outside book changed; where nothing `crosses`, nobody trades for now."""
        if not self.book.change(last_id, bids, asks):
            return []
        outcomes = self._settle_book(crosses)
        for order in self._credited:
            order.credit = 0
        self._credited.clear()
        return outcomes

    def quote(self, last_id: int, bid: Level, ask: Level, *, crosses: bool = True) -> list[Outcome]:
        """The outside best bid and ask changed; where nothing `crosses`, nobody trades for now."""
        return self._settle_book(crosses) if self.book.quote(last_id, bid, ask) else []

    def trade(self, tick: int, lots: int, buyer_is_maker: bool) -> list[Outcome]:
        """A trade was printed outside: it would have met our better prices first, then our queue."""
        queues = self._bids if buyer_is_maker else self._asks
        key = tick * queues.sign
        outcomes: list[Outcome] = []
        for better in queues.prices():
            if better > key or lots == 0:
                break
            if better < key:
                lots -= self._fill_in_line(queues, better, lots, outcomes)
            else:
                self._print(queues, key, lots, outcomes)
        return outcomes

    def reach(self, taking: Taking) -> Reach:
        """What `taking` would take if it came now; its account's own orders as it wants to treat them."""
        sweep = Sweep(taking)
        for key in self._prices(taking):
            price = key * self._other(taking.side).sign
            there = self._there(key, sweep)
            step = min(there, sweep.wanted(price))
            sweep.add(step, price)
            if step < there or sweep.over or sweep.short(price):
                break
        return Reach(sweep.lots, sweep.value)

    def crosses(self, side: Side, limit: int) -> bool:
        """Whether an order at `limit` would meet anything."""
        taking = Taking(order_id=0, account="", side=side, lots=1, limit=limit)
        return self.reach(taking).lots > 0

    def take(self, taking: Taking) -> list[Outcome]:
        """Execute against everything that `taking` reaches, best price first."""
        sweep = Sweep(taking)
        for key in self._prices(taking):
            price = key * self._other(taking.side).sign
            wanted = sweep.wanted(price)
            if wanted == 0:
                sweep.spent = taking.budget is not None and self._offered(key, taking.side)
                if taking.budget is None or sweep.spent:
                    break
                continue  # all that was shown here is ours already: there may be something behind
            sweep.add(self._take_level(key, wanted, sweep), price)
            sweep.spent = not sweep.over and sweep.short(price)
            if sweep.over or sweep.spent:
                break
        return sweep.ended()

    def rest(self, taking: Taking, lots: int, slice: int = 0) -> Resting:
        """Leave `lots` of an order in the book at its limit, behind everything displayed there; of an
        iceberg `slice` lots are shown at a time."""
        assert taking.limit is not None
        own = self.book.bids if taking.side is Side.BUY else self.book.asks
        ahead = own.available(taking.limit * own.sign)
        shown = min(lots, slice or lots)
        order = Resting(
            taking.order_id,
            taking.account,
            taking.side,
            taking.limit,
            shown,
            ahead,
            hidden=lots - shown,
            slice=slice,
        )
        self._orders[order.order_id] = order
        self._queues(order.side).add(order)
        return order

    def fill(self, order_id: int, lots: int) -> list[Outcome]:
        """Execute up to `lots` of a resting order at its own price; nothing where it doesn't rest."""
        order = self._orders.get(order_id)
        return [] if order is None else self._filled(order, min(lots, order.total))

    def reduce(self, order_id: int, lots: int) -> None:
        """Take `lots` off a resting order, which keeps its place."""
        order = self._orders[order_id]
        assert lots < order.total
        order.shrink(lots)

    def cancel(self, order_id: int) -> int:
        """Take an order out of the book; the lots that were left, 0 where it isn't there."""
        order = self._orders.pop(order_id, None)
        if order is None:
            return 0
        self._queues(order.side).remove(order)
        return order.total

    def ahead(self, order_id: int) -> int | None:
        """Outside lots before a resting order; None where it doesn't rest."""
        order = self._orders.get(order_id)
        return None if order is None else order.ahead

    def resting(self, order_id: int) -> Resting | None:
        """A resting order; None where it doesn't rest."""
        return self._orders.get(order_id)

    def save(self) -> QueuesStand:
        """Our orders as they stand in their queues."""
        return QueuesStand([*self._bids, *self._asks], self._next_match)

    def restore(self, stand: QueuesStand) -> None:
        """Put saved orders into an empty book; nothing is matched."""
        assert not self._orders
        self._next_match = stand.next_match
        for order in stand.resting:
            self._orders[order.order_id] = order
            self._queues(order.side).add(order)
            own = self.book.bids if order.side is Side.BUY else self.book.asks
            own.moved.add(order.tick * own.sign)
            self._credited.append(order)

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

    def _offered(self, key: int, side: Side) -> bool:
        """Whether there is anything to take at `key`."""
        return self._side(side).available(key) > 0 or bool(self._other(side).at(key))

    def _there(self, key: int, sweep: Sweep) -> int:
        """Lots at `key` that the sweep could take; it is over where it would expire here."""
        taking, orders = sweep.taking, self._other(sweep.taking.side).at(key)
        if not taking.self_trade.ends_taker:
            mine = taking.self_trade is not SelfTrade.EXPIRE_MAKER
            others = sum(order.total for order in orders if mine or order.account != taking.account)
            return self._side(taking.side).available(key) + others
        lots = passed = 0
        for order in orders:
            passed = max(passed, order.ahead)
            if order.account == taking.account:
                sweep.over = True
                return lots + passed
            lots += order.lots
        hidden = sum(order.hidden for order in orders)
        return self._side(taking.side).available(key) + lots + hidden

    def _take_level(self, key: int, wanted: int, sweep: Sweep) -> int:
        """Take up to `wanted` lots at one price: outside lots and our orders in time order."""
        side, queues = self._side(sweep.taking.side), self._other(sweep.taking.side)
        available, passed, left = side.available(key), 0, wanted
        line = deque(queues.at(key))
        while line and left and not sweep.over:
            order = line.popleft()
            step = _pass(sweep, key * side.sign, min(left, max(0, order.ahead - passed)))
            passed, left = passed + step, left - step
            if left == 0:
                break
            shown = order.lots
            used = self._meet(order, left, sweep)
            left -= used
            if used == shown and order.order_id in self._orders:  # its next slice came up
                order.ahead, order.credit = available, 0
                line.append(order)
        if not sweep.over:
            step = _pass(sweep, key * side.sign, min(left, available - passed))
            passed, left = passed + step, left - step
        side.take(key, passed)
        for order in queues.at(key):
            order.ahead = max(0, order.ahead - passed)
        return wanted - left

    def _meet(self, order: Resting, lots: int, sweep: Sweep) -> int:
        """A taker meets one of our orders; the lots that this uses up."""
        taking = sweep.taking
        if order.account == taking.account and taking.self_trade is not SelfTrade.NONE:
            return self._prevent(order, lots, sweep)
        step = min(lots, order.lots)
        self._meetings += 1
        sweep.outcomes.append(Execution(taking.order_id, order.tick, step, False, self._meetings))
        self._fill(order, step, sweep.outcomes, self._meetings)
        return step

    def _prevent(self, order: Resting, lots: int, sweep: Sweep) -> int:
        """Two orders of one account meet and may not trade; the lots that both lose."""
        taker, maker, mode = sweep.taking.order_id, order.order_id, sweep.taking.self_trade
        self._next_match += 1
        match = self._next_match
        if mode is SelfTrade.DECREMENT:
            step = min(lots, order.lots)
            self._consume(order, step)
            ended = maker not in self._orders
            sweep.outcomes.append(Prevented(taker, step, maker, order.tick, match, True, step == lots))
            sweep.outcomes.append(Prevented(maker, step, taker, order.tick, match, False, ended))
            return step
        if mode.ends_taker:
            sweep.over = True
            sweep.outcomes.append(Prevented(taker, lots, maker, order.tick, match, True, True))
        if mode is not SelfTrade.EXPIRE_TAKER:
            left = self.cancel(maker)
            sweep.outcomes.append(Prevented(maker, left, taker, order.tick, match, False, True))
        return 0

    def _fill(self, order: Resting, lots: int, outcomes: list[Outcome], meeting: int = 0) -> None:
        outcomes.append(Execution(order.order_id, order.tick, lots, True, meeting))
        self._consume(order, lots)

    def _filled(self, order: Resting, lots: int) -> list[Outcome]:
        outcomes: list[Outcome] = []
        self._fill(order, lots, outcomes)
        return outcomes

    def _consume(self, order: Resting, lots: int) -> None:
        if order.consume(lots):
            self._queues(order.side).requeue(order)
        elif order.lots == 0:
            self.cancel(order.order_id)

    def _fill_shown(self, order: Resting, lots: int, outcomes: list[Outcome]) -> bool:
        """Fill up to `lots` of what an order shows; True where its next slice came up behind everybody."""
        used = min(lots, order.lots)
        renewed = used == order.lots and order.hidden > 0
        self._fill(order, used, outcomes)
        if renewed:
            own = self.book.bids if order.side is Side.BUY else self.book.asks
            order.ahead, order.credit = own.available(order.tick * own.sign), 0
        return renewed

    def _fill_in_line(self, queues: Queues, key: int, lots: int, outcomes: list[Outcome]) -> int:
        """Fill the orders at `key` one after the other with up to `lots`; the lots used."""
        left, line = lots, deque(queues.at(key))
        while line and left:
            order = line.popleft()
            step = min(left, order.lots)
            left -= step
            if self._fill_shown(order, step, outcomes):
                line.append(order)
        return lots - left

    def _print(self, queues: Queues, key: int, lots: int, outcomes: list[Outcome]) -> None:
        """A print at the orders' own price: it eats what is ahead of each, then fills it."""
        own = self.book.bids if queues is self._bids else self.book.asks
        passed, left = 0, lots
        line = deque(queues.at(key))
        while line:
            order = line.popleft()
            step = min(left, max(0, order.ahead + order.credit - passed))
            passed, left = passed + step, left - step
            if left == 0:
                break
            used = min(left, order.lots)
            renewed = used == order.lots and order.hidden > 0
            self._fill(order, used, outcomes)
            left -= used
            if renewed:
                order.ahead = own.available(key)
                line.append(order)
        for order in queues.at(key):
            explained = min(order.credit, passed)
            order.credit -= explained
            order.ahead = max(0, order.ahead - (passed - explained))

    def _settle_book(self, crosses: bool = True) -> list[Outcome]:
        """After the outside book moved: nobody waits behind more than is shown, crossed orders fill."""
        if not self._orders:
            self.book.bids.seen()
            self.book.asks.seen()
            return []
        self._advance(self._bids, self.book.bids)
        self._advance(self._asks, self.book.asks)
        outcomes: list[Outcome] = []
        if crosses:
            self._cross(self._bids, self.book.asks, outcomes)
            self._cross(self._asks, self.book.bids, outcomes)
        return outcomes

    def _advance(self, queues: Queues, own: OutsideSide) -> None:
        """Our orders move up where less is shown than stood before them."""
        for key in queues.among(own.moved, own.moved_to):
            shown = own.available(key)
            for order in queues.at(key):
                if shown < order.ahead:
                    order.credit += order.ahead - shown
                    order.ahead = shown
                    self._credited.append(order)
        own.seen()

    def _cross(self, queues: Queues, opposite: OutsideSide, outcomes: list[Outcome]) -> None:
        """Orders whose price the opposite side has reached fill at their own price."""
        while (key := queues.best()) is not None:
            if _reached(opposite, key * queues.sign) is None:
                return
            line = deque(queues.at(key))
            while line and (there := _reached(opposite, line[0].tick)) is not None:
                order, step = line[0], min(line[0].lots, there[1])
                opposite.take(there[0], step)
                if self._fill_shown(order, step, outcomes):
                    line.rotate(-1)
                elif order.lots == 0:
                    line.popleft()
            if line:
                return


def _reached(opposite: OutsideSide, tick: int) -> tuple[int, int] | None:
    """The best key of the other side that an order at `tick` could have, and the lots left there."""
    for key in opposite.prices():
        if key > tick * opposite.sign:
            return None
        if lots := opposite.available(key):
            return key, lots
    return None


def _pass(sweep: Sweep, tick: int, lots: int) -> int:
    """A taker passes `lots` of the outside market, which trades them."""
    if lots:
        sweep.outcomes.append(Execution(sweep.taking.order_id, tick, lots, maker=False))
    return lots
