"""Working one sleeve towards its approved target: passively where it can wait, at the touch where it can't.

One order a sleeve at a time. A moved price is a cancel first and a new order once the old one is
closed, so that both can never fill.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.money import ZERO, as_read, floor_to, from_float
from midas.domain.opinion import Urgency
from midas.domain.order import OrderType, Side, TimeInForce
from midas.domain.time import SECOND
from midas.domain.verdict import Approved
from midas.state.market import InstrumentMarket
from midas.state.order import Order

# Asked for every order: a look into an Enum costs more than the comparison.
BUY, SELL, LIMIT, IOC = Side.BUY, Side.SELL, OrderType.LIMIT, TimeInForce.IOC
AGGRESSIVE = Urgency.AGGRESSIVE


class ExecutionRules(msgspec.Struct, frozen=True, kw_only=True):
    """Patience and prices."""

    passive_timeout: int = 3 * SECOND  # wall time a passive order may rest before it is reconsidered
    reprice_ticks: int = 50  # how far the touch may move away from a resting order
    reprice_age: int = SECOND // 2  # wall time between two prices of one target
    take_collar_bps: float = 5.0  # beyond the touch, for orders that must trade
    attempts_max: int = 6  # orders for one entry before it is given up
    rejects_free: int = 3  # refusals by the venue before each further one doubles the wait


class Work(msgspec.Struct):
    """How one target has been worked so far; the execution agent's memory, rebuilt by every replay."""

    approved: Approved
    started_at: int
    orders: int = 0
    rejects: int = 0
    ordered_at: int = 0
    given_up: bool = False
    closing: bool = False  # the position is closed for good: whatever else stands in the sleeve goes first
    stopped: bool = False  # its stop does that, not a person
    shrinks: bool = False  # a position is worked down: whoever sells more of it meanwhile, nothing is bought
    settled: bool = (
        False  # nothing left that could be traded; looked at again after the next event of an order
    )


class Plan(msgspec.Struct, frozen=True):
    """An order to be made; the execution agent turns it into an intent."""

    side: Side
    type: OrderType
    time_in_force: TimeInForce | None
    quantity: Decimal
    price: Decimal
    stop_price: Decimal | None = None


class Place(msgspec.Struct, frozen=True):
    """Everything that a decision about one sleeve looks at."""

    market: InstrumentMarket
    held: Decimal
    sellable: Decimal  # of it, what neither another order nor another hand has taken
    working: list[Order]
    now: int

    @property
    def instrument(self) -> Instrument:
        """What is traded."""
        return self.market.instrument


def next_order(work: Work, place: Place, rules: ExecutionRules) -> Plan | None:
    """The order that the sleeve needs now, if any; never while another one of it is open."""
    if place.working or work.given_up or pausing(work, place.now, rules):
        return None
    market = place.market
    instrument = market.instrument
    gap = work.approved.target.quantity - place.held
    side = BUY if gap > ZERO else SELL
    if not market.bid_lots or not (market.ask_lots or side is SELL):
        return None
    quantity = gap if side is BUY else min(-gap, place.sellable)
    quantity = floor_to(min(quantity, instrument.quantity_max), instrument.lot_size)
    wait = bool(market.ask_lots) and patient(work, place, rules)
    touch = instrument.price(market.bid if side is BUY or not wait else market.ask)
    if quantity < instrument.quantity_least or quantity * touch < instrument.notional_min:
        work.settled = True
        return None
    if wait:
        return Plan(
            side, OrderType.LIMIT_MAKER, None, quantity, _inside(work.approved, touch, side, instrument)
        )
    price = _inside(work.approved, _taking(market, side, rules), side, instrument)
    if side is SELL:
        price = enough(price, quantity, instrument)
    return Plan(side, LIMIT, IOC, quantity, price)


def enough(price: Decimal, quantity: Decimal, instrument: Instrument) -> Decimal:
    """The lowest price from `price` on at which the venue takes so little: the collar may fall below it."""
    if quantity * price >= instrument.notional_min:
        return price
    least = instrument.notional_min / (quantity * instrument.tick_size)
    return least.to_integral_value(ROUND_CEILING) * instrument.tick_size


def stale(work: Work, place: Place, rules: ExecutionRules) -> list[tuple[Order, str]]:
    """Open orders of the sleeve that no longer serve its target, with why."""
    target = work.approved.target
    gap = target.quantity - place.held
    found: list[tuple[Order, str]] = []
    for order in place.working:
        sign, age = order.intent.side.sign, place.now - order.intent.created_at
        cancelling = order.pending_cancel and abs(place.now - order.cancel_sent_at) < SECOND
        if cancelling or order.unknown_since > 0:
            continue
        if work.closing and order.intent.time_in_force is not TimeInForce.IOC:
            found.append((order, "the position is being closed"))
        elif work.given_up or gap * sign <= 0 or order.leaves > abs(gap):
            found.append((order, "target changed"))
        elif abs(age) > rules.passive_timeout:
            found.append((order, "not filled in time"))
        elif age > rules.reprice_age and _left_behind(order, place, rules):
            found.append((order, "the touch moved away"))
    return found


def pausing(work: Work, now: int, rules: ExecutionRules) -> bool:
    """Whether the last order is too recent; a venue that goes on refusing is asked ever more seldom.

    A clock that was set back keeps nobody in a position.
    """
    pause = rules.reprice_age
    if work.rejects > rules.rejects_free:
        pause <<= min(work.rejects - rules.rejects_free, 6)
    return abs(now - work.ordered_at) < pause


def patient(work: Work, place: Place, rules: ExecutionRules) -> bool:
    """Whether to wait for a price: while the target is passive and its time isn't over."""
    if work.approved.target.urgency is AGGRESSIVE:
        return False
    entering = work.approved.target.quantity > place.held
    waited = place.now - work.started_at
    return entering or abs(waited) < rules.passive_timeout


def _left_behind(order: Order, place: Place, rules: ExecutionRules) -> bool:
    price = order.intent.price
    if price is None or order.intent.type is not OrderType.LIMIT_MAKER:
        return False
    market = place.market
    touch = market.bid if order.intent.side is Side.BUY else market.ask
    distance = (touch - int(price / place.instrument.tick_size)) * order.intent.side.sign
    return distance > rules.reprice_ticks


def _taking(market: InstrumentMarket, side: Side, rules: ExecutionRules) -> Decimal:
    """The opposite touch and a little beyond it."""
    opposite = market.ask if side is BUY else market.bid
    factor = 1.0 + side.sign * rules.take_collar_bps / 1e4
    return from_float(opposite * market.tick * factor, market.instrument.tick_size)


def _inside(approved: Approved, price: Decimal, side: Side, instrument: Instrument) -> Decimal:
    """An entry never pays more than risk allowed when it approved.

    An exit follows the market down: yesterday's band would hold a position in a fall. Its own collar is
    compared with the market of the moment when the order is admitted.
    """
    if side is SELL:
        return max(price, instrument.tick_size)
    return min(price, floor_to(as_read(approved.price_most), instrument.tick_size))
