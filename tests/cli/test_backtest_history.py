"""Real history on a first page: costs, benchmark, intervals and trials, with nothing cut and no row too many.

The shares come from the package `arch` (`pip install midas[history]`), which only these tests know.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import pytest

from midas.cli import main

SINCE = "2014-01-02"  # the first day of the package's VIX
WORDS = ("made", "buy & hold", "paid in costs", "95 %", "1 trial on these data counted", "assumed:")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIDAS_HOME", str(tmp_path / "home"))


def _rows(name: str) -> Iterator[list[str]]:
    """A frame of the package since 2014, read as the text that it is: importing it would load pandas."""
    found = find_spec("arch")
    if found is None or not found.submodule_search_locations:
        pytest.skip("no package arch: `pip install midas[history]` brings daily S&P 500 and VIX")
    path = Path(found.submodule_search_locations[0]) / "data" / name / f"{name}.csv.gz"
    with gzip.open(path, "rt") as text:
        for day, *figures in list(csv.reader(text))[1:]:
            month, of_month, year = map(int, day.split("/"))
            at = date(year, month, of_month).isoformat()
            if at >= SINCE and figures[0] != ".":
                yield [at, *figures]


@pytest.fixture
def history(tmp_path: Path) -> list[str]:
    """The S&P 500 with volumes, and the VIX without."""
    shares, index = tmp_path / "spx-usd-1d.csv", tmp_path / "vix-usd-1d.csv"
    with shares.open("w", newline="") as file:
        csv.writer(file).writerows(
            [["date", "open", "high", "low", "close", "adj close", "volume"], *_rows("sp500")]
        )
    with index.open("w", newline="") as file:
        rows = ([at, value, value, value, value] for at, value in _rows("vix"))
        csv.writer(file).writerows([["date", "open", "high", "low", "close"], *rows])
    return [str(shares), str(index)]


def _page(text: str, rows: int = 23) -> list[str]:
    lines = text.splitlines()
    assert max(map(len, lines)) < 80 and len(lines) <= rows
    assert not any(line.endswith("...") for line in lines)
    return lines


def test_shares_with_an_index_beside_them_are_one_page(
    history: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["backtest", "trend-following", "--to", "2019-01-01", "--data", *history]
    assert main(asked) == 0
    text = capsys.readouterr().out
    lines = _page(text)
    assert all(word in text for word in WORDS) and "after holes" not in text
    # Neither weekends nor holidays are holes.
    assert "data: VIXUSD no volume: fills aren't limited by it; all times read as UTC" in lines
    assert main(["data", "check", history[0]]) == 0
    assert "0 (besides" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["binance-btcusdt-1d-2020.csv", "bitstamp-btcusd-1m-2020-01-01.csv"])
def test_coins_are_one_page(name: str, reference_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "trend-following", "--data", str(reference_data / "data" / name)]) == 0
    text = capsys.readouterr().out
    _page(text)
    assert all(word in text for word in WORDS if word != "95 %")
    assert "95 %:" in text or "too few: 1 of 30" in text
