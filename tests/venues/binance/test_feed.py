from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from decimal import Decimal
from time import time_ns

import msgspec
import pytest
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from midas.domain.event import Event
from midas.domain.instrument import Instrument
from midas.domain.market import (
    Bar,
    BookDelta,
    BookLost,
    BookSnapshot,
    FeedStatus,
    MessageRefused,
    Quote,
    Trade,
)
from midas.domain.time import SECOND
from midas.errors import RateLimited, Rejected, Unreachable
from midas.venues.binance.feed import BinanceFeed
from midas.venues.binance.plan import FeedPlan

BTC = Instrument(
    "binance", "BTCUSDT", "BTC", "USDT", Decimal("0.01"), Decimal("0.00001"),
    Decimal("0.00001"), Decimal(9000), Decimal(5),
)  # fmt: skip
START = 1_795_248_000  # seconds


class Street(WSListener):
    """A loopback market: one server, its newest connection, its REST answers."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.transports: list[WSTransport] = []
        self.pongs: list[bytes] = []
        self.last_id = 100
        self.klines: dict[int, bytes] = {}
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        self.errors: list[Exception] = []
        self.url = ""

    async def open(self) -> asyncio.Server:
        def accept(request: WSUpgradeRequest) -> WSListener:
            self.paths.append(request.path.decode())
            return self

        server = await ws_create_server(accept, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transports.append(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.PONG:
            self.pongs.append(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()

    def say(self, payload: bytes) -> None:
        self.transports[-1].send(WSMsgType.TEXT, payload)

    def trade(self, number: int, on: int = -1) -> None:
        data = {"e": "trade", "E": START * 1000, "s": "BTCUSDT", "t": number, "p": "11.00", "q": "1.0",
                "T": START * 1000, "m": False}  # fmt: skip
        self.transports[on].send(
            WSMsgType.TEXT, msgspec.json.encode({"stream": "btcusdt@trade", "data": data})
        )

    def diff(self, first: int, last: int, on: int) -> None:
        data = {
            "e": "depthUpdate",
            "E": START * 1000,
            "s": "BTCUSDT",
            "U": first,
            "u": last,
            "b": [],
            "a": [],
        }
        self.transports[on].send(
            WSMsgType.TEXT, msgspec.json.encode({"stream": "btcusdt@depth@100ms", "data": data})
        )

    def depth(self, bid: str = "", skip: int = 0) -> None:
        first = self.last_id + 1 + skip
        self.last_id = first + 2
        bids = [[bid, "1.00000000"]] if bid else []
        data = {
            "e": "depthUpdate",
            "E": START * 1000,
            "s": "BTCUSDT",
            "U": first,
            "u": self.last_id,
            "b": bids,
            "a": [],
        }
        self.say(msgspec.json.encode({"stream": "btcusdt@depth@100ms", "data": data}))

    def kline(self, number: int) -> None:
        opened = (START + number) * 1000
        candle = {"t": opened, "T": opened + 999, "i": "1s", "o": "10.0", "h": "10.0", "l": "10.0",
                  "c": "10.0", "v": "1.0", "n": number, "x": True}  # fmt: skip
        data = {"e": "kline", "E": opened + 1000, "s": "BTCUSDT", "k": candle}
        self.say(msgspec.json.encode({"stream": "btcusdt@kline_1s", "data": data}))

    async def fetch(self, path: str, parameters: Mapping[str, str]) -> bytes:
        self.asked.append((path, parameters))
        if self.errors:
            raise self.errors.pop(0)
        if path == "depth":
            return b'{"lastUpdateId":%d,"bids":[["10.00","1.0"]],"asks":[["11.00","1.0"]]}' % self.last_id
        first = int(parameters.get("startTime", 0))
        last = int(parameters.get("endTime", 1 << 60))
        rows = [body for opened, body in sorted(self.klines.items()) if first <= opened <= last]
        return b"[%s]" % b",".join(rows[-int(parameters["limit"]) :])

    def keep(self, *numbers: int) -> None:
        for number in numbers:
            opened = (START + number) * 1000
            row = [opened, "10.0", "10.0", "10.0", "10.0", "1.0", opened + 999, "1", number, "1", "1", "0"]
            self.klines[opened] = msgspec.json.encode(row)


class Desk:
    """A feed on the street, and everything it published."""

    def __init__(self, street: Street) -> None:
        self.street = street
        self.events: list[Event] = []
        self.feed = self.make()

    def make(self, **changes: object) -> BinanceFeed:
        plan = FeedPlan(streams_url=self.street.url, instruments=(BTC,), wait_first=0.01, wait_last=0.02)
        plan = msgspec.structs.replace(plan, **changes)
        self.feed = BinanceFeed(plan, self.events.append, self.street.fetch, time_ns, lambda: 0.5)
        return self.feed

    def of(self, *kinds: type) -> list[Event]:
        return [event for event in self.events if isinstance(event, kinds)]

    def bars(self) -> list[int]:
        return [event.time // SECOND - START - 1 for event in self.events if isinstance(event, Bar)]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                await asyncio.sleep(0.002)


@pytest.fixture
async def street() -> AsyncIterator[Street]:
    made = Street()
    server = await made.open()
    yield made
    for transport in made.transports:
        transport.disconnect(graceful=False)
    server.close()


@pytest.fixture
async def desk(street: Street) -> AsyncIterator[Desk]:
    made = Desk(street)
    yield made
    await made.feed.close()


async def test_one_connection_carries_every_stream_and_the_book_follows_its_snapshot(
    desk: Desk, street: Street
) -> None:
    await desk.feed.start()
    assert street.paths == [
        "/stream?streams=btcusdt@depth@100ms/btcusdt@kline_1s/btcusdt@bookTicker/btcusdt@trade"
    ]
    await desk.until(lambda: desk.of(BookSnapshot))
    street.depth("10.50")
    street.say(
        b'{"stream":"btcusdt@bookTicker","data":{"u":7,"s":"BTCUSDT","b":"10.50","B":"1.0","a":"11.00","A":"1.0"}}'
    )
    street.say(
        b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1795248000001,"s":"BTCUSDT","t":3,"p":"11.00","q":"1.0","T":1795248000000,"m":false}}'
    )
    await desk.until(lambda: desk.of(Trade))
    kinds = [type(event) for event in desk.events]
    assert kinds == [FeedStatus, BookSnapshot, BookDelta, Quote, Trade]
    (delta,) = desk.of(BookDelta)
    assert isinstance(delta, BookDelta) and (delta.first_id, delta.last_id) == (101, 103)
    assert (desk.feed.messages, desk.feed.gaps, desk.feed.resyncs, desk.feed.refused) == (3, 0, 1, 0)
    assert desk.feed.bytes > 300 and desk.feed.last_at > 0


async def test_a_missing_diff_loses_the_book_and_a_new_snapshot_brings_it_back(
    desk: Desk, street: Street
) -> None:
    await desk.feed.start()
    await desk.until(lambda: desk.of(BookSnapshot))
    street.depth()
    street.depth(skip=5)
    await desk.until(lambda: len(desk.of(BookSnapshot)) == 2)
    lost, again = desk.of(BookLost, BookSnapshot)[1:]
    assert isinstance(lost, BookLost) and lost.reason.startswith("gap: update 103 was the last")
    assert isinstance(again, BookSnapshot) and again.last_id == 111
    assert (desk.feed.gaps, desk.feed.resyncs) == (1, 2)


async def test_changed_steps_join_the_book_anew_and_count_in_them(desk: Desk, street: Street) -> None:
    await desk.feed.start()
    await desk.until(lambda: desk.of(BookSnapshot))
    desk.feed.relist(msgspec.structs.replace(BTC, notional_min=Decimal(10)), trades=True)
    assert not desk.of(BookLost)
    finer = msgspec.structs.replace(BTC, tick_size=Decimal("0.001"), lot_size=Decimal("0.1"))
    desk.feed.relist(finer, trades=True)
    assert len(desk.of(BookLost)) == 1
    await desk.until(lambda: len(desk.of(BookSnapshot)) == 2)
    street.say(
        b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1795248000001,"s":"BTCUSDT","t":3,"p":"11.001","q":"0.5","T":1795248000000,"m":false}}'
    )
    await desk.until(lambda: desk.of(Trade))
    (trade,) = desk.of(Trade)
    assert isinstance(trade, Trade) and (trade.price, trade.lots) == (11_001, 5)


async def test_a_snapshot_that_fails_is_asked_for_again(desk: Desk, street: Street) -> None:
    street.errors = [Unreachable("no answer"), Rejected("busy", -1008), RateLimited("slow down", time_ns())]
    await desk.feed.start()
    await desk.until(lambda: desk.of(BookSnapshot))
    assert [path for path, _ in street.asked] == ["depth"] * 4
    assert street.asked[0][1] == {"symbol": "BTCUSDT", "limit": "1000"}


async def test_a_refused_message_is_told_once_a_minute_and_kills_nothing(desk: Desk, street: Street) -> None:
    await desk.feed.start()
    await desk.until(lambda: desk.of(BookSnapshot))
    for price in ("NaN", "inf", "1e-400"):
        street.say(
            b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1795248000001,"s":"BTCUSDT","t":3,"p":"%s","q":"1.0","T":1795248000000,"m":false}}'
            % price.encode()
        )
    street.say(b"hello")
    street.depth()
    await desk.until(lambda: desk.of(BookDelta))
    refusals = [event.reason for event in desk.of(MessageRefused) if isinstance(event, MessageRefused)]
    assert refusals[0] == "BTCUSDT trade price: expected a price in steps of 0.01, got 'NaN'"
    assert len(refusals) == 2
    assert (desk.feed.refused, desk.feed.connections) == (4, 1)


async def test_a_dropped_connection_is_told_and_opened_again(desk: Desk, street: Street) -> None:
    await desk.feed.start()
    await desk.until(lambda: desk.of(BookSnapshot))
    street.transports[-1].disconnect(graceful=False)
    await desk.until(lambda: len(desk.of(BookSnapshot)) == 2)
    told = [type(event) for event in desk.events]
    assert told == [FeedStatus, BookSnapshot, FeedStatus, BookLost, FeedStatus, BookSnapshot]
    assert [event.connected for event in desk.events if isinstance(event, FeedStatus)] == [True, False, True]


async def test_the_venues_close_is_answered_and_its_code_told(desk: Desk, street: Street) -> None:
    await desk.feed.start()
    street.transports[-1].send_close()
    await desk.until(lambda: len(street.transports) == 2)
    down = [event for event in desk.events if isinstance(event, FeedStatus) and not event.connected]
    assert down[0].detail.startswith("the venue closed the stream")


async def test_a_silent_connection_is_given_up(desk: Desk, street: Street) -> None:
    await desk.make(connection_silence=0.1).start()
    await desk.until(lambda: len(street.transports) == 2)
    down = [event for event in desk.events if isinstance(event, FeedStatus) and not event.connected]
    assert down[0].detail.startswith("the market streams were silent for 0.1")


async def test_one_silent_stream_among_speaking_ones_is_given_up_too(desk: Desk, street: Street) -> None:
    await desk.make(stream_silence=0.6).start()
    while len(street.transports) == 1:
        street.depth()
        await asyncio.sleep(0.01)
    down = [event for event in desk.events if isinstance(event, FeedStatus) and not event.connected]
    assert down[0].detail.startswith("the stream btcusdt@kline_1s was silent for 0.6")


async def test_the_silence_of_a_symbol_that_does_not_trade_costs_no_connection(
    desk: Desk, street: Street
) -> None:
    await desk.make(stream_silence=0.4).start()
    desk.feed.relist(BTC, trades=False)
    await asyncio.sleep(1.0)
    assert len(street.transports) == 1
    desk.feed.relist(BTC, trades=True)
    await desk.until(lambda: len(street.transports) == 2)


async def test_bars_missed_while_away_are_fetched_and_published_once_in_order(
    desk: Desk, street: Street
) -> None:
    await desk.feed.start()
    street.kline(1)
    await desk.until(lambda: desk.bars() == [1])
    street.transports[-1].disconnect(graceful=False)
    await desk.until(lambda: len(street.transports) == 2)
    street.keep(1, 2, 3, 4)
    street.kline(4)
    street.kline(5)
    await desk.until(lambda: 5 in desk.bars())
    assert desk.bars() == [1, 2, 3, 4, 5]
    (asked,) = [parameters for path, parameters in street.asked if path == "klines"]
    assert (asked["interval"], asked["startTime"], asked["endTime"]) == (
        "1s", str((START + 2) * 1000), str((START + 3) * 1000),
    )  # fmt: skip


async def test_bars_that_nobody_has_do_not_hold_newer_ones_for_ever(desk: Desk, street: Street) -> None:
    await desk.feed.start()
    street.kline(1)
    street.keep(3)
    street.kline(4)
    await desk.until(lambda: 4 in desk.bars())
    assert desk.bars() == [1, 3, 4]


async def test_history_is_closed_bars_only_and_the_stream_joins_it(desk: Desk, street: Street) -> None:
    street.keep(*range(-1500, 3))
    bars = await desk.feed.history(BTC, SECOND, 1200)
    assert [bar.trades for bar in bars] == list(range(-1198, 2))
    await desk.feed.start()
    street.kline(3)
    await desk.until(lambda: 3 in desk.bars())
    assert desk.bars() == [2, 3]


async def test_history_shorter_than_asked_for_is_what_there_is(desk: Desk, street: Street) -> None:
    street.keep(1, 2, 3)
    assert [bar.trades for bar in await desk.feed.history(BTC, SECOND, 10)] == [1, 2]
    street.klines.clear()
    assert await desk.feed.history(BTC, SECOND, 10) == []


async def test_a_message_in_fragments_is_read_whole_and_pings_are_answered(
    desk: Desk, street: Street
) -> None:
    await desk.feed.start()
    await desk.until(lambda: desk.of(BookSnapshot))
    street.transports[-1].send_ping(b"beat")
    payload = (
        b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1795248000000,"s":"BTCUSDT",'
        b'"U":101,"u":102,"b":[],"a":[]}}'
    )
    street.transports[-1].send(WSMsgType.TEXT, payload[:50], fin=False)
    street.transports[-1].send(WSMsgType.CONTINUATION, payload[50:90], fin=False)
    street.transports[-1].send(WSMsgType.CONTINUATION, payload[90:])
    await desk.until(lambda: desk.of(BookDelta))
    await desk.until(lambda: street.pongs)
    assert street.pongs == [b"beat"]
    assert desk.feed.messages == 1


async def test_a_book_that_someone_found_crossed_is_dropped_and_joined_anew(
    desk: Desk, street: Street
) -> None:
    await desk.feed.start()
    await desk.until(lambda: desk.of(BookSnapshot))
    desk.feed.resync(BTC.id, "crossed")
    await desk.until(lambda: len(desk.of(BookSnapshot)) == 2)
    assert [event.reason for event in desk.events if isinstance(event, BookLost)] == ["crossed"]


async def test_a_venue_that_is_not_there_fails_the_start_with_one_sentence(desk: Desk) -> None:
    feed = desk.make(streams_url="ws://127.0.0.1:1", start_timeout=0.2)
    with pytest.raises(Unreachable, match=r"the market stream can't be opened: .*ws://127.0.0.1:1/stream"):
        await feed.start()
    assert desk.events == []


async def test_closing_twice_is_closing_once(desk: Desk) -> None:
    await desk.feed.start()
    await desk.feed.close()
    await desk.feed.close()
    assert [event.connected for event in desk.events if isinstance(event, FeedStatus)] == [True, False]


async def test_the_age_of_each_regular_stream_is_known(desk: Desk, street: Street) -> None:
    await desk.feed.start()
    await asyncio.sleep(0.05)
    street.depth()
    await desk.until(lambda: desk.feed.messages)
    ages = desk.feed.stream_ages()
    assert ages["btcusdt@depth@100ms"] < ages["btcusdt@kline_1s"]


SHUTDOWN = b'{"e":"serverShutdown","E":1795248000000}'


async def test_a_connection_that_will_be_cut_is_followed_by_another_without_a_gap_or_a_double(
    desk: Desk, street: Street
) -> None:
    await desk.feed.start()
    await desk.until(lambda: desk.of(BookSnapshot))
    street.say(SHUTDOWN)
    await desk.until(lambda: len(street.transports) == 2)
    for number in (1, 2):
        street.trade(number, on=0)
    street.diff(101, 103, on=0)
    await desk.until(lambda: desk.of(BookDelta) and len(desk.of(Trade)) == 2)
    for number in (2, 3):  # the new one says again what the old one has said, and cuts its diffs elsewhere
        street.trade(number, on=1)
    for first, last in ((102, 105), (106, 107)):
        street.diff(first, last, on=1)
    await desk.until(lambda: desk.feed.connections == 2)
    street.trade(4, on=1)
    await desk.until(lambda: len(desk.of(Trade)) == 4)
    deltas = [(d.first_id, d.last_id) for d in desk.of(BookDelta) if isinstance(d, BookDelta)]
    assert deltas == [(101, 103), (104, 105), (106, 107)]
    assert [t.trade_id for t in desk.of(Trade) if isinstance(t, Trade)] == [1, 2, 3, 4]
    assert not desk.of(BookLost)
    statuses = [(s.connected, s.detail) for s in desk.of(FeedStatus) if isinstance(s, FeedStatus)]
    assert statuses == [(True, ""), (True, "on a new connection, before the venue cuts the old one")]
    assert street.transports[0].is_disconnected


async def test_a_new_connection_that_says_too_little_is_not_moved_to(desk: Desk, street: Street) -> None:
    await desk.feed.start()
    await desk.until(lambda: desk.of(BookSnapshot))
    street.say(SHUTDOWN)
    await desk.until(lambda: len(street.transports) == 2)
    street.diff(101, 103, on=0)
    street.trade(1, on=1)  # of the book it says nothing
    await desk.until(lambda: desk.of(BookDelta))
    await asyncio.sleep(1.5)
    assert desk.feed.connections == 1
    street.transports[1].disconnect(graceful=False)
    street.diff(104, 105, on=0)
    await desk.until(lambda: len(desk.of(BookDelta)) == 2)
    assert not desk.of(BookLost)
