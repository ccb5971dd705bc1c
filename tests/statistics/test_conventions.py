"""Returns, periods and the smallest samples, as every figure takes them."""

from __future__ import annotations

from math import inf, isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.statistics.conventions import (
    DAY,
    AssetClass,
    Reason,
    central_moment,
    daily_closes,
    deviation,
    log_returns,
    logarithmic,
    mean,
    periods_per_year,
    rate_per_period,
    refusal,
    simple,
    simple_returns,
    variance,
    wealth,
)


@pytest.mark.parametrize(
    ("classes", "periods"),
    [
        ([AssetClass.EQUITY], 252),
        ([AssetClass.EQUITY, AssetClass.FUTURES], 252),
        ([AssetClass.CRYPTO], 365),
        ([AssetClass.FX], 260),
        ([AssetClass.EQUITY, AssetClass.CRYPTO], 365),
        ([AssetClass.EQUITY, AssetClass.FX], 365),
        ([], 365),
    ],
)
def test_a_mixed_book_counts_calendar_days(classes: list[AssetClass], periods: int) -> None:
    assert periods_per_year(classes) == periods


def test_the_risk_free_rate_of_a_day_compounds_to_that_of_a_year() -> None:
    assert (1.0 + rate_per_period(0.05, 252)) ** 252 == pytest.approx(1.05, rel=1e-12)


def test_a_deposit_is_no_profit() -> None:
    assert simple_returns([100.0, 160.0, 80.0], flows=[50.0, 0.0]) == pytest.approx([0.10, -0.50])


def test_a_return_on_nothing_is_not_known() -> None:
    assert isnan(simple_returns([0.0, 10.0])[0])
    assert isnan(log_returns([0.0, 10.0])[0])


def test_a_total_loss_has_no_finite_log_return() -> None:
    assert logarithmic(-1.0) == -inf
    assert isnan(logarithmic(-1.5))


@given(st.floats(-0.99, 10.0))
def test_simple_and_log_returns_are_the_same_thing_twice(each: float) -> None:
    assert simple(logarithmic(each)) == pytest.approx(each, rel=1e-9, abs=1e-12)


@given(st.lists(st.floats(1.0, 1e6), min_size=2, max_size=20))
def test_returns_compound_to_what_prices_did(prices: list[float]) -> None:
    grown = prices[-1] / prices[0]
    assert wealth(simple_returns(prices))[-1] == pytest.approx(grown, rel=1e-9)
    assert simple(sum(log_returns(prices))) + 1.0 == pytest.approx(grown, rel=1e-9)


def test_a_day_without_a_sample_keeps_the_value_before() -> None:
    hour = DAY // 24
    samples = [(0, 1.0), (23 * hour, 2.0), (DAY, 3.0), (3 * DAY + hour, 4.0)]
    assert daily_closes(samples) == [2.0, 3.0, 3.0, 4.0]


def test_the_day_may_be_cut_at_another_hour() -> None:
    hour = DAY // 24
    assert daily_closes([(20 * hour, 1.0), (22 * hour, 2.0)], cut=21 * hour) == [1.0, 2.0]


@pytest.mark.parametrize("missing", [nan, inf, -inf])
def test_one_missing_observation_leaves_nothing_known(missing: float) -> None:
    refused = refusal([0.01, missing, 0.02], 2)
    assert refused is not None
    assert refused.reason is Reason.MISSING
    assert isnan(refused.value)


@pytest.mark.parametrize(("count", "told"), [(29, False), (30, True), (31, True)])
def test_a_figure_needs_as_many_observations_as_it_says(count: int, told: bool) -> None:
    assert (refusal([0.01] * count, 30) is None) is told


def test_nothing_says_nothing() -> None:
    refused = refusal([], 0)
    assert refused is not None
    assert refused.reason is Reason.TOO_FEW
    assert isnan(mean([]))
    assert isnan(variance([1.0]))
    assert isnan(deviation([1.0]))
    assert isnan(central_moment([], 3))


def test_a_large_mean_costs_the_variance_no_digits() -> None:
    assert variance([1e9 + each for each in (4.0, 7.0, 13.0, 16.0)]) == 30.0


@given(st.permutations([1e16, 1.0, -1e16, 3.0, 1e-9]))
def test_the_order_of_a_sum_changes_no_bit(values: list[float]) -> None:
    assert mean(values) == mean(sorted(values))
