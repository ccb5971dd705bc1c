"""Sizing: what it may never do, and why a size is zero."""

from __future__ import annotations

from decimal import Decimal
from math import inf, nan

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.domain.instrument import Instrument
from midas.domain.money import ZERO
from midas.portfolio.sizing import (
    Sizing,
    SizingRules,
    size,
    target_notional,
    volatility_scale,
    worth_trading,
)

BTC = Instrument(
    venue="test",
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.00001"),
    quantity_min=Decimal("0.00001"),
    quantity_max=Decimal("9000"),
    notional_min=Decimal("5"),
)
RULES = SizingRules()
PLAIN = Sizing(equity=100_000.0, weight=0.5, price=50_000.0, volatility=0.4, direction=1.0, confidence=0.8)

shares = st.floats(0.0, 1.0)
sizings = st.builds(
    Sizing,
    equity=st.floats(-1e3, 1e8),
    weight=shares,
    price=st.floats(0.01, 1e6),
    volatility=st.floats(0.0, 10.0) | st.just(nan),
    direction=st.floats(-1.0, 1.0),
    confidence=shares,
    regime_factor=shares,
    mode_factor=shares,
)


def changed(**changes: float) -> Sizing:
    """The plain case with some numbers changed."""
    return msgspec.structs.replace(PLAIN, **changes)


def test_a_volatility_twice_the_target_halves_the_size() -> None:
    # 100,000 x 0.5 x 0.2 / 0.4 x 0.8 = 20,000 USDT at 50,000
    found = size(PLAIN, RULES, BTC)
    assert found.quantity == Decimal("0.4")
    assert found.reason == "volatility 40% scales to 0.50, confidence 0.80"


def test_a_sale_mirrors_a_purchase() -> None:
    assert size(changed(direction=-0.5), RULES, BTC).quantity == Decimal("-0.2")


def test_factors_of_regime_and_mode_multiply() -> None:
    assert size(changed(regime_factor=0.5, mode_factor=0.5), RULES, BTC).quantity == Decimal("0.1")


def test_a_quiet_market_is_not_taken_for_a_safe_one() -> None:
    assert volatility_scale(0.001, SizingRules(scale_max=10.0)) == pytest.approx(4.0)
    assert volatility_scale(0.001, RULES) == 1.0


@pytest.mark.parametrize("unknown", [nan, inf, -1.0])
def test_a_volatility_that_is_no_volatility_scales_to_nothing(unknown: float) -> None:
    assert volatility_scale(unknown, RULES) == 0.0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"volatility": nan}, "volatility is not known yet"),
        ({"direction": 0.0}, "the direction is flat"),
        ({"confidence": 0.0}, "there is no confidence"),
        ({"weight": 0.0}, "the strategy has no weight"),
        ({"equity": -5.0}, "there is no equity"),
        ({"regime_factor": 0.0}, "the regime allows no position"),
        ({"mode_factor": 0.0}, "the mode allows no position"),
        ({"equity": 20.0}, "4.00 USDT is below the smallest notional"),
        ({"equity": 0.5}, "0.10 USDT is below the smallest order"),
    ],
)
def test_a_size_of_zero_says_why(changes: dict[str, float], reason: str) -> None:
    found = size(changed(**changes), RULES, BTC)
    assert (found.quantity, found.reason) == (ZERO, reason)


def test_a_size_stops_at_the_largest_order_of_the_venue() -> None:
    small = msgspec.structs.replace(BTC, quantity_max=Decimal("0.123456"))
    assert size(PLAIN, RULES, small).quantity == Decimal("0.12345")


@given(sizing=sizings)
def test_a_size_is_whole_lots_within_the_budget_on_the_right_side(sizing: Sizing) -> None:
    found = size(sizing, RULES, BTC)
    budget = max(sizing.equity, 0.0) * sizing.weight
    assert found.quantity % BTC.lot_size == 0
    assert float(abs(found.quantity)) * sizing.price <= budget * (1 + 1e-12)
    assert float(found.quantity) * sizing.direction >= 0.0
    assert found.reason


@given(sizing=sizings, calmer=shares)
def test_more_volatility_never_buys_more_and_more_confidence_never_less(
    sizing: Sizing, calmer: float
) -> None:
    calm = msgspec.structs.replace(sizing, volatility=sizing.volatility * calmer)
    shy = msgspec.structs.replace(sizing, confidence=sizing.confidence * calmer)
    assert target_notional(sizing, RULES) <= target_notional(calm, RULES)
    assert target_notional(shy, RULES) <= target_notional(sizing, RULES)


@given(sizing=sizings, rate=st.floats(0.01, 100.0))
def test_another_currency_gives_the_same_share_of_equity(sizing: Sizing, rate: float) -> None:
    exchanged = msgspec.structs.replace(sizing, equity=sizing.equity * rate, price=sizing.price * rate)
    before, after = target_notional(sizing, RULES), target_notional(exchanged, RULES)
    assert after == pytest.approx(before * rate, rel=1e-9)


@pytest.mark.parametrize("name", ["equity", "weight", "price", "direction", "confidence", "regime_factor"])
def test_a_missing_number_other_than_volatility_is_our_own_mistake(name: str) -> None:
    with pytest.raises(AssertionError):
        size(changed(**{name: nan}), RULES, BTC)


@pytest.mark.parametrize(
    ("held", "wanted", "worth"),
    [
        ("1", "1.05", False),
        ("1", "1.2", True),
        ("1", "0.95", False),
        ("1", "0.5", True),
        ("0.001", "0", True),
        ("0", "0.001", True),
        ("0.01", "-0.01", True),
        ("0", "0", False),
    ],
)
def test_only_a_change_outside_the_band_is_worth_its_cost(held: str, wanted: str, worth: bool) -> None:
    assert worth_trading(Decimal(held), Decimal(wanted), band=0.1) is worth
