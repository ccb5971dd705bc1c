"""Kelly's fractions against the reference numbers."""

from __future__ import annotations

from math import inf, isnan, log, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.statistics.kelly import (
    cautious_probability,
    growth,
    growth_continuous,
    growth_vector,
    kelly,
    kelly_continuous,
    kelly_vector,
    ruin_probability,
    shrinkage,
)

SIGMA = [[0.04, 0.012], [0.012, 0.09]]
EXCESS = [0.08, 0.09]

chances = st.floats(0.0, 1.0)
payoffs = st.floats(0.1, 10.0)


@pytest.mark.parametrize(
    ("probability", "payoff", "fraction", "grown"),
    [
        pytest.param(0.55, 1.0, 0.10, 0.005008367, id="a small edge at even money"),
        pytest.param(0.60, 1.0, 0.20, 0.020135514, id="a larger edge at even money"),
        pytest.param(0.45, 1.5, 0.083333333, 0.005146109, id="fewer wins that pay more"),
        pytest.param(0.40, 1.0, 0.0, 0.0, id="no edge, no stake"),
    ],
)
def test_the_discrete_stake_and_its_growth_are_the_reference_values_for(
    probability: float, payoff: float, fraction: float, grown: float
) -> None:
    assert kelly(probability, payoff) == pytest.approx(fraction, rel=1e-6)
    assert growth(probability, payoff, kelly(probability, payoff)) == pytest.approx(grown, rel=1e-6)


def test_the_continuous_stake_and_its_growth_are_the_reference_values() -> None:
    assert kelly_continuous(0.08, 0.20) == pytest.approx(2.0)
    assert growth_continuous(0.08 / 0.20, 1.0) == pytest.approx(0.08)
    assert kelly_continuous(0.01, 0.20, risk_free=0.02) == 0.0


def test_the_stakes_of_two_assets_are_the_reference_values() -> None:
    stakes = kelly_vector(SIGMA, EXCESS)
    assert stakes == pytest.approx([1.77083333, 0.76388889], rel=1e-6)
    assert growth_vector(stakes, EXCESS) == pytest.approx(0.105208333, rel=1e-6)


@pytest.mark.parametrize(("fraction", "chance"), [(1.0, 0.5), (0.5, 0.125), (0.25, 0.0078125)])
def test_a_smaller_fraction_of_kelly_makes_halving_rarer(fraction: float, chance: float) -> None:
    assert ruin_probability(0.5, fraction) == pytest.approx(chance, rel=1e-6)


def test_a_short_history_is_trusted_little() -> None:
    assert shrinkage(1.0, 3.0) == pytest.approx(0.75, rel=1e-6)
    assert shrinkage(0.8, 1.0) == pytest.approx(0.390, abs=5e-4)
    assert shrinkage(0.8, inf) == 1.0


def test_a_chance_seen_seldom_counts_as_less() -> None:
    assert cautious_probability(0.6, 10.0) == pytest.approx(0.488927081, rel=1e-6)  # scipy 1.17
    assert cautious_probability(0.6, 2000.0) == pytest.approx(0.592532558, rel=1e-6)
    assert cautious_probability(0.6, inf) == 0.6
    assert cautious_probability(0.5, 0.0) == pytest.approx(0.25)


def test_what_is_not_known_stays_so() -> None:
    unknown = [
        kelly(nan, 1.0),
        kelly(0.5, nan),
        growth(nan, 1.0, 0.1),
        kelly_continuous(nan, 0.2),
        kelly_continuous(0.1, nan),
        growth_continuous(nan, 0.5),
        shrinkage(nan, 3.0),
        cautious_probability(nan, 10.0),
        cautious_probability(0.5, nan),
    ]
    assert all(isnan(each) for each in unknown)


@pytest.mark.parametrize(("probability", "payoff"), [(1.1, 1.0), (-0.1, 1.0), (0.5, 0.0), (0.5, -1.0)])
def test_what_is_no_bet_is_our_own_mistake(probability: float, payoff: float) -> None:
    with pytest.raises(AssertionError, match="expected a"):
        kelly(probability, payoff)


@pytest.mark.parametrize(
    "covariance", [[[1.0, 2.0], [2.0, 1.0]], [[0.0, 0.0], [0.0, 1.0]], [[nan, 0], [0, 1]]]
)
def test_a_covariance_that_is_none_gives_no_stakes(covariance: list[list[float]]) -> None:
    assert all(isnan(stake) for stake in kelly_vector(covariance, EXCESS))


def test_staking_everything_may_lose_everything() -> None:
    assert growth(0.9, 1.0, 1.0) == -inf
    assert growth(1.0, 1.0, 1.0) == pytest.approx(log(2.0))
    assert growth(0.0, 1.0, 0.5) == pytest.approx(log(0.5))


@given(chances, payoffs, st.floats(0.0, 0.99))
def test_no_other_stake_grows_faster(probability: float, payoff: float, other: float) -> None:
    best = min(kelly(probability, payoff), 0.99)
    assert growth(probability, payoff, other) <= growth(probability, payoff, best) + 1e-12


@given(chances, chances, payoffs)
def test_the_stake_grows_with_the_chance(one: float, other: float, payoff: float) -> None:
    low, high = sorted((one, other))
    assert 0.0 <= kelly(low, payoff) <= kelly(high, payoff) <= 1.0


@given(chances, chances, st.floats(0.0, 1e5))
def test_caution_keeps_the_order_of_chances_and_never_raises_one(
    one: float, other: float, seen: float
) -> None:
    low, high = sorted((one, other))
    assert cautious_probability(low, seen) <= cautious_probability(high, seen) + 1e-12
    assert cautious_probability(high, seen) <= high


@given(st.lists(st.floats(0.05, 1.0), min_size=1, max_size=6), st.floats(-0.9, 0.9))
def test_stakes_solve_their_equation(deviations: list[float], correlation: float) -> None:
    shared = abs(correlation)
    sigma = [
        [a * b * (1.0 if i == j else shared) for j, b in enumerate(deviations)]
        for i, a in enumerate(deviations)
    ]
    excess = [0.05 + 0.01 * i for i in range(len(deviations))]
    stakes = kelly_vector(sigma, excess)
    back = [sum(s * f for s, f in zip(row, stakes, strict=True)) for row in sigma]
    assert back == pytest.approx(excess, rel=1e-8)
