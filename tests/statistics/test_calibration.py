from __future__ import annotations

from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.statistics.calibration import (
    brier,
    brier_skill,
    diagram,
    equal_mass,
    equal_width,
    log_loss,
    null_band,
    reliability,
    spiegelhalter,
    two_sided,
    wilson,
)
from midas.statistics.conformal import Adaptive, quantile
from midas.statistics.recalibration import (
    HIGH,
    LOW,
    Recalibration,
    beta,
    isotonic,
    logit,
    platt,
    sigmoid,
    suited,
    temperature,
)

P = [0.9, 0.8, 0.7, 0.6, 0.55, 0.4, 0.35, 0.3, 0.2, 0.1]
Y = [True, True, False, True, True, False, True, False, False, False]
FORECASTS = st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans()), min_size=1, max_size=80)


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-6)


def test_the_scores_are_those_of_the_reference() -> None:
    assert brier(P, Y) == close(0.1625)
    assert log_loss(P, Y) == close(0.488696625)
    assert brier_skill(P, Y) == close(1.0 - 0.1625 / 0.25)
    assert spiegelhalter(P, Y) == pytest.approx(-0.428904, abs=6e-7)


def test_the_parts_of_the_score_are_those_of_the_reference_and_of_the_binned_forecast() -> None:
    found = reliability(P, Y, equal_width(P, 5))
    assert (found.ece, found.mce) == (close(0.09), close(0.15))
    assert found.reliability == close(0.010875)
    assert found.resolution == pytest.approx(0.083333, abs=6e-7)
    assert found.uncertainty == close(0.25)
    assert found.brier == pytest.approx(0.177542, abs=6e-7)
    assert found.brier != pytest.approx(brier(P, Y), abs=1e-3)


@pytest.mark.parametrize(
    ("forecast", "bins", "index"),
    [
        (0.6, 5, 3),
        (0.2, 5, 1),
        (0.4, 5, 2),
        (0.8, 5, 4),
        (0.0, 5, 0),
        (1.0, 5, 4),
        (0.7, 10, 7),
        (0.3, 10, 3),
    ],
)
def test_a_forecast_on_an_edge_lies_in_the_bin_that_begins_there(
    forecast: float, bins: int, index: int
) -> None:
    middles = [(place + 0.5) / bins for place in range(bins)]
    found = equal_width([*middles, forecast], bins)
    assert [place for place, members in enumerate(found) if bins in members] == [index]


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=100), st.integers(1, 12))
def test_bins_of_equal_mass_hold_each_forecast_once_and_differ_by_one(
    forecasts: list[float], bins: int
) -> None:
    found = equal_mass(forecasts, bins)
    assert sorted(place for members in found for place in members) == list(range(len(forecasts)))
    assert max(map(len, found)) - min(map(len, found)) <= 1
    highest = [max(forecasts[place] for place in members) for members in found]
    assert highest == sorted(highest)


@given(FORECASTS, st.integers(1, 10))
def test_the_binned_score_is_reliability_less_resolution_plus_uncertainty(
    pairs: list[tuple[float, bool]], bins: int
) -> None:
    forecasts, outcomes = [p for p, _ in pairs], [y for _, y in pairs]
    made = equal_width(forecasts, bins)
    averaged = list(forecasts)
    for members in made:
        mean = sum(forecasts[place] for place in members) / len(members)
        for place in members:
            averaged[place] = min(mean, 1.0)
    found = reliability(forecasts, outcomes, made)
    assert found.brier == pytest.approx(brier(averaged, outcomes), abs=1e-9)
    assert 0.0 <= found.ece <= found.mce + 1e-12 <= 1.0 + 1e-9


@pytest.mark.parametrize(
    ("count", "mean", "high"),
    [(200, 0.087, 0.125), (1_000, 0.040, 0.055), (5_000, 0.0176, 0.024), (20_000, 0.0087, 0.0125)],
)
def test_a_calibrated_forecaster_shows_an_ece_all_the_same(count: int, mean: float, high: float) -> None:
    generator = np.random.default_rng(1)
    forecasts = generator.beta(20, 20, count).tolist()
    found = null_band(forecasts, 0.0, equal_mass(forecasts), generator, 200)
    assert found.mean == pytest.approx(mean, rel=0.08)
    assert found.high == pytest.approx(high, rel=0.12)
    assert found.p_value == pytest.approx(1.0)


def test_an_overconfident_forecaster_lies_outside_of_what_chance_shows() -> None:
    generator = np.random.default_rng(2)
    truth = generator.normal(0.0, 0.4, 2_000)
    outcomes = (generator.random(2_000) < 1.0 / (1.0 + np.exp(-truth))).tolist()
    said = (1.0 / (1.0 + np.exp(-3.0 * truth - 0.3))).tolist()
    bins = equal_mass(said)
    found = null_band(said, reliability(said, outcomes, bins).ece, bins, generator, 200)
    assert found.p_value < 0.01
    assert two_sided(spiegelhalter(said, outcomes)) < 0.001
    points = diagram(said, outcomes, bins, generator, 200)
    assert sum(point.count for point in points) == 2_000
    assert points[0].hit_rate > points[0].expected_high
    assert points[-1].hit_rate < points[-1].expected_low
    assert all(point.low <= point.hit_rate <= point.high for point in points)
    assert isnan(diagram(said, outcomes, bins)[0].expected_low)


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(0, 10, 0.0, 0.277533), (5, 10, 0.236593, 0.763407), (10, 10, 0.722467, 1.0), (0, 0, 0.0, 1.0)],
)
def test_wilson_intervals_stay_between_zero_and_one(hits: int, count: int, low: float, high: float) -> None:
    assert wilson(hits, count) == pytest.approx((low, high), abs=1e-6)


