from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.statistics.exceptions import (
    accepted,
    acerbi_szekely,
    christoffersen,
    critical_shortfall,
    kupiec,
    traffic_light,
    xlogy,
)
from midas.statistics.parametric import normal_factors


@pytest.mark.parametrize(
    ("days", "exceptions", "probability", "statistic", "p_value"),
    [
        (250, 0, 0.01, 5.025168, 0.024982),
        (250, 2, 0.01, 0.108435, None),
        (250, 5, 0.01, 1.956810, 0.161855),
        (250, 7, 0.01, 5.496990, 0.019049),
        (250, 10, 0.01, 12.955491, 0.000319),
        (250, 13, 0.05, 0.020792, None),
        (250, 20, 0.05, 4.039520, 0.044446),
        (1000, 17, 0.01, 4.090973, 0.043113),
    ],
)
def test_kupiec_counts_as_the_reference(
    days: int, exceptions: int, probability: float, statistic: float, p_value: float | None
) -> None:
    found = kupiec(exceptions, days, probability)
    assert found.statistic == pytest.approx(statistic, abs=6e-7)
    assert p_value is None or found.p_value == pytest.approx(p_value, abs=6e-7)


@pytest.mark.parametrize(
    ("days", "probability", "fewest", "most"),
    [
        (250, 0.01, 1, 6),
        (250, 0.05, 7, 19),
        (500, 0.01, 2, 9),
        (500, 0.05, 17, 35),
        (1000, 0.01, 5, 16),
        (1000, 0.05, 38, 64),
    ],
)
def test_too_few_exceptions_are_refused_like_too_many(
    days: int, probability: float, fewest: int, most: int
) -> None:
    assert accepted(days, probability) == (fewest, most)


def test_exceptions_that_cluster_are_refused_though_their_number_is_the_same() -> None:
    clustered = christoffersen([day in {20, 21, 22, 100, 101, 180, 240} for day in range(250)], 0.01)
    assert clustered.counts == (238, 4, 4, 3)
    assert clustered.independence.statistic == pytest.approx(13.487564, abs=6e-7)
    assert clustered.independence.p_value == pytest.approx(0.000240, abs=6e-7)
    assert clustered.coverage.statistic == pytest.approx(18.984554, abs=6e-7)
    assert clustered.coverage.p_value == pytest.approx(7.5e-5, abs=6e-7)
    spread = christoffersen([day in {20, 60, 90, 130, 170, 210, 240} for day in range(250)], 0.01)
    assert spread.independence.statistic == pytest.approx(0.405015, abs=6e-7)
    assert spread.independence.p_value == pytest.approx(0.5245, abs=6e-5)
    assert spread.coverage.statistic == pytest.approx(5.902006, abs=6e-7)
    assert spread.coverage.p_value == pytest.approx(0.0523, abs=6e-5)


@given(st.lists(st.booleans(), min_size=1, max_size=300), st.sampled_from([0.01, 0.05]))
def test_no_record_breaks_the_tests_and_coverage_is_both_together(
    hits: list[bool], probability: float
) -> None:
    found = christoffersen(hits, probability)
    alone = kupiec(sum(hits), len(hits), probability)
    assert sum(found.counts) == len(hits) - 1
    assert found.coverage.statistic == pytest.approx(found.independence.statistic + alone.statistic)
    assert 0.0 <= found.coverage.p_value <= 1.0 and found.independence.statistic >= 0.0


def test_nothing_times_the_logarithm_of_nothing_is_nothing() -> None:
    assert xlogy(0, 0.0) == 0.0
    assert kupiec(0, 250, 0.01).statistic > 0.0


def test_the_critical_value_of_the_shortfall_test_is_about_seven_tenths() -> None:
    generator = np.random.default_rng(3)
    sample = generator.standard_normal(100_000).tolist()
    assert critical_shortfall(sample, 250, 0.975, generator, 5_000) == pytest.approx(0.70, abs=0.05)


def test_losses_as_large_as_said_pass_and_larger_ones_do_not() -> None:
    generator = np.random.default_rng(8)
    level, beyond = normal_factors(0.975)
    days = 1_000
    critical = critical_shortfall(generator.standard_normal(100_000).tolist(), days, 0.975, generator)
    right = generator.standard_normal(days).tolist()
    wrong = generator.standard_t(3, days).tolist()
    assert acerbi_szekely(right, [level] * days, [beyond] * days, 0.975) < critical
    assert acerbi_szekely(wrong, [level] * days, [beyond] * days, 0.975) > critical


def test_the_shortfall_statistic_is_zero_where_the_tail_is_as_said() -> None:
    losses = [1.0] * 95 + [3.0] * 5
    assert acerbi_szekely(losses, [2.0] * 100, [3.0] * 100, 0.95) == pytest.approx(0.0)
    assert acerbi_szekely(losses, [2.0] * 100, [1.5] * 100, 0.95) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("exceptions", "light"), [(0, "green"), (4, "green"), (5, "yellow"), (9, "yellow"), (10, "red")]
)
def test_the_traffic_light_turns_at_five_and_at_ten(exceptions: int, light: str) -> None:
    assert traffic_light(exceptions) == light
