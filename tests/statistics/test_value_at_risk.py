from __future__ import annotations

from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.statistics.parametric import (
    cornish_fisher,
    cornish_fisher_factors,
    moments,
    normal,
    normal_factors,
    student_t,
    valid,
)
from midas.statistics.value_at_risk import historical, least_returns, order

SAMPLE = [
    -0.032, -0.021, -0.018, -0.012, -0.009, -0.006, -0.004, -0.002, 0.0, 0.001,
    0.002, 0.003, 0.005, 0.006, 0.008, 0.010, 0.012, 0.015, 0.019, 0.024,
]  # fmt: skip
RETURNS = st.lists(st.floats(-0.5, 0.5), min_size=20, max_size=60)


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(
    ("alpha", "value_at_risk", "expected_shortfall"),
    [(0.95, 0.021, 0.032), (0.90, 0.018, 0.0265), (0.925, 0.021, 0.0283333333)],
)
def test_historical_figures_are_order_statistics(
    alpha: float, value_at_risk: float, expected_shortfall: float
) -> None:
    found = historical(SAMPLE, alpha, least=20)
    assert found.value_at_risk == close(value_at_risk)
    assert found.expected_shortfall == close(expected_shortfall)


def test_the_moments_of_the_sample_are_those_of_the_reference() -> None:
    found = moments(SAMPLE)
    assert (found.mean, found.deviation) == (close(5.0e-5), close(0.013793496))
    assert (found.skew, found.excess) == (close(-0.482986161), close(-0.044487916))


def test_the_normal_figures_are_those_of_the_reference() -> None:
    found = normal(SAMPLE)
    assert found.value_at_risk == close(0.022638282)
    assert found.expected_shortfall == close(0.028402020)


def test_the_t_of_matched_variance_is_that_of_the_reference() -> None:
    found = student_t(SAMPLE, degrees=5.0)
    assert found.value_at_risk == close(0.021479575)
    assert found.expected_shortfall == close(0.030829282)


@pytest.mark.parametrize(
    ("alpha", "level", "beyond"),
    [(0.95, 1.644854, 2.062713), (0.975, 1.959964, 2.337803), (0.99, 2.326348, 2.665214)],
)
def test_normal_constants_are_those_of_the_tables(alpha: float, level: float, beyond: float) -> None:
    found = normal_factors(alpha)
    assert found[0] == close(level)
    assert found[1] == close(beyond)


def test_cornish_fisher_bends_quantile_and_tail_as_the_reference_says() -> None:
    found = moments(SAMPLE)
    level, beyond = cornish_fisher_factors(found.skew, found.excess, 0.95)
    assert (level, beyond) == (close(1.778662191), close(2.270349836))
    assert found.deviation * level - found.mean == close(0.024483969)
    assert found.deviation * beyond - found.mean == close(0.031266061)
    assert cornish_fisher_factors(-0.5, 3.0, 0.99) == (close(3.301284492), close(4.469906383))
    assert cornish_fisher_factors(-1.0, 5.0, 0.95)[0] == close(1.809424420)


@pytest.mark.parametrize(
    ("skew", "excess", "fine"),
    [
        (0, 8.1, False),
        (0, 3, True),
        (-0.5, 3, True),
        (-1, 5, True),
        (-2, 10, True),
        (0, 0, True),
        (-0.482986161, -0.044487916, False),
    ],
)
def test_cornish_fisher_is_valid_only_where_its_quantile_rises(
    skew: float, excess: float, fine: bool
) -> None:
    assert valid(skew, excess) is fine


def test_outside_its_domain_cornish_fisher_gives_way_to_filtered_historical_and_says_so() -> None:
    crash = [0.001, -0.001, 0.002, -0.002] * 50 + [-0.5] + [0.001, -0.001] * 20
    found = cornish_fisher(crash)
    assert found.method == "filtered historical"
    assert found.known
    assert found.reason.startswith("Cornish-Fisher isn't valid at skew -")
    calm = [0.01, -0.008, 0.012, -0.015, 0.003, -0.001, 0.004, -0.03, 0.009, 0.02, -0.009, 0.05] * 10
    assert cornish_fisher(calm).method == "Cornish-Fisher"


def test_too_few_returns_are_unknown_with_a_reason_never_zero() -> None:
    assert (least_returns(0.95), least_returns(0.975), least_returns(0.99)) == (100, 200, 500)
    for found in (historical(SAMPLE), normal(SAMPLE[:19]), student_t(SAMPLE[:19]), cornish_fisher(SAMPLE)):
        assert isnan(found.value_at_risk) and isnan(found.expected_shortfall)
        assert "are needed" in found.reason
    assert historical([*SAMPLE[:-1], float("nan")], least=20).reason == "a return is missing"
    assert historical([0.01] * 100).known


def test_the_place_in_the_order_survives_floating_point() -> None:
    assert order(100, 0.95) == 95
    assert [order(n, 0.99) for n in (100, 200, 300, 500, 700)] == [99, 198, 297, 495, 693]
    assert order(1, 0.95) == 1


@given(returns=RETURNS, alpha=st.sampled_from([0.5, 0.75, 0.9, 0.95, 0.99]))
def test_the_shortfall_is_at_least_the_value_at_risk_which_is_a_loss_that_happened(
    returns: list[float], alpha: float
) -> None:
    found = historical(returns, alpha, least=1)
    assert found.expected_shortfall >= found.value_at_risk - 1e-12
    assert -found.value_at_risk in returns


@given(returns=RETURNS, scale=st.floats(0.1, 10), shift=st.floats(-0.1, 0.1))
def test_risk_grows_with_the_position_and_falls_with_what_is_added(
    returns: list[float], scale: float, shift: float
) -> None:
    before = historical(returns, 0.9, least=1)
    after = historical([scale * value + shift for value in returns], 0.9, least=1)
    assert after.value_at_risk == pytest.approx(scale * before.value_at_risk - shift, abs=1e-12)
    assert after.expected_shortfall == pytest.approx(scale * before.expected_shortfall - shift, abs=1e-11)


@given(first=RETURNS, second=RETURNS)
def test_the_shortfall_never_grows_by_putting_portfolios_together(
    first: list[float], second: list[float]
) -> None:
    count = min(len(first), len(second))
    ours, theirs = first[:count], second[:count]
    both = [a + b for a, b in zip(ours, theirs, strict=True)]
    together = historical(both, 0.9, least=1).expected_shortfall
    apart = [historical(each, 0.9, least=1).expected_shortfall for each in (ours, theirs)]
    assert together <= sum(apart) + 1e-12


def test_returns_that_do_not_move_have_no_risk_but_their_mean() -> None:
    found = normal([0.01] * 30)
    assert (found.value_at_risk, found.expected_shortfall) == (close(-0.01), close(-0.01))
    assert moments([0.01] * 30).deviation == 0.0
