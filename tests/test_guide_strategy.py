"""The strategy of the user guide can be copied and run, at once and over arrays."""

from __future__ import annotations

import json
import random
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from midas.cli import main
from midas.workspace import copy_template

GUIDE = Path(__file__).parent.parent / "docs" / "USER_GUIDE.md"
SWEEP = ["--set", "fast=3..5", "--set", "slow=10,20", "--where", "fast<slow", "--units", "0.1", "--no-impact"]


@pytest.fixture(autouse=True)
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.S)
    (example,) = [block for block in blocks if "class Cross:" in block]
    copy_template(tmp_path / "desk")
    (tmp_path / "desk" / "strategies" / "cross.py").write_text(example)
    (settings,) = re.findall(r"```toml\n(\[strategies\.cross\].*?)```", GUIDE.read_text(), re.S)
    with (tmp_path / "desk" / "config.toml").open("a") as config:
        config.write(f"\n{settings}")
    monkeypatch.chdir(tmp_path / "desk")
    monkeypatch.setenv("MIDAS_HOME", str(tmp_path / "home"))


@pytest.fixture
def candles(tmp_path: Path) -> str:
    path, rows, price, chance = (
        tmp_path / "btcusdt-1d.csv",
        ["time,open,high,low,close,volume"],
        1e4,
        random.Random(3),
    )
    for day in range(200):
        opened, price = price, round(price * (1.0 + chance.gauss(0.001, 0.02)), 2)
        ends = max(opened, price) * 1.002, min(opened, price) * 0.998
        when = date(2020, 1, 1) + timedelta(days=day)
        rows.append(f"{when},{opened:.2f},{ends[0]:.2f},{ends[1]:.2f},{price:.2f},5000")
    path.write_text("\n".join(rows) + "\n")
    return str(path)


def test_it_runs_as_it_stands(candles: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "cross", "--data", candles, "--json", "--no-save"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["closed"] > 0


def test_it_is_swept_over_arrays_where_stops_are_off(
    candles: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIDAS_RISK__TRIGGERS__SHARPE_DEFENSIVE", "-10")
    asked = ["sweep", "cross", "--data", candles, *SWEEP, "--cash", "100000", "--workers", "1", "--json"]
    assert main([*asked, "--fast", "only"]) == 0
    trials = json.loads(capsys.readouterr().out)["trials"]
    assert len(trials) == 6 and all(t["state"] == "done" and t["fills"] > 3 for t in trials)
