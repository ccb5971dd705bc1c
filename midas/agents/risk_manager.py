"""The risk manager: the only one who makes Approved, and the last look at every order before it is sent."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.domain.limits import Limits
from midas.domain.money import ZERO, as_read, floor_to, from_float, plain
from midas.domain.opinion import Target, Urgency
from midas.domain.order import OrderIntent, Purpose, Side
from midas.domain.verdict import Approved, Breach, Refused, Verdict
from midas.risk.correlation import Correlations
from midas.risk.exposure import added, reserved, standing
from midas.risk.gates import entry_closed
from midas.risk.limits import ENTRY_CHECKS, EXIT_CHECKS, breaches, cluster, exposure_rows, sized
from midas.risk.rows import failing, largest
from midas.state.ledger import Sleeve
from midas.state.state import State

FINE = Decimal("1e-12")  # finer than any tick


class RiskManager:
    """Reviews targets against what the account could come to hold, and intents against the order checks."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits  # replaced as a whole where a person has the configuration read again
        self.correlations = Correlations()

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
        return self._sized(target, held, price, state)

    def admit(self, intent: OrderIntent, state: State) -> Breach | None:
        """The last check of one order; a flatten answers only to its own collar."""
        if intent.purpose is Purpose.FLATTEN:
            return None
        entering = intent.purpose is Purpose.ENTRY
        if entering and (breach := entry_closed(state, intent.strategy, intent.instrument)):
            return breach
        for check in ENTRY_CHECKS if entering else EXIT_CHECKS:
            if breach := check(self.limits, intent, state):
                return breach
        found = sized(self.limits, intent, state, self.correlations) if entering else ()
        return found[0] if found else None

    def objections(self, intent: OrderIntent, state: State) -> tuple[Breach, ...]:
        """All that `admit` has against one order, for a person who may change it."""
        entering = intent.purpose is Purpose.ENTRY
        closed = entry_closed(state, intent.strategy, intent.instrument) if entering else None
        checks = ENTRY_CHECKS if entering else EXIT_CHECKS
        found = [closed, *(check(self.limits, intent, state) for check in checks)]
        sizes = sized(self.limits, intent, state, self.correlations) if entering else ()
        return (*(breach for breach in found if breach is not None), *sizes)

    def correlated(self, instrument: str, state: State) -> str:
        """What else is held that moves with this one; empty where nothing does."""
        now = standing(state, self.limits.assets)
        found = cluster(self.limits, state, now, instrument, self.correlations)
        return self._together(found, state)

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

    def _sized(self, target: Target, held: Decimal, price: float, state: State) -> Verdict:
        """Every limit of exposure; what moves with other positions is cut first (R7.1: warn and smaller)."""
        now, counted = standing(state, self.limits.assets), reserved(state, target)
        one = added(state, now, target.instrument, target.strategy)
        rows = exposure_rows(self.limits, state, now, one, self.correlations)
        if rows[-1].limit == "correlation" and failing(rows[-1:], float(target.quantity - counted)):
            fits = largest(rows[-1:], one.instrument.lot_size, target.quantity, counted)
            target = self._cut(target, held, fits, state)
        found = breaches(rows, target.quantity, one, counted, " in all")
        return Refused(target, found) if found else self._approve(target, price)

    def _cut(self, target: Target, held: Decimal, fits: Decimal, state: State) -> Target:
        """As much as the cluster leaves; where that is no more than is held, the limit itself says no."""
        if not held < fits < target.quantity:
            return target
        now = standing(state, self.limits.assets)
        found = cluster(self.limits, state, now, target.instrument, self.correlations)
        reason = f"{target.reason}; cut to {plain(fits)}: {self._together(found, state)}"
        return msgspec.structs.replace(target, quantity=fits, reason=reason)

    def _together(self, found: dict[str, float], state: State) -> str:
        pairs = (f"{value:.2f} correlated with {state.instruments[i].name}" for i, value in found.items())
        words = " and ".join(pairs)
        return f"{words}: together at most {self.limits.cluster_max:.0%} of equity" if words else ""

    def _approve(self, target: Target, price: float) -> Approved:
        width = self.limits.price_collar_bps / 1e4
        return Approved(target, as_read(price * (1.0 - width)), as_read(price * (1.0 + width)))


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
