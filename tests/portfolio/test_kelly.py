"""Kelly's fractions against the reference numbers."""

from __future__ import annotations

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.portfolio.kelly import kelly, kelly_continuous, kelly_weight, ruin_probability, shrinkage
from midas.portfolio.sizing import SizingRules

RULES = SizingRules()


@pytest.mark.parametrize(
    ("probability", "payoff", "fraction"),
    [(0.55, 1.0, 0.10), (0.6, 1.0, 0.20), (0.45, 1.5, 0.083333333), (0.4, 1.0, 0.0)],
)
def test_the_discrete_fraction_gives_the_reference_values(
    probability: float, payoff: float, fraction: float
) -> None:
    assert kelly(probability, payoff) == pytest.approx(fraction, rel=1e-6)


def test_the_continuous_fraction_gives_the_reference_value() -> None:
    assert kelly_continuous(0.08, 0.20) == pytest.approx(2.0)
    assert kelly_continuous(0.01, 0.20, risk_free=0.02) == 0.0


def test_a_quarter_of_kelly_makes_halving_rare() -> None:
    chances = [ruin_probability(0.5, fraction) for fraction in (1.0, 0.5, 0.25)]
    assert chances == pytest.approx([0.5, 0.125, 0.0078125])


def test_a_short_history_is_trusted_little() -> None:
    assert shrinkage(1.0, 3.0) == pytest.approx(0.75)
    assert shrinkage(0.8, 1.0) == pytest.approx(0.390, abs=5e-4)


def test_the_weight_is_a_quarter_of_kelly_and_less_where_the_market_moves_more() -> None:
    assert kelly_weight(0.6, 1.0, 0.20, RULES) == pytest.approx(0.05)
    assert kelly_weight(0.6, 1.0, 0.40, RULES) == pytest.approx(0.025)
    assert kelly_weight(0.6, 1.0, nan, RULES) == 0.0


@given(
    low=st.floats(0.0, 1.0),
    high=st.floats(0.0, 1.0),
    payoff=st.floats(0.1, 10.0),
    volatility=st.floats(0.0, 5.0),
)
def test_the_weight_grows_with_the_chance_and_never_passes_its_fraction(
    low: float, high: float, payoff: float, volatility: float
) -> None:
    low, high = sorted((low, high))
    smaller = kelly_weight(low, payoff, volatility, RULES)
    assert 0.0 <= smaller <= kelly_weight(high, payoff, volatility, RULES) <= 0.25


@pytest.mark.parametrize(
    ("probability", "payoff"), [(1.1, 1.0), (-0.1, 1.0), (nan, 1.0), (0.5, 0.0), (0.5, nan)]
)
def test_what_is_no_bet_is_our_own_mistake(probability: float, payoff: float) -> None:
    with pytest.raises(AssertionError, match="expected a"):
        kelly(probability, payoff)
