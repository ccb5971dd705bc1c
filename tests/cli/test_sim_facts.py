from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from midas.cli import main
from midas.cli.parser import build_parser
from midas.venues.sim.facts import suite
from midas.venues.sim.facts.daily import FACTS
from midas.venues.sim.facts.suite import reference_hash
from midas.venues.sim.world.parameters import load_world, preset_world

QUICK = ["sim", "facts", "--suite", "macro", "--days", "2000", "--seeds", "3"]


def test_facts_is_a_word_of_sim_and_sim_alone_still_serves() -> None:
    parser = build_parser()
    args = parser.parse_args([*QUICK, "--seeds", "5..8", "--json", "--keep", "f"])
    assert args.handler == "midas.cli.facts:facts"
    assert (args.seeds, args.days, args.suite, args.keep) == (range(5, 9), 2000, "macro", "f")
    assert args.json
    assert parser.parse_args(["sim", "--seed", "4"]).handler == "midas.cli.sim:sim"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("--seeds 9..3", "expected 1 to 1,000 seeds, the smallest first, got '9..3'"),
        ("--seeds a..b", "expected a whole number from 0, got 'a'"),
        ("--days 10", "--days: expected 250 to 100,000, got 10"),
        ("--suite macro --seeds 3 --days 250", "days are too few to measure"),
        ("--suite micro --iid", "the control has daily returns only"),
        ("--suite all-of-them", "invalid choice"),
        ("--suite macro --seeds 3 --days 250 --keep .", "--keep .: can't be read"),
    ],
)
def test_bad_arguments_are_one_sentence(capsys: pytest.CaptureFixture[str], line: str, sentence: str) -> None:
    assert main(["sim", "facts", *line.split()]) == 2
    shown = capsys.readouterr()
    assert sentence in shown.err
    assert shown.err.count("\n") == 1


@pytest.mark.long
def test_the_table_has_a_line_for_every_row_and_the_exit_code_judges_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(QUICK)
    shown = capsys.readouterr().out
    lines = {fact.name: line for fact in FACTS for line in shown.splitlines() if f" {fact.name}  " in line}
    assert len(lines) == len(FACTS)
    failed = [line for line in lines.values() if line.startswith("FAILED")]
    assert f"{len(FACTS) - len(failed)} of {len(FACTS)} rows lie in their bands" in shown
    assert code == (1 if failed else 0)


