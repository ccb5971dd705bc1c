"""The cost model against the reference numbers, and what it says where the market isn't known."""

from __future__ import annotations

from decimal import Decimal
from math import isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.costs import (
    Conditions,
    CostModel,
    Execution,
    FeeSchedule,
    impact_bps,
    shortfall_bps,
    spread_cost_bps,
)

FREE = FeeSchedule(Decimal(0), Decimal(0))
QUIET = Conditions(spread_bps=4.0, volatility_ratio=1.2)


def test_slippage_gives_the_reference_values() -> None:
    literal = CostModel(fees=FREE, taker_fraction=1.0)
    assert literal.expected_bps(1.0, False, QUIET) == pytest.approx(6.4)
    assert CostModel(fees=FREE).expected_bps(1.0, False, QUIET) == pytest.approx(3.2)


@pytest.mark.parametrize(
    ("participation", "bps"), [(0.001, 6.325), (0.01, 20.0), (0.05, 44.72), (0.1, 63.25)]
)
def test_square_root_impact_gives_the_reference_values(participation: float, bps: float) -> None:
    assert impact_bps(0.02, participation) == pytest.approx(bps, rel=1e-4)


def test_a_calibrated_impact_gives_the_reference_value() -> None:
    assert impact_bps(0.018, 0.02, 0.7) == pytest.approx(17.82, rel=1e-4)
    model = CostModel(fees=FREE, impact=0.7)
    conditions = Conditions(spread_bps=0.0, volatility_day=0.018, volume_day=1000.0)
    assert model.expected_bps(20.0, False, conditions) == pytest.approx(17.82, rel=1e-4)


def test_shortfall_gives_the_reference_value_and_mirrors_for_a_sale() -> None:
    fills = [Execution(100.04, 300.0), Execution(100.07, 400.0), Execution(100.10, 200.0)]
    assert shortfall_bps(fills, 1000.0, 1, 100.0, 100.20) == pytest.approx(8.0)
    assert shortfall_bps(fills, 1000.0, -1, 100.0, 100.20) == pytest.approx(-8.0)


def test_a_fee_is_exact_and_a_rebate_is_earned() -> None:
    fees = FeeSchedule(maker=Decimal("-0.0001"), taker=Decimal("0.001"))
    assert fees.fee(Decimal("65004.50"), maker=False) == Decimal("65.0045")
    assert fees.fee(Decimal("65004.50"), maker=True) == Decimal("-6.50045")
    assert (fees.bps(True), fees.bps(False)) == pytest.approx((-1.0, 10.0))


def test_a_cost_is_the_sum_of_its_parts() -> None:
    conditions = Conditions(spread_bps=2.0, volatility_day=0.02, volume_day=100.0)
    cost = CostModel().expected(1.0, False, conditions)
    assert (cost.fee_bps, cost.spread_bps, cost.impact_bps) == pytest.approx((10.0, 1.5, 20.0))
    assert cost.total_bps == pytest.approx(31.5)


def test_waiting_for_a_price_pays_its_fee_and_neither_spread_nor_impact() -> None:
    conditions = Conditions(spread_bps=2.0, volatility_day=0.02, volume_day=100.0)
    assert CostModel().expected_bps(1.0, True, conditions) == pytest.approx(10.0)


def test_a_round_trip_leaves_as_a_taker() -> None:
    model, conditions = CostModel(), Conditions(spread_bps=2.0)
    assert model.round_trip_bps(1.0, True, conditions) == pytest.approx(10.0 + 11.5)


def test_an_unknown_volume_charges_no_impact_and_no_volume_at_all_any() -> None:
    model = CostModel(fees=FREE)
    unknown = Conditions(spread_bps=0.0, volatility_day=0.02)
    nobody = Conditions(spread_bps=0.0, volatility_day=0.02, volume_day=0.0)
    assert model.expected_bps(5.0, False, unknown) == 0.0
    assert model.expected_bps(5.0, False, nobody) == float("inf")
    assert model.expected_bps(0.0, False, nobody) == 0.0


def test_an_unknown_spread_or_volatility_is_an_unknown_cost() -> None:
    model = CostModel()
    assert isnan(model.expected_bps(1.0, False, Conditions(spread_bps=nan)))
    assert isnan(model.expected_bps(1.0, False, Conditions(spread_bps=1.0, volatility_ratio=nan)))


def test_a_broken_volatility_ratio_is_clipped() -> None:
    assert spread_cost_bps(4.0, 100.0) == spread_cost_bps(4.0, 5.0) == 14.0
    assert spread_cost_bps(4.0, -1.0) == 4.0


def test_a_negative_quantity_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError, match="without sign"):
        CostModel().expected(-1.0, False, QUIET)


@given(small=st.floats(0.0, 500.0), more=st.floats(0.0, 500.0))
def test_more_never_costs_less_a_unit_and_one_percent_is_no_step(small: float, more: float) -> None:
    conditions = Conditions(spread_bps=1.0, volatility_day=0.02, volume_day=1000.0)
    model = CostModel()
    assert model.expected_bps(small + more, False, conditions) >= model.expected_bps(small, False, conditions)
    below, above = (model.expected_bps(q, False, conditions) for q in (9.999, 10.001))
    assert above - below < 0.01
