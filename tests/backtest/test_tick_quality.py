"""Quotes and prints as they come: what may be true and matters is counted, with its moment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from midas.backtest.tick_quality import Spot, TickQuality, examine_ticks
from midas.backtest.tick_table import read_ticks
from midas.cli import main
from midas.domain.time import MILLISECOND, SECOND

QUOTES = "time,bid,ask,bid_size,ask_size"
PRINTS = "time,price,size,side"
FIRST = 1_577_836_800


def write(path: Path, head: str, rows: list[str]) -> Path:
    path.write_text("\n".join([head, *rows, ""]))
    return path


def quotes(path: Path) -> Path:
    """One a second, 1 wide; a silence of 90 s, one spread of 30, one row twice, one without an ask."""
    rows = [f"{FIRST + n},100,101,1,1" for n in range(20)]
    rows += [f"{FIRST + 109}.25,100,130,1,1", f"{FIRST + 110},100,101,1,0"]
    return write(path, QUOTES, [*rows, rows[-1]])


def examined(*files: Path) -> TickQuality:
    return examine_ticks(read_ticks(files), files)


def test_silences_wide_spreads_empty_sides_and_repetitions_are_counted_with_their_moments(
    tmp_path: Path,
) -> None:
    found = examined(quotes(tmp_path / "btcusdt-q.csv"))
    assert (found.quotes, found.prints, found.quoted) == (23, 0, True)
    assert found.silences[0] == Spot((FIRST + 19) * SECOND, 90.25)
    assert found.spread_bps == pytest.approx(1e4 / 100.5)
    assert (found.wide, len(found.widest)) == (1, 1)
    assert found.widest[0].time == (FIRST + 109) * SECOND + 250 * MILLISECOND
    assert found.widest[0].size == pytest.approx(30e4 / 115)
    assert (found.empty, found.repeated) == (2, 1)


def test_prints_are_counted_beside_quotes(tmp_path: Path) -> None:
    trades = [f"{FIRST + n}.5,100,1,sell" for n in range(4)]
    found = examined(quotes(tmp_path / "btcusdt-q.csv"), write(tmp_path / "btcusdt-p.csv", PRINTS, trades))
    assert (found.quotes, found.prints) == (23, 4)


def test_a_touch_that_is_made_of_prints_is_no_quote(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trades = [f"{FIRST + n},{100 + n % 2},1,{'buy' if n % 2 else 'sell'}" for n in range(4)]
    path = write(tmp_path / "btcusdt.csv", PRINTS, trades)
    found = examined(path)
    assert (found.quoted, found.quotes, found.prints, found.empty) == (False, 0, 3, 0)
    assert main(["data", "check", str(path)]) == 0
    assert "none: the touch is where somebody last bought and sold" in capsys.readouterr().out


def test_the_check_tells_tables_of_candles_and_of_ticks_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    candles = write(
        tmp_path / "ethusdt-1m.csv", "time,open,high,low,close,volume",
        [f"{FIRST + 60 * n},10,11,9,10,1" for n in range(3)],
    )  # fmt: skip
    ticks = quotes(tmp_path / "btcusdt-q.csv")
    assert main(["data", "check", str(ticks), str(candles), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["symbol"] for each in told["tables"]] == ["ETHUSDT"]
    assert [each["quotes"] for each in told["ticks"]] == [23]
    assert main(["data", "check", str(ticks)]) == 0
    page = capsys.readouterr().out
    assert "2020-01-01 00:00:19.000  90.2 s" in page
    assert max(map(len, page.splitlines()[1:])) <= 80
