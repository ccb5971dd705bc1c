"""What is lost if every stop is hit, and whether the loss budgets have room for more of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from midas.domain.instrument import Instrument
from midas.domain.money import ZERO, floor_to, from_float
from midas.domain.opinion import Target
from midas.domain.order import OrderIntent, Side
from midas.domain.stops import StopBook
from midas.domain.triggers import TriggerRules
from midas.domain.verdict import Breach
from midas.risk.rows import FINE, TOLERANCE, fitting
from midas.risk.triggers import STOP, losses
from midas.state.state import State

BUDGETS = ("day_stop", "week_stop", "month_stop")


def open_risk(state: State) -> float:
    """Account currency from the marks down to the stops of all open positions; what has none isn't in it."""
    total = 0.0
    for kept in state.stops.kept.values():
        if kept.instrument in state.markets and kept.level:
            held = state.ledger.sleeve(*kept.key).quantity
            if held > ZERO:
                down = max(state.markets[kept.instrument].mark - float(kept.level), 0.0)
                total += _worth(state, kept.instrument, float(held) * down)
    return total


def _fitted(found: Breach | None, pair: Instrument, already: Decimal, what: str) -> Breach | None:
    """In whole lots, with what is counted already, and in words."""
    if found is None or found.fits is None:
        return found
    fits = floor_to(found.fits + already, pair.lot_size) if found.fits else ZERO
    return fitting(found, fits, pair.base, what)


class OpenRisk:
    """Refuses entries that the loss budgets couldn't bear together with every stop that stands."""

    def __init__(self, book: StopBook, triggers: TriggerRules, atr: Mapping[str, float]) -> None:
        """`atr`: the newest by instrument, in price units."""
        self._book = book
        self._triggers = triggers
        self._atr = atr

    def of_target(self, target: Target, state: State) -> Breach | None:
        """What a target would add, beside what stands and is asked for."""
        if not self._book.enabled:
            return None
        own = (o for o in state.orders.working(target.strategy, target.instrument))
        asked = sum((o.reserved for o in own if o.intent.side is Side.BUY), ZERO)
        held = state.ledger.sleeve(target.strategy, target.instrument).quantity
        more = max(ZERO, target.quantity - held - asked)
        price = state.markets[target.instrument].mark
        found = self._breach(state, target.strategy, target.instrument, more, price, "")
        return _fitted(found, state.instruments[target.instrument], target.quantity - more, " in all")

    def of_order(self, intent: OrderIntent, state: State) -> Breach | None:
        """What an entry would add; an order that it takes the place of is gone by then."""
        if not self._book.enabled:
            return None
        price = state.markets[intent.instrument].mark
        price = price if intent.price is None else float(intent.price)
        sleeve = intent.strategy, intent.instrument
        found = self._breach(state, *sleeve, intent.quantity, price, intent.replaces)
        return _fitted(found, state.instruments[intent.instrument], ZERO, "")

    def _breach(
        self, state: State, strategy: str, instrument: str, more: Decimal, price: float, without: str
    ) -> Breach | None:
        """`fits` is how much more would, to the last digit."""
        distance = _worth(state, instrument, self._distance(strategy, instrument, price))
        if not (distance > 0.0 and more > ZERO):
            return None
        standing = open_risk(state) + self._asked(state, without)
        risk = standing + float(more) * distance
        equity = state.equity()
        if risk != risk:
            return Breach(
                "open risk", 0.0, 0.0, "open risk isn't known: something held or ordered has no price"
            )
        for title, left in self._left(state, equity):
            if risk <= left + TOLERANCE * equity:
                continue
            room = max(left - standing, 0.0) / distance
            sentence = (
                f"every stop hit would lose {risk:.2f} {state.quote}, {max(left, 0.0):.2f} are left of the "
                f"{title} budget"
            )
            return Breach("open risk", risk / equity, left / equity, sentence, from_float(room, FINE))
        return None

    def _asked(self, state: State, without: str) -> float:
        """The same of what open orders still buy."""
        total = 0.0
        for order in state.orders.open.values():
            intent = order.intent
            if intent.side is Side.BUY and intent.client_id != without:
                mark = state.markets[intent.instrument].mark
                price = float(intent.price) if intent.price is not None else mark
                lost = float(order.reserved) * self._distance(intent.strategy, intent.instrument, price)
                total += _worth(state, intent.instrument, lost)
        return total

    def _distance(self, strategy: str, instrument: str, price: float) -> float:
        """Quote currency from an entry down to where its stop would be; 0: it would have none."""
        rules = self._book.of(strategy)
        if not rules.enabled:
            return 0.0
        known = self._atr.get(instrument, 0.0)
        atr = known if known > 0.0 else 0.0
        trail = [d for d in (price * rules.trail_percent, atr * rules.trail_atr) if d > 0.0]
        return min([d for d in (rules.distance(price, atr), *trail) if d > 0.0], default=0.0)

    def _left(self, state: State, equity: float) -> Iterator[tuple[str, float]]:
        """(budget, account currency left of it), of those whose start is known."""
        for reading in losses(state, self._triggers):
            if reading.acts == STOP and reading.name in BUDGETS and reading.base > 0.0 and equity > 0.0:
                yield reading.title, equity - reading.base * (1.0 - reading.threshold)


def _worth(state: State, instrument: str, amount: float) -> float:
    """What an amount in an instrument's quote is worth in the account's currency."""
    return state.valuation.value(amount, state.instruments[instrument].quote)
