from __future__ import annotations

from itertools import pairwise

import pytest

from midas.domain.time import MILLISECOND, SECOND
from midas.venues.sim.floor.klines import KLINES
from tests.venues.sim.street import START, Street, trade

MS = MILLISECOND


@pytest.fixture
def street() -> Street:
    return Street()


def test_the_slow_depth_chains_for_who_joins_in_mid_second(street: Street) -> None:
    early = street.ear("btcusdt@depth")
    fast = street.ear("btcusdt@depth@100ms")
    late = None
    for step in range(1, 60):
        if step == 25:
            late = street.ear("btcusdt@depth")
        street.depth(step * 100 * MS, [(99, step)], [(102, step + 1), (103 + step % 2, step % 3)])
    assert late is not None
    diffs = early.heard
    assert [diff["E"] for diff in diffs] == [(START // MS) + second * 1_000 for second in range(1, 6)]
    assert diffs[0]["U"] == fast.heard[0]["U"] == 2
    assert all(b["U"] == a["u"] + 1 for a, b in pairwise(diffs))
    assert late.heard == diffs[2:]
    assert late.heard[0]["U"] < fast.heard[24]["U"]  # it began before the listener came, as on the venue


def test_a_slow_depth_message_holds_the_last_size_of_each_level(street: Street) -> None:
    ear = street.ear("btcusdt@depth")
    street.depth(100 * MS, [(99, 7)], [(103, 4)])
    street.depth(200 * MS, [(99, 8), (98, 1)], [(103, 0)])
    street.depth(SECOND, [], [(104, 2)])
    (diff,) = ear.heard
    assert diff["b"] == [["99.00000000", "0.80000000"], ["98.00000000", "0.10000000"]]
    assert diff["a"] == [["103.00000000", "0.00000000"], ["104.00000000", "0.20000000"]]


@pytest.mark.parametrize(("suffix", "count"), [("", 5), ("@100ms", 50)])
def test_partial_books_come_at_their_cadence(street: Street, suffix: str, count: int) -> None:
    ear = street.ear(f"btcusdt@depth5{suffix}")
    for step in range(1, 51):
        street.depth(step * 100 * MS, [(99, step)], [])
    assert len(ear.heard) == count
    assert ear.heard[-1]["lastUpdateId"] == 1 + 3 * 50
    assert ear.heard[-1]["bids"] == [["100.00000000", "5.00000000"], ["99.00000000", "5.00000000"]]


def test_array_streams_hold_every_symbol_once_a_second(street: Street) -> None:
    names = ["!miniTicker@arr", "!miniTicker@arr@1000ms", "!miniTicker@arr@3000ms", "!ticker@arr",
             "!ticker_1h@arr", "!ticker_4h@arr", "!ticker_1d@arr"]  # fmt: skip
    ears = {name: street.ear(name) for name in names}
    for step in range(1, 13):
        street.depth(step * SECOND // 2, [(99, step)], [], "BTCUSDT" if step % 2 else "ETHUSDT")
    for name, ear in ears.items():
        assert len(ear.heard) == (2 if "3000" in name else 6), name
        assert all([row["s"] for row in array] == ["BTCUSDT", "ETHUSDT"] for array in ear.heard)
    assert {row["e"] for array in ears["!ticker_1h@arr"].heard for row in array} == {"1hTicker"}
    assert {row["e"] for array in ears["!ticker@arr"].heard for row in array} == {"24hrTicker"}


def test_a_quiet_symbol_closes_its_candles_too(street: Street) -> None:
    ear = street.ear("ethusdt@kline_1s")
    for step in range(1, 11):
        street.depth(step * SECOND, [(99, step)], [])
    closed = [row["k"] for row in ear.heard if row["k"]["x"]]
    assert [row["t"] for row in closed] == [START // MS + second * 1_000 for second in range(10)]
    assert {row["n"] for row in closed} == {0}


@pytest.mark.parametrize("suffix", ["", "@+08:00"])
def test_every_interval_is_streamed_and_says_once_that_its_bar_is_final(street: Street, suffix: str) -> None:
    ears = {interval: street.ear(f"btcusdt@kline_{interval}{suffix}") for interval in KLINES}
    for second in range(1, 301):
        street.move(trade(second * SECOND, second, 100 + second % 5))
    for interval, ear in ears.items():
        rows = [message["k"] for message in ear.heard]
        assert {row["i"] for row in rows} == {interval}
        final = [row["t"] for row in rows if row["x"]]
        assert len(final) == len(set(final)) == {"1s": 300, "1m": 5, "3m": 1, "5m": 1}.get(interval, 0)
        running = [row for row in rows if not row["x"]]
        assert len(running) == (300 if interval == "1s" else 150)
        assert rows[-1]["c"] == "100.00000000"
    minute = [message["k"] for message in ears["1m"].heard if message["k"]["x"]]
    assert [row["n"] for row in minute] == [59, 60, 60, 60, 60]
    assert all(b["f"] == a["L"] + 1 for a, b in pairwise(minute))


def test_an_aggregate_is_streamed_once_with_all_its_trades(street: Street) -> None:
    ear, trades = street.ear("btcusdt@aggTrade"), street.ear("btcusdt@trade")
    for number, (after, tick) in enumerate([(0, 101), (0, 101), (0, 102), (1, 102), (5, 102)], 1):
        street.move(trade(after * MS + 1, number, tick))
    street.depth(100 * MS, [], [(102, 1)])
    assert [(row["f"], row["l"], row["q"]) for row in ear.heard] == [
        (1, 2, "1.00000000"), (3, 3, "0.50000000"), (4, 4, "0.50000000"), (5, 5, "0.50000000")
    ]  # fmt: skip
    assert [row["a"] for row in ear.heard] == [1, 2, 3, 4]
    assert [row["t"] for row in trades.heard] == [1, 2, 3, 4, 5]


def test_who_asks_for_microseconds_gets_them_and_others_do_not(street: Street) -> None:
    names = ["btcusdt@depth@100ms", "btcusdt@trade", "btcusdt@kline_1s", "btcusdt@miniTicker"]
    milli, micro = street.ear(*names), street.ear(*names, micro=True)
    street.move(trade(250 * MS, 1))
    street.depth(SECOND, [(99, 1)], [])
    assert [row["E"] * 1_000 for row in milli.heard] == [row["E"] for row in micro.heard]
    assert micro.heard[0]["T"] == START // 1_000 + 250_000
    bars = [row["k"] for row in micro.heard if row["e"] == "kline"]
    assert bars[0]["T"] == bars[0]["t"] + 999_999


def test_a_combined_connection_names_the_stream(street: Street) -> None:
    ear = street.ear("btcusdt@bookTicker", "!bookTicker", combined=True)
    street.quote(MS, (100, 40), (101, 30))
    assert {row["stream"] for row in ear.heard} == {"btcusdt@bookTicker", "!bookTicker"}
    assert ear.heard[0]["data"] == {
        "u": 2, "s": "BTCUSDT", "b": "100.00000000", "B": "4.00000000", "a": "101.00000000", "A": "3.00000000"
    }  # fmt: skip


def test_windows_and_the_mean_price_are_streamed(street: Street) -> None:
    ears = {name: street.ear(f"btcusdt@{name}") for name in ("ticker_1h", "ticker", "avgPrice")}
    street.move(trade(SECOND // 2, 1, 110, 10))
    street.move(trade(SECOND, 2, 120, 10))
    hour, day, mean = (ear.heard[-1] for ear in ears.values())
    assert (hour["c"], hour["C"] - hour["O"]) == ("120.00000000", 3_601_000)
    assert hour["n"] < day["n"]
    assert "b" in day
    assert "b" not in hour
    assert (mean["e"], mean["i"]) == ("avgPrice", "5m")
    assert 100 < float(mean["w"]) < 120
