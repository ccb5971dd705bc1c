"""What anybody may ask, without a socket."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from midas.costs import FeeSchedule
from midas.domain.time import HOUR, MILLISECOND, MINUTE, SECOND
from midas.venues.sim.doors.params import Params
from midas.venues.sim.doors.public import Public
from midas.venues.sim.doors.userstream import UserStreams
from midas.venues.sim.floor.exchange import Exchange
from midas.venues.sim.floor.refusal import Refusal
from tests.venues.sim.street import START, Street, trade

MS = MILLISECOND
FIRST = START // MS
TRADES = 1_200


class Counter:
    """A street on which BTCUSDT traded every half second, and the questions that may be asked of it."""

    def __init__(self) -> None:
        self.street = Street()
        for number in range(1, TRADES + 1):
            tick = 100 + number // 2 % 9  # two and two trades at one price, a millisecond apart
            self.street.move(
                trade(number // 2 * SECOND + number % 2 * (MS // 2), number, tick, 1 + number % 4)
            )
        wall = lambda: START  # noqa: E731
        desks = self.street.desks.values()
        fees = FeeSchedule(Decimal(0), Decimal(0))
        self._public = Public(Exchange(desks, [], fees, UserStreams(wall)), wall)

    def ask(self, what: str, **values: object) -> Any:
        """Any question; BTCUSDT where nothing else is said."""
        if not {"symbol", "symbols"} & values.keys():
            values["symbol"] = "BTCUSDT"
        return getattr(self._public, what)(Params.of_json(values))

    def refused(self, what: str, **values: object) -> tuple[int, str]:
        """The number and the words of a refusal."""
        with pytest.raises(Refusal) as refusal:
            self.ask(what, **values)
        return refusal.value.code, refusal.value.text


@pytest.fixture(scope="module")
def counter() -> Counter:
    return Counter()


def test_trades_are_paged_by_id_and_the_latest_come_without_one(counter: Counter) -> None:
    assert [row["id"] for row in counter.ask("trades", limit=3)] == [1198, 1199, 1200]
    assert len(counter.ask("trades")) == 500
    page = counter.ask("historical_trades", fromId=10, limit=4)
    assert [row["id"] for row in page] == [10, 11, 12, 13]
    assert counter.ask("historical_trades", limit=1)[0]["id"] == TRADES
    assert Decimal(page[0]["quoteQty"]) == Decimal(page[0]["price"]) * Decimal(page[0]["qty"])


def test_aggregates_are_found_by_id_and_by_time(counter: Counter) -> None:
    every = counter.ask("aggregate_trades", limit=1000)
    assert all(b["a"] == a["a"] + 1 and b["f"] == a["l"] + 1 for a, b in pairwise(every))
    assert max(row["l"] - row["f"] for row in every) == 1
    assert counter.ask("aggregate_trades", fromId=every[5]["a"], limit=2) == every[5:7]
    start, end = every[10]["T"], every[20]["T"]
    assert counter.ask("aggregate_trades", startTime=start, endTime=end) == every[10:21]
    assert counter.ask("aggregate_trades", startTime=start, limit=3) == every[10:13]
    assert counter.ask("aggregate_trades", endTime=end, limit=3) == every[18:21]
    assert counter.refused("aggregate_trades", fromId=1, startTime=start) == (
        -1128, "Combination of optional parameters invalid."
    )  # fmt: skip


def test_candles_are_paged_by_time_and_read_on_any_clock(counter: Counter) -> None:
    rows = counter.ask("candles", interval="1m", startTime=FIRST, endTime=FIRST + 3 * 60_000)
    assert [row[0] for row in rows] == [FIRST + n * 60_000 for n in range(4)]
    assert len(counter.ask("candles", interval="1m", startTime=FIRST, limit=2)) == 2
    assert counter.ask("candles", interval="1m", endTime=FIRST + 60_000, limit=1)[0][0] == FIRST + 60_000
    assert len(counter.ask("candles", interval="1m", limit=5000)) == 1_000
    day = {zone: counter.ask("candles", interval="1d", timeZone=zone, limit=1)[0][0] for zone in
           ("0", "8", "+08:00", "-1:00", "05:45")}  # fmt: skip
    midnight = FIRST - 8 * HOUR // MS  # the market starts at 08:00 UTC
    assert day == {
        "0": midnight, "8": midnight - 8 * HOUR // MS, "+08:00": midnight - 8 * HOUR // MS,
        "-1:00": midnight + HOUR // MS, "05:45": midnight - 345 * MINUTE // MS
    }  # fmt: skip
    month = counter.ask("candles", interval="1M", limit=2)
    assert month[0][6] + 1 == month[1][0]
    assert counter.refused("candles", interval="1y") == (-1120, "Invalid interval.")
    assert counter.refused("candles")[0] == -1102
    assert counter.refused("candles", interval="1d", timeZone="15")[0] == -1130
    assert counter.refused("candles", interval="1d", timeZone="east")[0] == -1100


def test_tickers_answer_for_one_for_some_and_for_all(counter: Counter) -> None:
    for what in ("ticker_day", "ticker_price", "ticker_book"):
        assert counter.ask(what)["symbol"] == "BTCUSDT"
        some = counter.ask(what, symbols='["ETHUSDT","BTCUSDT"]')
        assert [row["symbol"] for row in some] == ["ETHUSDT", "BTCUSDT"]
        assert len(getattr(counter._public, what)(Params({}))) == 2
        assert counter.refused(what, symbol="BTCUSDT", symbols='["ETHUSDT"]')[0] == -1128
        assert counter.refused(what, symbols='["BTCUSDT","BTCUSDT"]')[0] == -1151
        assert counter.refused(what, symbols="BTCUSDT")[0] == -1100
        assert counter.refused(what, symbol="NOPE") == (-1121, "Invalid symbol.")
    for what in ("ticker_window", "ticker_trading_day"):
        with pytest.raises(Refusal) as refusal:
            getattr(counter._public, what)(Params({}))
        assert refusal.value.code == -1102


def test_a_short_ticker_is_the_long_one_with_less(counter: Counter) -> None:
    for what in ("ticker_day", "ticker_window", "ticker_trading_day"):
        full, mini = counter.ask(what, type="FULL"), counter.ask(what, type="MINI")
        assert full | mini == full
        assert set(full) - set(mini) >= {"priceChange", "priceChangePercent", "weightedAvgPrice"}
        assert counter.refused(what, type="HUGE")[0] == -1139


@pytest.mark.parametrize(("window", "minutes"), [("1m", 1), ("9m", 9), ("2h", 120), ("7d", 10_080)])
def test_a_window_begins_on_a_whole_minute(counter: Counter, window: str, minutes: int) -> None:
    answer = counter.ask("ticker_window", windowSize=window)
    now = counter.street.desks["BTCUSDT"].time // MS
    assert answer["closeTime"] == now
    assert answer["openTime"] == (now - minutes * 60_000) // 60_000 * 60_000
    rows = counter.ask("candles", interval="1m", startTime=answer["openTime"], limit=1000)
    if len(rows) < 1_000:
        assert answer["count"] == sum(row[8] for row in rows)
        assert Decimal(answer["volume"]) == sum(Decimal(row[5]) for row in rows)
        assert answer["highPrice"] == max((row[2] for row in rows), key=Decimal)
    change = Decimal(answer["lastPrice"]) - Decimal(answer["openPrice"])
    assert Decimal(answer["priceChange"]) == change


@pytest.mark.parametrize("window", ["0m", "60m", "24h", "8d", "1w", "x", "100m"])
def test_a_window_that_the_venue_does_not_have_is_refused(counter: Counter, window: str) -> None:
    assert counter.refused("ticker_window", windowSize=window)[0] in (-1100, -1130)


def test_a_trading_day_begins_at_the_clocks_midnight(counter: Counter) -> None:
    today = counter.ask("ticker_trading_day")
    east = counter.ask("ticker_trading_day", timeZone="8")
    assert today["openTime"] == FIRST - 8 * HOUR // MS
    assert east["openTime"] == FIRST - 16 * HOUR // MS
    assert east["count"] > today["count"]


def test_the_mean_price_weighs_the_last_five_minutes(counter: Counter) -> None:
    answer = counter.ask("average_price")
    rows = counter.ask("candles", interval="1m", limit=5)
    value, quantity = (sum((Decimal(row[place]) for row in rows), Decimal(0)) for place in (7, 5))
    mean = value / quantity
    assert abs(Decimal(answer["price"]) - mean) < Decimal("0.00000001")
    assert answer["mins"] == 5


def test_exchange_info_is_narrowed_by_name_permission_and_state(counter: Counter) -> None:
    assert [row["symbol"] for row in counter.ask("exchange_info")["symbols"]] == ["BTCUSDT"]

    def every(**values: str) -> list[dict[str, Any]]:
        answer: Any = counter._public.exchange_info(Params(values))
        found: list[dict[str, Any]] = answer["symbols"]
        return found

    assert (
        len(every()) == len(every(permissions='["SPOT","MARGIN"]')) == len(every(symbolStatus="TRADING")) == 2
    )
    assert every(permissions="MARGIN") == every(symbolStatus="HALT") == []
    assert counter.refused("exchange_info", permissions="SPOT")[0] == -1128
    assert counter.refused("exchange_info", symbol="btcusdt")[0] == -1100


@pytest.mark.parametrize(
    ("values", "code"),
    [({"limit": "0"}, -1130), ({"limit": "-5"}, -1100), ({"limit": "ten"}, -1100), ({"limit": ""}, -1105),
     ({"symbol": ""}, -1102), ({"fromId": "1.5"}, -1100)],
)  # fmt: skip
def test_parameters_are_refused_in_the_venues_words(
    counter: Counter, values: dict[str, str], code: int
) -> None:
    assert counter.refused("historical_trades", **values)[0] == code


def test_a_book_is_as_deep_as_asked(counter: Counter) -> None:
    assert len(counter.ask("depth", limit=1)["bids"]) == 1
    asks = counter.ask("depth", limit=99_999)["asks"]
    assert asks == [("101.00000000", "5.00000000"), ("102.00000000", "10.00000000")]


def test_a_line_that_ends_is_no_part_of_a_period(counter: Counter) -> None:
    assert counter.refused("ticker_window", windowSize="1d\n")[0] == -1100
    assert counter.refused("ticker_trading_day", timeZone="8\n")[0] == -1100
    assert counter.refused("candles", interval="1d", timeZone="8:00\n")[0] == -1100


@pytest.mark.parametrize(
    "text",
    ["[" + "9" * 5_000 + "]", "[" * 5_000 + "]" * 5_000, '["a", 1]', "["],
    ids=["a long number", "deep brackets", "a number", "half a list"],
)
def test_what_is_no_list_of_names_is_refused_however_large_or_deep(counter: Counter, text: str) -> None:
    with pytest.raises(Refusal) as refusal:
        counter._public.ticker_price(Params({"symbols": text}))
    assert refusal.value.code == -1100
    with pytest.raises(Refusal) as refusal:
        counter._public.exchange_info(Params({"permissions": text}))
    assert refusal.value.code == -1130


def test_a_halted_symbol_is_listed_among_the_halted(counter: Counter) -> None:
    def symbols(status: str) -> list[str]:
        answer: Any = counter._public.exchange_info(Params({"symbolStatus": status}))
        return [row["symbol"] for row in answer["symbols"]]

    assert (symbols("TRADING"), symbols("HALT")) == (["BTCUSDT", "ETHUSDT"], [])
    desk = counter.street.desks["BTCUSDT"]
    desk.status = "HALT"
    assert (symbols("TRADING"), symbols("HALT")) == (["ETHUSDT"], ["BTCUSDT"])
    desk.status = "TRADING"
