"""The portfolio manager: from a signal to the position that the strategy's share of equity allows."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite, sqrt

from midas.agents.execution_agent import sellable
from midas.analysis.regime import POLICIES
from midas.domain.money import ZERO
from midas.domain.opinion import RegimeLabel, Signal, Target
from midas.domain.time import DAY
from midas.portfolio.sizing import Sizing, SizingRules, size, worth_trading
from midas.state.state import State

YEAR = 365 * DAY


class PortfolioManager:
    """Sizes by target volatility; spot accounts hold long or nothing."""

    def __init__(self, rules: SizingRules, period: int) -> None:
        self._rules = rules
        self._bars_a_year = YEAR / period

    def target(
        self, signal: Signal, weight: float, volatility: float, state: State
    ) -> tuple[Target | None, str]:
        """The position to hold, or None and why nothing changes. `volatility` is one bar's."""
        market = state.markets[signal.instrument]
        sleeve = state.ledger.sleeve(signal.strategy, signal.instrument)
        held = sleeve.quantity
        if signal.direction <= 0.0:
            nothing = held <= ZERO or not sellable(state, sleeve, held)  # dust can't be sold
            if nothing and not state.orders.working(signal.strategy, signal.instrument):
                return (
                    None,
                    "flat already" if signal.direction == 0.0 else "flat; a spot account can't go short",
                )
            return self._make(signal, ZERO, market.mid, signal.reason), ""
        equity = state.equity()
        if not market.mid > 0.0 or not isfinite(equity):
            return (
                None,
                "no price" if not market.mid > 0.0 else "equity isn't known: something held has no price",
            )
        regime = state.regimes.get(signal.instrument)
        sizing = Sizing(
            equity=equity,
            weight=weight,
            price=market.mid,
            volatility=volatility * sqrt(self._bars_a_year),
            direction=signal.direction,
            confidence=signal.confidence,
            regime_factor=POLICIES[regime.label if regime else RegimeLabel.UNKNOWN].size_factor,
            mode_factor=(state.control.permissions.exposure or 1.0)  # risk refuses where it is zero
            * state.breakers.factor,
        )
        wanted = size(sizing, self._rules, market.instrument)
        if wanted.quantity == ZERO:
            return None, wanted.reason
        if not worth_trading(held, wanted.quantity, self._rules.band):
            return None, "the change is within the no-trade band"
        return self._make(signal, wanted.quantity, market.mid, f"{signal.reason}; {wanted.reason}"), ""

    def _make(self, signal: Signal, quantity: Decimal, mid: float, reason: str) -> Target:
        return Target(
            strategy=signal.strategy, instrument=signal.instrument, quantity=quantity, urgency=signal.urgency,
            reference_price=mid if mid == mid else 0.0, confidence=signal.confidence, reason=reason,
            time=signal.time,
        )  # fmt: skip
