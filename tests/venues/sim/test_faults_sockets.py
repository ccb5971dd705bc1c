"""Sockets that are cut, refused, silent or late: what unmodified clients see, and what brings them back."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import ccxt
import pytest
from binance import AsyncClient
from binance.ws.constants import WSListenerState

from midas.venues.sim.doors.timings import SocketTimings
from tests.fakes.binance_stub import until
from tests.fakes.faults import Faults
from tests.fakes.faulty import SYMBOL, client, faults, place, pro, venue
from tests.fakes.shows import shows
from tests.venues.sim.conftest import Opens, Venue

__all__ = ["client", "faults", "pro", "venue"]

DIFFS = "btcusdt@depth@100ms"
SOON = 30.0
LEAVING = 5.0
CLOSED = (
    aiohttp.WSMsgType.CLOSE,
    aiohttp.WSMsgType.CLOSED,
    aiohttp.WSMsgType.CLOSING,
    aiohttp.WSMsgType.ERROR,
)


@pytest.fixture
async def diffs(venue: Venue) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """The raw diffs."""
    async with venue.session.ws_connect(f"{venue.ws}/ws/{DIFFS}") as socket:
        await socket.receive_json(timeout=SOON)
        yield socket


async def ended(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    """Read to the end; the close code."""
    async with asyncio.timeout(SOON):
        while (await socket.receive()).type not in CLOSED:
            pass
    return socket.close_code


@contextlib.asynccontextmanager
async def reading(manager: Any) -> AsyncIterator[Any]:
    """A socket of python-binance; left while it connects anew, it may wait for itself for ever."""
    socket = await manager.__aenter__()
    try:
        yield socket
    finally:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(manager.__aexit__(None, None, None), LEAVING)


async def heard(socket: Any) -> dict[str, Any]:
    """What python-binance hands over next."""
    message: dict[str, Any] = await asyncio.wait_for(socket.recv(), SOON)
    return message


@shows("drop_sockets")
@pytest.mark.parametrize(("code", "kind"), [(1001, "ConnectionClosedOK"), (1006, "ConnectionClosedError")])
async def test_a_market_socket_reconnects_by_itself_after_two_errors(
    venue: Venue, client: AsyncClient, faults: Faults, code: int, kind: str
) -> None:
    async with reading(venue.sockets(client).depth_socket(SYMBOL, interval=100)) as socket:
        await heard(socket)
        await faults.fire("drop_sockets", code=code, sockets="market")
        errors: list[str] = []
        async with asyncio.timeout(SOON):
            while len(errors) < 2:
                message = await socket.recv()
                errors += [message["type"]] if message["e"] == "error" else []
            while (await socket.recv())["e"] != "depthUpdate":
                pass
        assert errors == [kind, "BinanceWebsocketClosed"]


@shows("drop_sockets")
async def test_a_user_socket_tells_of_its_end_and_is_never_subscribed_again(
    venue: Venue, client: AsyncClient, faults: Faults
) -> None:
    client.ws_api.TIMEOUT = 0.3
    socket = venue.sockets(client).user_socket()
    await socket.connect()
    await place(client, "before-1")
    assert (await heard(socket))["c"] == "before-1"
    await heard(socket)
    await faults.fire("drop_sockets", code=1001, sockets="user")
    kinds = [(await heard(socket))["type"] for _ in range(2)]
    assert kinds == ["ConnectionClosedOK", "BinanceWebsocketClosed"]
    await until(lambda: client.ws_api.ws_state is WSListenerState.STREAMING)
    await place(client, "after-1")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(socket.recv(), 0.3)
    rebuilt = venue.sockets(client).user_socket()
    await rebuilt.connect()
    await place(client, "after-2")
    assert (await heard(rebuilt))["c"] == "after-2"
    await rebuilt.__aexit__(None, None, None)


@shows("drop_sockets")
async def test_ccxt_raises_a_network_error_and_the_next_watch_subscribes_again(
    pro: Any, faults: Faults
) -> None:
    await asyncio.wait_for(pro.watch_trades("BTC/USDT"), SOON)
    watching = asyncio.create_task(_watch_for_ever(pro))
    await asyncio.sleep(0)
    await faults.fire("drop_sockets")
    with pytest.raises(ccxt.NetworkError, match="1001"):
        await asyncio.wait_for(watching, SOON)
    assert await asyncio.wait_for(pro.watch_trades("BTC/USDT"), SOON)


async def _watch_for_ever(pro: Any) -> None:
    while True:
        await pro.watch_trades("BTC/USDT")


@shows("drop_sockets")
async def test_only_the_sockets_that_are_meant_are_closed(
    venue: Venue, diffs: aiohttp.ClientWebSocketResponse, faults: Faults
) -> None:
    async with venue.session.ws_connect(f"{venue.ws}/ws-api/v3") as api:
        await faults.fire("drop_sockets", code=1001, sockets="user")
        assert await ended(api) == 1001
        assert (await diffs.receive_json(timeout=SOON))["e"] == "depthUpdate"
        await faults.arm("drop_sockets", code=1006, sockets="market", count=2, every_s=0.05)
        assert await ended(diffs) == 1006


@shows("refuse_connections")
async def test_ccxt_cannot_connect_until_the_port_is_open_again(
    pro: Any, venue: Venue, faults: Faults
) -> None:
    number = await faults.arm("refuse_connections", cut=True)
    with pytest.raises(ccxt.NetworkError):
        async with asyncio.timeout(SOON):
            while True:
                await pro.fetch_time()
    with pytest.raises(ccxt.NetworkError):
        await asyncio.wait_for(pro.watch_trades("BTC/USDT"), SOON)
    await faults.disarm(number)
    async with asyncio.timeout(SOON):
        while True:
            with contextlib.suppress(ccxt.NetworkError):
                await pro.fetch_time()
                break
    assert await asyncio.wait_for(pro.watch_trades("BTC/USDT"), SOON)
    assert venue.http.endswith(str(venue.http.rpartition(":")[2]))


@shows("freeze")
async def test_a_frozen_socket_is_noticed_by_python_binances_own_ping(
    venue: Venue, client: AsyncClient, faults: Faults
) -> None:
    manager = venue.sockets(client)
    manager.ws_kwargs = {"ping_interval": 0.1, "ping_timeout": 0.5}  # 20 s each by default
    async with reading(manager.depth_socket(SYMBOL, interval=100)) as socket:
        await heard(socket)
        number = await faults.arm("freeze", sockets="market")
        async with asyncio.timeout(SOON):
            while (message := await socket.recv())["e"] != "error":
                pass
        assert "1011" in message["m"]
        await faults.disarm(number)
        async with asyncio.timeout(SOON):
            while (await socket.recv())["e"] != "depthUpdate":
                pass


@shows("freeze")
@pytest.mark.parametrize(("then", "gaps"), [("lose", 1), ("deliver", 0)])
async def test_after_a_freeze_the_data_are_lost_or_come_all_at_once(
    diffs: aiohttp.ClientWebSocketResponse, faults: Faults, then: str, gaps: int
) -> None:
    last = await diffs.receive_json(timeout=SOON)
    await faults.arm("freeze", for_s=0.6, then=then)
    found, silence = 0, 0.0
    for _ in range(60):
        before = time.monotonic()
        diff = await diffs.receive_json(timeout=SOON)
        silence = max(silence, time.monotonic() - before)
        found += diff["U"] != last["u"] + 1
        last = diff
    assert (found, silence > 0.3) == (gaps, True)


@shows("freeze")
async def test_a_frozen_user_socket_leaves_the_market_alone(
    venue: Venue, diffs: aiohttp.ClientWebSocketResponse, faults: Faults
) -> None:
    async with venue.session.ws_connect(f"{venue.ws}/ws-api/v3") as api:
        await faults.arm("freeze", sockets="user", then="deliver", for_s=1.0)
        await api.send_json({"id": "1", "method": "ping"})
        with pytest.raises(TimeoutError):
            await api.receive_json(timeout=0.1)
        assert (await diffs.receive_json(timeout=SOON))["e"] == "depthUpdate"


@shows("slow")
async def test_slow_sockets_are_late_and_in_order(
    venue: Venue, diffs: aiohttp.ClientWebSocketResponse, faults: Faults
) -> None:
    async with venue.session.ws_connect(f"{venue.ws}/ws-api/v3") as api:
        number = await faults.arm("slow", delay_s=0.3)
        before = time.monotonic()
        await api.send_json({"id": "1", "method": "ping"})
        await api.receive_json(timeout=SOON)
        assert time.monotonic() - before > 0.25
        last = await diffs.receive_json(timeout=SOON)
        for number_of_diff in range(30):
            if number_of_diff == 10:
                await faults.disarm(number)
            diff = await diffs.receive_json(timeout=SOON)
            assert diff["U"] == last["u"] + 1
            last = diff


@shows("server_shutdown")
async def test_a_shutdown_is_announced_and_then_comes(
    venue: Venue, client: AsyncClient, faults: Faults
) -> None:
    market = venue.sockets(client).depth_socket(SYMBOL, interval=100)
    async with venue.session.ws_connect(f"{venue.ws}/ws-api/v3") as api, reading(market) as socket:
        await heard(socket)
        await faults.fire("server_shutdown", cut_after_s=0.3)
        async with asyncio.timeout(SOON):
            while (message := await socket.recv())["e"] != "serverShutdown":
                assert message["e"] == "depthUpdate"
            assert (await api.receive_json())["event"]["e"] == "serverShutdown"
            closing = asyncio.create_task(ended(api))
            while (message := await socket.recv())["e"] != "error":
                pass  # read all the while: the client gives up where a hundred messages wait
            assert await closing == 1001
            # By what it does at that moment: it waits for a message, or asks for the next one.
            assert message["type"] in ("ConnectionClosedOK", "BinanceWebsocketClosed")
            while (await socket.recv())["e"] != "depthUpdate":
                pass  # it is back


@shows("server_shutdown")
async def test_ccxt_does_not_understand_the_notice(pro: Any, faults: Faults) -> None:
    await asyncio.wait_for(pro.watch_trades("BTC/USDT"), SOON)
    await faults.fire("server_shutdown", cut_after_s=30.0)
    for _ in range(3):
        assert await asyncio.wait_for(pro.watch_trades("BTC/USDT"), SOON)


async def test_a_client_is_pinged_and_must_copy_the_payload(open_venue: Opens) -> None:
    quick = SocketTimings(ping_every_s=0.05, silence_max_s=1.5, look_every_s=0.01, messages_a_second=1_000)
    venue = await open_venue(timings=quick)
    copying = await venue.session.ws_connect(f"{venue.ws}/ws/{DIFFS}")
    wrong = await venue.session.ws_connect(f"{venue.ws}/ws/{DIFFS}", autoping=False)
    silent = await venue.session.ws_connect(f"{venue.ws}/ws-api/v3", autoping=False)
    payloads = []
    async with asyncio.timeout(SOON):
        while (message := await wrong.receive()).type not in CLOSED:
            if message.type is aiohttp.WSMsgType.PING:
                payloads.append(message.data)
                await wrong.pong(b"something else")
    assert len(payloads) > 2
    assert all(abs(int(payload) - time.time() * 1_000) < 10_000 for payload in payloads)
    assert await ended(silent) == 1006
    assert (await copying.receive_json(timeout=SOON))["e"] == "depthUpdate"


async def test_every_connection_is_cut_at_its_age_after_a_notice(open_venue: Opens) -> None:
    venue = await open_venue(timings=SocketTimings(life_s=0.5, notice_s=0.3, look_every_s=0.01))
    before = time.monotonic()
    socket = await venue.session.ws_connect(f"{venue.ws}/ws")
    assert (await socket.receive_json(timeout=SOON))["e"] == "serverShutdown"
    assert time.monotonic() - before > 0.15
    assert await ended(socket) == 1001
    assert time.monotonic() - before > 0.45


async def test_too_many_streams_are_refused_and_pings_count_as_messages(open_venue: Opens) -> None:
    venue = await open_venue(timings=SocketTimings(streams_max=3))
    socket = await venue.session.ws_connect(f"{venue.ws}/ws")
    names = [f"btcusdt@kline_{unit}" for unit in ("1m", "3m", "5m", "15m")]
    await socket.send_json({"method": "SUBSCRIBE", "params": names, "id": 1})
    assert "too many streams" in (await socket.receive_json(timeout=SOON))["error"]["msg"]
    await socket.send_json({"method": "SUBSCRIBE", "params": names[:3], "id": 2})
    assert await socket.receive_json(timeout=SOON) == {"result": None, "id": 2}
    greedy = await venue.session.ws_connect(f"{venue.ws}/stream?streams={'/'.join(names)}")
    assert await ended(greedy) == 1008
    for _ in range(4):
        await socket.ping(b"x")
    assert await ended(socket) == 1008
