from __future__ import annotations

from math import fsum, isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.statistics.portfolio_risk import (
    Scenarios,
    components,
    filtered_scenarios,
    horizon_risk,
    marginal,
    portfolio_risk,
)
from midas.statistics.stress import SCENARIOS, Scenario, stressed
from midas.statistics.value_at_risk import historical

NAMES = ("BTC", "ETH", "SPY")
MOVE = st.floats(-0.3, 0.3)
ROWS = st.lists(st.tuples(MOVE, MOVE, MOVE), min_size=10, max_size=40)
WEIGHTS = st.fixed_dictionaries({name: st.floats(-1.0, 1.0) for name in NAMES})


def _returns(seed: int, days: int = 300) -> dict[str, list[float]]:
    generator = np.random.default_rng(seed)
    common = generator.standard_t(5, days)
    return {
        name: (0.01 * (i + 1) * (0.7 * common + 0.7 * generator.standard_t(5, days))).tolist()
        for i, name in enumerate(NAMES)
    }


@given(rows=ROWS, weights=WEIGHTS, alpha=st.sampled_from([0.5, 0.8, 0.9, 0.95]))
def test_the_components_sum_to_the_shortfall(
    rows: list[tuple[float, ...]], weights: dict[str, float], alpha: float
) -> None:
    scenarios = Scenarios(NAMES, tuple(rows))
    parts = components(weights, scenarios, alpha, least=1)
    whole = portfolio_risk(weights, scenarios, alpha, least=1)
    assert fsum(part.expected_shortfall for part in parts) == pytest.approx(
        whole.expected_shortfall, abs=1e-12
    )


@given(rows=ROWS, weights=WEIGHTS)
def test_present_weights_are_revalued_over_every_scenario(
    rows: list[tuple[float, ...]], weights: dict[str, float]
) -> None:
    moves = [fsum(weights[name] * row[i] for i, name in enumerate(NAMES)) for row in rows]
    found = portfolio_risk(weights, Scenarios(NAMES, tuple(rows)), 0.9, least=1)
    assert found.value_at_risk == pytest.approx(historical(moves, 0.9, least=1).value_at_risk, abs=1e-15)


def test_scenarios_are_as_large_as_the_market_is_now() -> None:
    returns = _returns(1)
    loud = {name: moves[:-30] + [4.0 * move for move in moves[-30:]] for name, moves in returns.items()}
    weights = {"BTC": 0.5, "ETH": 0.5}
    calm = portfolio_risk(weights, filtered_scenarios(returns))
    storm = portfolio_risk(weights, filtered_scenarios(loud))
    assert storm.value_at_risk > 2.0 * calm.value_at_risk
    assert len(filtered_scenarios(returns).rows) == 280


def test_a_trade_adds_what_the_portfolio_then_risks_more_and_a_hedge_less() -> None:
    scenarios = filtered_scenarios(_returns(2))
    held = {"BTC": 0.4}
    more = marginal(held, {"ETH": 0.1}, scenarios)
    assert more.expected_shortfall > 0.0
    assert more.before == portfolio_risk(held, scenarios)
    assert more.after == portfolio_risk({"BTC": 0.4, "ETH": 0.1}, scenarios)
    assert marginal(held, {"ETH": -0.1}, scenarios).expected_shortfall < 0.0
    assert marginal(held, {"BTC": -0.4}, scenarios).after.value_at_risk == 0.0


