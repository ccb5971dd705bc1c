"""Online forms against the two-pass ones, and against the reference values."""

from __future__ import annotations

from math import isnan, nan, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.statistics.conventions import variance
from midas.statistics.online import (
    REMOVALS_MAX,
    Drawdown,
    Moments,
    decay_of,
    effective_count,
    ewma_variance,
    half_life_of,
)
from midas.statistics.performance import drawdowns
from tests.statistics.series import TWELVE_DAYS

values = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30)


def told(values: list[float]) -> Moments:
    """The moments of `values`, one after the other."""
    moments = Moments()
    for value in values:
        moments = moments.add(value)
    return moments


def test_a_large_mean_costs_no_digits() -> None:
    assert told([1e9 + each for each in (4.0, 7.0, 13.0, 16.0)]).variance == pytest.approx(30.0, rel=1e-6)


def test_the_plain_sum_of_squares_would_lose_all_of_them() -> None:
    numbers = [1e9 + each for each in (4.0, 7.0, 13.0, 16.0)]
    plain = sum(x * x for x in numbers) / 4 - (sum(numbers) / 4) ** 2
    assert plain * 4 / 3 == pytest.approx(-170.67, abs=5e-3)


@given(values)
def test_one_at_a_time_gives_what_two_passes_give(numbers: list[float]) -> None:
    moments = told(numbers)
    assert moments.variance == pytest.approx(variance(numbers), rel=1e-9, abs=1e-9)
    assert moments.deviation == pytest.approx(sqrt(variance(numbers)), rel=1e-9, abs=1e-4)


@given(values, st.lists(st.floats(-1e3, 1e3), max_size=10))
def test_what_was_removed_was_never_there(numbers: list[float], gone: list[float]) -> None:
    moments = told(gone + numbers)
    for value in gone:
        moments = moments.remove(value)
    assert moments.count == len(numbers)
    assert moments.variance == pytest.approx(variance(numbers), rel=1e-6, abs=1e-6)


@given(values, values)
def test_two_workers_together_know_what_one_would(mine: list[float], yours: list[float]) -> None:
    merged, alone = told(mine).merge(told(yours)), told(mine + yours)
    assert merged.count == alone.count
    assert merged.mean == pytest.approx(alone.mean, rel=1e-9, abs=1e-9)
    assert merged.variance == pytest.approx(alone.variance, rel=1e-9, abs=1e-9)


def test_moments_of_too_little_are_not_known() -> None:
    one = Moments().add(5.0)
    assert isnan(one.variance)
    assert isnan(one.deviation)
    assert one.remove(5.0) == Moments()
    assert Moments().merge(Moments()) == Moments()
    with pytest.raises(AssertionError, match="no value to remove"):
        Moments().remove(1.0)


def test_a_window_that_slid_long_asks_to_be_computed_anew() -> None:
    assert not Moments(count=5, removals=REMOVALS_MAX - 1).stale
    assert Moments(count=5, removals=REMOVALS_MAX - 1).add(1.0).remove(1.0).stale


def test_ewma_variance_gives_the_reference_path() -> None:
    path, found = [], 1e-4
    for each in (0.01, -0.02, 0.015):
        found = ewma_variance(found, each, 0.94)
        path.append(found)
    assert path == pytest.approx([1.00e-4, 1.18e-4, 1.2442e-4], rel=1e-6)
    annual = [sqrt(each * 252) for each in path]
    assert annual == pytest.approx([0.158745, 0.172441, 0.177070], abs=5e-7)


def test_a_variance_that_is_not_known_stays_so() -> None:
    assert isnan(ewma_variance(nan, 0.01, 0.94))
    assert isnan(ewma_variance(1e-4, nan, 0.94))


def test_a_half_life_and_its_decay_are_the_same_thing() -> None:
    assert decay_of(20.0) == pytest.approx(0.965936, rel=1e-6)
    assert half_life_of(0.94) == pytest.approx(11.20, abs=5e-3)
    assert half_life_of(decay_of(7.0)) == pytest.approx(7.0, rel=1e-12)
    assert effective_count(0.94) == pytest.approx(32.3, abs=0.05)


@pytest.mark.parametrize("decay", [-0.1, 1.0, nan])
def test_a_decay_is_a_share(decay: float) -> None:
    with pytest.raises(AssertionError, match="expected a decay"):
        ewma_variance(1e-4, 0.01, decay)


def test_the_drawdown_counts_from_the_initial_capital() -> None:
    first = Drawdown(100.0).see(98.0)
    assert [first.now, first.worst] == pytest.approx([-0.02, -0.02])


def test_the_drawdown_of_a_curve_is_that_of_its_returns() -> None:
    state, value, seen = Drawdown(1.0), 1.0, []
    for each in TWELVE_DAYS:
        value *= 1.0 + each
        state = state.see(value)
        seen.append(state.now)
    assert seen == pytest.approx(drawdowns(TWELVE_DAYS))
    assert state.worst == pytest.approx(-0.02)


def test_a_value_that_is_not_known_moves_neither_peak_nor_worst() -> None:
    state = Drawdown(100.0).see(90.0).see(nan)
    assert isnan(state.now)
    assert state.see(95.0) == Drawdown(100.0, 95.0 / 100.0 - 1.0, 90.0 / 100.0 - 1.0)
