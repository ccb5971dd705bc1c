"""The contract: refusals reach python-binance with the venue's status, number and words."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from binance import AsyncClient
from binance.exceptions import BinanceAPIException, BinanceWebsocketUnableToConnect

from midas.venues.sim.floor.accounts import AccountSpec
from tests.fakes.binance_calls import DOORS
from tests.fakes.exchange import Opens, Venue
from tests.fakes.keys import PURSE, KeyPair

SYMBOL = "BTCUSDT"
NUMBER = r"'^([0-9]{1,20})(\.[0-9]{1,20})?$'"


async def refused(call: Any) -> BinanceAPIException:
    with pytest.raises(BinanceAPIException) as refusal:
        await call
    return refusal.value


def summary(error: BinanceAPIException) -> tuple[int, int, str]:
    """Status, number, words: the WebSocket API's text is the JSON of its error."""
    return error.status_code, error.code, error.message


async def order_of(client: AsyncClient) -> dict[str, str]:
    book = await client.get_orderbook_ticker(symbol=SYMBOL)
    price = Decimal(book["bidPrice"]) - 10
    return {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001",
            "price": f"{price:.2f}"}  # fmt: skip


QUANTITY = f"Illegal characters found in parameter 'quantity'; legal range is {NUMBER}."
ORDERS: list[tuple[dict[str, str], int, str]] = [
    ({"symbol": "NOPE"}, -1121, "Invalid symbol."),
    ({"side": "HOLD"}, -1117, "Invalid side."),
    ({"type": "ICE"}, -1116, "Invalid orderType."),
    ({"timeInForce": "XYZ"}, -1115, "Invalid timeInForce."),
    ({"quantity": "1e-05"}, -1100, QUANTITY),
    ({"quantity": "0.000010001"}, -1111, "Parameter 'quantity' has too much precision."),
    ({"quantity": "0.000015"}, -1013, "Filter failure: LOT_SIZE"),
    ({"quantity": "0.00001"}, -1013, "Filter failure: NOTIONAL"),
    ({"price": "60000.001"}, -1013, "Filter failure: PRICE_FILTER"),
    ({"price": "1000.00"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    ({"quantity": "5"}, -2010, "Account has insufficient balance for requested action."),
    ({"type": "LIMIT_MAKER"}, -1106, "Parameter 'timeInForce' sent when not required."),
]  # fmt: skip


@pytest.mark.parametrize("door", list(DOORS))
async def test_an_order_is_refused_in_the_venues_words(venue: Venue, door: str) -> None:
    client = await venue.client()
    calls, order = DOORS[door](client), await order_of(client)
    for change, code, text in ORDERS:
        error = await refused(calls.place(**{**order, **change}))
        assert summary(error) == (400, code, text), change
    maker = {name: text for name, text in order.items() if name != "timeInForce"}
    error = await refused(calls.place(**{**maker, "type": "LIMIT_MAKER", "price": "70000.00"}))
    assert summary(error) in (
        (400, -2010, "Order would immediately match and take."),
        (400, -2010, "Account has insufficient balance for requested action."),
    )
    await calls.place(**order, newClientOrderId="twice")
    error = await refused(calls.place(**order, newClientOrderId="twice"))
    assert summary(error) == (400, -2010, "Duplicate order sent.")


@pytest.mark.parametrize("door", list(DOORS))
async def test_every_filter_names_itself(open_venue: Opens, door: str) -> None:
    client = await (await open_venue(accounts=(AccountSpec(balances=PURSE),))).client()
    calls, order = DOORS[door](client), await order_of(client)
    rules = {row["filterType"]: row for row in (await client.get_symbol_info(SYMBOL))["filters"]}
    tick = Decimal(rules["PRICE_FILTER"]["tickSize"])
    above = {**order, "side": "SELL", "type": "STOP_LOSS", "stopPrice": order["price"]}
    for name in ("price", "timeInForce"):
        del above[name]
    large = Decimal(rules["LOT_SIZE"]["maxQty"]) + 1
    market = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": f"{large - 1:.5f}"}
    cases: list[tuple[dict[str, str], str]] = [
        ({**order, "price": f"{Decimal(order['price']) + tick / 10}"}, "PRICE_FILTER"),
        ({**order, "price": f"{Decimal(rules['PRICE_FILTER']['maxPrice']) + 1:.2f}"}, "PRICE_FILTER"),
        ({**order, "quantity": f"{large:.5f}"}, "LOT_SIZE"),
        ({**order, "quantity": "0.001005"}, "LOT_SIZE"),
        ({**order, "quantity": "0.00001"}, "NOTIONAL"),
        ({**order, "price": "1.00", "quantity": "100"}, "PERCENT_PRICE_BY_SIDE"),
        ({**order, "quantity": "0.002", "icebergQty": "0.00001"}, "ICEBERG_PARTS"),
        (market, "MARKET_LOT_SIZE"),
    ]  # fmt: skip
    for wanted, name in cases:
        assert summary(await refused(calls.place(**wanted))) == (400, -1013, f"Filter failure: {name}"), (
            wanted
        )
    stop = f"{Decimal(order['price']) - 500:.2f}"
    for _ in range(rules["MAX_NUM_ALGO_ORDERS"]["maxNumAlgoOrders"]):
        await calls.place(**{**above, "stopPrice": stop})
    error = await refused(calls.place(**{**above, "stopPrice": stop}))
    assert summary(error) == (400, -1013, "Filter failure: MAX_NUM_ALGO_ORDERS")


@pytest.mark.parametrize("door", list(DOORS))
async def test_what_is_missing_or_unknown_is_named(venue: Venue, door: str) -> None:
    client = await venue.client()
    calls, order = DOORS[door](client), await order_of(client)
    for name in ("symbol", "side", "type", "timeInForce", "quantity", "price"):
        rest = {key: text for key, text in order.items() if key != name}
        words = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        assert summary(await refused(calls.place(**rest))) == (400, -1102, words)
    error = await refused(calls.cancel(symbol=SYMBOL, orderId=1))
    assert summary(error) == (400, -2011, "Unknown order sent.")
    error = await refused(calls.query(symbol=SYMBOL, orderId=1))
    assert summary(error) == (400, -2013, "Order does not exist.")
    error = await refused(calls.cancel_all(symbol=SYMBOL))
    assert summary(error) == (400, -2011, "Unknown order sent.")
    error = await refused(client.get_klines(symbol=SYMBOL, interval="7m"))
    assert summary(error) == (400, -1120, "Invalid interval.")


@pytest.mark.parametrize("door", list(DOORS))
async def test_strangers_forgers_and_late_letters_are_turned_away(venue: Venue, door: str) -> None:
    stranger = DOORS[door](await venue.client(key="k" * 64))
    words = "Invalid API-key, IP, or permissions for action."
    assert summary(await refused(stranger.account())) == (401, -2015, words)
    forger = DOORS[door](await venue.client(secret="wrong"))
    words = "Signature for this request is not valid."
    assert summary(await refused(forger.account())) == (400, -1022, words)
    client = await venue.client()
    late = DOORS[door](client)
    client.timestamp_offset = -20_000
    words = "Timestamp for this request is outside of the recvWindow."
    assert summary(await refused(late.account())) == (400, -1021, words)
    client.timestamp_offset = 5_000
    words = "Timestamp for this request was 1000ms ahead of the server's time."
    assert summary(await refused(late.account())) == (400, -1021, words)
    client.timestamp_offset = -20_000
    assert "balances" in await late.account(recvWindow="30000.5") if door == "websocket" else True


async def test_text_that_the_client_does_not_encode_fails_over_rest_only(venue: Venue) -> None:
    client = await venue.client()
    order = await order_of(client)
    for name in ("a:b", "a/b"):
        assert (await refused(client.create_order(**order, newClientOrderId=name))).code == -1022
        assert (await refused(client.get_order(symbol=SYMBOL, origClientOrderId=name))).code == -1022
        placed = await client.ws_create_order(**order, newClientOrderId=name)
        assert placed["clientOrderId"] == name
    assert (await refused(client.ws_get_account(omitZeroBalances=True))).code == -1022
    assert len((await client.ws_get_account(omitZeroBalances="true"))["balances"]) == 1


async def test_checks_are_made_in_the_venues_order(venue: Venue) -> None:
    session, url = venue.session, f"{venue.http}/api/v3/order"
    key = {"X-MBX-APIKEY": venue.run.api_key}

    async def code(query: str, headers: dict[str, str]) -> int:
        async with session.get(f"{url}?{query}", headers=headers) as answer:
            return int((await answer.json())["code"])

    assert await code("symbol=NOPE&orderId=x", {}) == -2014
    assert await code("symbol=NOPE&orderId=x", {"X-MBX-APIKEY": "who"}) == -2015
    assert await code("symbol=NOPE&orderId=x", key) == -1102
    assert await code("symbol=NOPE&orderId=x&signature=0", key) == -1022
    client = await venue.client()
    client.timestamp_offset = -20_000
    assert (await refused(client.get_order(symbol="NOPE", orderId="x"))).code == -1021
    client.timestamp_offset = 0
    assert (await refused(client.get_order(symbol="no pe", orderId="x"))).code == -1100
    assert (await refused(client.get_order(symbol="NOPE", orderId="1"))).code == -1121


async def test_who_asks_too_much_is_told_to_wait_and_then_banned(venue: Venue) -> None:
    client = await venue.client()
    errors: list[BinanceAPIException] = []
    for _ in range(50):
        try:
            await client.get_order_book(symbol=SYMBOL, limit=5000)
        except BinanceAPIException as error:
            errors.append(error)
    for name in ("Retry-After", "X-MBX-USED-WEIGHT", "X-MBX-USED-WEIGHT-1M"):
        assert min(int(error.response.headers[name]) for error in errors) > 0
    assert list(dict.fromkeys((error.status_code, error.code) for error in errors)) == [
        (429, -1003),
        (418, -1003),
    ]
    assert errors[0].message.startswith("Too much request weight used; current limit is 6000")
    assert errors[-1].message.startswith("Way too much request weight used; IP banned until ")
    banned = await refused(client.get_account())
    assert banned.status_code == 418, "a ban comes before every other check"
    with pytest.raises(BinanceWebsocketUnableToConnect, match="418"):
        await client.ws_ping()


async def test_a_ban_reaches_open_websockets_with_its_end(venue: Venue) -> None:
    client = await venue.client()
    await client.ws_ping()
    asked = [client.ws_get_order_book(symbol=SYMBOL, limit=5000) for _ in range(50)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    error = answers[-1]
    assert isinstance(error, BinanceAPIException)
    assert error.status_code == 418
    data = error.response["error"]["data"]
    assert data["retryAfter"] - data["serverTime"] > 100_000


async def test_too_many_unfilled_orders_are_refused(open_venue: Opens) -> None:
    client = await (await open_venue(accounts=(AccountSpec(balances=PURSE),), order_latency_ms=0.0)).client()
    order = {**await order_of(client), "quantity": "0.0001"}
    calls = [client.create_order(**order) for _ in range(199)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    errors = [answer for answer in answers if isinstance(answer, BinanceAPIException)]
    assert {summary(error) for error in errors} == {
        (429, -1015, "Too many new orders; current limit is 100 orders per 10 SECOND.")
    }
    assert 0 < int(errors[0].response.headers["Retry-After"]) <= 11


async def test_a_short_key_logs_on_and_a_shared_secret_may_not(open_venue: Opens) -> None:
    pair = KeyPair.ed25519()
    venue = await open_venue(accounts=(AccountSpec(), pair.account("signer")))
    client = await venue.client("signer", "unused", private_key=pair.private)
    assert (await client._ws_api_request("session.logon", True, {}))["apiKey"] == "signer"
    error = await refused((await venue.client())._ws_api_request("session.logon", True, {}))
    assert error.code == -4056
