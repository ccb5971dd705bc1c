"""The risk manager: the only one who makes Approved, and the last look at every order before it is sent."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite

import msgspec

from midas.domain.money import ZERO, from_float
from midas.domain.opinion import Target
from midas.domain.order import OrderIntent, Purpose
from midas.domain.verdict import Approved, Breach, Refused, Verdict
from midas.risk.exposure import correlation, worst_case
from midas.risk.limits import EXPOSURE_LIMITS, ORDER_CHECKS, Limits
from midas.state.state import State

CENT = Decimal("1e-8")  # finer than any tick
SHRINK = 0.5  # a correlated position is taken at half size, with a warning (R7.1)


class RiskManager:
    """Reviews targets against what the account could come to hold, and intents against the order checks."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    def review(self, target: Target, state: State) -> Verdict:
        """Reducing is always allowed where the mode allows managing; anything else passes every limit or none."""
        market = state.markets[target.instrument]
        if not isfinite(market.mid):
            return Refused(target, (Breach("market", 0.0, 0.0, f"no price for {target.instrument}"),))
        held = state.ledger.sleeve(target.strategy, target.instrument).quantity
        if ZERO <= target.quantity <= held:
            return self._approve(target, market.mid)
        if breach := self._closed(target, state):
            return Refused(target, (breach,))
        target = self._uncorrelated(target, state)
        after = worst_case(state, self.limits.classes, target)
        breaches = tuple(b for limit in EXPOSURE_LIMITS if (b := limit(self.limits, target, after)))
        return Refused(target, breaches) if breaches else self._approve(target, market.mid)

    def admit(self, intent: OrderIntent, state: State) -> Breach | None:
        """The last check of one order; a flatten answers only to its own collar."""
        if intent.purpose is Purpose.FLATTEN:
            return None
        checks = ORDER_CHECKS if intent.purpose is Purpose.ENTRY else ORDER_CHECKS[1:]
        return next((b for check in checks if (b := check(self.limits, intent, state))), None)

    def _closed(self, target: Target, state: State) -> Breach | None:
        """Why no new risk may be opened here at all."""
        control = state.control
        if control.latched:
            return Breach("kill latch", 1.0, 0.0, f"the kill latch is set by {control.kill_by}")
        if not control.permissions.entries:
            return Breach("mode", 0.0, 0.0, f"mode {control.mode.value} opens nothing new")
        if target.confidence < control.permissions.confidence_min:
            minimum = control.permissions.confidence_min
            return Breach("confidence", target.confidence, minimum, f"mode {control.mode.value} wants {minimum:.0%} confidence")
        if gate := control.blocked("venue", "account", target.instrument, target.strategy):
            return Breach("gate", 0.0, 0.0, f"{gate.scope} is closed: {gate.reason}")
        doubtful = [o for o in state.orders.of_instrument(target.instrument) if o.unknown]
        if doubtful:
            return Breach("unknown order", len(doubtful), 0.0, f"order {doubtful[0].intent.client_id} may or may not exist")
        return None

    def _uncorrelated(self, target: Target, state: State) -> Target:
        """Half the size where another position moves with this one."""
        for other, instrument in state.instruments.items():
            if other == target.instrument or state.ledger.position(other) < instrument.quantity_min:
                continue
            value = correlation(state, target.instrument, other)
            if value == value and value > self.limits.correlation_max:
                lot = state.instruments[target.instrument].lot_size
                smaller = from_float(float(target.quantity) * SHRINK, lot)
                reason = f"{target.reason}; halved: {value:.2f} correlated with {instrument.name}"
                return msgspec.structs.replace(target, quantity=smaller, reason=reason)
        return target

    def _approve(self, target: Target, mid: float) -> Approved:
        width = self.limits.price_collar_bps / 1e4
        return Approved(target, from_float(mid * (1.0 - width), CENT), from_float(mid * (1.0 + width), CENT))
