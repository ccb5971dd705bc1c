"""`midas simulate`: what it prints, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from midas.cli import main
from midas.simulation import plan as plans
from midas.simulation.campaign import Job, judged, work
from midas.simulation.plan import Plan
from midas.simulation.tally import Kept, Tally, made_by


def test_the_last_line_is_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--seeds", "3", "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["seeds"] == 1
    assert report["violations"] == 0
    assert report["virtual_hours"] > 0.16
    assert report["orders_per_seed"] > 0
    assert len(report["trace"]) == 32


@pytest.mark.long
def test_worlds_are_the_same_in_other_processes() -> None:
    plans = tuple(Plan(seed=s, faults=(), calm=5.0, heal=30.0, ends=40.0) for s in (3, 4))
    assert sorted(judged(plans), key=lambda v: v.seed) == work(Job(plans))


def test_the_order_in_which_seeds_end_does_not_show() -> None:
    one, two = Tally(), Tally()
    done = work(Job(tuple(Plan(seed=s, faults=(), calm=5.0, heal=30.0, ends=40.0) for s in (3, 4))))
    for verdict in done:
        one.add(verdict)
    for verdict in reversed(done):
        two.add(verdict)
    assert one.report() == two.report()


def test_what_is_kept_is_counted_and_not_run_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, plan = tmp_path / "kept.jsonl", Plan(seed=0, faults=(), calm=5.0, heal=30.0, ends=40.0)
    brief = tmp_path / "plan.json"
    brief.write_text(plans.written(plan))
    whole = ["simulate", "--plan", str(brief), "--json", "--keep", str(path), "--seeds"]
    assert main([*whole, "3"]) == 0
    one = path.read_bytes()
    with path.open("ab") as file:
        file.write(one[: len(one) // 2])  # as a crash leaves it
    assert main([*whole, "3..4"]) == 0
    both = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (both["seeds"], both["worlds"]) == (2, 2)
    lines = [line for line in path.read_text().splitlines() if line.endswith("}")]
    assert [json.loads(line)["part"]["worlds"][0][0] for line in lines] == [3, 4]
    assert main([*whole, "3..4"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == both


def test_what_other_code_another_question_or_other_seeds_have_made_is_not_counted(tmp_path: Path) -> None:
    path, tally = tmp_path / "kept.jsonl", Tally()
    for verdict in work(Job((Plan(seed=3, faults=(), calm=5.0, heal=30.0, ends=40.0),))):
        tally.add(verdict)
    Kept(path, made_by("one")).add(tally.part())
    assert [part.worlds for part in Kept(path, made_by("one")).parts(range(1, 9))] == [tally.part().worlds]
    assert not list(Kept(path, made_by("other")).parts(range(1, 9)))
    assert not list(Kept(path, made_by("one")).parts(range(4, 9)))


def test_a_plan_can_be_shown_and_run_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--seeds", "7", "--show-plan"]) == 0
    path = tmp_path / "plan.json"
    path.write_text(capsys.readouterr().out)
    assert plans.read(path) == plans.of(7)


def test_worlds_with_hands_say_what_these_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--hands", "--seeds", "5"]) == 0
    assert "\nhands: " in capsys.readouterr().out
    assert main(["simulate", "--hands", "--seeds", "5", "--show-plan"]) == 0
    path = tmp_path / "plan.json"
    path.write_text(capsys.readouterr().out)
    assert plans.read(path) == plans.busy(5)


def test_a_planted_bug_is_told_with_its_invariant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--seeds", "1", "--mutant", "sent-before-durable"]) == 1
    assert "seed 1: I3 at step " in capsys.readouterr().out


def test_a_planted_bug_that_gets_away_is_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    brief = tmp_path / "plan.json"
    brief.write_text(plans.written(Plan(seed=3, faults=(), calm=5.0, heal=30.0, ends=40.0)))
    assert main(["simulate", "--plan", str(brief), "--mutant", "dated-by-our-clock"]) == 1
    told = capsys.readouterr()
    assert told.err == "midas: dated-by-our-clock got away: nothing noticed it in 1 world\n"
    assert told.out.startswith("1 seed, 1 world in ")
    assert "{" not in told.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--seeds", "9..3"], "expected seeds A..B"),
        (["--seeds", "many"], "--seeds"),
        (["--plan", "nowhere.json"], "can't be read"),
        (["--keep", "/proc/none/kept", "--seeds", "1"], "--keep /proc/none/kept: can't be written"),
        (["--mutants", "--shrink", "--mutant", "x"], "leave --shrink, --mutant out"),
        (["--hands", "--plan", "plan.json"], "leave it out, a plan says itself what hands do"),
        (["--hands", "--crash-every-step"], "leave --hands out"),
        (["--mutants", "--hands"], "leave --hands out"),
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
