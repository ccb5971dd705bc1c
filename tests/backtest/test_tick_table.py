"""Quotes and prints from files: read to the digit, merged by time, refused by row."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from midas.backtest.tick_table import is_ticks, read_ticks
from midas.domain.market import Quote, Trade
from midas.domain.time import MILLISECOND, SECOND
from midas.errors import RecordingInvalid

QUOTES = "time,bid,ask,bid_size,ask_size\n"
PRINTS = "time,price,size,side\n"
START = 1_577_836_800  # 2020-01-01


def table(folder: Path, head: str, rows: str, name: str = "btcusdt-ticks.csv") -> Path:
    path = folder / name
    path.write_text(head + rows)
    return path


def test_quotes_and_prints_of_two_files_come_in_the_order_of_time(tmp_path: Path) -> None:
    quotes = table(tmp_path, QUOTES, f"{START},99.5,100,1.5,2\n{START + 2},99.75,100,1,0.25\n")
    rows = "2019-12-31 23:59:59,99,1,buy\n2020-01-01 00:00:00.5,100,0.5,BUY\n2020-01-01 00:00:03,99.75,1,s\n"
    prints = table(tmp_path, PRINTS, rows, "p.csv")
    found = read_ticks([quotes, prints])
    assert (found.instrument.base, found.instrument.tick_size) == ("BTC", Decimal("0.01"))
    events = list(found.events(delay=MILLISECOND))
    assert [type(e) for e in events] == [Quote, Trade, Quote, Trade]
    assert [(e.time - START * SECOND) // MILLISECOND for e in events] == [0, 500, 2_000, 3_000]
    assert all(e.at == e.time + MILLISECOND for e in events)
    first, bought = events[0], events[1]
    assert isinstance(first, Quote) and isinstance(bought, Trade)
    lot = found.instrument.lot
    assert (first.bid, first.ask, first.bid_lots * lot, bought.price) == (9_950, 10_000, 1.5, 10_000)
    assert not bought.buyer_is_maker


def test_prints_alone_tell_where_somebody_last_bought_and_sold(tmp_path: Path) -> None:
    rows = f"{START},100,1,buy\n{START + 1},99,2,sell\n{START + 2},99.5,3,buy\n{START + 3},98,1,sell\n"
    found = read_ticks([table(tmp_path, PRINTS, rows)])
    quotes = [e for e in found.events() if isinstance(e, Quote)]
    tick = found.instrument.tick
    assert [(q.bid * tick, q.ask * tick) for q in quotes] == [(99.0, 100.0), (99.0, 99.5), (98.0, 99.5)]


def test_of_prints_alone_each_side_shows_the_size_of_its_own_last_print(tmp_path: Path) -> None:
    rows = f"{START},100,1,buy\n{START + 1},99,2,sell\n{START + 2},99,3,sell\n{START + 3},100,4,buy\n"
    found = read_ticks([table(tmp_path, PRINTS, rows)])
    quotes = [e for e in found.events() if isinstance(e, Quote)]
    lot = found.instrument.lot
    assert [(q.bid_lots * lot, q.ask_lots * lot) for q in quotes] == [(2.0, 1.0), (3.0, 1.0), (3.0, 4.0)]


def test_a_table_of_ticks_is_known_by_its_columns(tmp_path: Path) -> None:
    assert is_ticks(table(tmp_path, QUOTES, ""))
    assert not is_ticks(table(tmp_path, "time,open,high,low,close,volume\n", ""))
    assert not is_ticks(tmp_path / "nothing.csv")


@pytest.mark.parametrize(
    ("head", "rows", "said"),
    [
        (QUOTES, "1577836800,99,98,1,1\n", ":2: the bid isn't below the ask"),
        (QUOTES, "1577836801,98,99,1,1\n1577836800,98,99,1,1\n", ":3: earlier than the row before"),
        (QUOTES, "1577836801,98,abc,1,1\n", ":2: ask is empty or no number"),
        (QUOTES, "yesterday,98,99,1,1\n", ":2: time is empty or unreadable"),
        (QUOTES, "1577836801,-1,99,1,1\n", ":2: bid isn't above 0"),
        (QUOTES, "1577836801,98,99,1e300,1\n", ":2: bid_size is above the 9e.10 that"),
        (QUOTES, "1577836801,0.0000012345,0.0000013,1,1\n", ":2: bid needs more than the eight decimals"),
        (PRINTS, "1577836801,98,1,up\n", ":2: side isn't buy or sell"),
        (PRINTS, "1577836801,98,1,buy\n", "ticks.csv: prints of one side alone"),
        (QUOTES, "", "ticks.csv: no row in it; expected rows of time, bid, ask"),
        ("time,bid,ask\n", "1,2,3\n", ":1: no column price, size, side"),
    ],
)
def test_bad_rows_are_refused_by_their_number(tmp_path: Path, head: str, rows: str, said: str) -> None:
    with pytest.raises(RecordingInvalid, match=said):
        read_ticks([table(tmp_path, head, rows)])


def test_the_pair_has_to_be_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingInvalid, match="--symbol"):
        read_ticks([table(tmp_path, QUOTES, "1577836800,98,99,1,1\n", "ticks.csv")])


def test_tables_of_two_pairs_are_never_taken_for_one_market(tmp_path: Path) -> None:
    row = "1577836800,98,99,1,1\n"
    files = [table(tmp_path, QUOTES, row), table(tmp_path, QUOTES, row, "ethusdt-ticks.csv")]
    with pytest.raises(RecordingInvalid, match="of BTCUSDT, ETHUSDT"):
        read_ticks(files)


def test_tables_go_on_from_one_another_in_any_order_and_never_overlap(tmp_path: Path) -> None:
    first = table(tmp_path, QUOTES, f"{START},98,99,1,1\n{START + 1},98,99,1,1\n", "btcusdt-1.csv")
    second = table(tmp_path, QUOTES, f"{START + 1},97,99,1,1\n{START + 2},98,99,1,1\n", "btcusdt-2.csv")
    assert list(read_ticks([second, first]).bid) == [98, 98, 97, 98]
    third = table(tmp_path, QUOTES, f"{START},97,99,1,1\n{START + 3},98,99,1,1\n", "btcusdt-3.csv")
    with pytest.raises(RecordingInvalid, match="may not overlap"):
        read_ticks([first, third])
