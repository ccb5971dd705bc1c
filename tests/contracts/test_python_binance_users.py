"""The contract: python-binance's user socket, its way of failing after a drop, and the way back."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from binance import AsyncClient
from binance.exceptions import BinanceAPIException
from binance.ws.constants import WSListenerState

from midas.venues.sim.floor.accounts import AccountSpec
from tests.fakes.binance_calls import DOORS
from tests.fakes.exchange import Opens, Venue
from tests.fakes.keys import PURSE, KeyPair

SYMBOL = "BTCUSDT"


async def heard(user: Any, count: int) -> list[dict[str, Any]]:
    return [await asyncio.wait_for(user.recv(), 30) for _ in range(count)]


async def buy(client: AsyncClient, name: str) -> None:
    await client.order_market_buy(symbol=SYMBOL, quantity="0.00100", newClientOrderId=name)


async def opened(open_venue: Opens, kind: str) -> tuple[Venue, AsyncClient]:
    pair = KeyPair.ed25519()
    accounts = (AccountSpec(balances=PURSE), pair.account("signer"))
    venue = await open_venue(accounts=accounts, control=0)
    if kind == "hmac":
        return venue, await venue.client()
    return venue, await venue.client("signer", "unused", private_key=pair.private)


@pytest.mark.parametrize("kind", ["hmac", "ed25519"])
@pytest.mark.parametrize("door", list(DOORS))
async def test_an_order_tells_new_trade_and_position(open_venue: Opens, kind: str, door: str) -> None:
    venue, client = await opened(open_venue, kind)
    calls = DOORS[door](client)
    async with venue.sockets(client).user_socket() as user:
        order = await calls.place(
            symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.00100", newClientOrderId="u-1"
        )
        new, _, fill, position = await heard(user, 4)
        assert (new["e"], new["x"], new["X"], new["c"]) == ("executionReport", "NEW", "NEW", "u-1")
        assert (fill["x"], fill["X"], fill["i"]) == ("TRADE", "FILLED", order["orderId"])
        assert (fill["t"], fill["n"], fill["N"]) == (
            order["fills"][0]["tradeId"], order["fills"][0]["commission"], "BTC",
        )  # fmt: skip
        assert position["e"] == "outboundAccountPosition"
        told = {row["a"]: (row["f"], row["l"]) for row in position["B"]}
        owned = {row["asset"]: (row["free"], row["locked"]) for row in (await calls.account())["balances"]}
        assert told == {asset: owned[asset] for asset in ("BTC", "USDT")}


async def test_a_cancel_tells_both_names(open_venue: Opens) -> None:
    venue, client = await opened(open_venue, "hmac")
    async with venue.sockets(client).user_socket() as user:
        book = await client.get_orderbook_ticker(symbol=SYMBOL)
        price = f"{Decimal(book['bidPrice']) - 50:.2f}"
        order = await client.order_limit_buy(symbol=SYMBOL, quantity="0.00100", price=price)
        await client.cancel_order(symbol=SYMBOL, orderId=order["orderId"], newClientOrderId="bye")
        reports = [event for event in await heard(user, 4) if event["e"] == "executionReport"]
        assert [(row["x"], row["c"], row["C"]) for row in reports] == [
            ("NEW", order["clientOrderId"], ""),
            ("CANCELED", "bye", order["clientOrderId"]),
        ]


async def test_nobody_hears_of_other_peoples_orders(open_venue: Opens) -> None:
    pair = KeyPair.rsa()
    venue = await open_venue(accounts=(AccountSpec(balances=PURSE), pair.account("rsa")))
    first, second = await venue.client(), await venue.client("rsa", "unused", private_key=pair.private)
    async with venue.sockets(first).user_socket() as user:
        await buy(second, "theirs")
        await buy(first, "ours")
        assert (await heard(user, 1))[0]["c"] == "ours"


async def test_a_socket_is_silent_after_a_drop_until_it_is_rebuilt(open_venue: Opens) -> None:
    venue, client = await opened(open_venue, "hmac")
    user = venue.sockets(client).user_socket()
    await user.__aenter__()
    await buy(client, "before")
    await heard(user, 4)
    await venue.fire("drop_sockets", code=1001, sockets="user")
    errors = await heard(user, 2)
    assert [(event["e"], event["type"]) for event in errors] == [
        ("error", "ConnectionClosedOK"),
        ("error", "BinanceWebsocketClosed"),
    ]
    async with asyncio.timeout(30):
        while client.ws_api.ws_state is not WSListenerState.STREAMING:
            await asyncio.sleep(0.05)
    assert await client.ws_ping() == {}, "the library reconnects"
    await buy(client, "unheard")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(user.recv(), 0.5)
    await user.__aexit__(None, None, None)
    async with venue.sockets(client).user_socket() as rebuilt:
        missed = await client.get_order(symbol=SYMBOL, origClientOrderId="unheard")
        assert missed["status"] == "FILLED"
        await buy(client, "after")
        reports = [event for event in await heard(rebuilt, 4) if event["e"] == "executionReport"]
        assert [(event["c"], event["x"]) for event in reports] == [("after", "NEW"), ("after", "TRADE")]


async def test_a_closed_socket_gives_its_subscription_back(open_venue: Opens) -> None:
    venue, client = await opened(open_venue, "hmac")
    async with venue.sockets(client).user_socket():
        request = ("userDataStream.subscribe.signature", True)
        with pytest.raises(BinanceAPIException) as refusal:
            await client._ws_api_request(*request, {})
        assert refusal.value.code == -2035
    assert (await client._ws_api_request(*request, {}))["subscriptionId"] == 1
