from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from midas.venues.sim.facts import daily
from midas.venues.sim.facts.row import Row
from midas.venues.sim.facts.suite import CONTROL_FAILS_MIN, control, simulated
from midas.venues.sim.world.climate import Regime
from midas.venues.sim.world.macro import MacroParameters
from midas.venues.sim.world.parameters import MEDIUM, preset_world

pytestmark = pytest.mark.long

COUNT = 200_000


@pytest.fixture
def generator() -> np.random.Generator:
    """Seeded chance."""
    return np.random.default_rng(5)


def autoregressive(generator: np.random.Generator, coefficient: float) -> daily.Floats:
    """An AR(1) of unit shocks."""
    series = generator.normal(size=COUNT)
    for place in range(1, COUNT):
        series[place] += coefficient * series[place - 1]
    return series


def test_moments_of_four_numbers_repeated_are_those_of_the_four() -> None:
    returns = np.tile([0.0, 0.0, 0.0, 4.0], 20)  # m2 = 3, m3 = 6, m4 = 21
    assert daily.skewness(returns) == pytest.approx(6 / 3**1.5)
    assert daily.excess_kurtosis(returns) == pytest.approx(21 / 9 - 3)


def test_student_returns_have_the_excess_kurtosis_of_their_law(generator: np.random.Generator) -> None:
    assert daily.excess_kurtosis(generator.standard_t(12, COUNT)) == pytest.approx(6 / 8, abs=0.1)


@pytest.mark.parametrize("index", [1.5, 3.0])
def test_hill_finds_the_index_of_a_pareto_sample(generator: np.random.Generator, index: float) -> None:
    sizes = 1.0 + generator.pareto(index, COUNT)
    signs = generator.choice([-1.0, 1.0], COUNT)
    assert daily.hill(sizes * signs) == pytest.approx(index, rel=0.03)


def test_hill_is_one_over_the_mean_log_excess() -> None:
    returns = np.concatenate([np.full(38, 1.0), [math.e, -(math.e**3)]])
    assert daily.hill(returns) == pytest.approx(2 / (1 + 3))


def test_autocorrelation_of_an_autoregression_falls_by_its_coefficient(
    generator: np.random.Generator,
) -> None:
    series = autoregressive(generator, 0.8)
    assert daily.autocorrelation(series, 1, 1) == pytest.approx(0.8, abs=0.01)
    assert daily.autocorrelation(series, 1, 5) == pytest.approx(np.mean(0.8 ** np.arange(1, 6)), abs=0.015)
    assert daily.autocorrelation(series, 81, 120) == pytest.approx(0.0, abs=0.015)


@pytest.mark.parametrize(
    ("statistic", "degrees", "expected"),
    [
        (0.0, 20, 1.0),
        (3.841458820694124, 1, 0.05),  # quantiles of the usual tables
        (31.410432844230918, 20, 0.05),
        (37.56623478662507, 20, 0.01),
        (45.31474661812586, 20, 0.001),
        (10.850811394182588, 20, 0.95),
        (2.0, 2, math.exp(-1.0)),  # two degrees: an exponential
        (100.0, 2, math.exp(-50.0)),
    ],
)
def test_chi_square_survival_is_that_of_the_tables(statistic: float, degrees: int, expected: float) -> None:
    assert daily.chi_square_survival(statistic, degrees) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("statistic", [0.5, 8.0, 21.9, 22.1, 60.0, 300.0])
def test_chi_square_survival_of_even_degrees_is_a_poisson_sum(statistic: float) -> None:
    half = statistic / 2
    expected = math.exp(-half) * sum(half**k / math.factorial(k) for k in range(10))
    assert daily.chi_square_survival(statistic, 20) == pytest.approx(expected, rel=1e-10)


def test_ljung_box_p_is_uniform_for_noise_and_tiny_for_clusters(generator: np.random.Generator) -> None:
    values = [daily.ljung_box(generator.normal(size=2_000)) for _ in range(400)]
    assert np.quantile(values, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.07)
    assert daily.ljung_box(autoregressive(generator, 0.3)[:2_000]) < 1e-20


