"""How large a position may be: a volatility target that each factor can only reduce.

Weights and volatilities are floats, annual where not said otherwise; what leaves is an exact quantity
in whole lots, rounded towards zero.
"""

from __future__ import annotations

from decimal import Decimal
from math import isfinite

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.money import ZERO, floor_to, from_float

EXACT = Decimal("1e-18")  # finer than any lot: takes a float's digits over before rounding down


class SizingRules(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of sizing."""

    volatility_target: float = 0.20  # annual, of a fully weighted position
    volatility_floor: float = 0.05  # annual: below it a quiet market would be taken for a safe one
    scale_max: float = 1.0  # cap of target / realised; 1 never levers up
    band: float = 0.10  # a change of less than this share of the new size isn't worth its cost


class Sizing(msgspec.Struct, frozen=True, kw_only=True):
    """What one size is computed from. Factors are 0 to 1."""

    equity: float  # quote units
    weight: float  # the strategy's share of equity
    price: float  # reference price, quote units
    volatility: float  # annual, realised; NaN while unknown
    direction: float  # -1 to 1
    confidence: float
    regime_factor: float = 1.0
    mode_factor: float = 1.0


class Size(msgspec.Struct, frozen=True):
    """A desired position: base units with sign, and why it is no larger."""

    quantity: Decimal
    reason: str


def volatility_scale(volatility: float, rules: SizingRules) -> float:
    """min(cap, target / max(realised, floor)) (Moreira & Muir 2017); 0 where volatility isn't known."""
    if not isfinite(volatility) or volatility < 0.0:
        return 0.0
    return min(rules.scale_max, rules.volatility_target / max(volatility, rules.volatility_floor))


def target_notional(sizing: Sizing, rules: SizingRules) -> float:
    """Notional without sign, quote units, never above `equity * weight * cap`."""
    budget = max(sizing.equity, 0.0) * sizing.weight
    conviction = min(abs(sizing.direction), 1.0) * min(sizing.confidence, 1.0)
    factors = min(sizing.regime_factor, 1.0) * min(sizing.mode_factor, 1.0)
    return budget * volatility_scale(sizing.volatility, rules) * conviction * factors


def size(sizing: Sizing, rules: SizingRules, instrument: Instrument) -> Size:
    """The position to hold, in whole lots, zero where the venue wouldn't take it or a factor is zero."""
    _check(sizing)
    reason = _nothing(sizing)
    if reason:
        return Size(ZERO, reason)
    notional = target_notional(sizing, rules)
    quantity = floor_to(from_float(notional / sizing.price, EXACT), instrument.lot_size)
    quantity = min(quantity, floor_to(instrument.quantity_max, instrument.lot_size))
    minimum = max(instrument.quantity_min, instrument.lot_size)
    if quantity < minimum:
        return Size(ZERO, f"{notional:.2f} {instrument.quote} is below the smallest order")
    if quantity * from_float(sizing.price, EXACT) < instrument.notional_min:
        return Size(ZERO, f"{notional:.2f} {instrument.quote} is below the smallest notional")
    scale = volatility_scale(sizing.volatility, rules)
    text = f"volatility {sizing.volatility:.0%} scales to {scale:.2f}, confidence {sizing.confidence:.2f}"
    return Size(quantity if sizing.direction > 0.0 else -quantity, text)


def worth_trading(held: Decimal, wanted: Decimal, band: float) -> bool:
    """Whether a change of size is larger than the no-trade band; flat and reversal always are."""
    if held == wanted:
        return False
    if wanted == ZERO or held * wanted <= ZERO:
        return True
    return abs(wanted - held) > abs(wanted) * from_float(band, EXACT)


def _nothing(sizing: Sizing) -> str:
    """Why the size is zero before anything is computed, or an empty string."""
    reasons = {
        "volatility is not known yet": not isfinite(sizing.volatility),
        "the direction is flat": sizing.direction == 0.0,
        "there is no confidence": sizing.confidence <= 0.0,
        "the strategy has no weight": sizing.weight <= 0.0,
        "there is no equity": sizing.equity <= 0.0,
        "the regime allows no position": sizing.regime_factor <= 0.0,
        "the mode allows no position": sizing.mode_factor <= 0.0,
    }
    return next((text for text, holds in reasons.items() if holds), "")


def _check(sizing: Sizing) -> None:
    """Everything but the volatility must be known: a missing number here is our own mistake."""
    known = sizing.equity + sizing.weight + sizing.direction + sizing.confidence
    assert isfinite(known + sizing.regime_factor + sizing.mode_factor), f"a number is missing: {sizing}"
    assert 0.0 < sizing.price < float("inf"), f"expected a positive price, got {sizing.price}"
