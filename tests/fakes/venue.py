"""A venue in memory: the exchange's own matcher, answers in the order a broker would publish them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import numpy as np

from midas.domain.event import (
    AccountReported,
    CancelSent,
    Event,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderRejected,
    OrderSent,
    OrderTriggered,
    OrderUncertain,
    RulesRead,
    Source,
)
from midas.domain.instrument import Instrument
from midas.domain.market import BookDelta, BookSnapshot, Quote, Trade
from midas.domain.money import ZERO
from midas.domain.order import (
    BalanceReport,
    CloseReason,
    Fill,
    OrderIntent,
    OrderReport,
    OrderType,
    Side,
    TimeInForce,
    TradeReport,
)
from midas.domain.time import SECOND
from midas.venues.sim.floor.matcher import Execution, Matcher, Outcome, Taking
from midas.venues.sim.levels.outside import Level

WOULD_TAKE = (-2010, "Order would immediately match and take.")
WOULD_TRIGGER = (-2010, "Order would trigger immediately.")
RECV_WINDOW = 3 * SECOND


class Held:
    """One order as this venue keeps it."""

    def __init__(self, intent: OrderIntent, order_id: int) -> None:
        self.intent = intent
        self.order_id = order_id
        self.filled = ZERO
        self.reason: CloseReason | None = None
        self.untriggered = intent.stop_price is not None


class FakeVenue:
    """Accepts, matches and reports. `refusing` and `losing` make it a worse venue."""

    def __init__(
        self,
        instruments: Iterable[Instrument],
        balances: dict[str, Decimal],
        maker_fee: Decimal = ZERO,
        taker_fee: Decimal = Decimal("0.0004"),
    ) -> None:
        self.balances = dict(balances)
        self.orders: dict[str, Held] = {}
        self.trades: list[TradeReport] = []
        self.refusing = ""  # a reason: every submit is rejected with it
        self.listed: dict[str, RulesRead] = {}  # what it states now, by instrument id; it refuses the rest
        self.losing = False  # submits vanish: no order, no answer
        self.deaf = False  # questions about the account go unanswered
        self._fees = {True: maker_fee, False: taker_fee}
        self._instruments = {i.id: i for i in instruments}
        self._matchers = {i: Matcher() for i in self._instruments}
        self._by_number: dict[int, Held] = {}
        self._last: dict[str, Decimal] = {}  # price of the newest print
        self._placed = self._traded = 0  # so far: what is forgotten keeps its number

    def market(self, event: Event) -> list[Event]:
        """The market moves; the fills that this brings our orders."""
        outcomes: list[Outcome] = []
        if isinstance(event, Quote):
            bid, ask = (event.bid, event.bid_lots), (event.ask, event.ask_lots)
            outcomes = self._matchers[event.instrument].quote(event.update_id, bid, ask)
        elif isinstance(event, Trade):
            matcher = self._matchers[event.instrument]
            outcomes = matcher.trade(event.price, event.lots, event.buyer_is_maker)
            self._last[event.instrument] = self._instruments[event.instrument].price(event.price)
            woken = self._wake(event.instrument, event.at)
            return [*self._fills(outcomes, event.at, Source.STREAM), *woken]
        elif isinstance(event, BookSnapshot | BookDelta):
            bids, asks = _sides(event)
            matcher = self._matchers[event.instrument]
            apply = matcher.snapshot if isinstance(event, BookSnapshot) else matcher.depth
            outcomes = apply(event.last_id, bids, asks)
        return self._fills(outcomes, event.at, Source.STREAM) if outcomes else []

    def number_trades_from(self, first: int) -> None:
        """The next trade's id."""
        self._traded = first - 1

    def submit(self, intent: OrderIntent, now: int) -> list[Event]:
        """An order arrives."""
        sent = OrderSent(intent.client_id, now, now + RECV_WINDOW)
        if self.losing:
            return [sent, OrderUncertain(intent.client_id, "no answer within 3 s", now)]
        if intent.instrument in self.listed and not self._fits(intent):
            return [sent, OrderRejected(intent.client_id, -1013, "Filter failure: LOT_SIZE", now, True)]
        if self.refusing:
            return [sent, OrderRejected(intent.client_id, -2010, self.refusing, now)]
        if self._there(intent):
            return [sent, OrderRejected(intent.client_id, *WOULD_TRIGGER, now)]
        taking = self._taking(intent)
        matcher = self._matchers[intent.instrument]
        reach = matcher.reach(taking).lots
        if intent.type is OrderType.LIMIT_MAKER and reach:
            return [sent, OrderRejected(intent.client_id, *WOULD_TAKE, now)]
        held = self.orders[intent.client_id] = self._by_number[taking.order_id] = Held(
            intent, taking.order_id
        )
        if held.untriggered:
            venue_id = str(taking.order_id)
            return [sent, OrderAccepted(intent.client_id, venue_id, now, Source.ANSWER, True)]
        events: list[Event] = [
            sent,
            OrderAccepted(intent.client_id, str(taking.order_id), now, Source.ANSWER),
        ]
        events += self._fills(matcher.take(taking), now, Source.ANSWER)
        if held.reason is None and intent.time_in_force is TimeInForce.IOC:
            return [*events, self._close(held, CloseReason.EXPIRED, now)]
        if held.reason is None:
            left = intent.quantity - held.filled
            matcher.rest(taking, int(left / self._instruments[intent.instrument].lot_size))
        return events

    def lose(self, client_id: str) -> None:
        """The venue forgets an order, and says nothing about it."""
        held = self.orders.pop(client_id)
        if not held.untriggered:
            self._matchers[held.intent.instrument].cancel(held.order_id)

    def _there(self, intent: OrderIntent) -> bool:
        """Whether the price that a stop would wait for has come already."""
        last = self._last.get(intent.instrument)
        return intent.stop_price is not None and last is not None and last <= intent.stop_price

    def _wake(self, instrument: str, now: int) -> list[Event]:
        """Stops whose price has come meet the book."""
        events: list[Event] = []
        for held in list(self.orders.values()):
            intent = held.intent
            if not (held.untriggered and held.reason is None and intent.instrument == instrument):
                continue
            if not self._there(intent):
                continue
            held.untriggered = False
            events.append(OrderTriggered(intent.client_id, now, Source.STREAM))
            taking, matcher = self._numbered(intent, held.order_id), self._matchers[instrument]
            events += self._fills(matcher.take(taking), now, Source.STREAM)
            if held.reason is None:
                left = intent.quantity - held.filled
                matcher.rest(taking, int(left / self._instruments[instrument].lot_size))
        return events

    def cancel(self, client_id: str, now: int) -> list[Event]:
        """A cancel arrives."""
        held = self.orders.get(client_id)
        sent = CancelSent(client_id, now)
        if held is None or held.reason is not None:
            return [sent]
        if not held.untriggered:
            self._matchers[held.intent.instrument].cancel(held.order_id)
        return [sent, self._close(held, CloseReason.CANCELED, now)]

    def account(self, purpose: str, unsettled: Iterable[str], now: int) -> AccountReported:
        """A full pass: balances, open orders, all trades, and a look-up of each order in doubt."""
        asked = list(unsettled)
        found = [self.orders[i] for i in asked if i in self.orders]
        return AccountReported(
            at=now,
            as_of=now,
            purpose=purpose,
            balances=tuple(BalanceReport(a, v, ZERO) for a, v in sorted(self.balances.items())),
            open_orders=tuple(_report(h, now) for h in self.orders.values() if h.reason is None),
            queried=tuple(_report(h, now) for h in found if h.reason is not None),
            absent=tuple(i for i in asked if i not in self.orders),
            trades=tuple(self.trades),
        )

    def trade_by_hand(
        self, instrument: Instrument, side: Side, price: Decimal, quantity: Decimal, now: int
    ) -> None:
        """Somebody else uses the account."""
        fill = Fill(
            trade_id=self._next_trade(), price=price, quantity=quantity, fee=ZERO,
            fee_asset=instrument.quote, maker=False, time=now,
        )  # fmt: skip
        self._add(instrument.base, quantity * side.sign)
        self._add(instrument.quote, -price * quantity * side.sign)
        self.trades.append(
            TradeReport(instrument=instrument.id, venue_id="by hand", client_id="", side=side, fill=fill)
        )

    def _fits(self, intent: OrderIntent) -> bool:
        read = self.listed[intent.instrument]
        if read.listed is None or read.status:
            return False
        ticks = (intent.price or ZERO) % read.listed.tick_size
        return not ticks and not intent.quantity % read.listed.lot_size

    def _taking(self, intent: OrderIntent) -> Taking:
        self._placed += 1
        return self._numbered(intent, self._placed)

    def _numbered(self, intent: OrderIntent, number: int) -> Taking:
        instrument = self._instruments[intent.instrument]
        limit = None if intent.price is None else int(intent.price / instrument.tick_size)
        lots = int(intent.quantity / instrument.lot_size)
        return Taking(order_id=number, account="ours", side=intent.side, lots=lots, limit=limit)

    def _fills(self, outcomes: list[Outcome], now: int, source: Source) -> list[Event]:
        events: list[Event] = []
        for outcome in outcomes:
            if isinstance(outcome, Execution):
                held = self._by_number[outcome.order_id]
                events.append(self._fill(held, outcome, now, source))
        return events

    def _fill(self, held: Held, execution: Execution, now: int, source: Source) -> OrderFilled:
        intent, instrument = held.intent, self._instruments[held.intent.instrument]
        price, quantity = instrument.price(execution.tick), instrument.quantity(execution.lots)
        bought = intent.side is Side.BUY
        received, asset = (quantity, instrument.base) if bought else (price * quantity, instrument.quote)
        fee = received * self._fees[execution.maker]
        fill = Fill(
            trade_id=self._next_trade(), price=price, quantity=quantity, fee=fee, fee_asset=asset,
            maker=execution.maker, time=now,
        )  # fmt: skip
        held.filled += quantity
        if held.filled >= intent.quantity:
            held.reason = CloseReason.FILLED
        self._add(instrument.base, quantity * intent.side.sign)
        self._add(instrument.quote, -price * quantity * intent.side.sign)
        self._add(asset, -fee)
        venue_id = str(held.order_id)
        self.trades.append(
            TradeReport(
                instrument=instrument.id, venue_id=venue_id, client_id="", side=intent.side, fill=fill
            )
        )
        return OrderFilled(intent.client_id, venue_id, instrument.id, fill, now, source)

    def _close(self, held: Held, reason: CloseReason, now: int) -> OrderClosed:
        held.reason = reason
        return OrderClosed(held.intent.client_id, reason, held.filled, now, Source.ANSWER)

    def _next_trade(self) -> int:
        self._traded += 1
        return self._traded

    def _add(self, asset: str, amount: Decimal) -> None:
        self.balances[asset] = self.balances.get(asset, ZERO) + amount


def _report(held: Held, now: int) -> OrderReport:
    intent = held.intent
    return OrderReport(
        client_id=intent.client_id, venue_id=str(held.order_id), instrument=intent.instrument,
        side=intent.side, type=intent.type, price=intent.price or ZERO, quantity=intent.quantity,
        filled=held.filled, open=held.reason is None, close_reason=held.reason, time=now,
        untriggered=held.untriggered,
    )  # fmt: skip


def _sides(event: BookSnapshot | BookDelta) -> tuple[list[Level], list[Level]]:
    rows = [(tick, lots) for tick, lots in np.frombuffer(event.levels, np.int64).reshape(-1, 2).tolist()]
    return rows[: event.bids], rows[event.bids :]
