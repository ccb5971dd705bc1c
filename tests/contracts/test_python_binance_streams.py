"""The contract: python-binance's market sockets and its depth cache."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from binance import AsyncClient, DepthCacheManager

from tests.fakes.exchange import Opens, Venue

SYMBOL = "BTCUSDT"
WAIT = 30  # seconds until a test gives up; the pauses of a client between its own tries add up to 15


async def heard(socket: Any, count: int) -> list[dict[str, Any]]:
    return [await asyncio.wait_for(socket.recv(), WAIT) for _ in range(count)]


@pytest.fixture
async def quick(open_venue: Opens) -> Venue:
    """An exchange whose market runs twenty times as fast, with a control port."""
    return await open_venue(speed=20.0, control=0)


async def test_diffs_are_contiguous_and_a_snapshot_fits_among_them(quick: Venue) -> None:
    client = await quick.client()
    async with quick.sockets(client).depth_socket(SYMBOL, interval=100) as socket:
        diffs = await heard(socket, 5)
        last = (await client.get_order_book(symbol=SYMBOL, limit=1000))["lastUpdateId"]
        while diffs[-1]["u"] <= last:
            diffs += await heard(socket, 1)
        assert {diff["e"] for diff in diffs} == {"depthUpdate"}
        assert all(b["U"] == a["u"] + 1 for a, b in itertools.pairwise(diffs))
        assert any(diff["U"] <= last + 1 <= diff["u"] for diff in diffs)
        rows = [row for diff in diffs for row in diff["b"] + diff["a"]]
        assert rows
        assert {len(text.partition(".")[2]) for row in rows for text in row} == {8}


async def test_slow_diffs_come_under_the_plain_name(quick: Venue) -> None:
    client = await quick.client()
    async with quick.sockets(client).depth_socket(SYMBOL) as socket:
        first, second = await heard(socket, 2)
        assert second["U"] == first["u"] + 1


async def test_partial_books_of_twenty_levels(quick: Venue) -> None:
    client = await quick.client()
    async with quick.sockets(client).depth_socket(SYMBOL, depth="20", interval=100) as socket:
        for book in await heard(socket, 3):
            assert set(book) == {"lastUpdateId", "bids", "asks"}
            bids, asks = ([Decimal(row[0]) for row in book[side]] for side in ("bids", "asks"))
            assert (len(bids), len(asks)) == (20, 20)
            assert bids == sorted(bids, reverse=True)
            assert asks == sorted(asks)
            assert bids[0] < asks[0]


async def test_trades_count_up_and_candles_close(quick: Venue) -> None:
    client = await quick.client()
    sockets = quick.sockets(client)
    async with sockets.trade_socket(SYMBOL) as trades, sockets.kline_socket(SYMBOL, "1s") as klines:
        ids = [trade["t"] for trade in await heard(trades, 5)]
        assert ids == list(range(ids[0], ids[0] + 5))
        candles = [(await heard(klines, 1))[0]["k"]]
        while sum(candle["x"] for candle in candles) < 2:
            candles += [event["k"] for event in await heard(klines, 1)]
        closed = [candle for candle in candles if candle["x"]]
        assert closed[1]["t"] == closed[0]["t"] + 1_000
        assert {candle["i"] for candle in candles} == {"1s"}


async def test_one_socket_carries_many_streams(quick: Venue) -> None:
    client = await quick.client()
    names = {"btcusdt@trade", "btcusdt@bookTicker", "btcusdt@miniTicker", "btcusdt@depth5@100ms",
             "btcusdt@aggTrade", "btcusdt@kline_1m"}  # fmt: skip
    manager = quick.sockets(client)
    seen: set[str] = set()
    async with manager.multiplex_socket(sorted(names)) as socket, asyncio.timeout(WAIT):
        while len(seen) < len(names):
            seen.add((await socket.recv())["stream"])
    assert seen == names


class Counted:
    """A depth cache whose snapshots are counted."""

    def __init__(self, client: AsyncClient, manager: DepthCacheManager) -> None:
        self.manager = manager
        self.snapshots = 0
        fetch = client.get_order_book

        async def counted(**wanted: Any) -> Any:
            self.snapshots += 1
            return await fetch(**wanted)

        client.get_order_book = counted

    async def read(self, count: int, *, whole: bool = True) -> None:
        """Take updates; a `whole` book is never crossed."""
        for _ in range(count):
            cache = await asyncio.wait_for(self.manager.recv(), WAIT)
            assert cache.get_bids() and cache.get_asks()
            assert not whole or cache.get_bids()[0][0] < cache.get_asks()[0][0]


@asynccontextmanager
async def depth_cache(venue: Venue) -> AsyncIterator[Counted]:
    client = await venue.client()
    # The cache fetches its snapshot before it opens its socket, and the market starts with that socket: on a
    # market that moves already, here and on the venue, it may find a gap at once.
    manager = DepthCacheManager(client, SYMBOL, bm=venue.sockets(client), limit=1000, ws_interval=100)
    counted = Counted(client, manager)
    async with manager:
        yield counted


async def test_a_depth_cache_is_stable_and_fetches_again_only_after_a_gap(quick: Venue) -> None:
    async with depth_cache(quick) as cache:
        await cache.read(20)
        assert cache.snapshots == 1
        await quick.fire("skip_update_ids", symbol=SYMBOL)
        async with asyncio.timeout(WAIT):
            while cache.snapshots == 1:
                await cache.read(1, whole=False)
        await cache.read(20, whole=False)  # the client may lay the diff that showed the gap over a newer book
        assert cache.snapshots == 2


@pytest.mark.long
async def test_market_sockets_come_back_by_themselves_after_two_errors(quick: Venue) -> None:
    client = await quick.client()
    async with quick.sockets(client).trade_socket(SYMBOL) as socket:
        await heard(socket, 1)
        await quick.fire("drop_sockets", code=1001, sockets="market")
        events: list[dict[str, Any]] = []
        while sum(event["e"] == "error" for event in events) < 2 or events[-1]["e"] != "trade":
            events += await heard(socket, 1)
        types = [event["type"] for event in events if event["e"] == "error"]
        assert types == ["ConnectionClosedOK", "BinanceWebsocketClosed"]
