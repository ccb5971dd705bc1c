"""The contract: the unmodified python-binance trades here as on the venue: both doors, every kind of key."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from binance import AsyncClient
from binance.exceptions import BinanceAPIException

from midas.venues.sim.floor.accounts import AccountSpec
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


STOPS = [
    ("STOP_LOSS", "SELL", -200, None),
    ("TAKE_PROFIT", "SELL", 200, None),
    ("STOP_LOSS", "BUY", 200, None),
    ("TAKE_PROFIT", "BUY", -200, None),
    ("STOP_LOSS_LIMIT", "SELL", -200, -210),
    ("TAKE_PROFIT_LIMIT", "SELL", 200, 190),
]


@pytest.mark.parametrize(("type", "side", "stop", "limit"), STOPS)
async def test_every_stop_type_waits_off_the_book(
    rich: Venue, door: str, type: str, side: str, stop: int, limit: int | None
) -> None:
    client = await rich.client()
    calls, price = DOORS[door](client), await price_of(client)
    wanted = {"symbol": SYMBOL, "side": side, "type": type, "quantity": "0.00100",
              "stopPrice": f"{price + stop:.2f}"}  # fmt: skip
    if limit is not None:
        wanted |= {"timeInForce": "GTC", "price": f"{price + limit:.2f}"}
    order = await calls.place(**wanted, newOrderRespType="RESULT")
    assert (order["status"], order["workingTime"]) == ("NEW", -1)
    asked = await calls.query(symbol=SYMBOL, orderId=order["orderId"])
    assert (asked["type"], asked["isWorking"], Decimal(asked["stopPrice"])) == (type, False, price + stop)
    assert (await calls.cancel(symbol=SYMBOL, orderId=order["orderId"]))["status"] == "CANCELED"
    with pytest.raises(BinanceAPIException) as refusal:
        await calls.place(**{**wanted, "stopPrice": f"{price - stop:.2f}"})
    assert (refusal.value.code, refusal.value.message) == (-2010, "Order would trigger immediately.")


async def oco(calls: Any, price: Decimal) -> dict[str, Any]:
    """A pair around the market: take profit above, stop below."""
    made: dict[str, Any] = await calls.oco(
        symbol=SYMBOL, side="SELL", quantity="0.00100",
        aboveType="LIMIT_MAKER", abovePrice=f"{price + 200:.2f}",
        belowType="STOP_LOSS_LIMIT", belowStopPrice=f"{price - 200:.2f}", belowPrice=f"{price - 210:.2f}",
        belowTimeInForce="GTC",
    )  # fmt: skip
    return made


async def test_an_oco_is_placed_listed_and_cancelled_as_one(rich: Venue, door: str) -> None:
    client = await rich.client()
    calls, price = DOORS[door](client), await price_of(client)
    made = await oco(calls, price)
    assert (made["contingencyType"], made["listStatusType"], made["listOrderStatus"]) == (
        "OCO", "EXEC_STARTED", "EXECUTING",
    )  # fmt: skip
    assert {row["type"] for row in made["orderReports"]} == {"LIMIT_MAKER", "STOP_LOSS_LIMIT"}
    assert [row["orderListId"] for row in await calls.open_lists()] == [made["orderListId"]]
    assert {row["orderListId"] for row in await calls.open_orders(symbol=SYMBOL)} == {made["orderListId"]}
    assert [row["count"] for row in await calls.rates()] in ([2, 2], [0, 2]), "a pair counts twice"
    gone = await calls.cancel_list(symbol=SYMBOL, orderListId=made["orderListId"])
    assert (gone["listStatusType"], gone["listOrderStatus"]) == ("ALL_DONE", "ALL_DONE")
    assert await calls.open_orders(symbol=SYMBOL) == []
    with pytest.raises(BinanceAPIException) as refusal:
        await oco(calls, price + 5_000)
    words = "The relationship of the prices for the orders is not correct."
    assert (refusal.value.code, refusal.value.message) == (-2010, words)


async def test_cancelling_all_takes_orders_and_lists(rich: Venue, door: str) -> None:
    client = await rich.client()
    calls, price = DOORS[door](client), await price_of(client)
    await calls.place(**LIMIT, side="BUY", price=f"{price - 20:.2f}")
    made = await oco(calls, price)
    answers = await calls.cancel_all(symbol=SYMBOL)
    assert {answer.get("orderListId") for answer in answers} == {-1, made["orderListId"]}
    assert await calls.open_orders(symbol=SYMBOL) == []
    assert await calls.open_lists() == []


async def test_an_amendment_takes_less_and_keeps_its_place(rich: Venue, door: str) -> None:
    client = await rich.client()
    calls, price = DOORS[door](client), await price_of(client) - 20
    order = await calls.place(**LIMIT, side="BUY", price=f"{price:.2f}")

    async def amend(quantity: str) -> Any:
        wanted = {"symbol": SYMBOL, "orderId": order["orderId"], "newQty": quantity}
        if door == "rest":
            return await client._put("order/amend/keepPriority", True, data=wanted)
        return await client._ws_api_request("order.amend.keepPriority", True, wanted)

    amended = (await amend("0.00050"))["amendedOrder"]
    assert (amended["qty"], amended["workingTime"]) == ("0.00050000", order["workingTime"])
    assert (await calls.query(symbol=SYMBOL, orderId=order["orderId"]))["origQty"] == "0.00050000"
    with pytest.raises(BinanceAPIException) as refusal:
        await amend("0.00200")
    assert refusal.value.code == -2038
