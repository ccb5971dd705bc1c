from __future__ import annotations

from math import comb, isnan, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.statistics.calibration_monitor import (
    Gap,
    Monitor,
    Outcome,
    Rules,
    Status,
    advanced,
    false_alarms,
    measured,
    naive,
    power,
    status,
    triggered,
)


def gap(hits: int, count: int, p: float = 0.55, overlap: float = 1.0) -> Gap:
    spread = sqrt(count * p * (1.0 - p) * overlap)
    return Gap(count, count / overlap, hits, count * p, (hits - count * p) / spread)


def hits_exactly(hits: int, count: int, p: float = 0.55) -> float:
    return float(comb(count, hits) * p**hits * (1.0 - p) ** (count - hits))


@pytest.mark.parametrize(
    ("count", "two_sided", "one_sided", "relative"),
    [
        (10, 0.361, 0.102, 0.262),
        (20, 0.186, 0.058, 0.249),
        (30, 0.103, 0.033, 0.231),
        (50, 0.034, 0.012, 0.128),
        (100, 0.003, 0.001, 0.044),
    ],
)
def test_the_false_alarms_are_those_of_the_reference(
    count: int, two_sided: float, one_sided: float, relative: float
) -> None:
    found = false_alarms(count)
    assert found.one_sided == pytest.approx(one_sided, abs=6e-4)
    assert found.relative == pytest.approx(relative, abs=6e-4)
    # The reference's figure lets .55 - .40 > .15 be true, as it is in floating point.
    trapped = found.two_sided + hits_exactly(round(0.4 * count), count)
    assert trapped == pytest.approx(two_sided, abs=6e-4)
    assert found.two_sided < two_sided


@pytest.mark.parametrize("count", [10, 29])
def test_below_thirty_effective_trades_nothing_fires(count: int) -> None:
    assert false_alarms(count).trigger == 0.0
    assert not triggered(gap(0, count))
    assert naive(gap(0, count))


def test_the_trigger_is_quieter_than_the_rule_and_as_strong() -> None:
    for count in (30, 50):
        assert false_alarms(count).trigger < 0.55 * false_alarms(count).two_sided
    assert false_alarms(100).trigger < 0.01
    for count in (30, 50, 100):
        assert power(count, 0.55, 0.40).trigger >= power(count, 0.55, 0.40).one_sided - 1e-12
    assert power(100, 0.55, 0.40).trigger > 0.65
    assert power(50, 0.55, 0.40).one_sided == pytest.approx(0.45, abs=0.02)


@pytest.mark.parametrize(
    ("hits", "count", "both"), [(41, 100, False), (40, 100, False), (39, 100, True), (70, 100, False)]
)
def test_fifteen_points_exactly_are_not_more_than_fifteen(hits: int, count: int, both: bool) -> None:
    narrow = Rules(z_trigger=-99.0)
    assert naive(gap(hits, count)) is both
    assert triggered(gap(hits, count), narrow) is both
    assert 0.55 - 0.40 > 0.15  # what the comparison must not be left to


def test_many_trades_fire_by_their_z_long_before_fifteen_points() -> None:
    many = gap(980, 2_000)
    assert many.difference == pytest.approx(-0.06)
    assert many.z < -2.5
    assert triggered(many) and not naive(many)
    assert not triggered(gap(1_200, 2_000))  # better than promised is no danger


def test_trades_that_overlap_count_once() -> None:
    outcomes = [Outcome(5, 0.55, False)] * 40
    alone, together = measured(outcomes, 5), measured(outcomes, 5, overlap=2.0)
    assert (alone.effective, together.effective) == (40.0, 20.0)
    assert together.z == pytest.approx(alone.z / sqrt(2.0))
    assert triggered(alone) and not triggered(together)


def test_the_window_is_thirty_days_and_an_empty_one_is_unknown() -> None:
    outcomes = [Outcome(day, 0.6, True) for day in range(100)]
    found = measured(outcomes, 99)
    assert (found.count, found.hits) == (30, 30)
    assert found.expected == pytest.approx(18.0)
    nothing = measured([], 7)
    assert isnan(nothing.difference) and isnan(nothing.z)
    assert not naive(nothing) and not triggered(nothing)
    assert status(Monitor(), nothing) is Status.TOO_FEW


def test_it_recovers_after_five_calm_days_in_a_row_and_not_before() -> None:
    bad, calm, between = gap(30, 100), gap(55, 100), gap(48, 100)
    assert -2.5 < between.z < -1.0
    monitor = advanced(Monitor(), bad, 0)
    assert status(monitor, bad) is Status.DEGRADED
    for day in range(1, 5):
        monitor = advanced(monitor, calm, day)
        assert monitor.degraded
    monitor = advanced(monitor, between, 5)
    assert (monitor.degraded, monitor.calm_days) == (True, 0)
    for day in range(6, 11):
        assert monitor.degraded
        monitor = advanced(monitor, calm, day)
    assert not monitor.degraded
    assert status(monitor, calm) is Status.CALIBRATED
    assert not advanced(monitor, between, 11).degraded


def test_a_day_counts_once_however_often_it_is_looked_at() -> None:
    monitor = advanced(Monitor(), gap(30, 100), 0)
    for _ in range(20):
        monitor = advanced(monitor, gap(55, 100), 1)
    assert monitor == Monitor(degraded=True, calm_days=1, last_day=1)


def test_a_day_that_only_began_calmly_begins_the_count_anew() -> None:
    monitor = Monitor(degraded=True, calm_days=4, last_day=4)
    assert advanced(monitor, gap(48, 100), 4) == Monitor(degraded=True, calm_days=0, last_day=4)
    assert advanced(monitor, gap(12, 29), 4) == monitor


def test_while_too_few_trades_are_left_to_tell_a_degraded_monitor_stays_for_a_window() -> None:
    monitor = advanced(Monitor(), gap(30, 100), 0)
    for day in range(1, 30):
        monitor = advanced(monitor, gap(16, 29), day)
    assert monitor.degraded and monitor.calm_days == 0
    assert not advanced(Monitor(), gap(0, 10), 0).degraded
    assert advanced(monitor, gap(16, 29), 30) == Monitor(last_day=30)


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=60))
def test_it_is_never_let_go_within_five_days_of_a_trigger(days: list[tuple[int, int]]) -> None:
    monitor, last = Monitor(), None
    for day, (hits, count) in enumerate(days):
        now = gap(min(hits, count), max(count, 1))
        monitor = advanced(monitor, now, day)
        if triggered(now):
            last = day
            assert monitor.degraded
        if last is not None and day < last + 5:
            assert monitor.degraded
