"""Parity: a recorded session stepped again, and its orders filled again by the venue of a back-test.

With the recorded fills every decision has to be the recorded one, byte for byte. With simulated fills each
order meets the recorded market in a venue of its own account: it arrives when it arrived, is cancelled when
it was, and what it then gets is compared with what it got. So a difference is the fill model's alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from math import nan

import msgspec
import numpy as np

from midas.backtest.assumptions import Assumptions
from midas.backtest.tick_venue import TickVenue
from midas.domain.decision import OrderPlanned
from midas.domain.event import CancelSent, Event, OrderAccepted, OrderClosed, OrderFilled, OrderSent
from midas.domain.market import BookDelta, BookSnapshot, Quote, Trade
from midas.domain.order import OrderIntent, Purpose
from midas.domain.time import SECOND
from midas.engine.audit import Audit, encode
from midas.engine.cost_log import CostLog
from midas.engine.engine import Engine
from midas.runtime.replay import Moment
from midas.statistics.cost_calibration import Coefficients

BPS = 10_000.0
LINGERS = 10 * SECOND  # market time after a real order's end in which the simulated one may still fill
ENDLESS = Decimal(10**15)  # of every asset: what an account can pay is the engine's business
SEEN = (Quote, Trade, BookDelta, BookSnapshot)


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What a back-test on ticks claims of its fills: no more may be missing than this."""

    price_median_bps: float = 1.0
    price_p95_bps: float = 5.0
    rate: float = 0.10  # of what was ordered


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One order, as it went and as it would have gone. Prices NaN where nothing was filled."""

    client_id: str
    instrument: str
    purpose: str
    quantity: float
    filled: float  # really
    price: float
    simulated: float  # filled
    simulated_price: float

    @property
    def error_bps(self) -> float:
        """How far the simulated price lies from the real one; NaN where one of them wasn't filled."""
        return abs(self.simulated_price / self.price - 1.0) * BPS


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """What the orders that took really cost beyond the mid, and what the cost model expected, in bps."""

    orders: int = 0
    expected: float = nan  # mean
    realised: float = nan  # mean
    calibrated: Coefficients | None = None  # the model as these orders have it; None: too few


class Parity(msgspec.Struct, frozen=True, kw_only=True):
    """Of one session."""

    events: int
    decisions: int  # audits that were recorded
    identical: int  # of them, stepped again with the recorded fills
    orders: int  # that were sent
    orders_identical: int  # planned again with the same id, size and price
    compared: int  # orders with simulated fills
    filled: int  # of them, by both
    price_median_bps: float
    price_p95_bps: float
    rate: float  # share of what was ordered that was filled
    rate_simulated: float
    declared: Declared
    costs: Costs
    rate_apart: float = nan  # mean distance of both shares, order by order: in the rates they cancel out

    @property
    def within(self) -> bool:
        """Whether everything is as declared; where one of both filled nothing, nothing is said of prices.

        Where both filled, but never the same order, no price could be compared, and nothing is as declared.
        """
        same = self.identical == self.decisions and self.orders_identical == self.orders
        declared = self.declared
        near = (
            not (self.rate > 0.0 and self.rate_simulated > 0.0)
            if not self.filled
            else (
                self.price_median_bps <= declared.price_median_bps
                and self.price_p95_bps <= declared.price_p95_bps
            )
        )
        return same and near and (not self.compared or abs(self.rate_simulated - self.rate) <= declared.rate)


