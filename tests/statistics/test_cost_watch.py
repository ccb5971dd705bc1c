"""Realised cost against expected cost: an alert where it is consistently too high; coefficients anew."""

from __future__ import annotations

import numpy as np
import pytest

from midas.costs import Conditions, CostModel
from midas.statistics.cost_calibration import Observed, calibrated
from midas.statistics.cost_watch import LAST, CostWatch


def after(*ratios: float) -> CostWatch:
    watch = CostWatch()
    for ratio in ratios:
        watch = watch.add(ratio * 2.0, 2.0, 0.1)
    return watch


def test_a_cost_of_three_times_the_expected_is_an_alert_and_one_as_expected_ends_it() -> None:
    assert not after(*[3.0] * 9).alert  # too few to say anything
    assert after(*[3.0] * 10).alert
    assert not after(*[3.0] * 20, *[1.0] * 11).alert


def test_one_dreadful_order_among_many_is_no_alert() -> None:
    assert not after(*[1.0] * 19, 1_000.0).alert


def test_half_more_than_expected_is_no_alert_however_long_it_lasts() -> None:
    assert not after(*[1.5] * 500).alert


def test_an_order_is_never_expected_to_cost_less_than_the_floor() -> None:
    watch = CostWatch().add(0.2, 0.0, 0.5)
    assert watch.ratios == (0.4,) and watch.expected == 0.5
    assert len(after(*[1.0] * 50).ratios) == LAST and after(*[1.0] * 50).orders == 50


def orders(count: int, seed: int = 1, swept: bool = True) -> list[Observed]:
    """Of a model with known coefficients, noise, and a few that swept an empty book."""
    chance = np.random.default_rng(seed)
    made = []
    model = CostModel(taker_fraction=0.4, volatility_weight=0.3, impact=0.7)
    for place in range(count):
        spread, ratio = chance.uniform(1.0, 5.0), chance.uniform(0.5, 3.0)
        day, share = chance.uniform(0.01, 0.05), chance.uniform(1e-6, 1e-3)
        known = Conditions(spread_bps=spread, volatility_ratio=ratio, volatility_day=day, volume_day=1.0)
        cost = model.expected(share, False, known)
        paid = cost.spread_bps + cost.impact_bps + chance.normal(0.0, 0.2)
        made.append(Observed(spread, ratio, day, share, paid + (500.0 if swept and place % 50 == 0 else 0.0)))
    return made


def test_calibration_finds_the_coefficients_that_made_the_costs() -> None:
    found = calibrated(orders(2_000))
    assert found is not None and found.orders == 2_000
    assert found.taker_fraction == pytest.approx(0.4, abs=0.03)
    assert found.volatility_weight == pytest.approx(0.3, abs=0.06)
    assert found.impact == pytest.approx(0.7, abs=0.05)


def test_nothing_is_calibrated_on_too_few_orders_or_where_there_is_nothing_to_see() -> None:
    assert calibrated(orders(59)) is None
    assert calibrated([Observed(1.0, 1.0, 0.01, 1e-4, -5.0)] * 100) is None


def test_in_a_calm_market_the_spread_is_not_taken_for_its_product_with_the_volatility() -> None:
    """Where the ratio hardly varies both are nearly one, and chance makes either of them negative."""
    found = []
    for seed in range(40):
        chance = np.random.default_rng(seed)
        made = []
        for _ in range(60):
            spread, ratio = float(np.exp(chance.normal(1.0, 0.3))), float(np.exp(chance.normal(0.0, 0.1)))
            day, share = 0.03 * ratio, float(np.exp(chance.uniform(np.log(1e-5), np.log(1e-3))))
            paid = (0.5 * spread + 0.7 * day * share**0.5 * 1e4) * float(np.exp(chance.normal(-0.32, 0.8)))
            made.append(Observed(spread, ratio, day, share, paid))
        found.append(calibrated(made))
    known = [each for each in found if each is not None]
    assert len(known) >= 38
    whole = [each.taker_fraction * (1.0 + each.volatility_weight) for each in known]
    assert float(np.median(whole)) == pytest.approx(0.5, abs=0.15)
