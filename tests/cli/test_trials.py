"""Every try on the same candles counts, whatever command made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from midas.cli import main


def test_a_back_test_says_how_many_tries_its_result_stands_against(
    candles: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIDAS_HOME", str(tmp_path / "home"))
    asked = ["--data", candles, "--set"]
    assert main(["walkforward", "trend-following", *asked, "enter=0.03,0.06"]) == 0
    assert "2 trials counted" in capsys.readouterr().out
    assert main(["backtest", "trend-following", *asked, "enter=0.05", "--no-save"]) == 0
    assert "3 trials on these data" in capsys.readouterr().out