def test_sums_of_independent_days_have_a_twentieth_of_their_kurtosis(generator: np.random.Generator) -> None:
    returns = generator.laplace(size=COUNT)
    assert daily.aggregated_kurtosis(returns) == pytest.approx(1 / 20, abs=0.03)
    assert math.isnan(daily.aggregated_kurtosis(np.tile([-1.0, 1.0], 50)))


def test_leverage_is_negative_where_falls_are_followed_by_large_moves(generator: np.random.Generator) -> None:
    shocks = generator.normal(size=COUNT)
    returns = shocks.copy()
    returns[1:] *= np.exp(-0.3 * shocks[:-1])
    # Of the ten lags only the first is correlated, by -2 s e^(2 s^2) / sd(r^2), with s = .3.
    second, fourth = math.exp(2 * 0.3**2), 3 * math.exp(8 * 0.3**2)
    expected = -2 * 0.3 * second / math.sqrt(second * (fourth - second**2)) / 10
    assert daily.leverage(returns) == pytest.approx(expected, abs=0.003)
    assert daily.leverage(shocks) == pytest.approx(0.0, abs=0.003)


def test_the_variance_ratio_is_one_for_a_random_walk_and_known_for_an_autoregression(
    generator: np.random.Generator,
) -> None:
    walk = generator.normal(0.5, 1.0, COUNT)
    assert daily.variance_ratio(walk) == pytest.approx(1.0, abs=0.03)
    lags = np.arange(1, 10)
    expected = 1 + 2 * np.sum((1 - lags / 10) * 0.3**lags)
    assert daily.variance_ratio(autoregressive(generator, 0.3)) == pytest.approx(expected, rel=0.03)


