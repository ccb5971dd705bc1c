"""Requests that go wrong: what unmodified clients make of it, and what really happened."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import ccxt
import pytest
from binance import AsyncClient
from binance.exceptions import BinanceAPIException
from binance.ws.constants import WSListenerState

from tests.fakes.binance_stub import until
from tests.fakes.faults import Faults
from tests.fakes.faulty import SYMBOL, client, faults, low, place, pro, venue
from tests.fakes.shows import shows
from tests.venues.sim.conftest import Venue

__all__ = ["client", "faults", "pro", "venue"]

LOST = (aiohttp.ClientError, TimeoutError)


async def refused(call: Any) -> BinanceAPIException:
    with pytest.raises(BinanceAPIException) as refusal:
        await call
    return refusal.value


async def statuses(client: AsyncClient) -> list[str]:
    """Of every order that the venue knows."""
    return [row["status"] for row in await client.get_all_orders(symbol=SYMBOL)]


@shows("lose_reply")
@pytest.mark.parametrize("manner", ["reset", "hang"])
async def test_an_order_whose_reply_was_lost_exists_when_it_is_queried(
    client: AsyncClient, faults: Faults, manner: str
) -> None:
    price = await low(client)
    await faults.arm("lose_reply", path="POST order", manner=manner, hang_s=0.2)
    with pytest.raises(LOST):
        await place(client, "lost-1", price=price)
    found = await client.get_order(symbol=SYMBOL, origClientOrderId="lost-1")
    assert found["status"] == "NEW"
    assert (await place(client, "after-1"))["status"] == "NEW"


@shows("lose_reply")
async def test_a_cancel_whose_reply_was_lost_is_sent_again_by_aiohttp_and_finds_nothing(
    client: AsyncClient, faults: Faults
) -> None:
    order = await place(client, "gone-1")
    number = await faults.arm("lose_reply", path="DELETE *", symbol=SYMBOL)
    # A DELETE on a connection that was kept is repeated where the connection breaks; a POST never is.
    error = await refused(client.cancel_order(symbol=SYMBOL, orderId=order["orderId"]))
    assert (error.code, error.message) == (-2011, "Unknown order sent.")
    await faults.done(number)
    assert await statuses(client) == ["CANCELED"]


@shows("lose_reply")
async def test_a_lost_reply_of_the_websocket_api_ends_its_connection(
    client: AsyncClient, faults: Faults
) -> None:
    client.ws_api.TIMEOUT = 0.5
    price = await low(client)
    await faults.arm("lose_reply")
    with pytest.raises(Exception, match=r"timed out|closing|closed"):
        await client.ws_create_order(
            symbol=SYMBOL, side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.00100", price=price,
            newClientOrderId="ws-1",
        )  # fmt: skip
    assert (await client.get_order(symbol=SYMBOL, origClientOrderId="ws-1"))["status"] == "NEW"
    # The library can only be closed while it isn't reconnecting.
    await until(lambda: client.ws_api.ws_state is WSListenerState.STREAMING)


@shows("lose_request")
async def test_an_order_that_was_lost_on_its_way_never_existed(client: AsyncClient, faults: Faults) -> None:
    price = await low(client)
    await faults.arm("lose_request", path="order.place")
    with pytest.raises(LOST):
        await place(client, "never-1", price=price)
    assert (await refused(client.get_order(symbol=SYMBOL, origClientOrderId="never-1"))).code == -2013
    assert await statuses(client) == []


@shows("delay_reply")
async def test_a_late_reply_times_out_although_the_order_was_executed(
    client: AsyncClient, faults: Faults
) -> None:
    price = await low(client)
    await faults.arm("delay_reply", delay_s=5.0)
    with pytest.raises(LOST):
        await place(client, "late-1", price=price, requests_params={"timeout": 0.2})
    assert (await client.get_order(symbol=SYMBOL, origClientOrderId="late-1"))["status"] == "NEW"


@shows("answer_504")
async def test_after_a_504_the_order_may_exist(client: AsyncClient, faults: Faults) -> None:
    price = await low(client)
    await faults.arm("answer_504", executed=True)
    error = await refused(place(client, "unknown-1", price=price))
    assert (error.status_code, error.code) == (504, -1007)
    assert "execution status unknown" in error.message
    assert (await client.get_order(symbol=SYMBOL, origClientOrderId="unknown-1"))["status"] == "NEW"


@shows("answer_504")
async def test_after_a_504_the_order_may_not_exist_either(client: AsyncClient, faults: Faults) -> None:
    price = await low(client)
    await faults.arm("answer_504", executed=False)
    assert (await refused(place(client, "unknown-2", price=price))).code == -1007
    assert (await refused(client.get_order(symbol=SYMBOL, origClientOrderId="unknown-2"))).code == -2013


@shows("answer_429", "answer_418")
@pytest.mark.parametrize(("hook", "status"), [("answer_429", 429), ("answer_418", 418)])
async def test_a_limit_tells_when_to_come_back_and_neither_library_waits(
    client: AsyncClient, pro: Any, faults: Faults, hook: str, status: int
) -> None:
    await faults.arm(hook, path="GET depth", count=2, retry_after_s=7)
    error = await refused(client.get_order_book(symbol=SYMBOL))
    assert (error.status_code, error.code, error.response.headers["Retry-After"]) == (status, -1003, "7")
    with pytest.raises(ccxt.DDoSProtection):
        await pro.fetch_order_book("BTC/USDT")
    assert pro.last_response_headers["Retry-After"] == "7"
    assert (await pro.fetch_order_book("BTC/USDT"))["bids"]


@shows("answer_418")
async def test_a_ban_says_until_when(client: AsyncClient, faults: Faults) -> None:
    await faults.arm("answer_418", path="GET depth", retry_after_s=60)
    until = int(
        (await refused(client.get_order_book(symbol=SYMBOL))).message.split("until ")[1].split(".")[0]
    )
    assert 50_000 < until - time.time() * 1_000 < 70_000


@shows("answer_403")
async def test_the_firewalls_page_is_no_json(client: AsyncClient, pro: Any, faults: Faults) -> None:
    await faults.arm("answer_403", path="GET openOrders", count=2)
    error = await refused(client.get_open_orders(symbol=SYMBOL))
    assert (error.status_code, error.code) == (403, 0)
    assert "Invalid JSON" in error.message
    with pytest.raises(ccxt.BaseError):
        await pro.fetch_open_orders("BTC/USDT")
    assert await client.get_open_orders(symbol=SYMBOL) == []


@shows("answer_500", "answer_503")
@pytest.mark.parametrize(("hook", "status", "code"), [("answer_500", 500, -1000), ("answer_503", 503, -1008)])
async def test_a_5xx_leaves_the_execution_unknown_to_the_client(
    client: AsyncClient, pro: Any, faults: Faults, hook: str, status: int, code: int
) -> None:
    price = await low(client)
    await faults.arm(hook, path="POST order", count=2)
    error = await refused(place(client, "five-1", price=price))
    assert (error.status_code, error.code) == (status, code)
    with pytest.raises((ccxt.ExchangeError, ccxt.OperationFailed)) as seen:
        await pro.create_order("BTC/USDT", "limit", "buy", 0.001, float(price))
    assert str(code) in str(seen.value)
    assert await statuses(client) == []


@shows("reject_order")
async def test_a_refused_order_is_a_definite_no(client: AsyncClient, pro: Any, faults: Faults) -> None:
    price = await low(client)
    funds = "Account has insufficient balance for requested action."
    await faults.arm("reject_order", symbol=SYMBOL)
    await faults.arm("reject_order", code=-2010, text=funds)
    error = await refused(place(client, "no-1", price=price))
    assert (error.code, error.message) == (-2010, "This symbol is not permitted for this account.")
    with pytest.raises(ccxt.InsufficientFunds):
        await pro.create_order("BTC/USDT", "limit", "buy", 0.001, float(price))
    assert await statuses(client) == []


@shows("unknown_order")
async def test_one_unknown_order_right_after_placing_proves_nothing(
    client: AsyncClient, pro: Any, faults: Faults
) -> None:
    await place(client, "gap-1")
    number = await faults.arm("unknown_order", symbol=SYMBOL)
    assert (await refused(client.get_order(symbol=SYMBOL, origClientOrderId="gap-1"))).code == -2013
    with pytest.raises(ccxt.OrderNotFound):
        await pro.fetch_order("", "BTC/USDT", {"origClientOrderId": "gap-1"})
    await faults.disarm(number)
    assert (await client.get_order(symbol=SYMBOL, origClientOrderId="gap-1"))["status"] == "NEW"


@shows("halt_symbol")
async def test_a_halted_symbol_takes_cancels_and_no_orders(
    client: AsyncClient, pro: Any, faults: Faults
) -> None:
    order = await place(client, "before-1")
    number = await faults.arm("halt_symbol", symbol=SYMBOL, status="HALT")
    assert (await client.get_symbol_info(SYMBOL))["status"] == "HALT"
    assert (await pro.load_markets(True))["BTC/USDT"]["active"] is False
    error = await refused(place(client, "halted-1"))
    assert (error.code, error.message) == (-2010, "Market is closed.")
    gone = await client.cancel_order(symbol=SYMBOL, orderId=order["orderId"])
    assert gone["status"] == "CANCELED"
    await faults.disarm(number)
    assert (await place(client, "reopened-1"))["status"] == "NEW"
    assert (await client.get_symbol_info(SYMBOL))["status"] == "TRADING"


@shows("shift_server_time")
async def test_a_clock_set_wrong_refuses_timestamps_until_the_client_measures_anew(
    client: AsyncClient, pro: Any, faults: Faults
) -> None:
    await faults.arm("shift_server_time", shift_ms=-30_000)
    assert "ahead of the server's time" in (await refused(client.get_account())).message
    with pytest.raises(ccxt.InvalidNonce):
        await pro.fetch_balance()
    client.timestamp_offset = (await client.get_server_time())["serverTime"] - time.time_ns() // 1_000_000
    assert (await client.get_account())["balances"]
    await faults.disarm()
    late = await refused(client.get_account())
    assert (late.code, late.message) == (-1021, "Timestamp for this request is outside of the recvWindow.")


async def test_a_clock_set_wrong_neither_lifts_nor_lengthens_a_ban(venue: Venue, faults: Faults) -> None:
    async def asked() -> tuple[int, int]:
        async with venue.session.get(f"{venue.http}/api/v3/depth?symbol={SYMBOL}&limit=5000") as answer:
            return answer.status, int(answer.headers.get("Retry-After", 0))

    while (await asked())[0] != 418:
        pass
    number = await faults.arm("shift_server_time", shift_ms=86_400_000)
    status, wait = await asked()
    assert (status, 0 < wait <= 121) == (418, True)
    await faults.disarm(number)
    await faults.arm("shift_server_time", shift_ms=-86_400_000)
    status, wait = await asked()
    assert (status, 0 < wait <= 121) == (418, True)


@shows("refuse_connections")
async def test_a_closed_port_means_that_nothing_was_sent(venue: Venue, faults: Faults) -> None:
    await venue.status()
    number = await faults.arm("refuse_connections", for_s=30.0)
    await faults.done(number)
    async with asyncio.timeout(30), aiohttp.ClientSession() as fresh:
        while True:
            try:
                await (await fresh.get(f"{venue.http}/api/v3/ping")).read()
            except aiohttp.ClientConnectorError:
                break
        with pytest.raises(aiohttp.ClientConnectorError):
            await fresh.get(f"{venue.http}/api/v3/ping")
    async with venue.session.get(f"{venue.http}/sim/status") as kept:
        assert kept.status == 200, "a connection that stands goes on"
    await faults.disarm(number)
    async with asyncio.timeout(30), aiohttp.ClientSession() as fresh:
        while True:
            try:
                answer = await fresh.get(f"{venue.http}/api/v3/ping")
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.01)
                continue
            assert await answer.json() == {}
            break
