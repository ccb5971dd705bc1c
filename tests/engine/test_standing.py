"""What is held by whom, and how far the losses are from where the engine acts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from midas.engine.standing import exposures, triggers
from tests.fakes.desk import LIMITS, TRIGGERS
from tests.fakes.nouns import BTC, desk, hold, intent


def test_exposure_counts_what_is_held_and_what_is_asked_for() -> None:
    state = desk()
    hold(state, "10")
    state.plan(intent(quantity=Decimal(5)))
    rows = {(row.scope, row.name): row for row in exposures(state, LIMITS)}
    instrument = rows["instrument", BTC.id]
    assert instrument.share == pytest.approx(0.10)
    assert instrument.worst == pytest.approx(0.15)
    assert instrument.working == pytest.approx(0.05 * state.equity())
    assert instrument.maximum == LIMITS.position_max
    strategies = [row for row in rows.values() if row.scope == "strategy"]
    assert sum(row.value for row in strategies) == pytest.approx(instrument.value)
    assert sum(row.worst for row in strategies) == pytest.approx(instrument.worst)


def test_triggers_are_levels_of_equity_the_first_to_fire_on_top() -> None:
    state = desk(cash="9000")
    state.equity_peak = 10_000.0
    state.budgets.begin_anew(9_100.0)
    shown = [t for t in triggers(state, TRIGGERS) if t.room == t.room]
    assert [t.equity for t in shown] == sorted((t.equity for t in shown), reverse=True)
    for trigger in shown:
        base = 10_000.0 if trigger.title == "drawdown" else 9_100.0
        assert trigger.equity == pytest.approx(base * (1 - trigger.maximum))
        assert trigger.room == pytest.approx(state.equity() - trigger.equity)


def test_before_equity_is_known_there_is_no_trigger() -> None:
    assert not [t for t in triggers(desk(cash="0"), TRIGGERS) if t.unit == "%"]
