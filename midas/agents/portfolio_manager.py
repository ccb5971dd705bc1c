"""The portfolio manager: from a signal to the position that the strategy's share of equity allows."""

from __future__ import annotations

from decimal import Decimal
from math import inf, isfinite, sqrt
from typing import NamedTuple

from midas.agents.execution_agent import sellable
from midas.domain.money import ZERO
from midas.domain.opinion import Signal, Target
from midas.domain.sizing import SizeStep
from midas.domain.time import DAY
from midas.portfolio.sizing import Sizing
from midas.state.state import State
from midas.statistics.sizing import outside_band, size

YEAR = 365 * DAY


class Wish(NamedTuple):
    """The position to hold, or None and why nothing changes; and every step of its size."""

    target: Target | None
    reason: str
    steps: tuple[SizeStep, ...] = ()


class PortfolioManager:
    """Sizes by Kelly or by a strategy's share, both at a target volatility; spot holds long or nothing."""

    def __init__(self, sizing: Sizing, period: int) -> None:
        self._sizing = sizing
        self._bars_a_year = YEAR / period

    def target(
        self, signal: Signal, weight: float, volatility: float, state: State, room: float = inf
    ) -> Wish:
        """The position to hold. `volatility` is one bar's; `room` is what the hard limits leave of equity."""
        market = state.markets[signal.instrument]
        sleeve = state.ledger.sleeve(signal.strategy, signal.instrument)
        held = sleeve.quantity
        if signal.direction <= 0.0:
            nothing = held <= ZERO or not sellable(state, sleeve, held)  # dust can't be sold
            if nothing and not state.orders.working(signal.strategy, signal.instrument):
                flat = signal.direction == 0.0
                return Wish(None, "flat already" if flat else "flat; a spot account can't go short")
            return Wish(self._make(signal, ZERO, market.mid, signal.reason), "")
        if not market.mid > 0.0:
            return Wish(None, "no price")
        if not isfinite(state.equity()):
            return Wish(None, "equity isn't known: something held has no price")
        annual = volatility * sqrt(self._bars_a_year)
        wanted = size(
            self._sizing.of(signal, weight, annual, room, state), self._sizing.policy, market.instrument
        )
        if wanted.quantity == ZERO:
            return Wish(None, wanted.binding.why, wanted.steps)
        if not outside_band(float(held), float(wanted.quantity), self._sizing.policy.band):
            return Wish(None, "the change is within the no-trade band", wanted.steps)
        target = self._make(signal, wanted.quantity, market.mid, f"{signal.reason}; {wanted.why}")
        return Wish(target, "", wanted.steps)

    def _make(self, signal: Signal, quantity: Decimal, mid: float, reason: str) -> Target:
        return Target(
            strategy=signal.strategy, instrument=signal.instrument, quantity=quantity, urgency=signal.urgency,
            reference_price=mid if mid == mid else 0.0, confidence=signal.confidence, reason=reason,
            time=signal.time,
        )  # fmt: skip
