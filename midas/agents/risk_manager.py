"""The risk manager: the only one who makes Approved, and the last look at every order before it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.money import ZERO, floor_to, from_float
from midas.domain.opinion import Target, Urgency
from midas.domain.order import OrderIntent, Purpose, Side
from midas.domain.verdict import Approved, Breach, Refused, Verdict
from midas.risk.exposure import correlation, worst_case
from midas.risk.further import Entry, EntryLimit
from midas.risk.gates import entry_closed
from midas.risk.limits import ENTRY_CHECKS, EXIT_CHECKS, EXPOSURE_LIMITS, Limits, exposure, exposures
from midas.state.ledger import Sleeve
from midas.state.state import State

FINE = Decimal("1e-12")  # finer than any tick
SHRINK = Decimal("0.5")  # a correlated position is taken at half size, with a warning (R7.1)


class RiskManager:
    """Reviews targets against what the account could come to hold, and intents against the order checks."""

    def __init__(self, limits: Limits, further: Sequence[EntryLimit] = ()) -> None:
        self.limits = limits
        self._further = further  # those that the settings switch on

    def review(self, target: Target, state: State) -> Verdict:
        """Reducing is allowed wherever there is a price; anything else passes every limit or none."""
        market = state.markets[target.instrument]
        held = state.ledger.sleeve(target.strategy, target.instrument).quantity
        if target.quantity < ZERO:
            return _refused(
                target, "short", f"a spot account can't hold {target.quantity} {target.instrument}"
            )
        reducing = target.quantity <= held
        price = market.mark if reducing else market.mid
        if not price > 0.0:
            return _refused(target, "market", f"no price for {target.instrument}")
        if reducing:
            return self._approve(target, price)
        if breach := self._closed(target, state):
            return Refused(target, (breach,))
        target = self._uncorrelated(target, held, state)
        after = worst_case(state, self.limits.classes, target)
        breaches = tuple(
            b for limit in EXPOSURE_LIMITS if (b := limit(self.limits, target.instrument, after))
        )
        breaches = breaches or tuple(self._beyond(target.instrument, state, target=target))
        return Refused(target, breaches) if breaches else self._approve(target, price)

    def admit(self, intent: OrderIntent, state: State) -> Breach | None:
        """The last check of one order; a flatten answers only to its own collar."""
        if intent.purpose is Purpose.FLATTEN:
            return None
        entering = intent.purpose is Purpose.ENTRY
        if entering and (breach := entry_closed(state, intent.strategy, intent.instrument)):
            return breach
        checks = ENTRY_CHECKS if entering else EXIT_CHECKS
        found = next((b for check in checks if (b := check(self.limits, intent, state))), None)
        if found is not None or not entering:
            return found
        return next(self._beyond(intent.instrument, state, order=intent), None)

    def objections(self, intent: OrderIntent, state: State) -> tuple[Breach, ...]:
        """All that `admit` has against one order, for a person who may change it."""
        entering = intent.purpose is Purpose.ENTRY
        closed = entry_closed(state, intent.strategy, intent.instrument) if entering else None
        found = [closed] if closed is not None else []
        checks = ENTRY_CHECKS if entering else EXIT_CHECKS
        found += [b for check in checks if check is not exposure and (b := check(self.limits, intent, state))]
        if not entering:
            return tuple(found)
        beyond = self._beyond(intent.instrument, state, order=intent)
        return (*found, *exposures(self.limits, intent, state), *beyond)

    def correlated(self, instrument: str, state: State) -> str:
        """Why a strategy would take only half of a position here; empty where it wouldn't."""
        found = self._correlation(instrument, state)
        return f"{found[1]:.2f} correlated with {found[0].name}, which is held" if found else ""

    def price_worst(self, instrument: str, side: Side, state: State) -> Decimal | None:
        """The worst price that the collar lets an order trade at; None without a price to compare with."""
        market = state.markets[instrument]
        reference = market.mid if side is Side.BUY else market.bid_price
        if not reference > 0.0:
            return None
        tick = market.instrument.tick_size
        price = from_float(reference * (1.0 + side.sign * self.limits.price_collar_bps / 1e4), FINE)
        floor = floor_to(price, tick)
        return floor if side is Side.BUY or floor == price else floor + tick

    def _beyond(
        self, instrument: str, state: State, target: Target | None = None, order: OrderIntent | None = None
    ) -> Iterator[Breach]:
        """What the limits that are usually off have against an entry."""
        if not self._further:
            return
        after = worst_case(state, self.limits.classes, target, order).by_instrument
        entry = Entry(instrument, after, worst_case(state, self.limits.classes).by_instrument)
        for limit in self._further:
            if breach := limit(entry, state):
                yield breach

    def _closed(self, target: Target, state: State) -> Breach | None:
        """Why no new risk may be opened here at all, or not with so little confidence."""
        control = state.control
        if breach := entry_closed(state, target.strategy, target.instrument):
            return breach
        minimum = control.permissions.confidence_min
        if target.confidence >= minimum:
            return None
        sentence = f"mode {control.mode.value} wants {minimum:.0%} confidence"
        return Breach("confidence", target.confidence, minimum, sentence)

    def _uncorrelated(self, target: Target, held: Decimal, state: State) -> Target:
        """Half the size where another position moves with this one; never less than is held."""
        found = self._correlation(target.instrument, state)
        if found is None:
            return target
        instrument, value = found
        lot = state.instruments[target.instrument].lot_size
        smaller = max(held, floor_to(target.quantity * SHRINK, lot))
        reason = f"{target.reason}; halved: {value:.2f} correlated with {instrument.name}"
        return msgspec.structs.replace(target, quantity=smaller, reason=reason)

    def _correlation(self, wanted: str, state: State) -> tuple[Instrument, float] | None:
        """The first position that moves too much with another one, and how much."""
        for other, instrument in state.instruments.items():
            if other == wanted or state.ledger.position(other) < instrument.quantity_min:
                continue
            value = correlation(state, wanted, other)
            if value > self.limits.correlation_max:
                return instrument, value
        return None

    def _approve(self, target: Target, price: float) -> Approved:
        width = self.limits.price_collar_bps / 1e4
        return Approved(
            target, from_float(price * (1.0 - width), FINE), from_float(price * (1.0 + width), FINE)
        )


def reduced(sleeve: Sleeve, quantity: Decimal, reason: str, state: State) -> Approved:
    """Holding less than now breaks no limit: approved by what it is. Its orders only sell."""
    assert ZERO <= quantity <= sleeve.quantity
    market = state.markets[sleeve.instrument]
    target = Target(
        strategy=sleeve.strategy, instrument=sleeve.instrument, quantity=quantity, urgency=Urgency.PASSIVE,
        reference_price=market.mark if market.mark == market.mark else 0.0, confidence=1.0, reason=reason,
        time=market.time,
    )  # fmt: skip
    return Approved(target, market.instrument.tick_size, market.instrument.tick_size)


def _refused(target: Target, limit: str, sentence: str) -> Refused:
    return Refused(target, (Breach(limit, 0.0, 0.0, sentence),))
