"""Market streams that skip, lie or break: what unmodified clients see, and what heals it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import aiohttp
import ccxt
import pytest
from binance import AsyncClient, DepthCacheManager
from binance.exceptions import BinanceWebsocketQueueOverflow, ReadLoopClosed

from tests.fakes.faults import Faults
from tests.fakes.faulty import SYMBOL, client, faults, pro, venue
from tests.fakes.shows import shows
from tests.venues.sim.conftest import Opens, Venue

__all__ = ["client", "faults", "pro", "venue"]

DIFFS = "btcusdt@depth@100ms"
SOON = 30.0


@pytest.fixture
async def diffs(venue: Venue) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """The raw diffs."""
    async with venue.session.ws_connect(f"{venue.ws}/ws/{DIFFS}") as socket:
        await socket.receive_json(timeout=SOON)
        yield socket


@shows("skip_update_ids")
async def test_skipped_ids_show_as_a_gap_of_as_many_messages(
    diffs: aiohttp.ClientWebSocketResponse, faults: Faults
) -> None:
    await faults.arm("skip_update_ids", symbol=SYMBOL, stream="*@depth@100ms", count=2)
    before = await diffs.receive_json(timeout=SOON)
    gaps = 0
    for _ in range(10):
        after = await diffs.receive_json(timeout=SOON)
        gaps += after["U"] != before["u"] + 1
        before = after
    assert gaps in (0, 1)
    (log,) = {row["hook"] for row in await faults.log()}
    assert log == "skip_update_ids"
    assert await faults.armed() == []


@shows("skip_update_ids")
async def test_a_gap_makes_ccxt_raise_and_then_take_a_snapshot(pro: Any, faults: Faults) -> None:
    book = await asyncio.wait_for(pro.watch_order_book("BTC/USDT"), SOON)
    await faults.arm("skip_update_ids")
    with pytest.raises(ccxt.ChecksumError):
        async with asyncio.timeout(SOON):
            while True:
                await pro.watch_order_book("BTC/USDT")
    before = book["nonce"]
    healed = await asyncio.wait_for(pro.watch_order_book("BTC/USDT"), SOON)
    assert healed["nonce"] > before
    assert healed["bids"][0][0] < healed["asks"][0][0]


@shows("skip_update_ids")
async def test_a_gap_makes_python_binances_depth_cache_take_a_snapshot(
    venue: Venue, client: AsyncClient, faults: Faults
) -> None:
    snapshots = 0
    fetch = client.get_order_book

    class Counting(type(client)):  # type: ignore[misc]
        """Counts the snapshots that it is asked for."""

        async def get_order_book(self, **params: Any) -> Any:
            nonlocal snapshots
            snapshots += 1
            return await fetch(**params)

    client.__class__ = Counting
    manager = DepthCacheManager(client, SYMBOL, bm=venue.sockets(client), ws_interval=100)
    async with manager as socket, asyncio.timeout(SOON):
        await socket.recv()
        assert snapshots == 1
        await faults.arm("skip_update_ids")
        while snapshots < 2:
            await socket.recv()
        for _ in range(3):
            cache = await socket.recv()
    assert snapshots == 2
    assert cache.get_bids()[0][0] < cache.get_asks()[0][0]


@shows("corrupt_book")
async def test_nobody_notices_a_wrong_quantity_but_a_fresh_snapshot_shows_it(
    pro: Any, diffs: aiohttp.ClientWebSocketResponse, faults: Faults
) -> None:
    await asyncio.wait_for(pro.watch_order_book("BTC/USDT"), SOON)
    number = await faults.arm("corrupt_book", how="quantity", count=0)
    before = await diffs.receive_json(timeout=SOON)
    for _ in range(15):
        after = await diffs.receive_json(timeout=SOON)
        assert after["U"] == before["u"] + 1
        before = after
        await asyncio.wait_for(pro.watch_order_book("BTC/USDT"), SOON)
    await faults.done(number)
    async with asyncio.timeout(SOON):
        while not wrong_levels(pro.orderbooks["BTC/USDT"], await pro.fetch_order_book("BTC/USDT", 1000)):
            await pro.watch_order_book("BTC/USDT")


def wrong_levels(mine: Any, real: Any) -> list[float]:
    """Prices at which `mine` shows far more than there is."""
    shown, there = (
        {price: amount for price, amount, *_ in [*book["bids"], *book["asks"]]} for book in (mine, real)
    )
    return [price for price in shown.keys() & there.keys() if shown[price] > 5 * there[price]]


@shows("corrupt_book")
async def test_a_crossed_book_shows_itself(diffs: aiohttp.ClientWebSocketResponse, faults: Faults) -> None:
    await faults.arm("corrupt_book", how="cross")
    async with asyncio.timeout(SOON):
        while True:
            diff = await diffs.receive_json()
            bids = [Decimal(price) for price, _ in diff["b"]]
            asks = [Decimal(price) for price, _ in diff["a"]]
            if bids and asks and max(bids) > 1.5 * float(min(asks)):
                break
    assert all("." in text and len(text.partition(".")[2]) == 8 for text, _ in diff["b"])


@shows("malformed_message")
async def test_half_a_message_ends_python_binances_read_loop(
    venue: Venue, client: AsyncClient, faults: Faults
) -> None:
    async with venue.sockets(client).trade_socket(SYMBOL) as socket:
        await asyncio.wait_for(socket.recv(), SOON)

        async def error() -> Any:
            while (message := await socket.recv())["e"] != "error":
                pass
            return message

        waiting = asyncio.create_task(error())  # before the hook: an ended loop hands nothing out
        await faults.arm("malformed_message", stream="btcusdt@trade")
        assert (await asyncio.wait_for(waiting, SOON))["type"] == "JSONDecodeError"
        with pytest.raises(ReadLoopClosed):
            await socket.recv()


@shows("malformed_message")
async def test_a_message_without_a_field_is_handed_over(venue: Venue, faults: Faults) -> None:
    async with venue.session.ws_connect(f"{venue.ws}/stream?streams={DIFFS}/btcusdt@trade") as socket:
        await faults.arm("malformed_message", stream=DIFFS, field="u")
        async with asyncio.timeout(SOON):
            while True:
                message = await socket.receive_json()
                if "u" not in message["data"] and message["stream"] == DIFFS:
                    break
        assert message["data"]["e"] == "depthUpdate"


async def test_a_client_that_reads_too_slowly_ends_its_own_read_loop(open_venue: Opens) -> None:
    venue = await open_venue(speed=200.0)
    client = await venue.client()
    async with venue.sockets(client, 100).multiplex_socket([DIFFS, "btcusdt@bookTicker"]) as socket:
        async with asyncio.timeout(SOON):
            while socket._handle_read_loop is not None:  # nobody reads: its queue of 100 runs over
                await asyncio.sleep(0.02)
        with pytest.raises(ReadLoopClosed):
            await socket.recv()
        errors = [row for row in socket._queue._queue if row.get("e") == "error"]
        assert errors[0]["type"] == BinanceWebsocketQueueOverflow.__name__
