"""How far a Sharpe ratio may be off, and what autocorrelation makes of it."""

from __future__ import annotations

from math import erfc, isnan, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.statistics.annualisation import (
    annual_sharpe,
    ar1_eta,
    autocorrelations,
    ljung_box,
    lo_eta,
    standard_error,
    standard_error_normal,
)
from midas.statistics.conventions import Reason
from midas.statistics.performance import kurtosis, sharpe_of_period, skewness
from tests.statistics.series import TWELVE_DAYS as R
from tests.statistics.series import returns


def persistent(rho: float, count: int = 400) -> list[float]:
    """Returns that remember the day before."""
    found = [0.0]
    for each in returns(count):
        found.append(rho * found[-1] + each)
    return found[1:]


def test_the_standard_errors_of_twelve_days_are_the_reference_values() -> None:
    ratio = sharpe_of_period(R, least=1).value
    shape = skewness(R, least=1).value, kurtosis(R, least=1).value
    assert standard_error_normal(ratio, 12) == pytest.approx(0.291404397, rel=1e-6)
    assert standard_error(ratio, 12, *shape) == pytest.approx(0.326477229, rel=1e-6)


def test_without_observations_there_is_no_error_to_tell() -> None:
    assert isnan(standard_error_normal(0.1, 0))
    assert isnan(standard_error(0.1, 1, 0.0, 3.0))
    assert isnan(standard_error(1.0, 50, 5.0, 3.0))  # no distribution has such moments


@pytest.mark.parametrize(("rho", "eta"), [(0.1, 14.364792), (-0.1, 17.542898), (0.0, 15.874508)])
def test_a_year_of_autocorrelated_days_counts_as_the_reference_says(rho: float, eta: float) -> None:
    assert ar1_eta(rho, 252) == pytest.approx(eta, rel=1e-6)


def test_correlations_past_the_year_and_missing_ones_count_nothing() -> None:
    assert lo_eta([], 252) == pytest.approx(sqrt(252))
    assert lo_eta([0.1, 0.5, 0.5], 2) == lo_eta([0.1], 2)
    assert isnan(lo_eta([-0.9], 252))


@given(st.floats(0.0, 0.9), st.integers(2, 365))
def test_persistence_makes_a_year_worth_less(rho: float, periods: int) -> None:
    assert ar1_eta(rho, periods) <= sqrt(periods) * (1 + 1e-12)


def test_independent_days_raise_no_flag_and_persistent_ones_do() -> None:
    assert not annual_sharpe(returns(400), 252).dependent
    found = annual_sharpe(persistent(0.3), 252)
    assert found.dependent
    assert found.adjusted.value < found.plain.value


def test_sixty_days_that_hang_together_in_nothing_are_never_adjusted_beyond_belief() -> None:
    found = [
        annual_sharpe(np.random.default_rng(seed).normal(0.001, 0.01, 60).tolist(), 365)
        for seed in range(200)
    ]
    assert all(each.adjusted.known for each in found)
    factors = sorted(each.adjusted.value / each.plain.value for each in found)
    assert factors[100] == pytest.approx(1.0, abs=0.3) and factors[190] < 2.0 and factors[-1] < 3.0


@pytest.mark.parametrize("rho", [-0.3, 0.2])
def test_four_years_of_days_that_hang_together_are_adjusted_as_their_process_is(rho: float) -> None:
    chance, days = np.random.default_rng(3), [0.0]
    for move in chance.normal(0.001, 0.01, 1_460):
        days.append(rho * days[-1] + float(move))
    found = annual_sharpe(days[1:], 365)
    assert found.adjusted.value / found.plain.value == pytest.approx(ar1_eta(rho, 365) / sqrt(365), rel=0.15)


@given(st.lists(st.floats(-0.1, 0.1), min_size=30, max_size=60))
def test_whatever_has_a_sharpe_ratio_has_an_adjusted_one(days: list[float]) -> None:
    found = annual_sharpe(days, 365)
    assert found.adjusted.known == found.plain.known


def test_ljung_box_gives_the_value_of_the_formula() -> None:
    # Q = 400 * 402 * rho^2 / 399 with one lag; its tail with one degree of freedom is erfc(sqrt(Q / 2)).
    days = persistent(0.05)
    rho = autocorrelations(days, 1)[0]
    assert ljung_box(days, 1).value == pytest.approx(erfc(sqrt(400 * 402 * rho**2 / 399 / 2)), rel=1e-9)


@pytest.mark.parametrize(
    ("days", "why"),
    [
        ([0.01] * 50, Reason.NO_SPREAD),
        (returns(39), Reason.TOO_FEW),
        ([*returns(50), nan], Reason.MISSING),
    ],
)
def test_a_test_that_cannot_be_made_says_why(days: list[float], why: Reason) -> None:
    assert ljung_box(days).reason is why
    assert ljung_box(returns(50), lags=50).reason is Reason.TOO_FEW


def test_a_year_that_cannot_be_told_says_why_three_times() -> None:
    found = annual_sharpe(returns(29), 252)
    assert [each.reason for each in (found.plain, found.adjusted, found.ljung_box)] == [Reason.TOO_FEW] * 3
    assert not found.dependent


@given(st.lists(st.floats(-0.1, 0.1), max_size=50))
def test_no_autocorrelation_is_beyond_one(days: list[float]) -> None:
    assert all(isnan(each) or abs(each) <= 1.0 + 1e-9 for each in autocorrelations(days, 4))
