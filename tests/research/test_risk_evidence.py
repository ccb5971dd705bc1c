from __future__ import annotations

import json
from argparse import Namespace

import numpy as np
import pytest

from midas.cli import main
from midas.cli.parser import build_parser
from midas.cli.research import risk_evidence
from midas.research.calibration_evidence import drawn
from midas.research.criterion import Band, Criterion, judged
from midas.research.risk_evidence import Size, Work, criteria, works
from midas.research.tail_evidence import F1_GOAL, market
from midas.statistics.recalibration import logit

SMALL = Size(assets=4, days=1_000, rows=4_000, draws=50)


@pytest.fixture(scope="module")
def found() -> dict[str, Criterion]:
    return criteria(works(range(3, 4)), lambda _: None, SMALL, processes=1)


@pytest.mark.long
def test_the_coverage_test_separates_filtered_from_plain_historical_simulation(
    found: dict[str, Criterion],
) -> None:
    f1 = found["F1"]
    assert f1.control is not None and not f1.control.passed
    assert f1.value["conditional_95"] > f1.control.value["conditional_95"]
    assert f1.value["assets"] == SMALL.assets
    assert F1_GOAL["exceptions_95"].holds(f1.value["exceptions_95"])


def test_the_shortfall_test_refuses_the_normal_distribution(found: dict[str, Criterion]) -> None:
    f2 = found["F2"]
    assert f2.control is not None and not f2.control.passed
    assert f2.value["accepted"] > f2.control.value["accepted"]


def test_recalibration_brings_an_overconfident_forecaster_near_the_truth(found: dict[str, Criterion]) -> None:
    b1, b2 = found["B1"], found["B2"]
    assert b1.control is not None and b1.control.value["ece"] > 0.1
    assert b1.value["ece"] < 0.03
    assert b2.passed and b2.value["brier_ratio"] < 1.005


def test_a_table_for_a_person_ends_with_a_line_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    tiny = Size(assets=1, days=300, rows=1_000, draws=20)
    code = risk_evidence(Namespace(seeds=range(4, 5), json=False), tiny, processes=1)
    *shown, last = capsys.readouterr().out.splitlines()
    headings = [line for line in shown if line[:2] in {"F1", "F2", "B1", "B2"}]
    assert len(headings) == 4
    assert all(line[4:].startswith(("ok", "FAILED")) for line in headings)
    assert any("fails, as it must" in line for line in shown)
    told = json.loads(last)["criteria"]
    assert list(told) == ["F1", "F2", "B1", "B2"]
    for criterion in told.values():
        assert {"value", "goal", "oracle", "pass", "control"} <= criterion.keys()
        assert set(criterion["goal"]) <= set(criterion["value"])
        assert set(criterion["goal"]) <= set(criterion["oracle"])
    assert code == (0 if all(each["pass"] for each in told.values()) else 1)


def test_the_same_seed_is_the_same_market_and_its_volatility_is_what_moved_it() -> None:
    (returns, volatility), (again, _) = market(5, 2, 130), market(5, 2, 130)
    assert np.array_equal(returns, again)
    assert returns.shape == volatility.shape == (130, 2)
    assert 0.7 < np.std(returns / volatility) < 1.4


def test_the_forecaster_says_three_times_his_logit_and_a_bit_more() -> None:
    made = drawn(500, np.random.default_rng(1))
    for truth, said in zip(made.truth, made.forecasts, strict=True):
        assert logit(said) == pytest.approx(3.0 * logit(truth) + 0.3)
    assert made.first(10).outcomes == made.outcomes[:10]


def test_a_criterion_fails_where_its_control_passes_or_a_figure_is_unknown() -> None:
    goal = {"share": Band(0.9)}
    assert judged("t", {"share": 0.95}, goal, {}, ("wrong", {"share": 0.5})).passed
    assert not judged("t", {"share": 0.95}, goal, {}, ("wrong", {"share": 0.95})).passed
    assert not judged("t", {"share": float("nan")}, goal, {}).passed
    assert judged("t", {"share": 0.9}, goal, {}).passed
    assert [Band(0.9).text, Band(high=1).text, Band(0.1, 0.2).text] == [
        "at least 0.9",
        "at most 1",
        "0.1 .. 0.2",
    ]


def test_every_seed_is_one_world_and_two_forecasters() -> None:
    todo = works(range(7, 9))
    assert todo[:2] == [Work("tail", 7), Work("tail", 8)]
    assert len({work.seed for work in todo[2:]}) == 4


def test_the_command_is_a_word_of_research(capsys: pytest.CaptureFixture[str]) -> None:
    args = build_parser().parse_args(["research", "risk-evidence", "--json", "--seeds", "5..8"])
    assert args.handler == "midas.cli.research:risk_evidence"
    assert (args.seeds, args.json) == (range(5, 9), True)
    assert main(["research"]) == 2
    assert main(["research", "risk-evidence", "--seeds", "9..3"]) == 2
    assert "expected 1 to 1,000 seeds" in capsys.readouterr().err
