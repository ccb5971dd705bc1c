"""Performance figures: the reference values, the edges, and what must hold for any series."""

from __future__ import annotations

from math import inf, isnan, nan, sqrt
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.reports.figures import benchmark
from midas.statistics.annualisation import annual_sharpe
from midas.statistics.conventions import Figure, Reason, mean
from midas.statistics.kpis import Evidence, key_figures
from midas.statistics.overfitting import overfitting
from midas.statistics.performance import (
    Performance,
    cagr,
    calmar,
    drawdowns,
    factor_for_optimiser,
    factor_text,
    kurtosis,
    max_drawdown,
    measure,
    profit_factor,
    recovery_factor,
    sharpe,
    sharpe_of_period,
    skewness,
    sortino,
    total_return,
    ulcer,
    volatility,
    win_rate,
)
from midas.statistics.trades import trade_statistics
from tests.statistics.series import TWELVE_DAYS as R
from tests.statistics.series import returns

series = st.lists(st.floats(-0.2, 0.2), min_size=60, max_size=90)


@pytest.mark.parametrize(
    ("found", "value"),
    [
        pytest.param(sharpe_of_period(R, least=1), 0.194927027, id="the Sharpe ratio of a day"),
        pytest.param(sharpe(R, 252, least=1), 3.094370620, id="the Sharpe ratio of a year, ddof 1"),
        pytest.param(volatility(R, 252, least=1), 0.162876417, id="the annual volatility"),
        pytest.param(sortino(R, 252, least=1), 4.668468121, id="Sortino over all n, not over the losses"),
        pytest.param(total_return(R), 0.023672096, id="the total return"),
        pytest.param(cagr(R, 252, least=1), 0.634474575, id="the CAGR"),
        pytest.param(max_drawdown(R), -0.02, id="the largest drawdown, stored negative"),
        pytest.param(calmar(R, 252, least=1), 31.72372874, id="Calmar"),
        pytest.param(recovery_factor(R, least=1), 1.183604808, id="the recovery factor, compounded"),
        pytest.param(profit_factor(R, least=1), 1.615384615, id="the profit factor of returns"),
        pytest.param(win_rate(R, least=1), 0.636363636, id="the win rate without zeros"),
        pytest.param(ulcer(R, least=1), 0.009768330, id="the Ulcer index over n"),
        pytest.param(skewness(R, least=1), -0.797500246, id="the population's skewness"),
        pytest.param(kurtosis(R, least=1), 2.790356788, id="the population's kurtosis, not in excess"),
    ],
)
def test_twelve_days_give_the_reference_value_of(found: Figure, value: float) -> None:
    assert found.value == pytest.approx(value, rel=1e-6)
    assert found.known


def test_the_usual_mistakes_would_give_other_figures() -> None:
    ratio, fall = sharpe(R, 252, least=1).value, sortino(R, 252, least=1).value
    below = mean(R) / fall * sqrt(252)
    assert ratio * sqrt(12 / 11) == pytest.approx(3.2319647, rel=1e-7)  # ddof 0
    assert below == pytest.approx(0.006800735, rel=1e-6)  # the deviation below 0 of all days ...
    assert fall * sqrt(4 / 12) == pytest.approx(2.6953, abs=5e-5)  # ... and had it been of the four losses
    assert sum(day > 0.0 for day in R) / len(R) == pytest.approx(0.583333, abs=5e-7)  # zeros as losses


def test_the_initial_capital_is_the_first_peak() -> None:
    assert max_drawdown([-0.02, 0.01]).value == pytest.approx(-0.02)


def test_a_risk_free_rate_is_taken_off_each_period() -> None:
    day = 1.04 ** (1 / 252) - 1
    assert sharpe(R, 252, 0.04, 1).value == pytest.approx(sharpe([r - day for r in R], 252, least=1).value)


def reason(found: Figure) -> Reason | None:
    """Why a figure is NaN; checks that it is."""
    assert isnan(found.value)
    return found.reason


@pytest.mark.parametrize(
    ("found", "why"),
    [
        pytest.param(sharpe([0.01] * 40, 252), Reason.NO_SPREAD, id="Sharpe of what never varies"),
        pytest.param(skewness([0.01] * 80), Reason.NO_SPREAD, id="skewness of what never varies"),
        pytest.param(sortino([0.01] * 40, 252), Reason.NO_LOSSES, id="Sortino without a loss"),
        pytest.param(calmar([0.01] * 100, 252), Reason.NO_DRAWDOWN, id="Calmar without a drawdown"),
        pytest.param(recovery_factor([0.01] * 40), Reason.NO_DRAWDOWN, id="recovery without a drawdown"),
        pytest.param(profit_factor([0.0] * 40), Reason.NOTHING_DECIDED, id="profit factor of nothing"),
        pytest.param(win_rate([0.0] * 40), Reason.NOTHING_DECIDED, id="win rate of zeros"),
        pytest.param(win_rate([]), Reason.TOO_FEW, id="win rate of no trade"),
        pytest.param(cagr([0.01] * 62, 252), Reason.TOO_SHORT, id="CAGR of less than a quarter"),
        pytest.param(calmar([0.01] * 62, 252), Reason.TOO_SHORT, id="Calmar of less than a quarter"),
        pytest.param(sharpe([0.01, nan] * 30, 252), Reason.MISSING, id="Sharpe with a hole"),
        pytest.param(max_drawdown([0.01, nan]), Reason.MISSING, id="drawdown with a hole"),
        pytest.param(total_return([]), Reason.TOO_FEW, id="total return of nothing"),
        pytest.param(sharpe([0.01], 252, least=1), Reason.TOO_FEW, id="Sharpe of one day"),
    ],
)
def test_what_cannot_be_told_is_nan_with_its_reason(found: Figure, why: Reason) -> None:
    assert reason(found) is why


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("volatility", 20),
        ("sharpe", 30),
        ("sortino", 30),
        ("recovery_factor", 20),
        ("profit_factor", 30),
        ("win_rate", 30),
        ("ulcer", 20),
        ("skewness", 60),
        ("kurtosis", 60),
        ("cagr", 63),
        ("calmar", 63),
        ("total_return", 1),
        ("max_drawdown", 1),
    ],
)
def test_a_figure_is_told_from_its_smallest_sample_on(name: str, least: int) -> None:
    many = [-0.01, *returns(99)]
    assert getattr(measure(many[:least], 252), name).known
    if least > 1:
        assert not getattr(measure(many[: least - 1], 252), name).known


