"""`midas backtest` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from midas.cli import main

HEAD = "datetime,open,high,low,close,volume\n"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIDAS_HOME", str(tmp_path / "home"))


def test_a_page_tells_figures_costs_and_assumptions(candles: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "trend-following", "--data", candles]) == 0
    text = capsys.readouterr().out
    for word in (
        "made",
        "buy & hold",
        "worst fall",
        "fees",
        "95 %:",
        "1 trial on these",
        "assumed:",
        "50 ms",
    ):
        assert word in text
    assert max(map(len, text.splitlines())) < 80
    assert len(text.splitlines()) <= 24


def test_json_holds_the_figures_and_what_was_assumed(
    candles: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "backtest",
        "trend-following",
        "--data",
        candles,
        "--json",
        "--cash",
        "5000",
        "--set",
        "horizon=10",
    ]
    assert main(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["summary"]["bars"] == 365 and told["summary"]["cash"] == 5000.0
    assert told["parameters"] == {"horizon": 10} and told["assumptions"]["volume_share"] == 0.1


def test_a_part_of_the_data_is_a_run_of_its_own(candles: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "backtest",
        "trend-following",
        "--data",
        candles,
        "--from",
        "2020-03-01",
        "--to",
        "2020-04-01",
    ]
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["bars"] == 31


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--set", "horizon"], "--set 'horizon': expected NAME=VALUE"),
        (["--set", "speed=3"], "--set speed=3: no such parameter; it has: enter"),
        (["--set", "horizon=abc"], "--set horizon=abc: expected a whole number from 1 to 100,000"),
        (["--set", "horizon=5..9"], "expected a whole number from 1 to 100,000; `midas sweep` tries several"),
        (["--set", "enter=0.2"], "--set enter=0.2: expected leave <= leave_against < enter < sure"),
        (["--from", "gestern"], "--from: expected a date"),
        (["--from", "2020-03-01", "--to", "2020-02-01"], "--from 2020-03-01 lies after --to 2020-02-01"),
        (["--from", "2031-01-01"], "no candle of BTCUSDT between"),
        (["--spread-bps", "-1"], "expected basis points from 0"),
    ],
)
def test_bad_input_is_one_sentence(
    candles: str, more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backtest", "trend-following", "--data", candles, *more]) == 2
    told = capsys.readouterr()
    assert said in told.err and told.err.count("\n") == 1 and not told.out


@pytest.mark.parametrize("command", ["backtest", "sweep", "walkforward"])
def test_a_strategy_that_hears_the_book_is_not_run_on_candles(
    command: str, candles: str, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--set", "levels=3,5"] if command != "backtest" else []
    assert main([command, "book-imbalance", "--data", candles, *more]) == 2
    told = capsys.readouterr()
    assert "book-imbalance hears the order book, and candles have none" in told.err and not told.out


def test_a_bad_row_is_named_with_its_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "btcusdt-1d.csv"
    path.write_text(HEAD + "2020-01-01,1,2,1,1,5\n2020-01-02,1,2,1,x,5\n")
    assert main(["backtest", "trend-following", "--data", str(path)]) == 2
    assert f"{path}:3: expected a decimal number" in capsys.readouterr().err


def test_a_table_of_quotes_runs_tick_by_tick(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{1_577_836_800 + n / 2:.1f},{100 + n % 40},{100.02 + n % 40:.2f},5,5\n" for n in range(400)]
    path = tmp_path / "btcusdt-quotes.csv"
    path.write_text("time,bid,ask,bid_size,ask_size\n" + "".join(rows))
    asked = ["backtest", "trend-following", "--data", str(path), "--queue", "power", "--feed-ms", "5"]
    assert main([*asked, "--json", "--no-save"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["summary"]["bars"] == 400 and found["assumptions"]["queue"] == "power"
    assert found["assumptions"]["feed_latency"] == 5_000_000


def test_a_recording_is_played_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "trend-following", "--data", str(tmp_path / "no.jsonl.gz")]) == 2
    assert "no.jsonl.gz" in capsys.readouterr().err
