"""Data as they come: what can't be true is refused with its row, what may be true is counted."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from midas.backtest.closings import unusual
from midas.backtest.quality import Quality, examine
from midas.backtest.tables import read_series, read_tables
from midas.cli import main
from midas.domain.time import DAY, MINUTE, SECOND
from midas.errors import RecordingInvalid
from midas.venues.sim.source.candle_columns import columns_of

HEAD = "datetime,open,high,low,close,volume"
FIRST = datetime(2020, 1, 6, tzinfo=UTC)  # a Monday


def rows(count: int = 6, step: timedelta = timedelta(minutes=1)) -> list[str]:
    return [f"{FIRST + n * step:%Y-%m-%d %H:%M:%S},10.5,13,9,{11 + n % 2}.25,5.25" for n in range(count)]


def text(lines: list[str], head: str = HEAD) -> bytes:
    return "\n".join([head, *lines, ""]).encode()


def at(row: int, line: str) -> bytes:
    """The table whose row of this number (the header is 1) reads otherwise."""
    lines = rows()
    lines[row - 2] = line
    return text(lines)


def field(row: int, column: int, value: str) -> bytes:
    fields = rows()[row - 2].split(",")
    fields[column] = value
    return at(row, ",".join(fields))


EPOCH = int(FIRST.timestamp())
BAD = {
    "missing column": (text(rows(), "datetime,open,high,low,close,amount"), ":1: no column volume"),
    "text in a price": (field(4, 2, "twelve"), ":4: expected a decimal number, got 'twelve'"),
    "not a number": (field(4, 4, "NaN"), ":4: expected a finite number, got 'NaN'"),
    "infinite": (field(4, 2, "Infinity"), ":4: expected a finite number, got 'Infinity'"),
    "unsorted": (text(rows()[::-1]), ":3: earlier than the row before"),
    "duplicated": (text([*rows(), rows()[-1]]), ":8: the same time as the row before"),
    "mixed zones": (field(4, 0, "2020-01-06 00:02:00+02:00"), ":4: the time is with a zone, those before"),
    "negative volume": (field(4, 5, "-3"), ":4: volume is negative (-3)"),
    "negative price": (field(4, 3, "-9"), ":4: low is negative (-9)"),
    "zero price": (field(4, 3, "0"), ":4: a price isn't above 0"),
    "more decimals than are kept": (
        text([f"{EPOCH + 60 * n},0.0000012345,0.00000124,0.00000123,0.000001235,9" for n in range(3)]),
        ":2: open is 0.0000012345: eight decimals are kept, and they would change it by 0.36%",
    ),
    "high below low": (at(4, "2020-01-06 00:02:00,10.5,9,12,11,5"), ":4: open and close don't lie between"),
    "close outside": (field(4, 4, "13.01"), ":4: open and close don't lie between low and high"),
    "open outside": (field(4, 1, "8.99"), ":4: open and close don't lie between low and high"),
    "empty": (b"", ": is empty; expected rows of time"),
    "header only": (text([]), ": no candle in it"),
    "one row": (text(rows(1)), ":2: one candle of BTCUSDT doesn't tell how long it lasts"),
    "empty field": (field(4, 2, ""), ":4: high is empty; fill it in or remove the row"),
    "short row": (at(4, "2020-01-06 00:02:00,10.5"), ":4: high is empty"),
    "wrong encoding": (field(4, 0, "2020-01-06 00:02:00é").decode().encode("latin-1"), ":4: isn't UTF-8"),
    "two bytes a letter": (text(rows()).decode().encode("utf-16-le"), ":1: a byte 0 stands in it"),
    "irregular": (field(5, 0, "2020-01-06 00:03:30"), ":5: opens 90 s after the candle before"),
    "still to come": (field(7, 0, "2219-01-06 00:05:00"), ":7: opens at 2219-01-06 00:05 UTC, which is"),
    "seconds and milliseconds": (
        text([f"{EPOCH},1,2,1,1,1", f"{EPOCH + 60},1,2,1,1,1", f"{EPOCH + 120}000,1,2,1,1,1"]),
        ":4: the time is an epoch in milliseconds, those before are an epoch in seconds",
    ),
    "no time": (field(4, 0, "noon"), ":4: time is 'noon'; expected ISO"),
}  # fmt: skip


CHECK, RUN = ("data", "check"), ("backtest", "trend-following", "--data")


@pytest.mark.parametrize(
    ("kind", "command"), [*((kind, CHECK) for kind in BAD), ("mixed zones", RUN), ("still to come", RUN)]
)
def test_bad_data_is_one_sentence_with_file_and_row_and_nothing_is_written(
    kind: str, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    data, said = BAD[kind]
    home = tmp_path / "home"
    monkeypatch.setenv("MIDAS_HOME", str(home))
    path = tmp_path / "btcusdt-1m.csv"
    path.write_bytes(data)
    assert main([*command, str(path)]) == 2
    told = capsys.readouterr()
    assert f"{path}{said}" in told.err
    assert told.err.count("\n") == 1 and "Traceback" not in told.err and not told.out
    assert not home.exists() and path.read_bytes() == data and list(tmp_path.iterdir()) == [path]


def refused(*paths: Path, symbol: str = "") -> str:
    with pytest.raises(RecordingInvalid) as refusal:
        read_series(paths, symbol)
    return str(refusal.value)


def test_a_truncated_gz_is_refused_at_the_row_where_it_breaks_off(tmp_path: Path) -> None:
    path = tmp_path / "btcusdt-1m.csv.gz"
    whole = gzip.compress(text(rows(5_000)))
    path.write_bytes(whole[: len(whole) // 2])
    said = refused(path)
    assert said.endswith("the compressed file breaks off here; get it again")
    assert 1_000 < int(said.removeprefix(f"{path}:").partition(":")[0]) < 4_500
    path.write_bytes(whole[:100] + b"\x00" * 50 + whole[150:])
    assert "the compressed file is damaged here" in refused(path)
    path.write_bytes(b"no gzip at all")
    assert f"{path}:1: the compressed file is damaged here" in refused(path)


def test_a_file_that_isnt_what_its_name_says_is_refused(tmp_path: Path) -> None:
    (tmp_path / "btcusdt.parquet").write_bytes(b"PAR1")
    assert "isn't a whole Parquet file" in refused(tmp_path / "btcusdt.parquet")
    assert "no such file" in refused(tmp_path / "nowhere.csv")
    (tmp_path / "quotes.csv").write_bytes(text(rows()))
    assert ":2: of which symbol?" in refused(tmp_path / "quotes.csv")
    assert ":2: ABCXYZ ends with no currency that midas knows" in refused(
        tmp_path / "quotes.csv", symbol="ABCXYZ"
    )


def test_files_of_one_symbol_go_on_from_each_other_and_may_not_overlap(tmp_path: Path) -> None:
    first, second = tmp_path / "btcusdt-1.csv", tmp_path / "btcusdt-2.csv"
    first.write_bytes(text(rows(6)[:4]))
    second.write_bytes(text(rows(6)[4:]))
    (bars,) = read_series([first, second])
    assert len(bars) == 6
    second.write_bytes(text(rows(6)[3:]))
    assert refused(first, second) == (
        f"{second}:2: begins before {first}:5 ends; the files of one symbol may not overlap, and are given "
        "oldest first"
    )
    second.write_bytes(text(["2020-01-06 00:03:00,10.5,12,9,11.123456789,5"]))
    assert f"{second}:2: begins before {first}:5 ends" in refused(first, second)


def test_a_table_of_a_database_is_read_like_any_other(tmp_path: Path) -> None:
    csv, store = tmp_path / "btcusdt.csv", tmp_path / "prices.duckdb"
    csv.write_bytes(text(rows()))
    with duckdb.connect(str(store)) as connection:
        connection.execute(f"CREATE TABLE btcusdt_1m AS SELECT * FROM '{csv}'")
    (stored,), (plain,) = read_series([Path(f"{store}::btcusdt_1m")]), read_series([csv])
    assert stored.instrument == plain.instrument
    assert stored.close.tolist() == plain.close.tolist() and stored.time.tolist() == plain.time.tolist()
    assert refused(store) == f"{store}: which table of it? name it like {store}::candles"
    said = refused(Path(f"{store}::nothing"))
    assert said == f"{store}::nothing: no table nothing in it; it holds btcusdt_1m"


@pytest.mark.parametrize(
    "lines",
    [
        rows(),
        [row.replace(",", "Z,", 1) for row in rows()],
        [f"{EPOCH + 60 * n}000,10.5,12,9,11.25,5.25" for n in range(6)],
        [row.replace("11.25", "11.2500000000") for row in rows()],
    ],
)
def test_a_clean_table_is_read_as_columns_and_gives_the_same_candles(
    tmp_path: Path, lines: list[str]
) -> None:
    clean, slow = tmp_path / "btcusdt-1m.csv", tmp_path / "ethusdt-1m.csv"
    clean.write_bytes(text(lines))
    slow.write_bytes(text([line + "e0" for line in lines]))  # a volume that only the slow reader knows
    assert columns_of(clean) is not None and columns_of(slow) is None
    (fast,), (other,) = read_tables([clean]), read_tables([slow])
    assert (fast.times, fast.prices, fast.rows) == (other.times, other.prices, other.rows)
    assert list(fast.volumes) == list(other.volumes)
    assert (fast.tick, fast.lot, fast.spellings) == (other.tick, other.lot, other.spellings)


def test_holes_weekends_and_extreme_moves_are_counted_with_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "btcusdt-1d.csv"
    days = [n for n in range(120) if n % 7 < 5 and n not in (43, 44, 45, 50, 95)]  # no weekends
    price = {day: 100.0 + n % 3 for n, day in enumerate(days)}
    price[60] = 500.0  # and back
    lines = [
        f"{FIRST + timedelta(days=d):%Y-%m-%d},{p},{p},{p},{p},{0 if d == 2 else 7}" for d, p in price.items()
    ]
    path.write_bytes(text(lines))
    found = examine(read_tables([path])[0])
    assert (found.candles, found.period, found.times) == (len(days), DAY, ("naive",))
    assert (found.weekends, found.holes, found.missing, found.quiet) == (16, 1, 3, 1)
    assert found.holidays == 2  # one day each; three in a row are a hole
    assert found.longest[0].place == f"{path}:{days.index(46) + 2}" and found.longest[0].size == 3
    spike = days.index(60) + 2
    assert found.outliers == 2 and {each.place for each in found.largest} == {
        f"{path}:{spike}",
        f"{path}:{spike + 1}",
    }
    assert [each.returns for each in found.largest if each.place.endswith(f":{spike}")] == [True]
    assert found.flat == len(days)


def hourly(path: Path, without: Callable[[datetime], bool], days: int = 28) -> Quality:
    hours = (FIRST + timedelta(hours=n) for n in range(24 * days))
    path.write_bytes(text([f"{at:%Y-%m-%d %H:%M},10,10,10,10,1" for at in hours if not without(at)]))
    return examine(read_tables([path])[0])


def test_a_hole_at_a_weekend_of_a_market_that_never_closes_is_a_hole(tmp_path: Path) -> None:
    path = tmp_path / "btcusdt-1h.csv"
    sunday = FIRST + timedelta(days=13, hours=10)
    short = hourly(path, lambda at: sunday <= at < sunday + timedelta(hours=3))
    assert (short.weekends, short.holes, short.missing) == (0, 1, 3)
    friday = sunday - timedelta(days=2)
    long = hourly(path, lambda at: friday <= at < friday + timedelta(hours=60))
    assert (long.weekends, long.holes, long.missing) == (0, 1, 60)


def test_currencies_that_open_on_sunday_evening_have_weekends_and_no_holes(tmp_path: Path) -> None:
    def closed(at: datetime) -> bool:
        day = at.weekday()
        return day == 5 or (day == 4 and at.hour >= 22) or (day == 6 and at.hour < 22)

    found = hourly(tmp_path / "eurusdt-1h.csv", closed)
    assert (found.weekends, found.holes, found.missing) == (4, 0, 0)


def test_after_a_weekend_nothing_is_filled_after_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "eurusdt-1h.csv"
    hourly(path, lambda at: at.weekday() >= 5)
    (bars,) = read_series([path])
    assert not unusual(bars.time, bars.period).any()
    hourly(path, lambda at: at.weekday() >= 5 or (at.weekday() == 2 and at.hour == 3))
    (bars,) = read_series([path])
    assert unusual(bars.time, bars.period).sum() == 4


def test_real_history_is_checked_and_its_page_fits_a_terminal(
    reference_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "check", str(reference_data / "data" / "binance-btcusdt-1d-2020.csv")]) == 0
    page = capsys.readouterr().out
    assert "366 of 1 d" in page and "binance-btcusdt-1d-2020.csv:73  2020-03-12 00:00  -39.5%" in page
    assert max(map(len, page.splitlines()[1:])) <= 80


def test_a_recorded_stream_is_read_as_the_exchange_would(tmp_path: Path) -> None:
    path = tmp_path / "stream.jsonl"
    path.write_text("1 {}\n")
    assert main(["data", "check", str(path)]) == 2


def test_the_period_is_what_most_candles_last(tmp_path: Path) -> None:
    path = tmp_path / "btcusdt-1m.csv"
    path.write_bytes(text([rows(8)[n] for n in (0, 2, 4, 5, 6, 7)]))
    assert read_series([path])[0].period == MINUTE
    path.write_bytes(text(rows(6, timedelta(seconds=1))))
    assert read_series([path])[0].period == SECOND
