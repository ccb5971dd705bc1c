"""Key figures: their goals to the digit, how sure they are, and what is left open."""

from __future__ import annotations

from math import inf, isnan, nan, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.statistics.conventions import Figure, Reason, unknown
from midas.statistics.kpis import (
    Evidence,
    Goal,
    Goals,
    Interval,
    Kpi,
    Verdict,
    execution_ratio,
    growth_interval,
    key_figures,
    share_interval,
    sharpe_interval,
)
from midas.statistics.performance import cagr, sharpe
from tests.statistics.series import TEN_TRADES, returns

GOALS = Goals()
YEARS = returns(730)


def evidence(days: list[float], **changes: int | float) -> Evidence:
    """A record of `days` and thirty trades."""
    return Evidence(returns=days, periods=365, profits=TEN_TRADES * 3, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("goal", "value", "verdict"),
    [
        (GOALS.sharpe, 0.79, Verdict.MISSED),
        (GOALS.sharpe, 0.80, Verdict.MISSED),
        (GOALS.sharpe, 0.81, Verdict.MET),
        (GOALS.sharpe, 1.49, Verdict.MET),
        (GOALS.sharpe, 1.50, Verdict.OPTIMAL),
        (GOALS.max_drawdown, 0.151, Verdict.MISSED),
        (GOALS.max_drawdown, 0.150, Verdict.MISSED),
        (GOALS.max_drawdown, 0.149, Verdict.MET),
        (GOALS.max_drawdown, 0.101, Verdict.MET),
        (GOALS.max_drawdown, 0.100, Verdict.OPTIMAL),
        (GOALS.cagr, 0.080, Verdict.MISSED),
        (GOALS.cagr, 0.081, Verdict.MET),
        (GOALS.cagr, 0.150, Verdict.OPTIMAL),
        (GOALS.win_rate, 0.450, Verdict.MISSED),
        (GOALS.win_rate, 0.451, Verdict.MET),
        (GOALS.win_rate, 0.550, Verdict.OPTIMAL),
        (GOALS.profit_factor, 1.30, Verdict.MISSED),
        (GOALS.profit_factor, 1.31, Verdict.MET),
        (GOALS.profit_factor, inf, Verdict.MET),
        (GOALS.recovery_factor, 2.0, Verdict.MISSED),
        (GOALS.recovery_factor, 2.01, Verdict.MET),
        (None, 0.5, Verdict.OPEN),
    ],
)
def test_a_goal_must_be_passed_and_an_optimum_reached(
    goal: Goal | None, value: float, verdict: Verdict
) -> None:
    assert Kpi("it", Figure(value, 100), goal).verdict is verdict


def test_what_is_not_known_has_no_verdict() -> None:
    kpi = Kpi("it", unknown(Reason.TOO_FEW), GOALS.sharpe, Interval(1.0, 2.0))
    assert (kpi.verdict, kpi.certain) == (Verdict.UNKNOWN, False)


@pytest.mark.parametrize(
    ("low", "high", "certain"), [(0.9, 2.0, True), (0.8, 2.0, False), (0.5, 2.0, False), (nan, 2.0, False)]
)
def test_a_verdict_is_certain_where_all_of_the_interval_agrees(
    low: float, high: float, certain: bool
) -> None:
    assert Kpi("it", Figure(1.5, 100), GOALS.sharpe, Interval(low, high)).certain is certain
    assert not Kpi("it", Figure(1.5, 100), GOALS.sharpe).certain


def test_a_miss_may_be_certain_too() -> None:
    assert Kpi("it", Figure(-0.5, 100), GOALS.sharpe, Interval(-1.0, 0.1)).certain


