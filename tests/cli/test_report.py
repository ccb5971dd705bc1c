"""`midas report` and `midas compare` as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from midas.cli import main
from midas.reports import archive


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIDAS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_an_empty_home_says_how_to_make_a_first_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report"]) == 0
    assert "midas backtest STRATEGY --data FILE" in capsys.readouterr().out
    assert main(["report", "last"]) == 2
    assert "no run has been kept" in capsys.readouterr().err


def test_every_run_is_kept_listed_shown_written_and_compared(
    candles: str, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "a.html"
    assert main(["backtest", "trend-following", "--data", candles, "--html", str(page)]) == 0
    assert "kept: `midas report" in capsys.readouterr().out and "<main>" in page.read_text()
    assert main(["backtest", "trend-following", "--data", candles, "--set", "horizon=10", "--json"]) == 0
    newest = json.loads(capsys.readouterr().out)["run"]
    assert main(["report", "--json"]) == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert runs[0]["id"] == newest and len(runs) == 2
    assert main(["report", "last", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == {"horizon": 10}
    assert main(["report", "last", "--csv", str(tmp_path / "out"), "--parquet", str(tmp_path / "out")]) == 0
    assert len(list((tmp_path / "out").iterdir())) == 6
    capsys.readouterr()
    assert main(["compare", runs[1]["id"], "last"]) == 0
    assert "horizon" in capsys.readouterr().out
    assert main(["compare", runs[1]["id"], "last", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["differs"][0]["name"] == "horizon"
    assert main(["compare", newest, "last"]) == 2
    assert f"both are the run {newest}" in capsys.readouterr().err


def test_a_run_is_not_kept_where_nobody_wants_it(
    candles: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backtest", "trend-following", "--data", candles, "--no-save"]) == 0
    assert "not kept" in capsys.readouterr().out and archive.names(home) == []


def test_a_page_that_cannot_be_written_is_one_sentence(
    candles: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--html", "x.html"]) == 2
    assert "say of which run" in capsys.readouterr().err
    assert main(["backtest", "trend-following", "--data", candles, "--html", "/nowhere/x.html"]) == 2
    assert "/nowhere/x.html can't be written" in capsys.readouterr().err
