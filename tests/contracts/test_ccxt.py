"""The contract: unmodified ccxt, synchronous and asynchronous, finds the venue that it knows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any

import ccxt
import pytest

from tests.fakes.ccxt_clients import Clients, Kind, Place, ask
from tests.fakes.exchange import Opens, Venue
from tests.fakes.futures import Futures, futures_venue

PAIR = "BTC/USDT"
PERPETUAL = "BTC/USDT:USDT"


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def market(open_venue: Opens) -> Venue:
    """Two symbols, twenty times as fast."""
    return await open_venue(market="synthetic", speed=20.0)


@pytest.fixture
async def clients(market: Venue, stack: AsyncExitStack) -> Clients:
    clients = Clients(market)
    stack.push_async_callback(clients.close)
    return clients


@pytest.fixture(params=["sync", "async"])
async def client(request: pytest.FixtureRequest, clients: Clients) -> Any:
    return clients.open(request.param)


async def running(venue: Venue) -> None:
    """Let the market run until it traded for some seconds."""
    stream = await venue.session.ws_connect(f"{venue.ws}/ws/btcusdt@kline_1s")
    closed = 0
    while closed < 4:
        closed += (await stream.receive_json(timeout=30))["k"]["x"]
    await stream.close()


async def price(client: Any, side: str, share: float) -> float:
    """The best price of `side` times `share`, as the market writes prices."""
    ticker = await ask(client, "fetch_ticker", PAIR)
    return float(client.price_to_precision(PAIR, ticker[side] * share))


async def test_the_smallest_options_load_the_spot_markets(client: Any) -> None:
    markets = await ask(client, "load_markets")
    assert {PAIR, "ETH/USDT"} <= set(markets)
    found = markets[PAIR]
    assert (found["spot"], found["active"], found["id"]) == (True, True, "BTCUSDT")
    assert found["limits"]["cost"]["min"] == 5
    assert found["precision"]["amount"] == 0.00001


@pytest.mark.parametrize("kind", ["sync", "async", "pro"])
async def test_ccxts_own_options_load_every_kind_of_market(
    market: Venue, stack: AsyncExitStack, kind: Kind
) -> None:
    futures: Futures = await stack.enter_async_context(futures_venue())
    clients = Clients(market, futures.url)
    stack.push_async_callback(clients.close)
    client = clients.open(kind, options={})
    markets = await ask(client, "load_markets")
    assert {PAIR, PERPETUAL} <= set(markets)
    assert {"BTC", "USDT"} <= set(client.currencies)
    assert sorted(futures.asked) == ["/dapi/v1/exchangeInfo", "/fapi/v1/exchangeInfo"]


@pytest.mark.parametrize("place", ["api", "test", "demo"])
async def test_every_place_where_ccxt_keeps_addresses_leads_here(clients: Clients, place: Place) -> None:
    client = clients.open("async", place)
    await client.load_markets()
    order = await client.create_order(PAIR, "market", "buy", 0.001)
    assert order["status"] == "closed"
    assert (await client.fetch_balance())["BTC"]["total"] > 0


async def test_tickers_books_candles_and_trades(client: Any, market: Venue) -> None:
    await running(market)
    ticker = await ask(client, "fetch_ticker", PAIR)
    assert ticker["low"] <= ticker["last"] <= ticker["high"]
    assert ticker["bid"] < ticker["ask"]
    hour = await ask(client, "fetch_ticker", PAIR, {"rolling": True, "windowSize": "1h"})
    assert hour["baseVolume"] < ticker["baseVolume"]
    every = set(client.markets)
    assert set(await ask(client, "fetch_tickers")) == every
    assert set(await ask(client, "fetch_tickers", ["ETH/USDT"])) == {"ETH/USDT"}
    assert set(await ask(client, "fetch_bids_asks")) == every
    assert set(await ask(client, "fetch_last_prices")) == every
    book = await ask(client, "fetch_order_book", PAIR, 50)
    assert len(book["bids"]) == 50
    assert book["bids"][0][0] < book["asks"][0][0]
    for method in ("publicGetAggTrades", "publicGetTrades", "publicGetHistoricalTrades"):
        trades = await ask(client, "fetch_trades", PAIR, None, 10, {"fetchTradesMethod": method})
        assert len(trades) == 10, method
        assert all(a["timestamp"] <= b["timestamp"] for a, b in pairwise(trades))
    since = trades[0]["timestamp"]
    assert (await ask(client, "fetch_trades", PAIR, since, 5))[0]["timestamp"] >= since


async def test_candles_of_every_length_follow_each_other(clients: Clients) -> None:
    client = clients.open("async")
    for interval in ("1s", "1m", "1h", "1d", "1w", "1M"):
        rows = await client.fetch_ohlcv(PAIR, interval, None, 90)
        assert len(rows) == 90, interval
        assert await client.fetch_ohlcv(PAIR, interval, rows[10][0], 5) == rows[10:15]
        assert all(row[3] <= min(row[1], row[4]) <= max(row[1], row[4]) <= row[2] for row in rows)


async def test_clock_state_fees_and_currencies(client: Any) -> None:
    assert abs(await ask(client, "load_time_difference")) < 2_000
    assert (await ask(client, "fetch_status"))["status"] == "ok"
    fees = await ask(client, "fetch_trading_fee", PAIR)
    assert (fees["maker"], fees["taker"]) == (0, 0.0004)
    client.options["fetchCurrencies"] = True
    assert {"BTC", "USDT"} <= set(await ask(client, "fetch_currencies"))


async def test_a_limit_order_lives_from_placing_over_editing_to_cancelling(client: Any) -> None:
    await ask(client, "load_markets")
    low = await price(client, "bid", 0.98)
    order = await ask(client, "create_order", PAIR, "limit", "buy", 0.001, low)
    assert (order["status"], order["price"], order["filled"]) == ("open", low, 0)
    assert (await ask(client, "fetch_order", order["id"], PAIR))["clientOrderId"] == order["clientOrderId"]
    assert [row["id"] for row in await ask(client, "fetch_open_orders", PAIR)] == [order["id"]]
    assert (await ask(client, "fetch_balance"))["USDT"]["used"] == pytest.approx(low * 0.001)
    edited = await ask(client, "edit_order", order["id"], PAIR, "limit", "buy", 0.002, low)
    assert (edited["status"], edited["amount"]) == ("open", 0.002)
    assert (await ask(client, "fetch_order", order["id"], PAIR))["status"] == "canceled"
    assert (await ask(client, "cancel_order", edited["id"], PAIR))["status"] == "canceled"
    assert await ask(client, "fetch_open_orders", PAIR) == []
    assert len(await ask(client, "fetch_orders", PAIR)) == 2
    assert len(await ask(client, "fetch_canceled_orders", PAIR)) == 2


async def test_cancel_all_leaves_nothing_open(client: Any) -> None:
    await ask(client, "load_markets")
    low = await price(client, "bid", 0.98)
    for _ in range(3):
        await ask(client, "create_order", PAIR, "limit", "buy", 0.001, low)
    assert len(await ask(client, "cancel_all_orders", PAIR)) == 3
    assert await ask(client, "fetch_open_orders", PAIR) == []


async def test_market_orders_fill_and_leave_trades(client: Any) -> None:
    await ask(client, "load_markets")
    bought = await ask(client, "create_order", PAIR, "market", "buy", 0.002)
    assert (bought["status"], bought["filled"]) == ("closed", 0.002)
    by_cost = await ask(client, "create_market_buy_order_with_cost", PAIR, 60)
    assert 50 < by_cost["cost"] <= 60
    # A price turns a market order's amount into money to spend: ccxt's own trap.
    trap = await ask(client, "create_order", PAIR, "market", "buy", 0.002, 30_000)
    assert 50 < trap["cost"] <= 60
    trades = await ask(client, "fetch_my_trades", PAIR)
    amount = sum(row["amount"] for row in trades)
    fees = sum(row["fee"]["cost"] for row in trades)
    assert {row["takerOrMaker"] for row in trades} == {"taker"}
    assert (await ask(client, "fetch_balance"))["BTC"]["free"] == pytest.approx(amount - fees)
    assert len(await ask(client, "fetch_closed_orders", PAIR)) == 3
    assert await ask(client, "fetch_order_trades", bought["id"], PAIR) != []


async def test_times_in_force_test_orders_and_post_only(client: Any) -> None:
    await ask(client, "load_markets")
    low, high = await price(client, "bid", 0.98), await price(client, "ask", 1.01)
    gone = await ask(client, "create_order", PAIR, "limit", "buy", 0.001, low, {"timeInForce": "IOC"})
    assert gone["status"] == "expired"
    killed = await ask(client, "create_order", PAIR, "limit", "buy", 0.001, low, {"timeInForce": "FOK"})
    assert (killed["status"], killed["filled"]) == ("expired", 0)
    taken = await ask(client, "create_order", PAIR, "limit", "buy", 0.001, high, {"timeInForce": "FOK"})
    assert taken["status"] == "closed"
    await ask(client, "create_order", PAIR, "limit", "buy", 0.001, low, {"test": True})
    assert await ask(client, "fetch_open_orders", PAIR) == []
    quiet = await ask(client, "create_order", PAIR, "limit", "buy", 0.001, low, {"postOnly": True})
    assert (quiet["status"], quiet["postOnly"]) == ("open", True)
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        await ask(client, "create_order", PAIR, "limit", "buy", 0.001, high, {"postOnly": True})


@pytest.mark.parametrize(
    ("kind", "limit", "trigger", "type"),
    [("limit", 0.97, {"stopLossPrice": 0.98}, "STOP_LOSS_LIMIT"),
     ("market", None, {"stopLossPrice": 0.98}, "STOP_LOSS"),
     ("limit", 1.02, {"takeProfitPrice": 1.02}, "TAKE_PROFIT_LIMIT"),
     ("market", None, {"takeProfitPrice": 1.02}, "TAKE_PROFIT"),
     ("limit", 0.97, {"triggerPrice": 0.98}, "STOP_LOSS_LIMIT")],
)  # fmt: skip
async def test_stops_and_take_profits_wait_for_their_price(
    clients: Clients, kind: str, limit: float | None, trigger: dict[str, float], type: str
) -> None:
    client = clients.open("async")
    await client.load_markets()
    await client.create_order(PAIR, "market", "buy", 0.002)
    bid = (await client.fetch_ticker(PAIR))["bid"]
    at = {name: float(client.price_to_precision(PAIR, bid * share)) for name, share in trigger.items()}
    price = None if limit is None else float(client.price_to_precision(PAIR, bid * limit))
    order = await client.create_order(PAIR, kind, "sell", 0.001, price, at)
    (found,) = await client.fetch_open_orders(PAIR)
    assert (found["id"], found["info"]["type"], found["triggerPrice"]) == (order["id"], type, *at.values())
    assert found["info"]["isWorking"] is False
    assert (await client.cancel_order(order["id"], PAIR))["status"] == "canceled"
    with pytest.raises(ccxt.BaseError):  # a stop on the wrong side of the market
        wrong = {
            name: float(client.price_to_precision(PAIR, bid * (2 - share))) for name, share in trigger.items()
        }
        await client.create_order(PAIR, kind, "sell", 0.001, price, wrong)
    assert client.last_json_response == {"code": -2010, "msg": "Order would trigger immediately."}


async def test_icebergs_amendments_and_order_lists(clients: Clients) -> None:
    client = clients.open("async")
    await client.load_markets()
    await client.create_order(PAIR, "market", "buy", 0.004)
    ticker = await client.fetch_ticker(PAIR)

    def text(share: float) -> str:
        return str(client.price_to_precision(PAIR, ticker["bid"] * share))

    iceberg = await client.create_order(
        PAIR, "limit", "buy", 0.002, float(text(0.98)), {"icebergQty": "0.001"}
    )
    amend = {"symbol": "BTCUSDT", "orderId": iceberg["id"], "newQty": "0.00150"}
    answer = await client.request("order/amend/keepPriority", ["private"], "PUT", amend)
    assert answer["amendedOrder"]["qty"] == "0.00150000"
    legs = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.001", "aboveType": "LIMIT_MAKER",
            "abovePrice": text(1.02), "belowType": "STOP_LOSS_LIMIT", "belowStopPrice": text(0.98),
            "belowPrice": text(0.97), "belowTimeInForce": "GTC"}  # fmt: skip
    both = await client.private_post_orderlist_oco(legs)
    assert {row["type"] for row in both["orderReports"]} == {"STOP_LOSS_LIMIT", "LIMIT_MAKER"}
    assert len(await client.fetch_open_orders(PAIR)) == 3
    gone = await client.private_delete_orderlist({"symbol": "BTCUSDT", "orderListId": both["orderListId"]})
    assert gone["listOrderStatus"] == "ALL_DONE"
    assert [row["id"] for row in await client.fetch_open_orders(PAIR)] == [iceberg["id"]]


_RAW = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001"}
_REFUSALS: list[tuple[dict[str, str], int, str, type[ccxt.BaseError]]] = [
    ({"symbol": "NOPE"}, -1121, "Invalid symbol.", ccxt.BadSymbol),
    ({"quantity": "1e-05"}, -1100, "Illegal characters found in parameter 'quantity'", ccxt.BadRequest),
    ({"quantity": ""}, -1105, "Parameter 'quantity' was empty.", ccxt.BadRequest),
    ({"price": "0.123456789"}, -1111, "Parameter 'price' has too much precision.", ccxt.BadRequest),
    ({"type": "LIMIT_MAKER"}, -1106, "Parameter 'timeInForce' sent when not required.", ccxt.BadRequest),
    ({"timeInForce": "DAY"}, -1115, "Invalid timeInForce.", ccxt.BadRequest),
    ({"type": "ICE"}, -1116, "Invalid orderType.", ccxt.BadRequest),
    ({"side": "HOLD"}, -1117, "Invalid side.", ccxt.BadRequest),
    ({"quantity": "9001"}, -1013, "Filter failure: LOT_SIZE", ccxt.InvalidOrder),
    ({"quantity": "0.0010001"}, -1013, "Filter failure: LOT_SIZE", ccxt.InvalidOrder),
    ({"price": "60000.12345"}, -1013, "Filter failure: PRICE_FILTER", ccxt.InvalidOrder),
    ({"price": "1000"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE", ccxt.InvalidOrder),
    ({"quantity": "0.00001"}, -1013, "Filter failure: NOTIONAL", ccxt.BadRequest),
    ({"quantity": "100"}, -2010, "Account has insufficient balance", ccxt.InsufficientFunds),
]


async def test_refused_orders_become_ccxts_errors(client: Any) -> None:
    await ask(client, "load_markets")
    low = f"{await price(client, 'bid', 0.98):.2f}"
    for change, code, text, kind in _REFUSALS:
        with pytest.raises(kind, match=text):
            await ask(client, "private_post_order", _RAW | {"price": low} | change)
        assert client.last_json_response["code"] == code, change
    for method in ("fetch_order", "cancel_order"):
        with pytest.raises(ccxt.OrderNotFound):
            await ask(client, method, "1", PAIR)
    with pytest.raises(ccxt.BadRequest, match="Invalid interval"):
        await ask(client, "public_get_klines", {"symbol": "BTCUSDT", "interval": "7m"})
    assert await ask(client, "fetch_open_orders", PAIR) == []


async def test_forged_late_and_revoked_requests_become_ccxts_errors(clients: Clients) -> None:
    forger = clients.open("async", secret="wrong")
    with pytest.raises(ccxt.AuthenticationError, match="-1022"):
        await forger.fetch_balance()
    late = clients.open("async")
    late.options["timeDifference"] = 20_000
    with pytest.raises(ccxt.InvalidNonce, match="-1021"):
        await late.fetch_balance()
    revoked = clients.open("async")
    await revoked.fetch_balance()
    revoked.apiKey = "k" * 64
    # After one private call that worked, ccxt takes an unknown key for a rate limit: look at the number.
    with pytest.raises(ccxt.DDoSProtection, match="-2015"):
        await revoked.fetch_balance()
    stranger = clients.open("async", apiKey="k" * 64)
    with pytest.raises(ccxt.AuthenticationError, match="-2015"):
        await stranger.fetch_balance()


async def test_who_asks_too_much_is_told_how_long_to_wait(client: Any) -> None:
    await ask(client, "load_markets")
    with pytest.raises(ccxt.DDoSProtection, match="-1003"):
        for _ in range(50):
            await ask(client, "fetch_order_book", PAIR, 5_000)
    headers = {name.lower(): text for name, text in client.last_response_headers.items()}
    assert 0 < int(headers["retry-after"]) <= 60
    assert int(headers["x-mbx-used-weight-1m"]) > 6_000 - 250
