"""The distributions against values of scipy 1.17, and against what must hold for any of them."""

from __future__ import annotations

from math import inf, isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.statistics.distributions import (
    beta_cdf,
    beta_quantile,
    chi_square_tail,
    normal_cdf,
    normal_quantile,
    student_cdf,
    student_quantile,
)

sizes = st.floats(0.5, 1e4)


@pytest.mark.parametrize(
    ("x", "a", "b", "chance"),
    [
        (0.5, 2.0, 3.0, 0.6875),
        (0.1, 0.5, 0.5, 0.20483276469913345),
        (0.3, 10.0, 20.0, 0.3640040810719437),
        (0.55, 60.0, 40.0, 0.1537752023186018),
        (0.6, 6001.0, 4001.0, 0.5010857321888669),
        (0.999, 50.0, 0.5, 0.7523690199653766),
    ],
)
def test_the_beta_distribution_gives_the_values_of_scipy(x: float, a: float, b: float, chance: float) -> None:
    assert beta_cdf(x, a, b) == pytest.approx(chance, rel=1e-9)


@pytest.mark.parametrize(
    ("level", "a", "b", "x"),
    [
        (0.25, 1.0, 1.0, 0.25),
        (0.25, 7.0, 5.0, 0.48892708100280197),
        (0.25, 56.0, 46.0, 0.5159205602280963),
        (0.25, 1201.0, 801.0, 0.5925325584537614),
        (0.05, 0.5, 2.5, 0.0008681992074418037),
        (0.99, 2.0, 1000.0, 0.006613073955788386),
    ],
)
def test_the_beta_quantile_gives_the_values_of_scipy(level: float, a: float, b: float, x: float) -> None:
    assert beta_quantile(level, a, b) == pytest.approx(x, rel=1e-9)


@pytest.mark.parametrize(
    ("x", "degrees", "chance"),
    [
        (5.025168, 1, 0.02498150199678613),
        (18.984554, 2, 7.543214858616767e-05),
        (18.307, 10, 0.05000058909139812),
        (0.4, 10, 0.999997741809447),
        (80.0, 20, 3.925932226286184e-09),
        (0.001, 1, 0.9747728793699604),
    ],
)
def test_the_tail_of_chi_square_gives_the_values_of_scipy(x: float, degrees: int, chance: float) -> None:
    assert chi_square_tail(x, degrees) == pytest.approx(chance, rel=1e-9)


@pytest.mark.parametrize(
    ("level", "freedom", "t"),
    [
        (0.05, 5.0, -2.015048373333024),
        (0.01, 3.0, -4.5407028585681335),
        (0.975, 10.0, 2.228138851986274),
        (0.6, 4.0, 0.2707222947075976),
        (0.001, 30.0, -3.385184866829305),
    ],
)
def test_the_student_quantile_gives_the_values_of_scipy(level: float, freedom: float, t: float) -> None:
    assert student_quantile(level, freedom) == pytest.approx(t, rel=1e-9)


@pytest.mark.parametrize(
    ("level", "z"), [(0.95, 1.644854), (0.975, 1.959964), (0.99, 2.326348), (0.05, -1.644854)]
)
def test_the_normal_quantile_is_that_of_the_tables(level: float, z: float) -> None:
    assert normal_quantile(level) == pytest.approx(z, abs=5e-7)
    assert normal_cdf(normal_quantile(level)) == pytest.approx(level, rel=1e-12)


def test_what_no_chance_is_has_no_quantile() -> None:
    assert [normal_quantile(0.0), normal_quantile(1.0)] == [-inf, inf]
    assert [beta_quantile(0.0, 2.0, 3.0), beta_quantile(1.0, 2.0, 3.0)] == [0.0, 1.0]
    assert [student_quantile(0.0, 5.0), student_quantile(0.5, 5.0), student_quantile(1.0, 5.0)] == [
        -inf,
        0.0,
        inf,
    ]
    for none in (nan, -0.1, 1.1):
        assert isnan(normal_quantile(none))
        assert isnan(beta_quantile(none, 2.0, 3.0))
        assert isnan(student_quantile(none, 5.0))


def test_nan_goes_through() -> None:
    assert isnan(normal_cdf(nan))
    assert isnan(beta_cdf(nan, 1.0, 1.0))
    assert isnan(chi_square_tail(nan, 1))


def test_the_ends_of_a_distribution_are_certain() -> None:
    assert [beta_cdf(0.0, 2.0, 3.0), beta_cdf(1.0, 2.0, 3.0)] == [0.0, 1.0]
    assert [chi_square_tail(0.0, 2), chi_square_tail(-1.0, 2)] == [1.0, 1.0]


@pytest.mark.parametrize(("a", "b"), [(0.0, 1.0), (1.0, -1.0), (nan, 1.0)])
def test_a_beta_has_positive_parameters(a: float, b: float) -> None:
    with pytest.raises(AssertionError, match="expected positive parameters"):
        beta_cdf(0.5, a, b)


# From 1 on, as of wins and losses: below, the density has no bound where floats are 1e-16 apart.
@given(st.floats(1e-6, 1 - 1e-6), st.floats(1.0, 1e4), st.floats(1.0, 1e4))
def test_the_beta_quantile_undoes_its_distribution(level: float, a: float, b: float) -> None:
    assert beta_cdf(beta_quantile(level, a, b), a, b) == pytest.approx(level, rel=1e-7)


@given(st.integers(0, 1024), sizes, sizes)
def test_a_beta_mirrors_when_wins_and_losses_change_places(part: int, a: float, b: float) -> None:
    x = part / 1024  # so that 1 - x is exact
    assert beta_cdf(x, a, b) + beta_cdf(1.0 - x, b, a) == pytest.approx(1.0, abs=1e-9)


@given(st.floats(0.01, 100.0))
def test_two_degrees_of_freedom_are_an_exponential(x: float) -> None:
    assert chi_square_tail(x, 2) == pytest.approx(2.718281828459045 ** (-x / 2.0), rel=1e-10)


@given(st.floats(1e-4, 1 - 1e-4), st.floats(1.0, 100.0))
def test_the_student_quantile_undoes_its_distribution(level: float, freedom: float) -> None:
    assert student_cdf(student_quantile(level, freedom), freedom) == pytest.approx(level, rel=1e-8)
