"""What the account was worth when its day, week and month began, and what each closed day made."""

from __future__ import annotations

import pytest

from midas.domain.decision import DayClosed, TriggerMoved
from midas.state.budgets import RETURNS_KEPT, Budgets


@pytest.fixture
def budgets() -> Budgets:
    made = Budgets()
    assert made.roll(10, 2, 1, 1_000.0) == []
    return made


def test_each_period_begins_with_the_first_look_inside_it(budgets: Budgets) -> None:
    budgets.roll(11, 2, 1, 990.0)
    assert budgets.openings == (11, 990.0, 2, 1_000.0, 1, 1_000.0)
    budgets.roll(12, 3, 1, 980.0)
    assert budgets.openings == (12, 980.0, 3, 980.0, 1, 1_000.0)


def test_a_closed_day_is_told_with_what_it_made(budgets: Budgets) -> None:
    budgets.roll(10, 2, 1, 500.0)
    (closed,) = budgets.roll(11, 2, 1, 1_010.0)
    assert isinstance(closed, DayClosed)
    assert (closed.made.day, closed.made.days) == (10, 1)
    assert closed.made.value == pytest.approx(0.01)
    assert list(budgets.returns) == [closed.made]


def test_days_that_nobody_measured_are_one_return_that_says_so(budgets: Budgets) -> None:
    budgets.roll(14, 3, 1, 900.0)
    (made,) = budgets.returns
    assert made.days == 4
    assert made.value == pytest.approx(-0.1)


def test_a_clock_that_is_set_back_closes_no_day_and_forgets_no_loss(budgets: Budgets) -> None:
    assert budgets.roll(9, 1, 0, 900.0) == []
    assert budgets.roll(10, 2, 1, 900.0) == []
    assert budgets.openings == (10, 1_000.0, 2, 1_000.0, 1, 1_000.0)


def test_who_is_back_from_a_clock_that_ran_days_ahead_begins_the_day_anew(budgets: Budgets) -> None:
    assert budgets.roll(8, 1, 0, 900.0) == []
    assert budgets.openings == (8, 900.0, 2, 1_000.0, 1, 1_000.0)


def test_a_loss_that_was_accepted_is_part_of_what_the_day_made(budgets: Budgets) -> None:
    budgets.begin_anew(960.0, ("day_stop",))
    assert budgets.openings == (10, 960.0, 2, 1_000.0, 1, 1_000.0)
    budgets.begin_anew(930.0, ("day_stop", "drawdown_stop"))
    budgets.roll(11, 2, 1, 940.0)
    budgets.roll(12, 2, 1, 940.0)
    assert [made.value for made in budgets.returns] == pytest.approx([-0.06, 0.0])


def test_flows_are_no_part_of_a_days_return(budgets: Budgets) -> None:
    budgets.scale(2.0)
    budgets.roll(11, 2, 1, 2_000.0)
    assert budgets.returns[0].value == pytest.approx(0.0)


def test_where_nobody_knows_what_a_flow_was_worth_the_periods_begin_anew(budgets: Budgets) -> None:
    budgets.scale(0.0)
    assert budgets.day.loss(900.0) != budgets.day.loss(900.0)
    assert budgets.roll(11, 2, 1, 900.0) == []
    assert budgets.month.equity == 900.0


def test_more_than_a_year_of_days_is_kept_and_no_more(budgets: Budgets) -> None:
    for day in range(11, 511):
        budgets.roll(day, 2, 1, 1_000.0)
    assert len(budgets.returns) == RETURNS_KEPT


def test_a_trigger_holds_until_it_is_told_to_have_ended(budgets: Budgets) -> None:
    budgets.moved(TriggerMoved("drawdown_defensive", "drawdown 12.0%", "drawdown below 8.0%", 5))
    assert budgets.active["drawdown_defensive"].since == 5
    budgets.moved(TriggerMoved("drawdown_defensive", "drawdown below 8.0%", "", 9))
    assert budgets.active == {}
