"""The portfolio manager: from a signal to the position that the strategy's share of equity allows."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import isfinite, nan, sqrt
from typing import NamedTuple

from midas.agents.flattening import sellable
from midas.analysis.features import YEAR
from midas.analysis.regime import POLICIES
from midas.domain.money import ZERO, as_read, floor_to, from_float, plain
from midas.domain.opinion import RegimeLabel, Signal, Target
from midas.domain.sizing import SizeStep, Stage
from midas.portfolio.sizing import Sizing
from midas.state.state import State
from midas.statistics.sizing import Circumstances, outside_band, size

EXACT = Decimal("1e-12")  # finer than any tick or cent


class Wish(NamedTuple):
    """The position to hold, or None and why nothing changes; and every step of its size."""

    target: Target | None
    reason: str
    steps: tuple[SizeStep, ...] = ()


class PortfolioManager:
    """Sizes by Kelly or by a strategy's share, both at a target volatility; spot holds long or nothing."""

    def __init__(self, sizing: Sizing, period: int, years: Mapping[str, int] | None = None) -> None:
        """`years`: how long an instrument trades in one, nanoseconds, where it isn't all the time."""
        self._sizing = sizing
        self._period = period
        self._years = years or {}

    def target(
        self, signal: Signal, weight: float, volatility: float, state: State, room: Decimal | None = None,
        units: Decimal | None = None,
    ) -> Wish:  # fmt: skip
        """The position to hold. `volatility` is one bar's; `room`: base units that limits let it hold.

        `units`: what the strategy always holds, and neither its confidence nor the market changes.
        """
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
        if not isfinite(_equity(signal.instrument, state)):
            return Wish(None, "equity isn't known: something held has no price")
        if units is not None:
            return self._fixed(signal, units, held, state)
        circumstances = self._circumstances(signal, weight, volatility, room, state)
        policy = self._sizing.policy
        wanted = size(self._sizing.of(signal, circumstances, state), policy, market.instrument)
        if wanted.quantity == ZERO:
            return Wish(None, wanted.binding.why, wanted.steps)
        if not outside_band(float(held), float(wanted.quantity), policy.band):
            return Wish(None, "the change is within the no-trade band", wanted.steps)
        target = self._make(signal, wanted.quantity, market.mid, f"{signal.reason}; {wanted.why}")
        return Wish(target, "", wanted.steps)

    def _fixed(self, signal: Signal, units: Decimal, held: Decimal, state: State) -> Wish:
        """Less only where the mode or a breaker wants less."""
        instrument, left = state.instruments[signal.instrument], _left(state)
        quantity = floor_to(units * as_read(left), instrument.lot_size)
        if quantity == held:
            return Wish(None, "held already")
        told = f"{plain(quantity)} {instrument.base} of a fixed {plain(units)}"
        mid = state.markets[signal.instrument].mid
        share = float(quantity) * mid / _equity(signal.instrument, state)
        steps = (SizeStep(Stage.MODE, left, share, told),) if left < 1.0 else ()
        return Wish(self._make(signal, quantity, mid, told), "", steps)

    def _circumstances(
        self, signal: Signal, share: float, volatility: float, room: Decimal | None, state: State
    ) -> Circumstances:
        regime, year = state.regimes.get(signal.instrument), self._years.get(signal.instrument, YEAR)
        policy = POLICIES[regime.label if regime else RegimeLabel.UNKNOWN]
        return Circumstances(
            direction=1 if signal.direction > 0.0 else -1, share=share, room=room,
            confidence=min(abs(signal.direction), 1.0), volatility=volatility * sqrt(year / self._period),
            regimes=((1.0, policy.size_factor),),  # the rules know one regime, and no chance of it
            calibrated=not state.calibration.doubted(signal.strategy),
            mode=_left(state),
            drawdown=state.drawdown, equity=from_float(_equity(signal.instrument, state), EXACT),
            price=from_float(state.markets[signal.instrument].mid, EXACT),
        )  # fmt: skip

    def _make(self, signal: Signal, quantity: Decimal, mid: float, reason: str) -> Target:
        return Target(
            strategy=signal.strategy, instrument=signal.instrument, quantity=quantity, urgency=signal.urgency,
            reference_price=mid if mid == mid else 0.0, confidence=signal.confidence, reason=reason,
            time=signal.time,
        )  # fmt: skip


def _left(state: State) -> float:
    """The factor of the mode and of open breakers; risk refuses where the mode allows nothing."""
    return (state.control.permissions.exposure or 1.0) * state.breakers.factor


def _equity(instrument: str, state: State) -> float:
    """In what the instrument is quoted in; NaN where something held, or that currency, has no price."""
    rate = state.valuation.rate(state.instruments[instrument].quote)
    return state.equity() / rate if rate > 0.0 else nan