class Clock:
    """The exchange's market time at a moment of the wall: as far on as its quickest message says."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._offset: float | None = None

    def learn(self, time: int, at: int) -> None:
        """A message stamped `time` was heard at `at`."""
        offset = time - self._speed * at
        if self._offset is None or offset > self._offset:
            self._offset = offset

    def market(self, at: int) -> int:
        """Nanoseconds; 0 before any message."""
        return 0 if self._offset is None else int(self._offset + self._speed * at)


class Shadow:
    """The simulated fate of every order of one instrument."""

    def __init__(self, engine: Engine, name: str, given: Assumptions) -> None:
        market = engine.state.markets[name]
        balances = {market.instrument.base: ENDLESS, market.instrument.quote: ENDLESS}
        self._venue = TickVenue(market, balances, given, books=True)
        self._ends: dict[str, int] = {}
        self.got: dict[str, list[tuple[float, float]]] = {}

    def submit(self, intent: OrderIntent, at: int) -> None:
        """It arrives at market time `at`."""
        self.got[intent.client_id] = []
        self._venue.submit(intent, at)

    def cancel(self, client_id: str, at: int) -> None:
        """A cancel arrives at market time `at`; one is enough."""
        if client_id in self.got and client_id not in self._ends:
            self._ends[client_id] = at
            self._venue.cancel(client_id, at)

    def see(self, event: Quote | Trade | BookDelta | BookSnapshot) -> None:
        """The market moves on, and what arrives until then arrives."""
        venue = self._venue
        while venue.due_at <= event.time:
            venue.arrive()
        if venue.busy:
            venue.see(event)
        while venue.tells_at <= event.time:
            self._heard(venue.tell())
        if venue.busy:
            venue.rest()

    def _heard(self, told: Event) -> None:
        if isinstance(told, OrderFilled):
            self.got[told.client_id].append((float(told.fill.quantity), float(told.fill.price)))


class Session:
    """Steps a session and keeps both fates of its orders."""

    def __init__(self, engine: Engine, speed: float, delays: dict[str, int], given: Assumptions) -> None:
        self._engine = engine
        self._clock = Clock(speed)
        self._delays = delays
        self._shadows = {name: Shadow(engine, name, given) for name in engine.state.markets}
        self._costs = CostLog(engine.state, engine.costs)
        self._intents: dict[str, OrderIntent] = {}
        self._real: dict[str, dict[int, tuple[float, float]]] = {}  # by order, by trade: each is told twice
        self.events = self.decisions = self.identical = self.sent = self.known = 0

    def follow(self, moments: Iterable[Moment]) -> None:
        """To the end."""
        for moment in moments:
            event = moment.event
            if isinstance(event, SEEN):
                self._clock.learn(event.time, event.at)
                self._shadows[event.instrument].see(event)
            audit = self._engine.step(moment.sequence, event)
            self.events += 1
            ours = encode(audit) if audit is not None else None
            if moment.audit is not None or ours is not None:
                self.decisions += 1
                self.identical += ours == moment.audit
            if audit is not None:
                self._decided(audit)
            self._happened(event)

    @property
    def costs(self) -> Costs:
        """Of the orders so far."""
        view = self._costs.view
        return Costs(
            orders=view.orders, expected=view.expected, realised=view.realised,
            calibrated=self._costs.calibration,
        )  # fmt: skip

    def orders(self) -> Iterator[Order]:
        """Each that was sent and isn't a stop: those wait for a price that their own market decides."""
        for client_id, deals in self._real.items():
            intent = self._intents[client_id]
            filled, price = _mean(list(deals.values()))
            simulated, at = _mean(self._shadows[intent.instrument].got[client_id])
            yield Order(
                client_id=client_id, instrument=intent.instrument, purpose=intent.purpose.value,
                quantity=float(intent.quantity), filled=filled, price=price, simulated=simulated,
                simulated_price=at,
            )  # fmt: skip

    def _decided(self, audit: Audit) -> None:
        self._costs.observe(audit)
        for decision in audit.decisions:
            if isinstance(decision, OrderPlanned):
                self._intents[decision.intent.client_id] = decision.intent

    def _happened(self, event: Event) -> None:
        """What the record says of an order: when it left, what it got, when it ended."""
        if isinstance(event, OrderSent):
            self._left(event)
        elif isinstance(event, OrderFilled) and event.client_id in self._real:
            fill = event.fill
            self._real[event.client_id][fill.trade_id] = float(fill.quantity), float(fill.price)
        elif isinstance(event, CancelSent | OrderClosed) and event.client_id in self._real:
            later = LINGERS if isinstance(event, OrderClosed) else 0
            at = self._clock.market(event.at) + later
            self._shadows[self._intents[event.client_id].instrument].cancel(event.client_id, at)

    def _left(self, event: OrderSent) -> None:
        self.sent += 1
        intent = self._intents.get(event.client_id)
        if intent is None:
            return  # planned by a session before this one, or otherwise than it was
        self.known += 1
        if intent.purpose is not Purpose.STOP:
            self._real[event.client_id] = {}
            arrives = self._clock.market(event.at + self._delays.get(event.client_id, 0))
            self._shadows[intent.instrument].submit(intent, arrives)


def delays_of(events: Iterable[Event]) -> dict[str, int]:
    """Of each order half of the wall time between its leaving and the venue's first word."""
    left: dict[str, int] = {}
    found: dict[str, int] = {}
    for event in events:
        if isinstance(event, OrderSent):
            left[event.client_id] = event.at
        elif isinstance(event, OrderAccepted | OrderFilled | OrderClosed) and event.client_id in left:
            found.setdefault(event.client_id, (event.at - left[event.client_id]) // 2)
    return found


def compared(session: Session, declared: Declared) -> Parity:
    """What both fates say together."""
    orders = list(session.orders())
    both = [order.error_bps for order in orders if order.filled and order.simulated]
    shares = [(order.filled / order.quantity, order.simulated / order.quantity) for order in orders]
    return Parity(
        events=session.events, decisions=session.decisions, identical=session.identical, orders=session.sent,
        orders_identical=session.known, compared=len(orders), filled=len(both),
        price_median_bps=float(np.median(both)) if both else nan,
        price_p95_bps=float(np.quantile(both, 0.95)) if both else nan,
        rate=float(np.mean([real for real, _ in shares])) if shares else nan,
        rate_simulated=float(np.mean([made for _, made in shares])) if shares else nan, declared=declared,
        costs=session.costs,
        rate_apart=float(np.mean([abs(made - real) for real, made in shares])) if shares else nan,
    )  # fmt: skip


def _mean(deals: list[tuple[float, float]]) -> tuple[float, float]:
    filled = sum(quantity for quantity, _ in deals)
    return filled, sum(quantity * price for quantity, price in deals) / filled if filled else nan
