"""`midas sweep`, and `midas backtest --fast`, as a person types them."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from midas.backtest.sweep.storage import FOLDER, TRIALS, leaderboard, names
from midas.backtest.trials import counted
from midas.cli import main
from midas.workspace import copy_template

STRATEGY = '''"""Holds above the mean of the newest closes."""
from collections.abc import Sequence
from typing import ClassVar

import msgspec
import numpy as np

from midas.api import Briefing, Columns, Family, Hears, MarketView, Opinion, Urgency


class Parameters(msgspec.Struct, frozen=True):
    span: int = 5
    share: float = 1.0


class Above:
    name: ClassVar[str] = "above"
    family: ClassVar[Family] = Family.TREND_FOLLOWING
    hears: ClassVar[str] = Hears.BAR
    trades_unknown: ClassVar[bool] = True
    unaided: ClassVar[bool] = True
    Parameters: ClassVar[type[msgspec.Struct]] = Parameters

    def __init__(self, parameters: Parameters) -> None:
        self._it = parameters
        self._mean = 0.0

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion:
        close = market.bars[-1].close
        self._mean = (self._mean or close) + (close - (self._mean or close)) / self._it.span
        return Opinion(
            direction=float(close > self._mean * self._it.share), confidence=1.0,
            urgency=Urgency.AGGRESSIVE, reason="above",
        )

    @classmethod
    def wanted(cls, parameters: Sequence[Parameters], bars: Columns) -> np.ndarray:
        found = np.zeros((len(parameters), len(bars)), np.bool_)
        for row, it in zip(found, parameters):
            mean = bars.close[0]
            for place, close in enumerate(bars.close):
                mean += (close - mean) / it.span
                row[place] = close > mean * it.share
        return found
'''
PLAIN = ["--units", "1", "--no-impact", "--spread-bps", "0", "--cash", "100000"]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_template(tmp_path / "desk")
    (tmp_path / "desk" / "strategies" / "above.py").write_text(STRATEGY)
    monkeypatch.chdir(tmp_path / "desk")
    monkeypatch.setenv("MIDAS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MIDAS_RISK__STOPS__ENABLED", "false")
    monkeypatch.setenv("MIDAS_RISK__TRIGGERS__SHARPE_DEFENSIVE", "-10")


@pytest.fixture
def candles(tmp_path: Path) -> str:
    path = tmp_path / "btcusdt-1d.csv"
    write_candles(path)
    return str(path)


def write_candles(path: Path) -> None:
    """Two hundred days that drift upwards."""
    rows, price, chance = [], 100.0, random.Random(1)
    for day in range(200):
        opened, price = price, round(price * (1.0 + chance.gauss(0.001, 0.02)), 2)
        low, high = min(opened, price), max(opened, price)
        at = (date(2020, 1, 1) + timedelta(days=day)).isoformat()
        rows.append(f"{at},{opened:.2f},{high + 0.01:.2f},{low - 0.01:.2f},{price:.2f},1000\n")
    path.write_text("datetime,open,high,low,close,volume\n" + "".join(rows))


def sweep(candles: str, *more: str) -> int:
    return main(["sweep", "above", "--data", candles, "--workers", "1", *PLAIN, *more])


def test_a_page_names_the_best_and_says_what_luck_is_in_it(
    candles: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "sweep.html"
    assert sweep(candles, "--set", "span=2..6", "--set", "share=0.99,1.0", "--html", str(page)) == 0
    text = capsys.readouterr().out
    assert "10 of 10 trials (grid)" in text and "10 over arrays" in text and "partly luck" in text
    assert "overfitted (PBO): " in text
    assert max(map(len, text.splitlines())) < 80
    html = page.read_text()
    assert "(PBO)" in html and "<svg" in html and 'class="heat"' in html and "http" not in html
    assert len(counted(tmp_path / "home")) == 10
    assert main(["backtest", "above", "--data", candles, "--set", "span=7", "--no-save", *PLAIN]) == 0
    first = capsys.readouterr().out
    assert "11 trials on these data counted" in first and "PBO" not in first
    chosen = "--set", "span=3", "--set", "share=1.0"
    assert main(["backtest", "above", "--data", candles, *chosen, "--no-save", *PLAIN]) == 0
    assert "overfitted (PBO)" in capsys.readouterr().out  # chosen from that sweep


def test_the_same_command_makes_only_what_isnt_there(
    candles: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = "--set", "span=2..6", "--json"
    assert sweep(candles, *asked) == 0
    first = json.loads(capsys.readouterr().out)
    (name,) = names(tmp_path / "home")
    path = tmp_path / "home" / FOLDER / name / TRIALS
    path.write_bytes(path.read_bytes()[:-5])
    assert sweep(candles, *asked) == 0
    again = json.loads(capsys.readouterr().out)
    assert (first["kept"], again["kept"]) == (0, 4) and again["trials"] == first["trials"]
    assert 0.0 <= first["overfitting"] <= 1.0 and "tenths" not in first["trials"][0]
    assert len(counted(tmp_path / "home")) == 5
    assert [t.number for t in leaderboard(path.parent)] == [t["number"] for t in again["trials"]]


def test_what_is_compiled_is_what_the_engine_makes(candles: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for fast in ("only", "never"):
        assert (
            main(["backtest", "above", "--data", candles, "--fast", fast, "--json", "--no-save", *PLAIN]) == 0
        )
        found.append(json.loads(capsys.readouterr().out)["summary"])
    for each in found:
        del each["audits"], each["digest"]  # nobody audited arrays
    assert found[0] == found[1] and found[0]["fills"] > 10


@pytest.mark.parametrize("command", [["backtest", "above"], ["sweep", "above", "--set", "span=2..3"]])
def test_who_wants_arrays_alone_is_told_why_not(
    candles: str, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert main([*command, "--data", candles, "--fast", "only", "--units", "1"]) == 2
    assert "impact is charged" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--set", "span=3"], "nothing varies"),
        (["--set", "speed=1..3"], "no such parameter"),
        (["--set", "span=1..3", "--set", "span=2..4"], "given twice"),
        (["--set", "share=0.1..0.9"], "needs a step"),
        (["--set", "span=2..4", "--method", "tpe", "--trials", "0"], "a whole number from 1"),
        (["--set", "span=2..4", "--to", "2020-01-11"], "10 days can't tell it, 30 can"),
        (["--set", "span=a,b"], "--set span=a: expected a whole number"),
        (["--set", "span=2..4", "--where", "span<share", "--method", "tpe"], "--where"),
        (["--set", "span=2..4", "--html", "/nowhere/s.html"], "can't be written"),
    ],
)
def test_what_cant_be_done_is_one_sentence(
    candles: str, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    assert sweep(candles, *more) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_any_moment_it_ends_as_if_it_had_not_been(
    candles: str, tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(seed)
    asked = ["sweep", "above", "--data", candles, "--set", "span=2..60", *PLAIN, "--fast", "never", "--json"]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-m", "midas", *asked, "--workers", "2"], env=environ, stdout=subprocess.DEVNULL
        ) as running:
            time.sleep(chance.uniform(2.0, 6.0))
            running.kill()
        made = [leaderboard(tmp_path / "home" / FOLDER / name) for name in names(tmp_path / "home")]
        assert len(counted(tmp_path / "home")) >= sum(map(len, made)) - 1  # but for what was kept just now
    assert main([*asked, "--workers", "1"]) == 0
    resumed = json.loads(capsys.readouterr().out)
    assert main([*asked, "--workers", "1", "--fresh"]) == 0
    assert json.loads(capsys.readouterr().out)["trials"] == resumed["trials"]


def test_a_parameter_that_changed_nothing_is_named_and_each_result_told_once(
    candles: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep(candles, "--set", "span=3,5", "--set", "share=0.1,0.2") == 0  # always held
    text = capsys.readouterr().out
    assert "+3 alike" in text and "span and share changed nothing" in " ".join(text.split())
