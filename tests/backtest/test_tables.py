"""Candles from files: read to the digit, never repaired."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from midas.backtest.quality import examine
from midas.backtest.tables import BOUNDLESS, bars_of, read_series, read_tables
from midas.domain.time import DAY
from midas.errors import RecordingInvalid
from midas.venues.sim.source.candles import Candles

HEAD = "datetime,open,high,low,close,volume\n"
ROW = "2020-01-{day:02d} 00:00:00,10.5,12,9,{close},5.25\n"


def table(folder: Path, rows: str, name: str = "btcusdt-1d.csv") -> Path:
    path = folder / name
    path.write_text(HEAD + rows)
    return path


def test_a_candle_closes_one_period_after_it_opened(tmp_path: Path) -> None:
    rows = ROW.format(day=1, close=11) + ROW.format(day=2, close="11.5") + ROW.format(day=5, close=12)
    (bars,) = read_series([table(tmp_path, rows)])
    assert bars.period == DAY and [int(t) % DAY for t in bars.time] == [0, 0, 0]
    assert bars.close.tolist() == [11.0, 11.5, 12.0] and bars.open.tolist() == [10.5] * 3
    events = list(bars.events(delay=7))
    assert events[0].time == bars.time[0] and events[0].at == events[0].time + 7


def test_the_pair_and_its_steps_come_from_the_table(tmp_path: Path) -> None:
    (bars,) = read_series([table(tmp_path, ROW.format(day=1, close=11) + ROW.format(day=2, close=11))])
    instrument = bars.instrument
    assert (instrument.base, instrument.quote) == ("BTC", "USDT")
    assert Decimal("10.5") % instrument.tick_size == 0 and Decimal("5.25") % instrument.lot_size == 0


def test_between_takes_what_opened_and_closed_within(tmp_path: Path) -> None:
    (bars,) = read_series([table(tmp_path, "".join(ROW.format(day=d, close=d + 8) for d in (1, 2, 3, 4)))])
    begin = int(bars.time[0])
    assert bars.between(begin, begin + 2 * DAY).close.tolist() == [10.0, 11.0]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (ROW.format(day=1, close=11) + ROW.format(day=1, close=11), ":3: the same time"),
        (ROW.format(day=2, close=11) + ROW.format(day=1, close=11), ":3: earlier than the row before"),
        (ROW.format(day=1, close=11) + ROW.format(day=2, close="abc"), ":3: expected a decimal number"),
        (ROW.format(day=1, close=11) + ROW.format(day=2, close=99), ":3: open and close don't lie between"),
        ("", "no candle in it"),
    ],
)
def test_bad_rows_are_refused_by_their_number(tmp_path: Path, rows: str, said: str) -> None:
    with pytest.raises(RecordingInvalid, match=said):
        read_series([table(tmp_path, rows)])


def test_an_empty_file_beside_a_good_one_is_refused_by_its_name(tmp_path: Path) -> None:
    rows = ROW.format(day=1, close=11) + ROW.format(day=2, close=11)
    with pytest.raises(RecordingInvalid, match=r"ethusdt-1d\.csv: no candle in it"):
        read_series([table(tmp_path, rows), table(tmp_path, "", "ethusdt-1d.csv")])


def test_one_run_keeps_its_account_in_one_currency(tmp_path: Path) -> None:
    rows = ROW.format(day=1, close=11) + ROW.format(day=2, close=11)
    with pytest.raises(RecordingInvalid, match="one currency"):
        read_series([table(tmp_path, rows), table(tmp_path, rows, "etheur-1d.csv")])


def test_each_moment_of_a_symbol_is_given_once(tmp_path: Path) -> None:
    rows = ROW.format(day=1, close=11) + ROW.format(day=2, close=11)
    with pytest.raises(RecordingInvalid, match="may not overlap"):
        read_series([table(tmp_path, rows), table(tmp_path, rows, "other-btcusdt.csv")])


def test_a_pair_without_a_known_currency_is_refused(tmp_path: Path) -> None:
    rows = ROW.format(day=1, close=11) + ROW.format(day=2, close=11)
    with pytest.raises(RecordingInvalid, match="--symbol"):
        read_series([table(tmp_path, rows, "x.csv")], "ABCXYZ")


@pytest.mark.parametrize(
    ("price", "lot"), [("7195.24", "0.0001"), ("0.25", "1"), ("1", "1"), ("99000", "0.00001")]
)
def test_a_lot_is_worth_one_unit_of_the_quote_at_most_where_volumes_are_rounded(
    tmp_path: Path, price: str, lot: str
) -> None:
    rows = "".join(f"2020-01-0{day},{price},{price},{price},{price},25000\n" for day in (1, 2))
    (bars,) = read_series([table(tmp_path, rows)])
    assert bars.instrument.lot_size == Decimal(lot)


def test_an_index_without_volumes_is_read_and_its_fills_know_no_limit(tmp_path: Path) -> None:
    path = tmp_path / "vix-usd.csv"
    path.write_text(
        "DATE,OPEN,HIGH,LOW,CLOSE\n" + "".join(f"2020-01-0{d},17,18,16,17.5\n" for d in (2, 3, 6))
    )
    (table_,) = read_tables([path])
    (bars,) = bars_of([table_])
    assert bars.close.tolist() == [17.5] * 3 and bars.volume.tolist() == [BOUNDLESS] * 3
    assert examine(table_).volumeless
    with pytest.raises(RecordingInvalid, match="no column volume, so nobody could trade"):
        Candles(path, 1)


def test_a_column_that_may_be_the_volume_isnt_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "vix-usd.csv"
    path.write_text("date,open,high,low,close,turnover\n2020-01-02,17,18,16,17,5\n")
    with pytest.raises(RecordingInvalid, match=r"no column volume; .* unless no other column is there"):
        read_tables([path])