def test_json_is_one_object_with_values_bands_verdicts_and_the_control(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main([*QUICK[:-1], "3..4", "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert (answer["seeds"], answer["days"], answer["passed"]) == ([3, 4], 2000, code == 0)
    assert [row["name"] for row in answer["rows"]] == [fact.name for fact in FACTS]
    for row in answer["rows"]:
        known = {"suite", "name", "low", "high", "values", "source", "median", "passed", "outside", "assets"}
        assert set(row) == known
        held = [
            (row["low"] is None or v >= row["low"]) and (row["high"] is None or v <= row["high"])
            for v in row["values"]
        ]
        assert row["outside"] == held.count(False)
        assert len(row["values"]) == 2
    assert answer["passed"] == all(row["passed"] for row in answer["rows"])
    assert answer["control"]["passed"]
    assert len(answer["control"]["failed"]) >= answer["control"]["needed"] == 6


@pytest.mark.parametrize(
    ("chosen", "name"),
    [([], "reference"), (["--preset", "hard"], "preset hard"), (["--market", "synthetic"], "preset medium")],
)
def test_it_is_said_which_market_is_judged(
    capsys: pytest.CaptureFixture[str], chosen: list[str], name: str
) -> None:
    main([*QUICK, *chosen, "--json"])
    world = json.loads(capsys.readouterr().out)["world"]
    hashed = reference_hash() if not chosen else preset_world(name.split()[1]).hash
    assert world == {"name": name, "hash": hashed, "served": bool(chosen)}


def test_a_world_of_ones_own_is_judged_by_its_own_parameters(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "world.toml"
    path.write_text("[macro]\nshock_degrees = 5.0\n")
    values = []
    for line in (["--market", str(path)], ["--preset", "medium"]):
        main([*QUICK, *line])
        values.append(capsys.readouterr().out.splitlines())
    own, shipped = values
    assert own[0].startswith(f"{path} (parameters {load_world(path).hash})")
    assert own[2] != shipped[2]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("--preset mild", "preset: expected one of easy, medium, hard, got 'mild'"),
        ("--market quotes.csv", "--market quotes.csv: expected a world (a file of TOML) or synthetic"),
        ("--market w.toml --preset easy", "--preset: w.toml names its own; leave one of both out"),
    ],
)
def test_what_is_no_world_is_refused(capsys: pytest.CaptureFixture[str], line: str, sentence: str) -> None:
    assert main([*QUICK, *line.split()]) == 2
    assert sentence in capsys.readouterr().err


def test_the_control_is_judged_on_its_own_with_iid(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sim", "facts", "--iid", "--seeds", "3", "--days", "2000", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    failed = [row["name"] for row in answer["rows"] if not row["passed"]]
    assert failed == answer["control"]["failed"]
    assert len(failed) >= 6


@pytest.mark.long
def test_kept_seeds_are_not_run_again_and_a_torn_line_is(tmp_path: Path) -> None:
    path, works = tmp_path / "kept.jsonl", [suite.Work("macro", seed, 250) for seed in (1, 2, 3)]
    kept = suite.Kept(path)
    first = suite.judged(works[:2], kept, lambda _: None, processes=1)
    lines = path.read_text().splitlines()
    assert len(lines) == 2
    path.write_text(lines[0].replace('"values": [', '"values": [777.0, ') + "\n" + lines[1][:100] + "\n")
    again = suite.judged(works[:2], kept, lambda _: None, processes=1)
    assert 777.0 in again[0].values  # taken from the file
    assert again[0].values[-1] == first[0].values[-1]  # run again
    suite.judged(works, kept, lambda _: None, processes=1)
    assert set(kept.load()) == set(works)


def test_seeds_kept_under_other_parameters_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    kept = suite.Kept(path)
    suite.judged([suite.Work("macro", 1, 250)], kept, lambda _: None, processes=1)
    entry = json.loads(path.read_text())
    path.write_text(json.dumps(entry | {"made_by": "another world"}) + "\n")
    assert kept.load() == {}


@pytest.mark.long
def test_processes_find_what_one_process_finds() -> None:
    works = [suite.Work("macro", seed, 250) for seed in (1, 2)]
    alone = suite.judged(works, suite.Kept(None), lambda _: None, processes=1)
    heard: list[int] = []
    shared = suite.judged(works, suite.Kept(None), lambda work: heard.append(work.seed), processes=2)
    assert repr(shared) == repr(alone)  # a NaN equals itself only so
    assert sorted(heard) == [1, 2]


@pytest.mark.long
def test_a_book_session_fills_the_rows_of_the_micro_suite(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["sim", "facts", "--suite", "micro", "--seeds", "1", "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert answer["control"] is None
    assert {row["suite"] for row in answer["rows"]} == {"micro"}
    assert (code == 0) == all(row["passed"] for row in answer["rows"])


@pytest.mark.long
def test_ctrl_c_ends_with_a_sentence_and_leaves_no_process(tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    line = ["sim", "facts", "--suite", "macro", "--seeds", "1..500", "--days", "250", "--keep", str(kept)]
    command = [sys.executable, "-m", "midas", *line]
    root = Path(__file__).resolve().parents[2]
    # A session of its own: the signal goes to the whole group, as a terminal sends it.
    process = subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 60
    while not kept.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)  # until nobody holds its stderr: no process is left
    assert process.returncode == 130
    assert said.startswith("midas: interrupted after ")
    assert said.count("\n") == 1
