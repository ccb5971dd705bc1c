"""`midas simulate`: what it prints, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from midas.cli import main
from midas.simulation import plan as plans
from midas.simulation.campaign import Job, Tally, verdicts, work
from midas.simulation.plan import Plan


def test_the_last_line_is_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--seeds", "3", "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["seeds"] == 1
    assert report["violations"] == 0
    assert report["virtual_hours"] > 0.16
    assert report["orders_per_seed"] > 0
    assert len(report["trace"]) == 32


def test_worlds_are_the_same_in_other_processes() -> None:
    plan = Plan(seed=0, faults=(), calm=5.0, heal=30.0, ends=40.0)
    there = sorted(verdicts((3, 4), plan), key=lambda v: v.seed)
    assert there == work(Job(tuple(msgspec.structs.replace(plan, seed=s) for s in (3, 4))))


def test_the_order_in_which_seeds_end_does_not_show() -> None:
    one, two = Tally(), Tally()
    done = work(Job(tuple(Plan(seed=s, faults=(), calm=5.0, heal=30.0, ends=40.0) for s in (3, 4))))
    for verdict in done:
        one.add(verdict)
    for verdict in reversed(done):
        two.add(verdict)
    assert one.report() == two.report()


def test_a_plan_can_be_shown_and_run_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--seeds", "7", "--show-plan"]) == 0
    path = tmp_path / "plan.json"
    path.write_text(capsys.readouterr().out)
    assert plans.read(path) == plans.of(7)


def test_a_planted_bug_is_told_with_its_invariant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--seeds", "1", "--mutant", "sent-before-durable"]) == 1
    assert "seed 1: I3 at step " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--seeds", "9..3"], "expected seeds A..B"),
        (["--seeds", "many"], "--seeds"),
        (["--plan", "nowhere.json"], "can't be read"),
        (["--mutant", "no-such-bug"], "there is no mutant 'no-such-bug'"),
    ],
)
def test_bad_input_is_one_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", *words]) == 2
    told = capsys.readouterr()
    assert told.err.count("\n") == 1
    assert sentence in told.err
    assert "Traceback" not in told.err