def test_two_years_give_every_figure_its_value() -> None:
    found = key_figures(evidence(YEARS, signals=40, executed=30))
    assert [kpi.figure.known for kpi in found.all] == [True] * 7
    assert found.sharpe.figure.value == pytest.approx(sharpe(YEARS[-182:], 365).value)
    assert found.sharpe.figure.count == 182
    assert 0.0 < found.max_drawdown.figure.value < 1.0
    assert found.win_rate.figure.value == pytest.approx(0.6)
    assert found.profit_factor.figure.value == pytest.approx(1.620689655, rel=1e-6)
    assert found.execution.figure.value == 0.75
    assert found.execution.verdict is Verdict.OPEN
    with_interval = [kpi.name for kpi in found.all if kpi.interval]
    assert with_interval == ["Sharpe, 6 months", "CAGR", "win rate"]
    for kpi in found.all:
        assert kpi.interval is None or kpi.interval.low < kpi.figure.value < kpi.interval.high


def test_a_new_account_knows_nothing_and_says_so() -> None:
    found = key_figures(Evidence(returns=[], periods=365, profits=[]))
    assert {kpi.verdict for kpi in found.all} == {Verdict.UNKNOWN}
    assert found.skill.reason is Reason.TOO_FEW
    assert isnan(found.skill.positive)
    assert isnan(found.skill.years_needed)
    assert execution_ratio(0, 0).reason is Reason.UNKNOWN


def test_other_goals_give_other_verdicts() -> None:
    easy = key_figures(evidence(YEARS), Goals(win_rate=Goal(0.1, 0.2)))
    hard = key_figures(evidence(YEARS), Goals(win_rate=Goal(0.9)))
    assert [easy.win_rate.verdict, hard.win_rate.verdict] == [Verdict.OPTIMAL, Verdict.MISSED]


def test_skill_shrinks_with_every_configuration_tried() -> None:
    one = key_figures(evidence(YEARS)).skill
    many = key_figures(evidence(YEARS, trials=100, trial_variance=0.001)).skill
    assert one.deflated == one.positive > one.goal
    assert many.deflated < one.deflated
    assert one.years == pytest.approx(2.0)
    assert many.trials == 100


def test_the_interval_of_a_share_is_wilsons() -> None:
    # 10 of 20: (0.5 + z^2 / 40) / (1 + z^2 / 20) -+ ..., as tabulated: 0.299298 to 0.700702.
    found = share_interval(0.5, 20)
    assert [found.low, found.high] == pytest.approx([0.299298, 0.700702], abs=5e-7)
    none = share_interval(nan, 0)
    assert isnan(none.low)
    assert isnan(none.high)


@given(st.floats(0.0, 1.0), st.integers(1, 10_000))
def test_a_share_lies_in_its_interval_and_that_within_zero_and_one(share: float, count: int) -> None:
    found = share_interval(share, count)
    assert 0.0 <= found.low <= share + 1e-12
    assert share - 1e-12 <= found.high <= 1.0


def test_the_interval_of_a_sharpe_ratio_is_four_standard_errors_wide() -> None:
    days = returns(40)
    ratio = sharpe(days, 365).value / sqrt(365)
    found = sharpe_interval(days, 365)
    assert found is not None
    wide = 2 * 1.959963985 * sqrt((1 + ratio**2 / 2) / 40) * sqrt(365)  # below 60 observations: Lo's
    assert found.high - found.low == pytest.approx(wide, rel=1e-9)
    assert sharpe_interval(days[:29], 365) is None


def test_the_interval_of_growth_holds_it() -> None:
    found = growth_interval(YEARS, 365)
    assert found is not None
    assert found.low < cagr(YEARS, 365).value < found.high
    assert growth_interval([0.1, -1.0], 365) is None
    assert growth_interval([0.1], 365) is None
    assert growth_interval([1e3, 1e4], 365) is None


def test_about_95_of_100_intervals_hold_the_truth() -> None:
    truth = 0.0008 / 0.012 * sqrt(365)
    intervals = [sharpe_interval(returns(100, seed), 365) for seed in range(200)]
    held = sum(each is not None and each.low <= truth <= each.high for each in intervals)
    assert 180 <= held <= 199


@pytest.mark.parametrize("seen", [nan, 0.0])
def test_who_never_fell_fell_by_zero_without_a_sign(seen: float) -> None:
    found = key_figures(Evidence(returns=[0.01] * 40, periods=365, profits=(), fall=seen)).max_drawdown
    assert f"{found.figure.value:.1%}" == "0.0%"
