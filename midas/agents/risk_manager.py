"""The risk manager: the only one who makes Approved, and the last look at every order before it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec

from midas.domain.limits import Limits
from midas.domain.money import ZERO, floor_to, from_float, plain
from midas.domain.opinion import Target, Urgency
from midas.domain.order import OrderIntent, Purpose, Side
from midas.domain.verdict import Approved, Breach, Refused, Verdict
from midas.risk.correlation import Correlations
from midas.risk.exposure import Added, Exposure, added, counted, standing
from midas.risk.further import Entry, EntryLimit
from midas.risk.gates import entry_closed
from midas.risk.limits import (
    ENTRY_CHECKS,
    EXIT_CHECKS,
    STOP_CHECKS,
    breaches,
    cluster,
    exposure_rows,
    sized,
)
from midas.risk.open_risk import OpenRisk
from midas.risk.room import holdable
from midas.risk.rows import agreed, failing, fitting, largest
from midas.state.ledger import Sleeve
from midas.state.state import State

FINE = Decimal("1e-12")  # finer than any tick
ENTRY, FLATTEN = Purpose.ENTRY, Purpose.FLATTEN  # asked of every order: a look into an Enum costs more
CHECKS = {ENTRY: ENTRY_CHECKS, Purpose.STOP: STOP_CHECKS}  # of any other purpose: of exits


class RiskManager:
    """Reviews targets against what the account could come to hold, and intents against the order checks."""

    def __init__(self, limits: Limits, further: Sequence[EntryLimit] = ()) -> None:
        self.limits = limits  # replaced as a whole where a person has the configuration read again
        self.correlations = Correlations()
        self.open_risk: OpenRisk | None = None  # of the stops, against the loss budgets
        self._further = further  # those that the settings switch on

    def switch(self, limit: EntryLimit, on: bool) -> None:
        """Ask a further limit from now on, or no more."""
        others = [each for each in self._further if each != limit]
        self._further = [*others, limit] if on else others

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
        purpose = intent.purpose
        if purpose is FLATTEN:
            return None
        entering = purpose is ENTRY
        if entering and (breach := entry_closed(state, intent.strategy, intent.instrument)):
            return breach
        for check in CHECKS.get(purpose, EXIT_CHECKS):
            if breach := check(self.limits, intent, state):
                return breach
        if not entering:
            return None
        found = sized(self.limits, intent, state, self.correlations)
        if found or (self.open_risk is None and not self._further):
            return found[0] if found else None
        return next(self._ordered(intent, state), None)

    def objections(self, intent: OrderIntent, state: State) -> tuple[Breach, ...]:
        """All that `admit` has against one order, for a person who may change it."""
        entering = intent.purpose is ENTRY
        closed = entry_closed(state, intent.strategy, intent.instrument) if entering else None
        checks = CHECKS.get(intent.purpose, EXIT_CHECKS)
        found = [closed, *(check(self.limits, intent, state) for check in checks)]
        if entering:
            sizes = (*sized(self.limits, intent, state, self.correlations), *self._ordered(intent, state))
            found += agreed(sizes, state.instruments[intent.instrument].base)
        return tuple(breach for breach in found if breach is not None)

    def room(self, strategy: str, instrument: str, state: State) -> Decimal:
        """Base units that the limits let this strategy hold of an instrument in all."""
        return holdable(state, self.limits, self.correlations, strategy, instrument)

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

    def _ordered(self, intent: OrderIntent, state: State) -> Iterator[Breach]:
        """What the loss budgets and the limits that are usually off have against an order that opens risk."""
        if self.open_risk is not None and (breach := self.open_risk.of_order(intent, state)):
            yield breach
        if self._further:
            now = standing(state, self.limits.assets, intent.replaces)
            price = float(intent.price) if intent.price is not None else None
            one = added(state, now, intent.instrument, intent.strategy, price)
            yield from self._beyond(one, intent.quantity, now, state)

    def _sized(self, target: Target, held: Decimal, price: float, state: State) -> Verdict:
        """Every limit of exposure; what moves with other positions is cut first (R7.1: warn and smaller)."""
        now = standing(state, self.limits.assets)
        already = counted(state, target.strategy, target.instrument)
        one = added(state, now, target.instrument, target.strategy)
        rows = exposure_rows(self.limits, state, now, one, self.correlations)
        more = float(target.quantity - already)
        over = failing(rows, max(0.0, more))
        if over and rows[-1].limit == "correlation" and failing(rows[-1:], more):
            fits = largest(rows[-1:], one.instrument.lot_size, target.quantity, already)
            target = self._cut(target, held, fits, state)
        found = breaches(rows, target.quantity, one, already, " in all") if over else ()
        if self.open_risk is not None and (breach := self.open_risk.of_target(target, state)):
            found = (*found, breach)
        if self._further:
            found = (*found, *self._beyond(one, target.quantity, now, state, already, " in all"))
        found = agreed(found, one.instrument.base, " in all") if len(found) > 1 else found
        return Refused(target, found) if found else self._approve(target, price)

    def _beyond(
        self, one: Added, quantity: Decimal, now: Exposure, state: State,
        already: Decimal = ZERO, what: str = "",
    ) -> Iterator[Breach]:  # fmt: skip
        """What the limits that are usually off have against a quantity, of which `already` is counted."""
        name, base = one.instrument.id, now.by_instrument
        more = float(max(ZERO, quantity - already))
        after = {**base, name: base[name] + one.value * more}
        entry = Entry(name, after, base, self.limits.assets)
        for limit in self._further:
            if (breach := limit(entry, state)) is None:
                continue
            if breach.fits is None:
                yield breach
                continue
            fits = floor_to(breach.fits + already, one.instrument.lot_size) if breach.fits else ZERO
            yield fitting(breach, fits, one.instrument.base, what)

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
        return Approved(target, price * (1.0 + self.limits.price_collar_bps / 1e4))


def reduced(
    sleeve: Sleeve, quantity: Decimal, reason: str, state: State, urgency: Urgency = Urgency.PASSIVE
) -> Approved:
    """Holding less than now breaks no limit: approved by what it is. Its orders only sell."""
    assert ZERO <= quantity <= sleeve.quantity
    market = state.markets[sleeve.instrument]
    target = Target(
        strategy=sleeve.strategy, instrument=sleeve.instrument, quantity=quantity, urgency=urgency,
        reference_price=market.mark if market.mark == market.mark else 0.0, confidence=1.0, reason=reason,
        time=market.time,
    )  # fmt: skip
    return Approved(target, float(market.instrument.tick_size))


def _refused(target: Target, limit: str, sentence: str) -> Refused:
    return Refused(target, (Breach(limit, 0.0, 0.0, sentence),))
