"""Closing every position that may be closed: the orders of the kill level flatten."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from midas.domain.decision import Noted
from midas.domain.money import ZERO, floor_to, from_float, plain
from midas.domain.order import OrderType, Side, TimeInForce
from midas.domain.time import SECOND
from midas.execution.worker import Plan, enough
from midas.state.ledger import Sleeve
from midas.state.market import InstrumentMarket
from midas.state.state import State

COLLAR_BPS = 50.0
DOUBLINGS = 5  # of the collar, to 16 %: below a price that nobody has confirmed for long
TOUCH_OLD = 10 * SECOND  # wall time: the market may have left it since
TRIES = 60  # orders in a row without a fill, over some twenty minutes: then a person is told
QUICK = 4  # of them before each further four double the wait, and below an old touch the collar


class Tries(msgspec.Struct):
    """How often a position was tried to be closed since anything of it was."""

    quantity: Decimal
    count: int = 0
    next_at: int = 0
    given_up: bool = False

    def waits(self, now: int, pause: int) -> bool:
        """Whether the last try is too recent; a clock that was set back keeps nobody in a position."""
        return now < self.next_at <= now + 2 * pause


class Flattening:
    """Counts what it tried of each sleeve since anything of it was sold."""

    def __init__(self, reprice_age: int) -> None:
        """`reprice_age`: nanoseconds between the first tries."""
        self._reprice_age = reprice_age
        self._tries: dict[tuple[str, str], Tries] = {}

    def begin(self) -> None:
        """A kill was pulled: whoever does that again means it again."""
        self._tries.clear()

    def plans(self, state: State, scoped: bool = False) -> Iterator[tuple[Sleeve, Plan] | Noted]:
        """Close every position at the touch with a collar, sleeve by sleeve (kill level flatten).

        `scoped`: only those in the scope of a kill that closes, while nobody has pulled the whole switch.
        """
        for sleeve in list(state.sleeves()):
            if sleeve.quantity <= ZERO:
                continue
            if scoped and (state.closing or not _closed_by_kill(state, sleeve)):
                continue
            tries = self._tries_of(sleeve, state.now)
            if tries.given_up or tries.waits(state.now, self._pause_of(tries)):
                continue
            plan = _closing(state, sleeve, tries)
            if plan is None:
                continue
            if tries.count >= TRIES:
                tries.given_up = True
                name = state.instruments[sleeve.instrument].name
                left = f"{plain(sleeve.quantity)} {name} of {sleeve.strategy}"
                yield Noted("KILL", "error", f"NOT closed after {tries.count} tries without a fill: {left}")
                continue
            tries.count += 1
            # A venue that goes on refusing is asked ever more seldom.
            tries.next_at = state.now + self._pause_of(tries)
            yield sleeve, plan

    def _pause_of(self, tries: Tries) -> int:
        return self._reprice_age << min(tries.count // QUICK, 6)

    def _tries_of(self, sleeve: Sleeve, now: int) -> Tries:
        """Counted anew with each fill."""
        key = sleeve.strategy, sleeve.instrument
        tries = self._tries.get(key)
        if tries is None or sleeve.quantity != tries.quantity:
            soon = min(tries.next_at, now + self._reprice_age) if tries is not None else 0
            tries = self._tries[key] = Tries(sleeve.quantity, next_at=soon)
        return tries


def leaves_nothing(state: State) -> bool:
    """True once no position is left that the venue would still let us sell."""
    return not any(sellable(state, s, s.quantity) for s in state.sleeves() if s.quantity > ZERO)


def _closing(state: State, sleeve: Sleeve, tries: Tries) -> Plan | None:
    """The order that closes a sleeve; it waits for standing ones, but not for a buy in doubt."""
    working = state.orders.working(sleeve.strategy, sleeve.instrument)
    if any(o.intent.side is Side.SELL or not o.unknown for o in working):
        return None
    market = state.markets[sleeve.instrument]
    instrument = market.instrument
    free = min(state.free_base(sleeve.strategy, sleeve.instrument), instrument.quantity_max)
    quantity = floor_to(free, instrument.lot_size)
    if not market.bid_lots or not sellable(state, sleeve, quantity):
        return None
    lowest = market.bid_price * (1.0 - _collar_bps(market, tries, state.now) / 1e4)
    price = max(from_float(lowest, instrument.tick_size), instrument.tick_size)
    price = enough(price, quantity, instrument)
    if price > instrument.price(market.bid):
        return None
    return Plan(Side.SELL, OrderType.LIMIT, TimeInForce.IOC, quantity, price)


def _collar_bps(market: InstrumentMarket, tries: Tries, now: int) -> float:
    """How far below the touch it may sell; ever further below one that is old and that nobody meets."""
    fresh = abs(now - market.at) < TOUCH_OLD
    widened = 0 if fresh else min(tries.count // QUICK, DOUBLINGS)
    return COLLAR_BPS * 2.0**widened


def sellable(state: State, sleeve: Sleeve, quantity: Decimal) -> bool:
    """Whether the account has so much, and the venue would take an order of it."""
    instrument = state.instruments[sleeve.instrument]
    there = min(quantity, state.ledger.balances.get(instrument.base, ZERO))
    lots = floor_to(there, instrument.lot_size)
    if lots < instrument.quantity_least:
        return False
    # Without a price nothing proves that it is too small to be sold.
    market = state.markets[sleeve.instrument]
    price = market.bid_price if market.bid_lots else market.mark
    return not float(lots) * price < float(instrument.notional_min)


def _closed_by_kill(state: State, sleeve: Sleeve) -> bool:
    return state.control.closes(*state.scopes(sleeve.strategy, sleeve.instrument))
