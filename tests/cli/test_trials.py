"""Every try on the same candles counts, whatever command made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from midas.backtest.trials import counted
from midas.cli import main
from midas.cli.trials import tried
from tests.backtest.stage import bars, walk


def test_every_try_counts_once_and_only_on_its_own_candles(tmp_path: Path) -> None:
    chance = [0.01 * (n % 7 - 3) for n in range(60)]
    other = [0.02 * (n % 5 - 2) + 0.001 for n in range(60)]
    one, two = bars(walk(50)), bars(walk(50, seed=2))
    assert tried(tmp_path, "s", [one], [({"a": 1}, chance)], "backtest") == (1, 0.0)
    assert tried(tmp_path, "s", [one], [({"a": 1}, chance)], "backtest").trials == 1
    luck = tried(tmp_path, "s", [one], [({"a": 2}, other), ({"a": 3}, [])], "walkforward")
    assert luck.trials == 3 and luck.variance > 0.0
    assert tried(tmp_path, "s", [two], [({"a": 1}, chance)], "backtest").trials == 1
    assert {each.by for each in counted(tmp_path)} == {"backtest", "walkforward"}


def test_a_back_test_says_how_many_tries_its_result_stands_against(
    candles: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIDAS_HOME", str(tmp_path / "home"))
    asked = ["--data", candles, "--set"]
    assert main(["walkforward", "trend-following", *asked, "enter=0.03,0.06,0.08"]) == 0
    assert "3 trials counted" in capsys.readouterr().out
    assert main(["backtest", "trend-following", *asked, "enter=0.05", "--no-save"]) == 0
    assert "4 trials on these data" in capsys.readouterr().out