def test_nothing_forecast_is_nothing_known_and_certainty_that_errs_costs_infinitely() -> None:
    assert isnan(brier([], [])) and isnan(log_loss([], [])) and isnan(spiegelhalter([], []))
    assert isnan(reliability([], [], []).ece)
    assert isnan(brier_skill([0.5], [True]))
    assert log_loss([1.0], [False]) == inf
    assert isnan(spiegelhalter([0.5, 0.5], [True, False]))
    with pytest.raises(AssertionError, match="from 0 to 1"):
        brier([1.2], [True])


def test_the_maps_are_those_of_the_reference() -> None:
    found = platt(P, Y)
    assert found.slope == pytest.approx(0.812408, abs=6e-7)
    assert found.intercept == pytest.approx(0.040599, abs=6e-7)
    assert temperature(P, Y).temperature == pytest.approx(0.700109, abs=6e-7)
    steps = isotonic(P, Y)
    expected = [1, 1, 0.667, 0.667, 0.667, 0.5, 0.5, 0, 0, 0]
    assert [steps.step(p) for p in P] == pytest.approx(expected, abs=6e-4)
    assert (steps(0.95), steps(0.05)) == (HIGH, LOW)


@pytest.mark.parametrize("fit", [platt, temperature, isotonic, beta])
def test_a_map_undoes_overconfidence(fit: object) -> None:
    assert callable(fit)
    generator = np.random.default_rng(3)
    truth = generator.normal(0.0, 0.4, 1_500)
    outcomes = (generator.random(1_500) < 1.0 / (1.0 + np.exp(-truth))).tolist()
    said = (1.0 / (1.0 + np.exp(-3.0 * truth - 0.3))).tolist()
    made: Recalibration = fit(said, outcomes)
    better = [made(p) for p in said]
    assert log_loss(better, outcomes) < log_loss(said, outcomes)
    assert reliability(better, outcomes, equal_mass(better)).ece < 0.06
    rising = [made(p / 50.0) for p in range(51)]
    assert rising == sorted(rising)


@given(FORECASTS)
def test_isotonic_rises_and_keeps_the_hit_rate(pairs: list[tuple[float, bool]]) -> None:
    forecasts, outcomes = [p for p, _ in pairs], [y for _, y in pairs]
    made = isotonic(forecasts, outcomes)
    assert list(made.values) == sorted(made.values)
    steps = [made.step(p) for p in forecasts]
    assert sum(steps) == pytest.approx(sum(outcomes), abs=1e-9)
    assert brier(steps, outcomes) <= brier(forecasts, outcomes) + 1e-12


def test_outcomes_that_separate_perfectly_leave_every_map_finite() -> None:
    forecasts, outcomes = [0.1, 0.2, 0.8, 0.9], [False, False, True, True]
    for fit in (platt, temperature, isotonic, beta):
        made: Recalibration = fit(forecasts, outcomes)
        assert 0.0 <= made(0.0) <= made(0.5) <= made(1.0) <= 1.0


def test_the_sample_decides_which_map_is_fitted() -> None:
    assert suited(5_000) is platt
    assert suited(5_001) is isotonic


@given(st.floats(1e-9, 1.0 - 1e-9))
def test_logit_and_sigmoid_undo_each_other(p: float) -> None:
    assert sigmoid(logit(p)) == pytest.approx(p, rel=1e-9)
    assert sigmoid(-800.0) >= 0.0 and sigmoid(800.0) == 1.0


RESIDUALS = [0.2, 0.5, 0.1, 0.9, 0.3, 0.4, 0.7, 0.05, 0.6]


@pytest.mark.parametrize(
    ("alpha", "reach"), [(0.1, 0.9), (0.2, 0.7), (0.05, inf), (0.0, inf), (-0.02, inf), (1.0, -inf)]
)
def test_a_conformal_quantile_is_the_score_that_covers(alpha: float, reach: float) -> None:
    assert quantile(RESIDUALS, alpha) == reach


def test_the_adaptive_level_follows_the_misses_as_in_the_reference() -> None:
    level, seen = Adaptive(target=0.1, step=0.05, level=0.1), []
    for missed in (0, 0, 1, 0, 1, 1, 0, 0):
        level = level.after(bool(missed))
        seen.append(level.level)
    assert seen == pytest.approx([0.105, 0.11, 0.065, 0.07, 0.025, -0.02, -0.015, -0.01], abs=1e-12)
    assert level.reach(RESIDUALS) == inf


def test_the_adaptive_level_covers_though_the_noise_doubles() -> None:
    generator = np.random.default_rng(5)
    scores = np.abs(generator.normal(0.0, np.repeat([1.0, 2.5], 1_000))).tolist()
    level, missed = Adaptive(step=0.02), 0
    for place in range(100, 2_000):
        outside = scores[place] > level.reach(scores[place - 100 : place])
        missed += outside
        level = level.after(outside)
    assert missed / 1_900 == pytest.approx(0.1, abs=0.01)


def test_beta_of_a_forecaster_who_says_the_opposite_says_the_hit_rate() -> None:
    generator = np.random.default_rng(1)
    forecasts = generator.uniform(0.05, 0.95, 2_000)
    outcomes = generator.random(2_000) < 0.6 * (1.0 - forecasts)
    found = beta(forecasts.tolist(), outcomes.tolist())
    assert (found.a, found.b) == (0.0, 0.0)
    assert found(0.2) == found(0.8) == pytest.approx(float(outcomes.mean()), abs=1e-6)