def test_scaling_by_past_volatility_takes_away_what_clusters_made(generator: np.random.Generator) -> None:
    volatility = np.exp(0.6 * np.repeat(generator.normal(size=COUNT // 400), 400))
    returns = volatility * generator.normal(size=COUNT)
    assert daily.excess_kurtosis(returns) > 4
    assert daily.scaled_kurtosis(returns) < 1.5
    # The EWMA of independent normals wavers by 2 (1 - decay) / (1 + decay); nearly 3 times that remains.
    assert daily.scaled_kurtosis(generator.normal(size=COUNT)) == pytest.approx(0.23, abs=0.08)


def test_gain_loss_compares_the_worst_with_the_best_day_of_a_hundred() -> None:
    assert daily.gain_loss(np.arange(-100.0, 101.0)) == pytest.approx(1.0)
    assert daily.gain_loss(np.arange(-150.0, 51.0)) == pytest.approx(148 / 48)


def test_average_correlation_is_the_mean_of_all_pairs(generator: np.random.Generator) -> None:
    common, own = generator.normal(size=(COUNT, 1)), generator.normal(size=(COUNT, 3))
    returns = math.sqrt(0.4) * common + math.sqrt(0.6) * own
    assert daily.average_correlation(returns) == pytest.approx(0.4, abs=0.01)


def correlated(generator: np.random.Generator, levels: dict[Regime, float], days: int) -> daily.Sample:
    """Days of each regime with this correlation."""
    parts = [
        math.sqrt(level) * generator.normal(size=(days, 1))
        + math.sqrt(1 - level) * generator.normal(size=(days, 4))
        for level in levels.values()
    ]
    labels = np.repeat(np.array(list(levels), np.int8), days)
    return daily.Sample(np.concatenate(parts), labels)


def test_the_order_of_correlation_is_its_smallest_step_down(generator: np.random.Generator) -> None:
    levels = {
        Regime.CRISIS: 0.9,
        Regime.HIGH_VOLATILITY: 0.6,
        Regime.BEAR: 0.5,
        Regime.BULL: 0.3,
        Regime.RANGE: 0.1,
    }
    assert daily.correlation_order(correlated(generator, levels, 20_000)) == pytest.approx(0.1, abs=0.02)
    swapped = levels | {Regime.BULL: 0.1, Regime.RANGE: 0.3}
    assert daily.correlation_order(correlated(generator, swapped, 20_000)) == pytest.approx(-0.2, abs=0.02)


def test_too_few_days_are_no_number() -> None:
    short = np.linspace(-1.0, 1.0, 30)
    for statistic in (
        daily.excess_kurtosis,
        daily.skewness,
        daily.ljung_box,
        daily.leverage,
        daily.variance_ratio,
        daily.scaled_kurtosis,
        daily.gain_loss,
        daily.aggregated_kurtosis,
    ):
        assert math.isnan(statistic(short)), statistic.__name__
    assert math.isnan(daily.autocorrelation(short, 1, 5))
    assert math.isnan(daily.average_correlation(np.tile(short[:, None], 2)))


def test_a_row_with_a_seed_that_has_no_number_does_not_pass() -> None:
    row = Row(suite="macro", name="x", low=0, high=1, values=(0.5, math.nan, 0.5), source="")
    assert math.isnan(row.median)
    assert not row.passed
    assert replace(row, values=(0.5, 0.5)).passed


def test_independent_normal_returns_fail_most_rows() -> None:
    failed = {row.name for row in control(range(1, 4), 5_040) if not row.passed}
    assert len(failed) >= CONTROL_FAILS_MIN
    assert {
        "excess kurtosis",
        "Hill tail index, 5 %",
        "ACF of sizes, lags 1-5",
        "leverage, 1-10 days",
    } <= failed


def test_every_row_of_the_macro_world_lies_in_its_band() -> None:
    # Coarser steps than the canonical 390 a day: an eighth of the work. Nothing was tuned on these seeds.
    world = replace(preset_world(MEDIUM), macro=MacroParameters(steps_per_day=48))
    samples = [simulated(seed, 5_040, world) for seed in range(2_001, 2_013)]
    rows = daily.rows([daily.measured(sample) for sample in samples])
    assert {row.name: row.median for row in rows if not row.passed} == {}
    assert len(rows) == len(daily.FACTS)


def test_every_row_of_the_world_that_is_served_lies_in_its_band() -> None:
    samples = [simulated(seed, 5_040, preset_world(MEDIUM)) for seed in range(3_001, 3_013)]
    rows = daily.rows([daily.measured(sample) for sample in samples])
    assert {row.name: row.median for row in rows if not row.passed} == {}


def test_an_order_of_correlation_needs_all_five_regimes() -> None:
    sample = daily.iid_normal(2_000, 3, 5)
    four = daily.Sample(sample.returns, np.minimum(sample.regimes, 3).astype(np.int8))
    assert not math.isnan(daily.correlation_order(sample))
    assert math.isnan(daily.correlation_order(four))
    assert not math.isnan(daily.correlation_order(replace(four, beyond=sample)))


def test_a_world_is_followed_until_it_has_shown_every_regime() -> None:
    found = [simulated(seed, 3_000, preset_world(MEDIUM)) for seed in range(1_001, 1_007)]
    assert any(sample.beyond for sample in found)
    assert all(sample.whole.complete and len(sample.returns) == 3_000 for sample in found)


def test_a_real_year_has_heavy_tails_and_clusters_too(reference_data: Path) -> None:
    path = reference_data / "data" / "binance-btcusdt-1d-2020.csv"
    if not path.is_file():
        pytest.skip(f"no reference data: {path} is missing")
    with path.open() as file:
        closes = np.array([float(row["close"]) for row in csv.DictReader(file)])
    returns = np.diff(np.log(closes))
    assert daily.excess_kurtosis(returns) > 4
    assert daily.skewness(returns) < 0
    assert 1.5 < daily.hill(returns) < 4.5
    assert daily.autocorrelation(np.abs(returns), 1, 5) > 0.05
