"""Every try on the same candles counts, whatever command made it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from midas.backtest.trials import counted
from midas.cli import main
from midas.workspace import copy_template


def test_a_back_test_says_how_many_tries_its_result_stands_against(
    candles: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIDAS_HOME", str(tmp_path / "home"))
    asked = ["--data", candles, "--set"]
    assert main(["walkforward", "trend-following", *asked, "enter=0.03,0.06"]) == 0
    assert "2 trials counted" in capsys.readouterr().out
    assert main(["backtest", "trend-following", *asked, "enter=0.05", "--no-save"]) == 0
    assert "3 trials on these data" in capsys.readouterr().out


def test_a_combination_that_its_strategy_refuses_was_never_tried(
    candles: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIDAS_HOME", str(tmp_path / "home"))
    asked = ["--data", candles, "--workers", "1", "--json", "--set", "enter=0.05,0.06,0.2"]
    assert main(["sweep", "trend-following", *asked]) == 0
    trials = json.loads(capsys.readouterr().out)["trials"]
    assert [each["state"] for each in trials] == ["done", "done", "failed"]
    assert sorted(str(each.parameters["enter"]) for each in counted(tmp_path / "home")) == ["0.05", "0.06"]


def test_what_the_workspace_sets_is_part_of_what_every_command_counts(
    candles: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_template(tmp_path / "desk")
    with (tmp_path / "desk" / "config.toml").open("a") as file:
        file.write("\n[strategies.trend-following.parameters]\nhorizon = 20\n")
    monkeypatch.chdir(tmp_path / "desk")
    monkeypatch.setenv("MIDAS_HOME", str(tmp_path / "home"))
    asked = ["trend-following", "--data", candles, "--set"]
    assert main(["walkforward", *asked, "enter=0.05,0.06"]) == 0
    assert main(["sweep", *asked, "enter=0.05,0.06", "--workers", "1"]) == 0
    assert main(["backtest", *asked, "enter=0.05", "--no-save"]) == 0
    assert len(counted(tmp_path / "home")) == 2
