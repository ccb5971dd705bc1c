"""The trial ledger: everything that was tried, once."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from midas.backtest.trials import FILE, Span, Tried, count, counted, digest_of, span_of
from midas.domain.time import MINUTE
from midas.errors import StoreError
from tests.backtest.stage import START, bars, walk
from tests.fakes.desk import BTC


def tried(fast: int, sharpe: float | None = 0.1, data: str = "d") -> Tried:
    return Tried(strategy="s", data=data, parameters={"fast": fast}, sharpe_day=sharpe, at=1)


def test_the_same_trial_counts_once_and_others_count_apart(tmp_path: Path) -> None:
    count(tmp_path, [tried(1), tried(2), tried(3, data="e")])
    count(tmp_path, [tried(1), tried(2, sharpe=0.2)])
    assert len(counted(tmp_path)) == 4
    assert len(counted(tmp_path, data="d")) == 3 and not counted(tmp_path, strategy="other")
    assert counted(tmp_path / "nowhere") == []


def test_a_torn_line_is_nobodys_and_swallows_nothing(tmp_path: Path) -> None:
    count(tmp_path, [tried(1), tried(2)])
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:-9])
    count(tmp_path, [tried(3)])
    assert [each.parameters["fast"] for each in counted(tmp_path)] == [1, 3]


def test_a_ledger_that_cant_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="can't be counted"):
        count(tmp_path / "file", [tried(1)])


def test_candles_are_the_same_where_all_of_them_are() -> None:
    series = bars(walk(50))
    other = msgspec.structs.replace(series, volume=series.volume + 1.0)
    assert digest_of([series]) == digest_of([bars(walk(50))]) != digest_of([other])


def test_what_was_tried_on_a_part_or_more_of_the_same_candles_counts_each_configuration_once(
    tmp_path: Path,
) -> None:
    def on(data: str, begins: int, ends: int, fast: int, sharpe: float, name: str = "BTC") -> Tried:
        span = Span(instruments=(name,), begins=begins, ends=ends)
        return Tried(strategy="s", data=data, parameters={"fast": fast}, sharpe_day=sharpe, at=1, of=span)

    count(tmp_path, [on("d", 0, 10, 1, 0.1), on("d", 0, 10, 1, 0.2), on("d", 0, 10, 2, 0.1)])
    count(tmp_path, [on("more", 0, 11, 1, 0.3), on("more", 0, 11, 3, 0.3), on("part", 5, 10, 3, 0.4)])
    count(tmp_path, [on("later", 10, 20, 4, 0.1), on("other", 0, 10, 5, 0.1, "ETH"), tried(6, data="old")])
    found = counted(tmp_path, data="d", of=Span(instruments=("BTC", "SOL"), begins=0, ends=10))
    assert [each.parameters["fast"] for each in found] == [1, 1, 2, 3]
    assert span_of([bars(walk(50))]) == Span(instruments=(BTC.id,), begins=START, ends=START + 50 * MINUTE)
