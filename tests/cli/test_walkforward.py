"""`midas walkforward` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from midas.backtest.forward import summary, windows_of
from midas.cli import main
from midas.cli.walkforward_page import page
from midas.domain.time import DAY


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIDAS_HOME", str(tmp_path / "home"))


def test_a_page_tells_windows_and_how_far_they_can_be_trusted(
    candles: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = ["walkforward", "trend-following", "--data", candles, "--set", "enter=0.03,0.06"]
    assert main(asked) == 0
    text = capsys.readouterr().out
    for word in (
        "2 combinations",
        "Sharpe before",
        "efficiency",
        "with hindsight",
        "PBO",
        "2 trials counted",
    ):
        assert word in text
    assert max(map(len, text.splitlines())) <= 80
    assert main([*asked, "--json", "--rolling", "--train", "100", "--test", "60"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [window["train"] for window in told["windows"]] == [[0, 100], [60, 160], [120, 220], [180, 280]]
    assert told["windows"][0]["test"] == [101, 161] and told["configurations"] == [
        {"enter": 0.03},
        {"enter": 0.06},
    ]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--set", "enter"], "expected NAME=VALUES"),
        (["--train", "350"], "--train 350: 365 periods are to be split"),
        (["--set", "speed=1,2"], "--set speed=1: no such parameter; it has: enter"),
        (["--set", "enter=0.03..0.06"], "expected values, or a range with a step"),
        (["--set", "enter=0.03,0.9"], "--set enter=0.9: expected a number above 0.0 and below 0.5"),
        (["--test", "0"], "expected a whole number from 1"),
    ],
)
def test_bad_input_is_one_sentence(
    candles: str,
    more: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["walkforward", "trend-following", "--data", candles, *more]) == 2
    told = capsys.readouterr()
    assert said in told.err and told.err.count("\n") == 1 and not told.out


def test_what_was_made_before_an_interruption_is_kept_and_the_result_is_the_same(
    candles: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["walkforward", "trend-following", "--data", candles, "--json", "--set", "enter=0.03,0.06"]
    assert main(asked) == 0
    whole = capsys.readouterr().out
    (kept,) = (tmp_path / "home" / "walks").glob("*.jsonl")
    first, second = kept.read_bytes().splitlines(keepends=True)
    kept.write_bytes(first + second[: len(second) // 2])  # as if killed while the second was written
    assert main(asked) == 0
    assert capsys.readouterr().out == whole  # the second is made again
    assert kept.read_bytes() == first + second
    kept.write_bytes(first.replace(b'"returns"', b'"returnt"') + second)
    assert main(asked) == 0
    assert capsys.readouterr().out == whole  # what is damaged isn't read, nor what stands behind it


def test_other_costs_are_another_walk(candles: str, tmp_path: Path) -> None:
    asked = ["walkforward", "trend-following", "--data", candles, "--set", "enter=0.03"]
    assert main(asked) == 0 and main([*asked, "--taker-bps", "50"]) == 0
    assert main([*asked, "--rolling"]) == 0  # chooses among the same
    assert len(list((tmp_path / "home" / "walks").glob("*.jsonl"))) == 2


def test_what_is_not_known_says_why(candles: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["walkforward", "trend-following", "--data", candles]) == 0
    (row,) = [row for row in capsys.readouterr().out.splitlines() if row.startswith("overfitting")]
    assert row.split()[2:] == ["-", "nothing", "was", "chosen:", "give", "--set", "several", "values"]


def test_combinations_that_made_the_same_are_no_choice(
    candles: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["walkforward", "trend-following", "--data", candles, "--set", "horizon=20,30"]) == 0
    text = capsys.readouterr().out
    assert "all combinations made the same: nothing was chosen between them" in text
    (row,) = [row for row in text.splitlines() if row.startswith("overfitting")]
    assert row.split()[2] == "-"


def test_what_others_tried_on_these_candles_deflates_a_single_combination_as_well(
    candles: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["walkforward", "trend-following", "--data", candles, "--json", "--set"]

    def deflated(*values: str) -> float:
        assert main([*asked, *values]) == 0
        return float(json.loads(capsys.readouterr().out)["deflated"])

    alone = deflated("enter=0.03")
    deflated("enter=0.03..0.14:0.01")
    assert deflated("enter=0.03") < alone - 0.05


def test_a_day_less_of_the_same_candles_forgets_none_of_the_trials(
    candles: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["walkforward", "trend-following", "--data", candles, "--json", "--set"]

    def trials(*values: str) -> int:
        assert main([*asked, *values]) == 0
        return int(json.loads(capsys.readouterr().out)["trials"])

    assert trials("enter=0.03,0.06,0.1") == 3
    assert trials("enter=0.03", "--to", "2020-12-29") == 3  # configurations, one of them twice


def test_a_purged_path_on_which_nothing_was_traded_hides_none_of_the_others() -> None:
    """Nothing of the first two groups is known to whoever is tested on both: one path of five stays flat."""
    returns = np.zeros((360, 2))
    returns[:120, 1] = np.random.default_rng(1).normal(0.001, 0.01, 120)
    tried: list[dict[str, object]] = [{"a": 1}, {"a": 2}]
    found = summary(tried, returns, windows_of(360, 0, 0, False), 0, DAY, 2)
    (row,) = [row for row in page("x", ["BTC-USDT"], found) if row.startswith("combinatorial")]
    assert row.split(maxsplit=2)[2] == "median of 4 of 5 purged paths, lowest 0.63"
