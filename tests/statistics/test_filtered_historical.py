from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.statistics.extremes import Pareto, extreme, fitted
from midas.statistics.filtered_historical import (
    Filter,
    FilteredHistorical,
    filtered,
    filtered_historical,
    residuals,
)
from midas.statistics.value_at_risk import historical


def _moves(seed: int, count: int, scale: float = 0.01) -> list[float]:
    found: list[float] = np.random.default_rng(seed).normal(0.0, scale, count).tolist()
    return found


def test_the_variance_follows_the_reference_of_riskmetrics() -> None:
    own = Filter(decay=0.94, warm_up=1)
    own.update(0.01)
    seen = [own.variance]
    for value in (0.01, -0.02, 0.015):
        own.update(value)
        seen.append(own.variance)
    assert seen == pytest.approx([1.0e-4, 1.0e-4, 1.18e-4, 1.2442e-4], rel=1e-6)


def test_a_storm_doubles_the_figures_though_the_window_is_the_same() -> None:
    calm = _moves(1, 600)
    stormy = calm + _moves(2, 40, 0.04)
    before, after = filtered_historical(calm), filtered_historical(stormy)
    assert after.value_at_risk > 2.5 * before.value_at_risk
    plain = historical(stormy).value_at_risk / historical(calm).value_at_risk
    assert plain < 1.5


def test_a_residual_is_measured_by_the_volatility_that_was_forecast_before_it() -> None:
    moves = [0.01] * 20 + [0.03]
    left, volatility = residuals(moves, decay=0.9)
    assert all(map(isnan, left[:20]))
    assert left[20] == pytest.approx(3.0)
    assert volatility**2 == pytest.approx(0.9 * 1e-4 + 0.1 * 9e-4)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-0.2, 0.2), min_size=30, max_size=90), st.integers(5, 40))
def test_return_by_return_or_all_at_once_the_figures_are_the_same(moves: list[float], window: int) -> None:
    made = filtered(moves, window=window)
    left = [-value for value in residuals(moves)[0] if value == value][-window:]
    assert list(made.losses) == sorted(left)
    at_once = filtered_historical(moves, 0.9, window=window, least=1)
    assert made.forecast(0.9, least=1) == at_once


def test_too_few_or_missing_returns_are_unknown() -> None:
    assert filtered_historical(_moves(1, 119)).reason == "99 filtered returns, at least 100 are needed"
    assert filtered_historical(_moves(1, 120)).known
    assert not filtered_historical([0.01, float("nan")]).known
    assert isnan(FilteredHistorical().forecast().value_at_risk)


def test_a_price_that_stands_has_no_risk_and_its_first_move_no_scale() -> None:
    still = filtered([0.0] * 200)
    assert still.forecast().value_at_risk == 0.0
    own = Filter()
    assert [own.update(0.0) for _ in range(40)][-1] == 0.0
    assert isnan(own.update(0.01))
    assert own.update(0.01) > 1.0


def test_the_far_quantile_of_a_pareto_tail_is_found() -> None:
    generator = np.random.default_rng(4)
    losses = (generator.pareto(4.0, 20_000) + 1.0).tolist()  # P(L > x) = x^-4
    tail = fitted(losses)
    assert tail is not None
    assert tail.shape == pytest.approx(0.25, abs=0.06)
    assert tail.quantile(0.999) == pytest.approx(0.001**-0.25, rel=0.05)
    assert tail.shortfall(0.999) == pytest.approx(0.001**-0.25 / 0.75, rel=0.07)


def test_a_tail_of_shape_zero_is_exponential() -> None:
    almost, exact = Pareto(1.0, 0.1, 1e-7, 0.5), Pareto(1.0, 0.1, 0.0, 0.5)
    assert exact.quantile(0.99) == pytest.approx(almost.quantile(0.99), rel=1e-6)
    assert exact.shortfall(0.99) == pytest.approx(exact.quantile(0.99) + 0.5)


def test_extreme_values_are_for_far_levels_and_long_histories_only() -> None:
    moves = _moves(5, 1_020)
    found = extreme(moves, 0.99)
    assert found.value_at_risk == pytest.approx(filtered_historical(moves, 0.99).value_at_risk, rel=0.15)
    assert found.expected_shortfall > found.value_at_risk
    assert extreme(moves, 0.999).value_at_risk > found.value_at_risk
    assert "begin at 0.99" in extreme(moves, 0.95).reason
    assert extreme(moves[:499]).reason == "499 returns, at least 500 are needed"
    assert extreme([0.01] * 600).reason == "the tail can't be fitted"
