"""The contract: the unmodified python-binance trades here as on the venue: both doors, every kind of key."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from binance import AsyncClient
from binance.exceptions import BinanceAPIException

from midas.venues.sim.accounts import AccountSpec
from tests.fakes.binance_calls import DOORS, RestCalls
from tests.fakes.exchange import Opens, Venue
from tests.fakes.keys import PURSE, KeyPair

SYMBOL = "BTCUSDT"
LIMIT = {"symbol": SYMBOL, "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.00100"}

pytestmark = pytest.mark.parametrize("door", list(DOORS))


@pytest.fixture
async def rich(open_venue: Opens) -> Venue:
    """An exchange whose one account owns something of everything."""
    return await open_venue(accounts=(AccountSpec(balances=PURSE),))


async def price_of(client: AsyncClient, side: str = "bidPrice") -> Decimal:
    book = await client.get_orderbook_ticker(symbol=SYMBOL)
    return Decimal(book[side])


async def key_client(open_venue: Opens, kind: str) -> AsyncClient:
    if kind == "hmac":
        return await (await open_venue(accounts=(AccountSpec(balances=PURSE),))).client()
    pair = KeyPair.ed25519() if kind == "ed25519" else KeyPair.rsa()
    venue = await open_venue(accounts=(AccountSpec(), pair.account("signer")))
    return await venue.client("signer", "unused", private_key=pair.private)


@pytest.mark.parametrize("kind", ["hmac", "ed25519", "rsa"])
async def test_an_order_lives_from_placing_to_cancelling(open_venue: Opens, door: str, kind: str) -> None:
    client = await key_client(open_venue, kind)
    calls, price = DOORS[door](client), await price_of(client) - 20
    wanted = {**LIMIT, "side": "BUY", "price": f"{price:.2f}"}
    assert await calls.test(**wanted) == {}
    assert await calls.open_orders(symbol=SYMBOL) == []
    order = await calls.place(**wanted, newClientOrderId="ours-1")
    assert (order["status"], order["clientOrderId"], order["fills"]) == ("NEW", "ours-1", [])
    by_name = await calls.query(symbol=SYMBOL, origClientOrderId="ours-1")
    assert by_name["orderId"] == order["orderId"]
    assert [row["orderId"] for row in await calls.open_orders()] == [order["orderId"]]
    replaced = await calls.replace(
        **{**wanted, "price": f"{price - 1:.2f}"},
        cancelReplaceMode="STOP_ON_FAILURE",
        cancelOrderId=order["orderId"],
    )
    assert (replaced["cancelResult"], replaced["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    newer = replaced["newOrderResponse"]["orderId"]
    gone = await calls.cancel(symbol=SYMBOL, orderId=newer)
    assert (gone["status"], gone["orderId"]) == ("CANCELED", newer)
    statuses = [row["status"] for row in await calls.all_orders(symbol=SYMBOL)]
    assert statuses == ["CANCELED", "CANCELED"]
    assert [row["count"] for row in await calls.rates()] in ([2, 2], [1, 2], [0, 2])


async def test_a_fill_shows_in_trades_and_balances(rich: Venue, door: str) -> None:
    client = await rich.client()
    calls = DOORS[door](client)
    assert (await calls.commission(symbol=SYMBOL))["standardCommission"]["taker"] == "0.00040000"
    order = await calls.place(symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.00500")
    assert order["status"] == "FILLED"
    trades = await calls.trades(symbol=SYMBOL)
    assert [row["id"] for row in trades] == [fill["tradeId"] for fill in order["fills"]]
    assert sum(Decimal(row["qty"]) for row in trades) == Decimal("0.005")
    paid = sum(Decimal(row["quoteQty"]) for row in trades)
    fees = sum(Decimal(row["commission"]) for row in trades)
    free = {row["asset"]: Decimal(row["free"]) for row in (await calls.account())["balances"]}
    assert free["USDT"] == PURSE["USDT"] - paid
    assert free["BTC"] == PURSE["BTC"] + Decimal("0.005") - fees
    assert {row["count"] for row in await calls.rates()} == {0}, "orders that trade don't count"


async def test_times_in_force_and_makers_keep_their_words(rich: Venue, door: str) -> None:
    client = await rich.client()
    calls, bid, ask = DOORS[door](client), await price_of(client), await price_of(client, "askPrice")
    base = {"symbol": SYMBOL, "side": "BUY", "quantity": "0.00100"}
    maker = await calls.place(**base, type="LIMIT_MAKER", price=f"{bid - 5:.2f}")
    assert set(maker) == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
    assert (await calls.query(symbol=SYMBOL, orderId=maker["orderId"]))["type"] == "LIMIT_MAKER"
    for force, reason in (("IOC", "UNFILLED_IOC_QUANTITY_EXPIRED"), ("FOK", "UNFILLED_FOK_ORDER_EXPIRED")):
        order = await calls.place(**base, type="LIMIT", timeInForce=force, price=f"{bid - 5:.2f}")
        assert (order["status"], order["expiryReason"]) == ("EXPIRED", reason)
    taken = await calls.place(**base, type="LIMIT", timeInForce="FOK", price=f"{ask + 5:.2f}")
    assert taken["status"] == "FILLED"
    by_quote = await calls.place(symbol=SYMBOL, side="SELL", type="MARKET", quoteOrderQty="50")
    assert 0 < Decimal(by_quote["cummulativeQuoteQty"]) <= 50
    assert len(await calls.cancel_all(symbol=SYMBOL)) == 1
    assert await calls.open_orders(symbol=SYMBOL) == []


async def test_what_one_door_does_the_other_shows(rich: Venue, door: str) -> None:
    client = await rich.client()
    here = DOORS[door](client)
    there = DOORS["websocket" if door == "rest" else "rest"](client)
    price = await price_of(client, "askPrice") + 40
    order = await here.place(**LIMIT, side="SELL", price=f"{price:.2f}")
    assert await there.query(symbol=SYMBOL, orderId=order["orderId"]) == (
        await here.query(symbol=SYMBOL, orderId=order["orderId"])
    )
    assert await there.account() == await here.account()
    await there.cancel(symbol=SYMBOL, orderId=order["orderId"])
    assert await here.open_orders(symbol=SYMBOL) == []


async def test_a_half_failed_replace_tells_which_half(rich: Venue, door: str) -> None:
    client = await rich.client()
    calls, price = DOORS[door](client), await price_of(client) - 20
    wanted = {**LIMIT, "side": "BUY", "price": f"{price:.2f}"}
    order = await calls.place(**wanted)
    with pytest.raises(BinanceAPIException) as refusal:
        await calls.replace(
            **{**wanted, "quantity": "9"},
            cancelReplaceMode="STOP_ON_FAILURE",
            cancelOrderId=order["orderId"],
        )
    assert (refusal.value.status_code, refusal.value.code) == (409, -2021)
    data = await details(refusal.value, calls)
    assert (data["cancelResult"], data["newOrderResult"]) == ("SUCCESS", "FAILURE")
    assert data["newOrderResponse"]["code"] == -2010
    assert data["cancelResponse"]["orderId"] == order["orderId"]


async def details(error: BinanceAPIException, calls: Any) -> dict[str, Any]:
    """The `data` of a refusal: in the body over REST, in the error over the WebSocket API."""
    told = await error.response.json() if isinstance(calls, RestCalls) else error.response["error"]
    data: dict[str, Any] = told["data"]
    return data
