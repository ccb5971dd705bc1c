"""PBO and the deflated Sharpe ratio tell luck from skill where the truth is known."""

from __future__ import annotations

import json

import pytest

from midas.cli import main
from midas.research.overfitting_evidence import C5_GOAL, criteria, tried


def test_both_criteria_hold_and_their_controls_fail() -> None:
    heard: list[int] = []
    found = criteria(range(1, 13), heard.append)
    assert heard == list(range(1, 13))
    c5, c6 = found["C5"], found["C6"]
    assert c5.passed and c6.passed
    assert c5.control is not None and not C5_GOAL["pbo_noise"].holds(c5.control.value["pbo_noise"])
    assert c6.control is not None and c6.control.value["promoted"] > 0.9
    assert c6.value["skilled_promoted"] > c6.value["promoted"]


def test_the_same_seed_gives_the_same_figures_and_another_others() -> None:
    assert tried(4) == tried(4) != tried(5)


def test_the_last_line_is_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["research", "overfitting-evidence", "--seeds", "1..2"])
    *shown, last = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("C5  ")
    told = json.loads(last)["criteria"]
    assert list(told) == ["C5", "C6"] and (code == 0) == all(each["pass"] for each in told.values())