def test_without_a_loss_the_profit_factor_is_infinite_and_shown_as_much() -> None:
    found = profit_factor([0.01] * 30)
    assert found.value == inf
    assert factor_text(found.value) == ">99"
    assert factor_for_optimiser(found.value) == 10.0
    assert (factor_text(1.6154), factor_for_optimiser(1.6154)) == ("1.62", 1.6154)


def test_a_lost_capital_is_lost_for_good() -> None:
    ruined = [0.01] * 70 + [-1.0] + [0.5] * 5
    assert cagr(ruined, 252).value == -1.0
    assert total_return(ruined).value == total_return([-1.5, -3.0]).value == -1.0
    assert max_drawdown(ruined).value == -1.0
    assert cagr([*ruined[:70], -1.5], 252).value == -1.0
    assert max_drawdown([*ruined[:70], -1.5]).value == -1.0


def test_a_growth_beyond_all_numbers_is_infinite() -> None:
    assert cagr([100.0] * 3, 365, least=1).value == inf


DEGENERATE = {
    "nothing": [], "one": [0.01], "one zero": [0.0], "the same": [0.01] * 100, "zeros": [0.0] * 100,
    "losses alone": [-0.01] * 100, "a hole": [*[0.01] * 50, nan, *[-0.01] * 50], "infinite": [inf, -inf] * 50,
    "ruin": [*[0.01] * 50, -1.0, *[0.1] * 49], "worse than ruin": [0.01, -1.5] * 50,
    "nearly the same": [0.01 + 1e-17 * n for n in range(100)], "tiny": [5e-324, -5e-324] * 50,
    "absurd": [1e200, -0.5] * 50, "beyond all numbers": [1e308] * 100, "growth beyond": [1e3] * 400,
    "never a fall": [0.01 * (n % 3) for n in range(100)], "one loss": [*[0.0] * 99, -0.5],
}  # fmt: skip


@pytest.mark.parametrize("days", DEGENERATE.values(), ids=list(DEGENERATE))
@pytest.mark.filterwarnings("error")
def test_no_series_is_too_odd_for_a_defined_answer(days: list[float]) -> None:
    told = [
        *_figures(measure(days, 252)), *_figures(trade_statistics(days)), *_figures(annual_sharpe(days, 252)),
        *(kpi.figure for kpi in key_figures(Evidence(returns=days, periods=252, profits=days)).all),
    ]  # fmt: skip
    for found in told:
        assert isnan(found.value) is not found.known
    found = overfitting(np.array([days, days[::-1]]).T.reshape(-1, 2), 10)
    assert isnan(found.probability) is (found.reason is not None)
    beside = benchmark(days, days[::-1], 0.0, 252)
    for measured in (*_figures(beside.growth), beside.beta, beside.correlation):
        assert (measured.value is None) is bool(measured.reason)


def _figures(found: msgspec.Struct) -> list[Any]:
    return [getattr(found, name) for name in found.__struct_fields__]


def test_calmar_looks_at_three_years() -> None:
    long_ago = [-0.5, *returns(3 * 252)]
    assert calmar(long_ago, 252).value == calmar(long_ago[1:], 252).value


@given(series, st.floats(0.1, 10.0))
def test_leverage_changes_no_sharpe_ratio(days: list[float], factor: float) -> None:
    before, after = sharpe(days, 252), sharpe([factor * each for each in days], 252)
    if before.known and after.known and abs(before.value) < 1e3:
        assert after.value == pytest.approx(before.value, rel=1e-6, abs=1e-6)


@given(series)
def test_order_changes_no_moment_and_every_drawdown_stays_within_the_capital(days: list[float]) -> None:
    forth, back = measure(days, 252), measure(days[::-1], 252)
    for name in ("volatility", "sharpe", "profit_factor", "win_rate", "skewness", "kurtosis"):
        one, other = getattr(forth, name), getattr(back, name)
        assert one.reason is other.reason
        assert one.value == other.value or isnan(one.value)
    assert all(-1.0 <= fall <= 0.0 for fall in drawdowns(days))
    assert -forth.max_drawdown.value >= forth.ulcer.value - 1e-12


@given(st.lists(st.floats(-1.0, 1.0) | st.just(nan) | st.just(inf), max_size=80))
def test_a_figure_is_nan_exactly_where_it_has_a_reason(days: list[float]) -> None:
    found = measure(days, 252)
    for name in Performance.__struct_fields__:
        each = getattr(found, name)
        assert isnan(each.value) is not each.known
