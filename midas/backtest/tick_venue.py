"""The venue of a back-test on quotes, prints and books, with the matcher of midas' own exchange.

It runs ahead of the engine by the feed's latency: an order meets the market of the moment at which it
arrives. While nothing of ours is there it sleeps, and takes what the engine knows where it wakes. What we
took is gone until the market shows another size there; a print at our price moves us up in the queue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from heapq import heappop, heappush
from math import inf

import numpy as np

from midas.backtest.assumptions import Assumptions
from midas.backtest.orders import Resting, resting
from midas.backtest.queues import QueueMatcher, behind
from midas.domain.event import (
    AccountReported,
    CancelRejected,
    Event,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderRejected,
    OrderSent,
    OrderTriggered,
    Source,
)
from midas.domain.instrument import Instrument
from midas.domain.market import BookDelta, BookLost, BookSnapshot, Quote, Trade
from midas.domain.money import ZERO
from midas.domain.order import BalanceReport, CloseReason, OrderIntent, OrderType, TimeInForce
from midas.domain.time import MINUTE
from midas.state.market import InstrumentMarket
from midas.venues.sim.floor.taking import Execution, Outcome, Taking
from midas.venues.sim.levels.outside import Level

MarketEvent = Quote | Trade | BookDelta | BookSnapshot | BookLost
INSUFFICIENT = -2010  # the codes are Binance's: the engine knows no others
UNKNOWN_ORDER = -2011
DEAD_AFTER = MINUTE  # nothing gets lost here


class TickVenue:
    """One account and its orders in one instrument."""

    def __init__(
        self, market: InstrumentMarket, balances: Mapping[str, Decimal], given: Assumptions, *, books: bool
    ) -> None:
        """`market`: as the engine knows it; `books`: whole books come, not the touch alone."""
        self.balances = dict(balances)
        self._market = market
        self._instrument: Instrument = market.instrument
        self._given = given
        self._books = books
        self._model = behind(given.queue)
        self._matcher = self._new_matcher()
        self._orders: dict[str, Resting] = {}
        self._by_number: dict[int, Resting] = {}
        self._requests: list[tuple[int, int, str, bool]] = []  # (arrives, number, client id, a cancel?)
        self._told: list[tuple[int, int, Event]] = []
        self._number = self._trade = self._update = 0
        self.busy = False
        self.spread = 0.0  # paid by what took, from the mid to the touch, quote currency
        self.impact = 0.0  # the same, from the touch to the prices behind it

    # what the engine asks

    def submit(self, intent: OrderIntent, at: int) -> OrderSent:
        """The request leaves."""
        if not self.busy:
            self._wake()
        self._number += 1
        arrives_at = at + self._given.order_latency
        order = resting(intent, self._instrument, self._number, arrives_at)
        self._orders[intent.client_id] = self._by_number[order.number] = order
        heappush(self._requests, (arrives_at, self._number, intent.client_id, False))
        self.busy = True
        return OrderSent(intent.client_id, at, arrives_at + DEAD_AFTER)

    def cancel(self, client_id: str, at: int) -> None:
        """The request leaves."""
        if not self.busy:
            self._wake()
        self._number += 1
        heappush(self._requests, (at + self._given.order_latency, self._number, client_id, True))
        self.busy = True

    def pay(self, asset: str, amount: Decimal) -> None:
        """Its balance moves, and no trade made it."""
        self.balances[asset] = self.balances.get(asset, ZERO) + amount

    def account(self, purpose: str, at: int) -> AccountReported:
        """A full pass."""
        balances = tuple(BalanceReport(asset, amount, ZERO) for asset, amount in self.balances.items())
        standing = tuple(o.report(at) for o in self._orders.values() if o.accepted)
        return AccountReported(at, at, purpose, balances, standing, (), (), ())

    # market time

    def see(self, event: MarketEvent) -> None:
        """The market moves."""
        self._update += 1
        matcher = self._matcher
        if type(event) is Quote:
            bid, ask = (event.bid, event.bid_lots), (event.ask, event.ask_lots)
            self._happened(matcher.quote(self._update, bid, ask), event.time)
        elif type(event) is Trade:
            self._happened(matcher.trade(event.price, event.lots, event.buyer_is_maker), event.time)
            self._trigger(event.price, event.time)
        elif type(event) is BookDelta:
            bids, asks = levels_of(event.levels, event.bids)
            self._happened(matcher.depth(self._update, bids, asks), event.time)
        elif type(event) is BookSnapshot:
            bids, asks = levels_of(event.levels, event.bids)
            self._happened(matcher.snapshot(self._update, bids, asks), event.time)

    @property
    def due_at(self) -> float:
        """When the next request arrives; infinite where none is out."""
        return self._requests[0][0] if self._requests else inf

    @property
    def tells_at(self) -> float:
        """When the engine hears the next answer; infinite where there is none."""
        return self._told[0][0] if self._told else inf

    def arrive(self) -> None:
        """The next request has come."""
        arrives_at, _, client_id, cancels = heappop(self._requests)
        order = self._orders.get(client_id)
        if cancels:
            self._cancel(order, client_id, arrives_at)
        elif order is not None:
            self._admit(order, arrives_at)

    def tell(self) -> Event:
        """The next answer."""
        return heappop(self._told)[2]

    def forget(self) -> None:
        """The data end: what still rests rests on, and nothing will ever reach it."""
        self._orders.clear()
        self._by_number.clear()
        self._matcher = self._new_matcher()
        self.busy = False

    def rest(self) -> bool:
        """Sleeps where nothing of ours is there, and nothing that we took is missing."""
        book = self._matcher.book
        waits = self._orders or self._requests or self._told or book.bids.taken or book.asks.taken
        self.busy = bool(waits)
        return not self.busy

    # matching

    def _new_matcher(self) -> QueueMatcher:
        return QueueMatcher(self._model, touch_only=not self._books)

    def _wake(self) -> None:
        """Nothing of ours is there: the market is as the engine has just seen it."""
        market, self._matcher = self._market, self._new_matcher()
        self._update += 1
        if self._books and market.book.valid:
            bids, asks = (_levels(side) for side in market.book.top(max(market.book.sizes)))
            self._matcher.snapshot(self._update, bids, asks)
        if market.bid_lots and market.ask_lots:
            self._update += 1
            bid, ask = (market.bid, market.bid_lots), (market.ask, market.ask_lots)
            self._matcher.quote(self._update, bid, ask)

    def _cancel(self, order: Resting | None, client_id: str, at: int) -> None:
        if order is None:
            self._tell(CancelRejected(client_id, UNKNOWN_ORDER, "Unknown order sent.", self._heard(at)))
            return
        self._matcher.cancel(order.number)
        self._close(order, CloseReason.CANCELED, at)

    def _admit(self, order: Resting, at: int) -> None:
        """It is taken or refused, and trades with what is there."""
        client_id = order.intent.client_id
        if reason := self._objection(order):
            self._gone(order)
            self._tell(OrderRejected(client_id, INSUFFICIENT, reason, self._heard(at)))
            return
        order.accepted = True
        heard, waits = self._heard(at), order.trigger > 0
        self._tell(OrderAccepted(client_id, order.venue_id, heard, Source.ANSWER, untriggered=waits))
        if not waits:
            self._take(order, at)

    def _objection(self, order: Resting) -> str:
        instrument, intent, book = self._instrument, order.intent, self._matcher.book
        best = book.asks.best() if order.buying else book.bids.best()
        worst = order.limit or (best[0] if best else 0)
        needed = intent.quantity * instrument.price(worst) if order.buying else intent.quantity
        if needed > self.balances.get(instrument.quote if order.buying else instrument.base, ZERO):
            return "Account has insufficient balance for requested action."
        if intent.type is OrderType.LIMIT_MAKER and self._matcher.crosses(intent.side, order.limit):
            return "Order would immediately match and take."
        return ""

    def _take(self, order: Resting, at: int) -> None:
        intent = order.intent
        taking = Taking(
            order_id=order.number, account="", side=intent.side, lots=order.lots, limit=order.limit or None
        )
        whole = intent.time_in_force is not TimeInForce.FOK
        if whole or self._matcher.reach(taking).lots >= order.lots:
            book = self._matcher.book
            bid, ask = book.bids.best(), book.asks.best()
            outcomes = self._matcher.take(taking)
            if bid is not None and ask is not None:
                self._paid(outcomes, order, bid[0], ask[0])
            self._happened(outcomes, at)
        if intent.client_id not in self._orders:
            return
        if order.rests:
            self._matcher.rest(taking, order.lots)
        else:
            self._close(order, CloseReason.EXPIRED, at)

    def _paid(self, outcomes: Sequence[Outcome], order: Resting, bid: int, ask: int) -> None:
        """What taking took beyond the middle of the touch that it met."""
        best, sign, market = ask if order.buying else bid, order.intent.side.sign, self._market
        for each in outcomes:
            if isinstance(each, Execution) and each.order_id == order.number:
                unit = each.lots * market.instrument.lot * market.instrument.tick
                self.spread += max(0.0, 0.5 * (ask - bid)) * unit
                self.impact += (each.tick - best) * sign * unit

    def _trigger(self, price: int, at: int) -> None:
        """A print wakes the stops that it has come to."""
        waiting = [o for o in self._orders.values() if o.trigger and o.accepted]
        for order in waiting:
            if price >= order.trigger if order.buying else price <= order.trigger:
                order.trigger = 0
                self._tell(OrderTriggered(order.intent.client_id, self._heard(at), Source.STREAM))
                self._take(order, at)

    def _happened(self, outcomes: Sequence[Outcome], at: int) -> None:
        for outcome in outcomes:
            order = self._by_number.get(outcome.order_id)
            if order is not None and isinstance(outcome, Execution):
                self._fill(order, outcome.tick, outcome.lots, at, maker=outcome.maker)

    def _fill(self, order: Resting, tick: int, lots: int, at: int, *, maker: bool) -> None:
        intent = order.intent
        self._trade += 1
        fill = order.fill(self._trade, tick, lots, self._given.costs.fees, self.balances, at=at, maker=maker)
        heard = self._heard(at)
        self._tell(
            OrderFilled(intent.client_id, order.venue_id, intent.instrument, fill, heard, Source.STREAM)
        )
        if not order.lots:
            self._gone(order)

    def _close(self, order: Resting, reason: CloseReason, at: int) -> None:
        self._gone(order)
        heard = self._heard(at)
        self._tell(OrderClosed(order.intent.client_id, reason, order.filled, heard, Source.STREAM))

    def _gone(self, order: Resting) -> None:
        del self._orders[order.intent.client_id], self._by_number[order.number]

    def _heard(self, at: int) -> int:
        return at + self._given.answer_latency

    def _tell(self, event: Event) -> None:
        self._number += 1
        heappush(self._told, (event.at, self._number, event))


def levels_of(levels: bytes, bids: int) -> tuple[list[Level], list[Level]]:
    """Both sides of a book message, as (tick, lots)."""
    rows = np.frombuffer(levels, np.int64).reshape(-1, 2)
    return _levels(rows[:bids]), _levels(rows[bids:])


def _levels(rows: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> list[Level]:
    return [(int(tick), int(lots)) for tick, lots in rows.tolist()]
