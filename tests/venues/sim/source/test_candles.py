from __future__ import annotations

import itertools
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.domain.time import DAY, MINUTE, SECOND
from midas.errors import RecordingInvalid, StoreDamaged
from midas.venues.sim.levels.outside import OutsideBook
from midas.venues.sim.levels.scale import wire_text
from midas.venues.sim.source.candle_path import Bar, Tick, path
from midas.venues.sim.source.candle_table import anchors, read_candles
from midas.venues.sim.source.candles import LEVELS, Candles
from midas.venues.sim.source.market import BestQuote, DepthChange, MarketEvent, Print
from midas.venues.sim.source.markets import open_market
from midas.venues.sim.source.recording import Recording
from tests.fakes.exchange import Opens

HEADER = "time,open,high,low,close,volume"
NEW_YEAR = 1_577_836_800  # 2020-01-01T00:00:00Z
ROWS = (
    "2020-01-01 00:00:00,100.00,101.50,99.50,101.00,12.5",
    "2020-01-01 00:01:00,101.00,101.00,101.00,101.00,0.25",
    "2020-01-01 00:02:00,101.00,101.00,98.75,98.75,3.125",
    "2020-01-01 00:05:00,99.00,102.25,99.00,100.00,7",
)


def table(folder: Path, rows: Iterable[str], header: str = HEADER, name: str = "btcusdt-1m.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows] if header else rows) + "\n")
    return path


def again(market: Candles, duration: int) -> dict[int, tuple[int, int, int, int, int]]:
    """The candles of the public trades, by the time at which they open."""
    made: dict[int, tuple[int, int, int, int, int]] = {}
    for event in market.events():
        if isinstance(event, Print):
            start = event.time // duration * duration
            opened, high, low, _, lots = made.get(start, (event.tick, event.tick, event.tick, 0, 0))
            high, low = max(high, event.tick), min(low, event.tick)
            made[start] = opened, high, low, event.tick, lots + event.lots
    return made


def expected(path: Path) -> dict[int, tuple[int, ...]]:
    (found,) = read_candles(path)
    rows = [
        (time, found.prices[4 * place : 4 * place + 4], found.volumes[place])
        for place, time in enumerate(found.times)
    ]
    return {
        time: (*(price // found.tick for price in prices), volume // found.lot)
        for time, prices, volume in rows
        if volume
    }


def test_the_trades_of_a_table_make_exactly_its_candles(tmp_path: Path) -> None:
    path = table(tmp_path, ROWS)
    market = Candles(path, seed=1)
    (listing,) = market.listings()
    assert (listing.instrument.symbol, listing.instrument.base) == ("BTCUSDT", "BTC")
    assert (listing.instrument.tick_size, listing.instrument.lot_size) == (
        Decimal("0.01"),
        Decimal("0.00001"),
    )
    made = again(market, MINUTE)
    assert made == expected(path)
    assert made[NEW_YEAR * SECOND] == (10_000, 10_150, 9_950, 10_100, 1_250_000)


@st.composite
def candles(draw: st.DrawFn) -> tuple[list[int], int]:
    """Open, high, low, close in cents and a volume in millionths."""
    low, reach = draw(st.integers(1, 10**6)), draw(st.integers(0, 5_000))
    opened, close = (low + draw(st.integers(0, reach)) for _ in range(2))
    return [opened, low + reach, low, close], draw(st.just(0) | st.integers(4, 10**9))


@settings(max_examples=40, deadline=None)
@given(st.lists(candles(), min_size=2, max_size=6), st.integers(0, 2**32), st.sampled_from([1, 60, 300]))
def test_any_candles_are_made_again_by_their_trades(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[list[int], int]], seed: int, seconds: int
) -> None:
    rows = [
        ",".join(
            [
                str(NEW_YEAR + place * seconds),
                *(f"{price / 100:.2f}" for price in prices),
                f"{volume / 1e6:.6f}",
            ]
        )
        for place, (prices, volume) in enumerate(made)
    ]
    path = table(tmp_path_factory.mktemp("candles"), rows)
    assert again(Candles(path, seed), seconds * SECOND) == expected(path)


@settings(max_examples=200, deadline=None)
@given(candles(), st.integers(0, 2**32))
def test_a_path_stays_inside_its_candle_and_its_time(candle: tuple[list[int], int], seed: int) -> None:
    (opened, high, low, close), volume = candle
    bar = Bar(MINUTE, MINUTE, opened, high, low, close, volume)
    ticks: list[Tick] = path(bar, np.random.default_rng(seed))
    assert sum(tick.volume for tick in ticks) == volume
    if volume:
        prices = [tick.price for tick in ticks]
        assert (prices[0], max(prices), min(prices), prices[-1]) == (opened, high, low, close)
        assert all(tick.volume > 0 for tick in ticks)
        times = [tick.time for tick in ticks]
        assert times == sorted(times)
        assert MINUTE <= times[0] <= times[-1] < 2 * MINUTE


@given(st.lists(st.integers(1, 5), min_size=4, max_size=4), st.booleans())
def test_the_corners_of_a_candle_are_its_prices_without_repeats(prices: list[int], low_first: bool) -> None:
    opened, close, high, low = prices[0], prices[1], max(prices), min(prices)
    corners = anchors(opened, high, low, close, low_first=low_first)
    assert (corners[0], corners[-1], max(corners), min(corners)) == (opened, close, high, low)
    assert all(one != other for one, other in itertools.pairwise(corners))


def test_the_book_around_the_trades_is_whole_and_agrees_with_the_quotes(tmp_path: Path) -> None:
    market = Candles(table(tmp_path, ROWS), seed=3)
    (listing,) = market.listings()
    book = OutsideBook()
    book.snapshot(listing.last_id, listing.bids, listing.asks)
    last_id, at, quote = listing.last_id, 0, None
    for event in market.events():
        assert event.at >= at
        at = event.at
        if isinstance(event, BestQuote):
            quote = event
            assert event.ask[0] - event.bid[0] in (1, 2)
        elif isinstance(event, DepthChange):
            assert event.first_id == last_id + 1
            last_id = event.last_id
            assert book.change(event.last_id, event.bids, event.asks)
            bids, asks = book.bids.top(99), book.asks.top(99)
            assert bids[0][0] < asks[0][0]
            assert (len(bids), len(asks)) == (LEVELS, LEVELS)
            if quote is not None and quote.last_id == event.last_id:
                assert (quote.bid, quote.ask) == (bids[0], asks[0])
        else:
            assert quote is not None
            touch = quote.bid if event.buyer_is_maker else quote.ask
            assert event.tick == touch[0]
            assert event.lots < touch[1]


def test_where_the_table_has_a_hole_nothing_happens(tmp_path: Path) -> None:
    times = [event.time for event in Candles(table(tmp_path, ROWS), seed=1).events()]
    start = NEW_YEAR * SECOND
    assert not [time for time in times if start + 3 * MINUTE < time < start + 5 * MINUTE]
    assert times[-1] == start + 6 * MINUTE


def test_one_seed_makes_one_market_and_another_seed_another(tmp_path: Path) -> None:
    path = table(tmp_path, ROWS)
    one, two, other = (list(Candles(path, seed).events()) for seed in (1, 1, 2))
    assert one == two
    assert one != other


def test_a_table_goes_on_where_it_was_saved(tmp_path: Path) -> None:
    path = table(tmp_path, ROWS)
    whole = list(Candles(path, 1).events())
    first, second = Candles(path, 1), Candles(path, 1)
    head = list(itertools.islice(first.events(), 100))
    second.restore(first.save())
    assert second.listings() == first.listings()
    assert head + list(second.events()) == whole
    with pytest.raises(StoreDamaged, match="another table"):
        Candles(table(tmp_path, ROWS[:2], name="ethusdt.csv"), 1).restore(first.save())


@pytest.mark.parametrize(
    "times",
    [
        ["2020-01-01T00:00:00Z", "2020-01-01 00:01:00+00:00"],
        ["2020-01-01", "2020-01-01 00:01"],
        ["2020-01-01 01:00:00.000+01:00", "2020-01-01 01:01:00.000+01:00"],
        [f"{NEW_YEAR}", f"{NEW_YEAR + 60}"],
        [f"{NEW_YEAR}.0", f"{NEW_YEAR + 60}.0"],
        [f"{NEW_YEAR}000", f"{NEW_YEAR + 60}000"],
        [f"{NEW_YEAR}000000", f"{NEW_YEAR + 60}000000"],
        [f"{NEW_YEAR}000000000", f"{NEW_YEAR + 60}000000000"],
    ],
)
def test_times_are_read_in_every_usual_form(tmp_path: Path, times: list[str]) -> None:
    rows = [f"{time},1.0,1.0,1.0,1.0,1.0" for time in times]
    (found,) = read_candles(table(tmp_path, rows))
    assert list(found.times) == [NEW_YEAR * SECOND, (NEW_YEAR + 60) * SECOND]
    assert found.duration == MINUTE


def test_the_venues_own_dump_needs_no_header(tmp_path: Path) -> None:
    rows = [
        f"{(NEW_YEAR + place * 86_400) * 1_000},7195.24,7255.00,7175.15,7200.85,16792.388165,{0},1.0,3,1,1,0"
        for place in range(3)
    ]
    (found,) = read_candles(table(tmp_path, rows, header="", name="BTCUSDT-1d-2020-01.csv"))
    assert (found.symbol, found.duration, len(found.times)) == ("BTCUSDT", DAY, 3)
    assert [wire_text(price) for price in found.prices[:4]] == [
        "7195.24000000", "7255.00000000", "7175.15000000", "7200.85000000",
    ]  # fmt: skip


def test_parquet_and_a_column_of_symbols_make_several_markets(tmp_path: Path) -> None:
    path = tmp_path / "all.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"""COPY (SELECT TIMESTAMP '2020-01-01' + INTERVAL (n) MINUTE AS Date, s AS Ticker,
            1.5 + n AS Open, 2.5 + n AS High, 1.25 + n AS Low, CAST(2.0 + n AS DOUBLE) AS Close,
            0.1::DOUBLE AS Volume, 7 AS extra
            FROM range(3) t(n), (VALUES ('BTC-USDT'), ('ethusdt')) v(s) ORDER BY s, n)
            TO '{path}' (FORMAT parquet)"""
        )
    market = open_market(str(path), 1)
    assert isinstance(market, Candles)
    assert [listing.instrument.symbol for listing in market.listings()] == ["BTCUSDT", "ETHUSDT"]
    events = list(market.events())
    assert {event.symbol for event in events} == {"BTCUSDT", "ETHUSDT"}
    assert [event.at for event in events] == sorted(event.at for event in events)


def test_a_database_without_that_table_says_which_ones_it_has(tmp_path: Path) -> None:
    path = tmp_path / "btcusdt.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE candles (time TIMESTAMP)")
    with pytest.raises(RecordingInvalid, match=r"no table hourly in it; it holds candles$"):
        read_candles(Path(f"{path}::hourly"))


@pytest.mark.parametrize(
    ("name", "said"),
    [("btcusdt.parquet", "isn't a whole Parquet"), ("btcusdt.db::candles", "isn't a database of DuckDB")],
)
def test_what_isnt_of_its_kind_is_said_in_our_own_words(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / name.partition("::")[0]).write_bytes(b"something else" * 1000)
    with pytest.raises(RecordingInvalid, match=said):
        read_candles(tmp_path / name)


def test_a_folder_holds_the_tables_of_several_symbols_or_months(tmp_path: Path) -> None:
    table(tmp_path, ROWS[:2], name="BTCUSDT-1m-2020-01.csv")
    table(tmp_path, ROWS[2:], name="BTCUSDT-1m-2020-02.csv")
    table(tmp_path, ROWS, name="ETHUSDT-1m-2020-01.csv")
    market = open_market(str(tmp_path), 1)
    assert isinstance(market, Candles)
    assert [listing.instrument.symbol for listing in market.listings()] == ["BTCUSDT", "ETHUSDT"]


def test_which_market_a_path_is_stands_in_its_name(tmp_path: Path) -> None:
    table(tmp_path, ROWS)
    (tmp_path / "stream.jsonl").write_text("")
    with pytest.raises(RecordingInvalid, match="the recording is empty"):
        open_market(str(tmp_path), 1)
    assert isinstance(open_market(str(tmp_path / "btcusdt-1m.csv"), 1), Candles)


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("binance-btcusdt-1d-2020.csv", "BTCUSDT"),
        ("bitstamp-btcusd-1m-2020-01-01.csv", "BTCUSD"),
        ("ETH-USDT_hourly.csv", "ETHUSDT"),
        ("SOLUSDC.csv", "SOLUSDC"),
    ],
)
def test_the_symbol_stands_in_the_name_of_the_file(tmp_path: Path, name: str, symbol: str) -> None:
    assert read_candles(table(tmp_path, ROWS, name=name))[0].symbol == symbol
    assert read_candles(tmp_path / name, symbol="MINEUSDT")[0].symbol == "MINEUSDT"


def bad(place: int, row: str) -> list[str]:
    return [*ROWS[:place], row, *ROWS[place + 1 :]]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (ROWS[::-1], ":3: earlier than the row before; sort the rows by time"),
        (bad(1, ROWS[0]), ":3: the same time as the row before"),
        (bad(1, "2020-01-01 00:01:00,101.00,100.00,102.00,101.00,1"), ":3: open and close don't lie between"),
        (bad(1, "2020-01-01 00:01:00,103.00,102.00,100.00,101.00,1"), ":3: open and close don't lie between"),
        (bad(1, "2020-01-01 00:01:00,101.00,102.00,-1.00,101.00,1"), ":3: low is negative (-1.00)"),
        (bad(1, "2020-01-01 00:01:00,101.00,102.00,0.00,101.00,1"), ":3: a price isn't above 0"),
        (bad(1, "2020-01-01 00:01:00,101.00,102.00,100.00,101.00,-3"), ":3: volume is negative"),
        (bad(1, "2020-01-01 00:01:00,101.00,102.00,100.00,101.00,1e400"), ":3: volume is 1e400, above the"),
        (bad(1, "2020-01-01 00:01:00,101.00,1e12,100.00,101.00,1"), ":3: high is 1e12, above the"),
        (bad(1, "2020-01-01 00:01:00,101.00,NaN,100.00,101.00,1"), ":3: expected a finite number, got 'NaN'"),
        (
            bad(1, "2020-01-01 00:01:00,101.00,high,100.00,101.00,1"),
            ":3: expected a decimal number, got 'high'",
        ),
        (bad(1, "2020-01-01 00:01:00,101.00,,100.00,101.00,1"), ":3: high is empty"),
        (bad(1, "yesterday,101.00,102.00,100.00,101.00,1"), ":3: time is 'yesterday'; expected ISO"),
        (bad(1, "2020-01-01 00:01:00,101,102,100,101,0.00000002"), ":3: the volume is too small"),
        (bad(1, "2020-01-01 00:01:00,101"), ": "),
        (ROWS[:1], ":2: one candle of BTCUSDT doesn't tell how long it lasts"),
        ((), "no candle in it"),
    ],
)
def test_a_table_that_cannot_be_true_is_refused_in_one_sentence(
    tmp_path: Path, rows: Iterable[str], words: str
) -> None:
    path = table(tmp_path, rows)
    with pytest.raises(RecordingInvalid) as refusal:
        Candles(path, 1)
    assert words in str(refusal.value)
    assert str(refusal.value).startswith(str(path))
    assert "\n" not in str(refusal.value)


def test_missing_columns_and_unknown_symbols_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        RecordingInvalid, match=r":1: no column low, volume; expected .* volume too\), found time, open"
    ):
        read_candles(table(tmp_path, ["2020-01-01,1,2,1"], header="time,open,high,close"))
    with pytest.raises(RecordingInvalid, match=r"vix.csv:2: of which symbol\? .* or give --symbol"):
        read_candles(table(tmp_path, ROWS, name="vix.csv"))
    with pytest.raises(RecordingInvalid, match=r"nowhere.csv: can't open the table: no such file"):
        read_candles(tmp_path / "nowhere.csv")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(RecordingInvalid, match=r"broken.parquet: isn't a whole Parquet file"):
        read_candles(tmp_path / "broken.parquet")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ": is empty; expected rows of time"),
        ("\n\n", ": is empty; expected rows of time"),
        ("\n".join((HEADER, *ROWS[:3], "garbage", ROWS[3])), ":5: open is empty"),
        ("\n".join((HEADER, *ROWS[:3], "a,b,c,d,e,f,g,h", ROWS[3])), "CSV Error on Line: 5"),
        ("\n".join((HEADER, *ROWS[:3], '"a', ROWS[3])), ":5: open is empty"),
        ("a;b;c\n1;2;3\n", ":1: no column time, open, high, low, volume; expected"),
    ],
)
def test_the_row_that_is_wrong_is_blamed_and_no_other(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "btcusdt-1m.csv"
    path.write_text(text)
    with pytest.raises(RecordingInvalid) as refusal:
        read_candles(path)
    assert words in str(refusal.value)


def test_fields_may_stand_in_quotes(tmp_path: Path) -> None:
    quoted = [",".join(f'"{field}"' for field in row.split(",")) for row in (HEADER, *ROWS)]
    bare, marked = table(tmp_path, ROWS), tmp_path / "ethusdt-1m.csv"
    marked.write_text("\n".join(quoted) + "\n")
    assert expected(marked) == expected(bare)


def test_a_candle_without_volume_is_a_quiet_one(tmp_path: Path) -> None:
    path = table(tmp_path, bad(1, "2020-01-01 00:01:00,101.00,102.00,100.00,101.00,0.0"))
    events: list[MarketEvent] = list(Candles(path, 1).events())
    start = NEW_YEAR * SECOND
    inside = [event for event in events if start + MINUTE <= event.time < start + 2 * MINUTE]
    assert {type(event) for event in inside} == {DepthChange}


def test_real_candles_are_made_again(reference_data: Path) -> None:
    path = reference_data / "data" / "bitstamp-btcusd-1m-2020-01-01.csv"
    rows = path.read_text().splitlines(keepends=True)
    (found,) = read_candles(path)
    assert (found.symbol, found.duration, len(found.times)) == ("BTCUSD", MINUTE, len(rows) - 1)
    assert len(read_candles(path.with_name("binance-btcusdt-1d-2020.csv"))[0].times) == 366


def test_real_candles_of_an_hour_are_made_again(reference_data: Path, tmp_path: Path) -> None:
    rows = (reference_data / "data" / "bitstamp-btcusd-1m-2020-01-01.csv").read_text().splitlines()
    path = table(tmp_path, rows[1:61], rows[0], "btcusd.csv")
    assert again(Candles(path, 1), MINUTE) == expected(path)


async def test_an_exchange_serves_the_candles_of_a_table(open_venue: Opens, tmp_path: Path) -> None:
    venue = await open_venue(market=str(table(tmp_path, ROWS)), speed=400.0)
    async with venue.session.ws_connect(f"{venue.ws}/ws/btcusdt@kline_1m") as socket:
        closed: dict[int, dict[str, str]] = {}
        while len(closed) < 4:
            message = msgspec.json.decode(await socket.receive_str())
            if message["k"]["x"] and message["k"]["n"]:
                closed[message["k"]["t"] // 1_000 - NEW_YEAR] = message["k"]
    shown = [
        ",".join(Decimal(candle[key]).normalize().__format__("f") for key in "ohlcv")
        for candle in closed.values()
    ]
    assert shown == [
        ",".join(Decimal(number).normalize().__format__("f") for number in row.split(",")[1:]) for row in ROWS
    ]
    assert list(closed) == [0, 60, 120, 300]


def test_a_recording_is_still_a_recording(tmp_path: Path) -> None:
    payload = Path(__file__).parents[3] / "payloads" / "midas-btcusdt.jsonl.gz"
    assert isinstance(open_market(str(payload), 1), Recording)
