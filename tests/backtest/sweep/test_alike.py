"""Trials that made the same are told once, and a parameter that decided nothing is named."""

from __future__ import annotations

from midas.backtest.sweep.alike import alike, idle
from midas.backtest.sweep.trial import FAILED, Trial


def trial(number: int, value: float, **parameters: int) -> Trial:
    return Trial(number=number, parameters=parameters, value=value, fills=round(value))  # type: ignore[arg-type]


def test_each_result_is_told_once() -> None:
    found = alike([trial(0, 3.0, a=1), trial(1, 2.0, a=2), trial(2, 3.0, a=3)])
    assert [[each.number for each in group] for group in found] == [[0, 2], [1]]


def test_a_parameter_that_changes_nothing_is_named() -> None:
    trials = [
        trial(0, 1.0, a=1, b=1),
        trial(1, 1.0, a=1, b=2),
        trial(2, 2.0, a=2, b=1),
        trial(3, 2.0, a=2, b=2),
    ]
    assert idle(trials) == ["b"]
    assert idle([*trials, trial(4, 9.0, a=1, b=3)]) == []


def test_nothing_is_said_of_a_parameter_that_never_varied_alone() -> None:
    assert idle([trial(0, 1.0, a=1, b=1), trial(1, 1.0, a=2, b=2)]) == []


def test_what_failed_made_nothing() -> None:
    failed = Trial(number=9, parameters={"a": 1}, state=FAILED, reason="no")
    assert alike([failed]) == [] and idle([failed]) == []
