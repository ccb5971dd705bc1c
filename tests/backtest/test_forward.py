"""A walk forward from runs to what is said about it."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite, isnan, nan, sqrt

import numpy as np
import pytest

from midas.backtest.forward import GAP, grid, returns_of, shares_of, step_of, summary, windows_of
from midas.backtest.outcome import Curve, Outcome
from midas.backtest.walkforward import sharpes
from midas.domain.time import DAY, HOUR, MINUTE
from midas.errors import UsageError
from tests.backtest.stage import CASH, Script, bars, played, walk


def outcome(times: list[int], equity: list[float]) -> Outcome:
    held = np.zeros(len(times), np.bool_)
    return Outcome(
        bars=len(times), seconds=0.0, wall=0.0, fills=(), cash=Decimal(1), equity=equity[-1], audits=0,
        digest="",
        curve=Curve(np.array(times, np.int64), np.array(equity), held),
    )  # fmt: skip


def test_every_combination_is_tried_in_the_order_of_the_options() -> None:
    assert grid([("a", [1, 2]), ("b", ["x"])]) == [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}]
    assert grid([]) == [{}]
    with pytest.raises(UsageError, match="600 combinations; 500 are tried at most"):
        grid([("a", list(range(600)))])


def test_periods_are_days_or_parts_of_shorter_data_in_whole_candles() -> None:
    assert step_of(0, 90 * DAY, HOUR) == DAY
    assert step_of(0, DAY, MINUTE) == 6 * MINUTE
    assert step_of(0, 10 * MINUTE, MINUTE) == MINUTE


def test_the_return_of_a_period_is_from_cut_to_cut_also_where_no_candle_closed() -> None:
    made = returns_of(outcome([30, 90, 210], [110.0, 121.0, 60.5]), 100.0, 0, 240, 60)
    assert made == pytest.approx([0.1, 0.1, 0.0, -0.5])


def test_the_share_held_as_a_period_begins_is_that_of_all_fills_before_it() -> None:
    series = bars(walk(100))
    found = played(series, Script([20 <= n < 50 for n in range(100)]))
    begins, cash = int(series.time[0]) - MINUTE, float(CASH)
    shares = shares_of(found, [series], cash, begins, int(series.time[-1]), 10 * MINUTE)
    assert len(shares) == 10 and [n for n, (share,) in enumerate(shares) if share] == [3, 4, 5]
    place = 29  # the candle that closes as the fourth period begins
    quantity = float(found.fills[0].quantity)
    assert shares[3][0] == pytest.approx(quantity * series.close[place] / found.curve.equity[place])


def test_too_few_periods_are_refused_with_what_is_needed() -> None:
    with pytest.raises(UsageError, match="50 periods are to be split, at least 30"):
        windows_of(50, 0, 0, False)
    with pytest.raises(UsageError, match="--train 90"):
        windows_of(100, 90, 0, True)


@pytest.mark.parametrize("days", [59, 60, 61, 75, 89, 90, 400])
def test_data_of_any_length_are_split_without_being_told_how(days: int) -> None:
    step = step_of(0, days * DAY, HOUR)
    windows = windows_of(days * DAY // step, 0, 0, False)
    assert len(windows[0].train) >= 30 and all(len(window.test) >= 15 for window in windows)
    assert (step == DAY) == (days > 60)


def test_skill_is_told_from_luck_and_every_figure_is_there() -> None:
    chance = np.random.default_rng(5)
    luck = chance.normal(0.0, 0.01, (600, 8))
    skill = luck.copy()
    skill[:, 3] += 0.003
    tried: list[dict[str, object]] = [{"n": n} for n in range(8)]
    windows = windows_of(600, 0, 0, False)
    lucky, skilled = (summary(tried, each, windows, 0, DAY, 8) for each in (luck, skill))
    assert {window.chosen["n"] for window in skilled.windows} == {3}
    assert skilled.deflated > 0.95 > lucky.deflated and skilled.overfitting < 0.05 < lucky.overfitting
    assert len(skilled.paths) == 5 and min(skilled.paths) > max(lucky.paths)
    outside = np.array(skilled.returns)
    assert skilled.sharpe == pytest.approx(float(sharpes(outside[:, None])[0]) * sqrt(365))
    assert skilled.periods == 600 - 200 - GAP and skilled.total == pytest.approx(np.prod(1 + outside) - 1)
    assert isfinite(skilled.efficiency) and skilled.hindsight >= skilled.sharpe


def test_periods_below_a_day_are_not_annualised() -> None:
    chance = np.random.default_rng(6)
    returns = chance.normal(0.001, 0.01, (240, 2))
    found = summary([{}, {}], returns, windows_of(240, 0, 0, True), 0, HOUR, 2)
    assert found.sharpe == pytest.approx(float(sharpes(np.array(found.returns)[:, None])[0]))


def test_one_combination_is_deflated_by_the_spread_of_all_trials_whatever_the_step() -> None:
    chance = np.random.default_rng(7)
    returns = chance.normal(0.001, 0.01, (240, 1))
    windows = windows_of(240, 0, 0, False)
    alone, among = (summary([{}], returns, windows, 0, DAY, n, 0.01) for n in (1, 500))
    assert among.deflated < 0.1 < alone.deflated
    hours = summary([{}], returns, windows, 0, HOUR, 500, 0.01 * 24)
    assert hours.deflated == pytest.approx(among.deflated)


def test_several_trials_of_which_nobody_knows_the_spread_leave_luck_unknown() -> None:
    """Of 199 that were refused, given up or too short nobody knows how good the best one looks by luck."""
    returns = np.random.default_rng(7).normal(0.001, 0.01, (240, 1))
    windows = windows_of(240, 0, 0, False)
    among, alone = (summary([{}], returns, windows, 0, DAY, n, nan).deflated for n in (200, 1))
    assert isnan(among) and 0.0 < alone < 1.0


def test_a_window_of_less_than_thirty_periods_has_a_return_and_no_sharpe_ratio() -> None:
    returns = np.random.default_rng(8).normal(0.001, 0.01, (240, 2))
    short, usual = (summary([{}, {}], returns, windows_of(240, 80, n, False), 0, DAY, 2) for n in (10, 0))
    assert all(isnan(window.after) and window.earned for window in short.windows)
    assert usual.windows[0].test == (81, 111)
    assert all(isfinite(window.after) for window in usual.windows) and isfinite(short.sharpe)
