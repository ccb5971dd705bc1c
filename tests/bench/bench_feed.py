"""P5: depth messages off a loopback WebSocket through the shipped feed into a book. `make bench-feed`.

A second process sends contiguous messages of about 650 bytes as fast as the socket takes them; the feed
decodes them, joins a snapshot and publishes; an OrderBook applies what it publishes. The book must then
equal one that plain dicts kept.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import statistics
from collections.abc import Mapping
from decimal import Decimal
from multiprocessing.connection import Connection
from time import perf_counter, time_ns

import uvloop
from picows import WSListener, WSTransport, WSUpgradeRequest, ws_create_server

from midas.domain.event import Event
from midas.domain.instrument import Instrument
from midas.domain.market import BookDelta, BookSnapshot
from midas.state.book import OrderBook
from midas.venues.binance.feed import BinanceFeed
from midas.venues.binance.plan import FeedPlan
from tests.bench.inputs import FIRST_ID, depth_messages

RUNS = 5
CHUNK = 48
SEED = 13
EMPTY_SNAPSHOT = b'{"lastUpdateId":%d,"bids":[],"asks":[]}' % (FIRST_ID - 1)
INSTRUMENT = Instrument(
    "binance", "BTCUSDT", "BTC", "USDT", Decimal("0.01"), Decimal("0.00001"),
    Decimal("0.00001"), Decimal(9000), Decimal(5),
)  # fmt: skip


class _Sender(WSListener):
    """Sends ready-made frames from the first moment on, pausing only where the socket is full."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._chunks = iter(chunks)
        self._open = True

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The client is there."""
        self._transport = transport
        self._send()

    def pause_writing(self) -> None:
        """The socket is full."""
        self._open = False

    def resume_writing(self) -> None:
        """The socket has room."""
        self._open = True
        self._send()

    def _send(self) -> None:
        while self._open and (chunk := next(self._chunks, None)) is not None:
            self._transport.underlying_transport.write(chunk)


def frames(messages: list[bytes]) -> list[bytes]:
    """Unmasked text frames, as a server sends them, some dozens a write."""
    framed = [b"\x81\x7e" + len(message).to_bytes(2, "big") + message for message in messages]
    return [b"".join(framed[i : i + CHUNK]) for i in range(0, len(framed), CHUNK)]


def serve(n: int, port: Connection) -> None:
    """The second process: a WebSocket server that sends everything to whoever connects."""
    chunks = frames(depth_messages(n, SEED))

    def listener(_: WSUpgradeRequest) -> WSListener:
        return _Sender(chunks)

    async def run() -> None:
        server = await ws_create_server(listener, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(run())


async def receive(port: int, last_id: int) -> tuple[float, OrderBook, BinanceFeed]:
    """Seconds from before the connection to the last message applied."""
    book, done = OrderBook(), asyncio.Event()

    def publish(event: Event) -> None:
        if isinstance(event, BookDelta):
            book.apply_delta(event)
            if event.last_id == last_id:
                done.set()
        elif isinstance(event, BookSnapshot):
            book.apply_snapshot(event)

    async def fetch(path: str, parameters: Mapping[str, str]) -> bytes:
        return EMPTY_SNAPSHOT

    plan = FeedPlan(streams_url=f"ws://127.0.0.1:{port}", instruments=(INSTRUMENT,), periods=())
    feed = BinanceFeed(plan, publish, fetch, time_ns, lambda: 0.5)
    started = perf_counter()
    await feed.start()
    await done.wait()
    seconds = perf_counter() - started
    await feed.close()
    return seconds, book, feed


def expected_levels(n: int) -> tuple[dict[int, int], dict[int, int]]:
    """The final levels by plain parsing into dicts."""
    sides: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for message in depth_messages(n, SEED):
        data = json.loads(message)["data"]
        for side, name in zip(sides, ("b", "a"), strict=True):
            for price, quantity in data[name]:
                side[int(Decimal(price) * 100)] = int(Decimal(quantity) * 100_000)
    return sides


def equal(book: OrderBook, sides: tuple[dict[int, int], dict[int, int]]) -> bool:
    """Every level of both sides is the same."""
    tops = book.top(max(map(len, sides)))
    return book.valid and all(
        dict(rows.tolist()) == {tick: lots for tick, lots in side.items() if lots}
        for rows, side in zip(tops, sides, strict=True)
    )


def main() -> None:
    """Print the median of five runs as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=100_000, help="messages a run")
    n = parser.parse_args().n
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(n, theirs), daemon=True)
    server.start()
    try:
        sides = expected_levels(n)
        port = ours.recv()
        uvloop.run(receive(port, FIRST_ID + 16 * n - 1))
        runs = [uvloop.run(receive(port, FIRST_ID + 16 * n - 1)) for _ in range(RUNS)]
    finally:
        server.terminate()
        server.join()
    _, book, feed = runs[-1]
    check = {
        "levels": list(book.sizes),
        "messages": feed.messages,
        "bytes_a_message": round(feed.bytes / feed.messages),
        "gaps": feed.gaps,
        "equal": equal(book, sides),
    }
    value = round(n / statistics.median(seconds for seconds, _, _ in runs))
    print(json.dumps({"bench": "feed", "value": value, "unit": "messages/s", "check": check}))


if __name__ == "__main__":
    main()