def test_what_has_no_history_makes_the_figures_unknown_and_names_itself() -> None:
    scenarios = filtered_scenarios(_returns(3))
    found = portfolio_risk({"BTC": 0.1, "DOGE": 0.1}, scenarios)
    assert isnan(found.value_at_risk)
    assert found.reason == "DOGE has no returns"
    assert all(isnan(part.expected_shortfall) for part in components({"DOGE": 0.1}, scenarios))
    assert portfolio_risk({"BTC": 0.1}, filtered_scenarios(_returns(3, 119))).reason.startswith("99 scen")
    assert portfolio_risk({"BTC": float("nan")}, scenarios).reason == "a position has no value"
    assert portfolio_risk({}, Scenarios((), ())).value_at_risk == 0.0


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1_000))
def test_one_simulated_day_is_the_filtered_simulation_itself(seed: int) -> None:
    returns, weights = _returns(seed), {"BTC": 0.5, "ETH": 0.3}
    one = horizon_risk(weights, returns, 1, np.random.default_rng(seed), paths=20_000)
    now = portfolio_risk(weights, filtered_scenarios(returns))
    assert one.value_at_risk == pytest.approx(now.value_at_risk, rel=0.12)


def test_ten_days_lose_more_than_one_and_not_more_than_everything() -> None:
    returns, weights = _returns(5), {"BTC": 1.0}
    one, ten = (horizon_risk(weights, returns, h, np.random.default_rng(1), 0.95) for h in (1, 10))
    assert 1.5 * one.value_at_risk < ten.value_at_risk < 6.0 * one.value_at_risk
    assert ten.expected_shortfall <= 1.0
    again = horizon_risk(weights, returns, 10, np.random.default_rng(1), 0.95)
    assert again == ten
    assert "DOGE has no returns" in horizon_risk({"DOGE": 1.0}, returns, 2, np.random.default_rng(1)).reason


CLASSES = {"BTC": "crypto", "SPY": "etf", "EURUSD": "forex"}


def _scenario(name: str) -> Scenario:
    return next(each for each in SCENARIOS if each.name == name)


def test_the_scenarios_are_those_that_were_asked_for_each_with_a_source_and_a_reason() -> None:
    names = [each.name for each in SCENARIOS]
    assert names == ["2008-10", "2020-03", "flash-crash", "crypto-40", "correlations-1"]
    for each in SCENARIOS:
        assert each.source and each.title and each.horizon
        assert all(shock.why and -1.0 < shock.move < 0.0 for shock in each.shocks.values())
        if each.shocks:
            assert {"share", "etf", "bond", "commodity", "forex", "crypto", "other"} <= set(each.shocks)


@pytest.mark.parametrize(
    ("name", "loss"),
    [("2008-10", 0.1 * 0.50), ("2020-03", 0.1 * 0.50), ("flash-crash", 0.1 * 0.25), ("crypto-40", 0.04)],
)
def test_a_tenth_in_crypto_loses_a_tenth_of_the_shock(name: str, loss: float) -> None:
    assert stressed(_scenario(name), {"BTC": 0.1}, CLASSES, {}).loss == pytest.approx(loss)


def test_a_short_position_gains_in_a_crash_but_never_in_foreign_exchange() -> None:
    found = stressed(_scenario("2008-10"), {"SPY": -0.1, "EURUSD": -0.1}, CLASSES, {})
    assert [hit.instrument for hit in found.hits] == ["EURUSD", "SPY"]
    assert [hit.loss for hit in found.hits] == pytest.approx([0.01, -0.0169])
    assert found.loss == pytest.approx(-0.0069)


def test_where_correlations_go_to_one_no_hedge_holds() -> None:
    volatility = {"BTC": 0.03, "SPY": 0.01}
    scenario = _scenario("correlations-1")
    found = stressed(scenario, {"BTC": 0.1, "SPY": -0.2}, CLASSES, volatility)
    assert found.loss == pytest.approx((0.003 + 0.002) * 2.665214, rel=1e-6)
    unknown = stressed(scenario, {"BTC": 0.1, "XRP": 0.1}, CLASSES, volatility)
    assert isnan(unknown.loss)
    assert unknown.reason == "XRP has no value or no volatility"


def test_what_nobody_mapped_is_hit_as_hard_as_the_worst() -> None:
    for each in SCENARIOS:
        if each.shocks:
            worst = min(shock.move for shock in each.shocks.values())
            assert stressed(each, {"NEW": -0.1}, {}, {}).loss == pytest.approx(-0.1 * worst)
