"""A running exchange, and unmodified clients that are pointed at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from binance import AsyncClient, BinanceSocketManager
from websockets.exceptions import ConnectionClosed

from midas.venues.sim.runfile import RunFile
from midas.venues.sim.server import ExchangeConfig, serve

PAYLOAD = Path(__file__).parents[1] / "payloads" / "midas-btcusdt.jsonl.gz"


class Venue:
    """A running exchange and what a test needs to talk to it."""

    def __init__(self, run: RunFile, session: aiohttp.ClientSession, stop: asyncio.Event) -> None:
        self.run = run
        self.http = run.http
        self.ws = run.ws
        self.session = session
        self.stop = stop
        self._clients = AsyncExitStack()

    async def client(
        self, key: str | None = None, secret: str | None = None, private_key: str | None = None
    ) -> AsyncClient:
        """An unmodified python-binance client whose URLs point here."""

        class Client(AsyncClient):  # type: ignore[misc]
            API_URL = f"{self.http}/api"
            MARGIN_API_URL = f"{self.http}/sapi"
            WS_API_URL = f"{self.ws}/ws-api/v3"

        client = await Client.create(
            key or self.run.api_key, secret or self.run.api_secret, private_key=private_key
        )
        client.ws_api.TIMEOUT = 1.5  # a close that nothing wakes waits out one read of this many seconds
        self._clients.push_async_callback(_close, client)
        return client

    def sockets(self, client: AsyncClient, waiting: int = 10_000) -> BinanceSocketManager:
        """An unmodified socket manager whose URL points here.

        Of its own it ends a stream where a hundred messages wait, as they do on a busy machine; whoever reads
        a depth cache then does so for ever, and nothing that cancels it is heard.
        """

        class Sockets(BinanceSocketManager):  # type: ignore[misc]
            STREAM_URL = f"{self.ws}/"

        return Sockets(client, max_queue_size=waiting)

    async def status(self) -> dict[str, Any]:
        """What the exchange says of itself."""
        async with self.session.get(f"{self.http}/sim/status") as answer:
            found: dict[str, Any] = await answer.json()
            return found

    async def fire(self, hook: str, **fields: object) -> None:
        """Make the exchange misbehave, now and once; it needs a control port."""
        async with self.session.post(f"{self.run.control}/fire", json={"hook": hook, **fields}) as answer:
            assert answer.status == 200, await answer.text()

    async def close(self) -> None:
        """Close the clients that were made here."""
        await self._clients.aclose()


async def _close(client: AsyncClient) -> None:
    """Close a client; an answer on its way ends the read that its close would wait for."""
    with suppress(ConnectionClosed):
        if client.ws_api.ws is not None:
            await client.ws_api.ws.send('{"id": null, "method": "ping"}')
    await client.close_connection()


Opens = Callable[..., Awaitable[Venue]]


@asynccontextmanager
async def running(folder: Path, config: ExchangeConfig) -> AsyncIterator[Venue]:
    """An exchange until the end of the block."""
    path, stop = folder / "exchange.json", asyncio.Event()
    config = msgspec.structs.replace(config, run_file=path)
    task = asyncio.create_task(serve(config, stop))
    while not path.exists():
        await asyncio.sleep(0.01)
        if task.done():
            task.result()
    run = msgspec.json.decode(path.read_bytes(), type=RunFile)
    async with aiohttp.ClientSession() as session:
        venue = Venue(run, session, stop)
        try:
            yield venue
        finally:
            await venue.close()
            stop.set()
            await task


@asynccontextmanager
async def opening(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Opens]:
    """Opens exchanges on our own recording, or on whatever the test asks for."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    async with AsyncExitStack() as stack:

        async def opened(**changes: Any) -> Venue:
            config = ExchangeConfig(**{"market": str(PAYLOAD), "speed": 5.0, **changes})
            return await stack.enter_async_context(running(folder, config))

        yield opened
