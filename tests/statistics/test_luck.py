"""Luck against skill: the reference values, and what more trials or a longer record must do."""

from __future__ import annotations

from itertools import pairwise
from math import inf, isnan, nan, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.statistics.distributions import normal_cdf, normal_quantile
from midas.statistics.luck import (
    EULER_MASCHERONI,
    Record,
    bracket_factor,
    deflated_sharpe,
    expected_best,
    minimum_track_record,
    minimum_track_record_years,
    probabilistic_sharpe,
)
from midas.statistics.performance import kurtosis, sharpe_of_period, skewness
from tests.statistics.series import TWELVE_DAYS as R

TWELVE = Record(
    sharpe_of_period(R, least=1).value, 12, skewness(R, least=1).value, kurtosis(R, least=1).value
)
PAPER = Record(2.5 / sqrt(250), 1250, skewness=-3.0, kurtosis=10.0)  # Bailey & Lopez de Prado 2014
PAPER_VARIANCE = 0.5 / 250

records = st.builds(
    Record,
    sharpe=st.floats(-0.5, 0.5),
    count=st.integers(2, 5000),
    skewness=st.floats(-1.0, 1.0),
    kurtosis=st.floats(3.0, 20.0),
)


def test_twelve_days_are_skill_with_the_chance_of_the_reference() -> None:
    assert probabilistic_sharpe(TWELVE) == pytest.approx(0.724766883, rel=1e-6)
    assert minimum_track_record(TWELVE) == pytest.approx(84.485081, rel=1e-6)


@pytest.mark.parametrize(
    ("sharpe", "years"), [(0.5, 10.8), (0.8, 4.24), (1.0, 2.71), (1.5, 1.21), (2.0, 0.69), (3.0, 0.31)]
)
def test_a_small_sharpe_ratio_takes_years_to_prove(sharpe: float, years: float) -> None:
    assert minimum_track_record_years(sharpe, 252) == pytest.approx(years, rel=7e-3)


@pytest.mark.parametrize(("trials", "chance"), [(100, 0.900396834), (46, 0.950501706), (88, 0.910153015)])
def test_the_example_of_the_paper_deflates_as_it_does_there(trials: int, chance: float) -> None:
    assert deflated_sharpe(PAPER, trials, PAPER_VARIANCE) == pytest.approx(chance, rel=1e-6)


def test_the_example_of_the_paper_lies_so_many_deviations_above_luck() -> None:
    assert normal_quantile(deflated_sharpe(PAPER, 100, PAPER_VARIANCE)) == pytest.approx(1.283816, rel=1e-6)


def test_luck_gives_the_best_of_a_hundred_what_the_paper_says() -> None:
    assert expected_best(100, PAPER_VARIANCE) == pytest.approx(0.113172002, rel=1e-6)


@pytest.mark.parametrize(
    ("trials", "factor"), [(10, 1.574598), (50, 2.276303), (100, 2.530603), (200, 2.765524), (1000, 3.255122)]
)
def test_the_bracket_factor_of_so_many_trials_is_the_reference_value(trials: int, factor: float) -> None:
    assert bracket_factor(trials) == pytest.approx(factor, rel=1e-6)


@pytest.mark.parametrize(("trials", "simulated"), [(10, 1.546), (100, 2.506), (1000, 3.238)])
def test_the_bracket_factor_lies_slightly_above_the_best_that_luck_gives(
    trials: int, simulated: float
) -> None:
    steps = [-10.0 + n / 200 for n in range(4_001)]
    chances = [normal_cdf(x) ** trials for x in steps]
    middle = [(a + b) / 2 for a, b in pairwise(steps)]
    expected = sum(x * (after - before) for x, (before, after) in zip(middle, pairwise(chances), strict=True))
    assert simulated == pytest.approx(expected, abs=0.01)  # of a few thousand draws
    assert expected < bracket_factor(trials) < 1.03 * expected


def test_one_trial_owes_nothing_to_the_choice() -> None:
    assert pytest.approx(0.5772156649, rel=1e-10) == EULER_MASCHERONI
    assert bracket_factor(1) == 0.0
    assert deflated_sharpe(PAPER, 1, PAPER_VARIANCE) == probabilistic_sharpe(PAPER)


@pytest.mark.parametrize(
    "unknown",
    [
        bracket_factor(0.5),
        bracket_factor(inf),
        bracket_factor(nan),
        expected_best(10, -1.0),
        probabilistic_sharpe(Record(0.1, 1)),
        probabilistic_sharpe(Record(nan, 100)),
        probabilistic_sharpe(Record(1.0, 100, skewness=5.0)),
        minimum_track_record(Record(0.1, 100), benchmark=0.1),
        minimum_track_record(Record(nan, 100)),
        deflated_sharpe(PAPER, nan, PAPER_VARIANCE),
    ],
)
def test_what_has_no_value_is_nan(unknown: float) -> None:
    assert isnan(unknown)


@given(records, st.floats(0.0, 0.2))
def test_a_chance_is_a_chance_and_a_higher_bar_never_raises_it(record: Record, bar: float) -> None:
    easy, hard = probabilistic_sharpe(record), probabilistic_sharpe(record, bar)
    assert 0.0 <= hard <= easy <= 1.0


@given(records, st.integers(2, 500), st.integers(0, 500))
def test_more_trials_never_make_skill_likelier(record: Record, trials: int, more: int) -> None:
    few, many = (deflated_sharpe(record, each, 0.001) for each in (trials, trials + more))
    assert many <= few + 1e-12


@given(st.floats(0.02, 0.5), st.floats(-1.0, 1.0), st.floats(3.0, 20.0))
def test_after_the_minimum_record_the_chance_is_the_confidence(
    sharpe: float, skew: float, tails: float
) -> None:
    needed = minimum_track_record(Record(sharpe, 2, skew, tails))
    before, after = (Record(sharpe, max(int(needed) + step, 2), skew, tails) for step in (-1, 1))
    assert probabilistic_sharpe(after) >= 0.95
    assert probabilistic_sharpe(before) <= 0.95 or needed < 3
