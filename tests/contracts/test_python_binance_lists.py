"""The contract: the unmodified python-binance trades order lists and stops, by REST and WebSocket API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from binance import AsyncClient
from binance.exceptions import BinanceAPIException

from midas.venues.sim.floor.accounts import AccountSpec
from tests.fakes.exchange import Opens
from tests.fakes.keys import PURSE

SYMBOL = "BTCUSDT"
QUANTITY = "0.00100"


@pytest.fixture
async def client(open_venue: Opens) -> AsyncClient:
    """A client of an account that owns something of everything."""
    return await (await open_venue(accounts=(AccountSpec(balances=PURSE),))).client()


async def prices(client: AsyncClient) -> dict[str, str]:
    """Prices around the market, far enough to stay there."""
    book = await client.get_orderbook_ticker(symbol=SYMBOL)
    middle = Decimal(book["bidPrice"])
    parts = {"low": "0.96", "stop": "0.97", "buy": "0.98", "gain": "1.03"}
    return {name: f"{middle * Decimal(part):.2f}" for name, part in parts.items()}


def oco(at: dict[str, str], prefix: str = "") -> dict[str, Any]:
    legs = {
        "aboveType": "LIMIT_MAKER",
        "abovePrice": at["gain"],
        "belowType": "STOP_LOSS_LIMIT",
        "belowStopPrice": at["stop"],
        "belowPrice": at["low"],
        "belowTimeInForce": "GTC",
    }
    return {prefix + name[0].upper() + name[1:] if prefix else name: value for name, value in legs.items()}


def working(at: dict[str, str]) -> dict[str, Any]:
    return {
        "symbol": SYMBOL,
        "workingType": "LIMIT",
        "workingSide": "BUY",
        "workingPrice": at["buy"],
        "workingQuantity": QUANTITY,
        "workingTimeInForce": "GTC",
        "pendingSide": "SELL",
        "pendingQuantity": QUANTITY,
    }


async def test_an_oco_lives_from_placing_to_cancelling_by_rest(client: AsyncClient) -> None:
    at = await prices(client)
    made = await client.order_oco_sell(symbol=SYMBOL, quantity=QUANTITY, **oco(at), listClientOrderId="ours")
    assert [report["type"] for report in made["orderReports"]] == ["STOP_LOSS_LIMIT", "LIMIT_MAKER"]
    assert [row["orderListId"] for row in await client.get_open_oco_orders()] == [made["orderListId"]]
    found = await client.v3_get_order_list(origClientOrderId="ours")
    assert found["listOrderStatus"] == "EXECUTING"
    account = await client.get_account()
    assert {row["asset"]: row["locked"] for row in account["balances"]}["BTC"] == "0.00100000"
    gone = await client.v3_delete_order_list(symbol=SYMBOL, orderListId=made["orderListId"])
    assert [report["status"] for report in gone["orderReports"]] == ["CANCELED", "CANCELED"]
    assert [row["listOrderStatus"] for row in await client.v3_get_all_order_list()] == ["ALL_DONE"]
    assert await client.get_open_orders(symbol=SYMBOL) == []


async def test_every_kind_of_list_can_be_placed_by_the_websocket_api(client: AsyncClient) -> None:
    at = await prices(client)
    wanted = {"symbol": SYMBOL, "side": "SELL", "quantity": QUANTITY, **oco(at)}
    pair = await client.ws_create_oco_order(**wanted)
    pending = {"pendingType": "LIMIT", "pendingPrice": at["gain"], "pendingTimeInForce": "GTC"}
    oto = await client.ws_create_oto_order(**working(at), **pending)
    otoco = await client.ws_create_otoco_order(**working(at), **oco(at, "pending"))
    assert [row["contingencyType"] for row in (pair, oto, otoco)] == ["OCO", "OTO", "OTO"]
    statuses = [report["status"] for report in otoco["orderReports"]]
    assert statuses == ["NEW", "PENDING_NEW", "PENDING_NEW"]
    assert len(await client.ws_get_oco_open_orders()) == 3
    found = await client.ws_get_oco_order(orderListId=oto["orderListId"])
    assert found["orders"] == oto["orders"]
    gone = await client.ws_cancel_oco_order(symbol=SYMBOL, orderListId=oto["orderListId"])
    assert gone["listOrderStatus"] == "ALL_DONE"
    answers = await client.cancel_all_open_orders(symbol=SYMBOL)
    assert [len(answer["orderReports"]) for answer in answers] == [2, 3]


async def test_an_order_list_is_refused_with_the_venues_code(client: AsyncClient) -> None:
    at = await prices(client)
    swapped = {**oco(at), "abovePrice": at["low"]}
    with pytest.raises(BinanceAPIException) as refusal:
        await client.create_oco_order(symbol=SYMBOL, side="SELL", quantity=QUANTITY, **swapped)
    assert refusal.value.code == -2010
    assert "relationship of the prices" in refusal.value.message
    with pytest.raises(BinanceAPIException) as refusal:
        await client.create_oco_order(symbol=SYMBOL, side="BUY", quantity=QUANTITY, **oco(at))
    assert refusal.value.code == -1165


async def test_a_stop_is_placed_amended_and_cancelled(client: AsyncClient) -> None:
    at = await prices(client)
    order = await client.create_order(
        symbol=SYMBOL, side="SELL", type="STOP_LOSS", quantity="0.00200", stopPrice=at["stop"]
    )
    found = await client.get_order(symbol=SYMBOL, orderId=order["orderId"])
    assert (found["isWorking"], found["stopPrice"][:-6]) == (False, at["stop"])
    change = {"symbol": SYMBOL, "orderId": order["orderId"], "newQty": QUANTITY}
    amended = await client._put("order/amend/keepPriority", True, data=change)
    assert amended["amendedOrder"]["qty"] == "0.00100000"
    lines = await client._get("order/amendments", True, data={"symbol": SYMBOL, "orderId": order["orderId"]})
    assert [line["newQty"] for line in lines] == ["0.00100000"]
    gone = await client.cancel_order(symbol=SYMBOL, orderId=order["orderId"])
    assert gone["status"] == "CANCELED"
