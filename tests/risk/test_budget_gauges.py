"""The loss budgets as gauges."""

from __future__ import annotations

import pytest

from midas.domain.triggers import TriggerRules
from midas.risk.budget_gauges import budget_gauges
from midas.state.state import State
from midas.state.views.risk import LimitView
from tests.fakes.nouns import BTC, ETH, desk


def rows(state: State) -> dict[str, LimitView]:
    return {row.name: row for row in budget_gauges(state, TriggerRules())}


def test_each_budget_shows_what_is_used_of_it_and_what_is_left() -> None:
    state = desk(cash="9000")
    state.equity_peak = 10_000.0
    state.budgets.restore((1, 9_100.0, 1, 9_200.0, 1, 9_500.0))
    shown = rows(state)
    assert list(shown) == ["drawdown", "day", "week", "month"]
    assert shown["drawdown"].value == pytest.approx(0.1)
    assert shown["day"].value == pytest.approx(100 / 9_100)
    assert shown["week"].used == pytest.approx(200 / 9_200 / 0.05)
    assert shown["month"].room == pytest.approx(0.08 - 500 / 9_500)


def test_before_equity_is_known_a_budget_says_so() -> None:
    state = desk(BTC, ETH, ETH="1")
    state.equity_peak = 10_000.0
    state.budgets.begin_anew(10_000.0)
    assert {(row.value, row.binding, row.detail) for row in rows(state).values()} == {
        (0.0, False, "no price yet")
    }
