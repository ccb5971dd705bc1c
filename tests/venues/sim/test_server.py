"""The contract: unmodified clients trade on the exchange as on the venue."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import stat
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from binance import AsyncClient
from binance.exceptions import BinanceAPIException

from midas.errors import AlreadyRunning, ConfigInvalid, NotLoopback, RecordingInvalid
from midas.venues.sim.runfile import RunFile
from midas.venues.sim.server import ExchangeConfig, serve
from tests.venues.sim.conftest import PAYLOAD, Opens, Venue

SYMBOL = "BTCUSDT"


async def started(venue: Venue) -> aiohttp.ClientWebSocketResponse:
    """A subscriber of the diffs; its first one means that the market runs."""
    stream = await venue.session.ws_connect(f"{venue.ws}/ws/btcusdt@depth@100ms")
    await stream.receive_json(timeout=30)
    return stream


async def price_of(client: AsyncClient, side: str = "bidPrice") -> Decimal:
    book = await client.get_orderbook_ticker(symbol=SYMBOL)
    return Decimal(book[side])


async def refused(call: Any) -> BinanceAPIException:
    with pytest.raises(BinanceAPIException) as refusal:
        await call
    return refusal.value


async def test_a_client_finds_rules_history_and_a_full_purse(venue: Venue) -> None:
    client = await venue.client()
    info = await client.get_symbol_info(SYMBOL)
    filters = {row["filterType"]: row for row in info["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.01000000"
    assert filters["NOTIONAL"]["minNotional"] == "5.00000000"
    for interval in ("1s", "1m", "3m", "5m", "15m", "1h", "1d"):
        rows = await client.get_klines(symbol=SYMBOL, interval=interval, limit=1000)
        assert len(rows) == 1000
        assert all(b[0] == a[6] + 1 for a, b in itertools.pairwise(rows))
        assert rows[0][11] == "synthetic"
    account = await client.get_account()
    assert account["balances"] == [
        {"asset": asset, "free": free, "locked": "0.00000000"}
        for asset, free in (("BTC", "0.00000000"), ("ETH", "0.00000000"), ("USDT", "10000.00000000"))
    ]
    assert account["commissionRates"]["taker"] == "0.00040000"
    assert (await client.v3_get_account_commission(symbol=SYMBOL))["standardCommission"][
        "maker"
    ] == "0.00000000"


async def test_orders_live_from_placing_to_cancelling_over_rest(venue: Venue) -> None:
    client = await venue.client()
    price = await price_of(client) - 20
    order = await client.order_limit_buy(
        symbol=SYMBOL, quantity="0.00100", price=f"{price:.2f}", newClientOrderId="ours-1"
    )
    assert (order["status"], order["clientOrderId"]) == ("NEW", "ours-1")
    assert client.response.headers["X-MBX-ORDER-COUNT-10S"] in ("1", "0")  # 0: its ten seconds are over
    asked = await client.get_order(symbol=SYMBOL, origClientOrderId="ours-1")
    assert asked["orderId"] == order["orderId"]
    assert [row["orderId"] for row in await client.get_open_orders()] == [order["orderId"]]
    account = await client.get_account()
    locked = {row["asset"]: Decimal(row["locked"]) for row in account["balances"]}
    assert locked["USDT"] == price * Decimal("0.001")
    gone = await client.cancel_order(symbol=SYMBOL, orderId=order["orderId"])
    assert (gone["status"], gone["origClientOrderId"]) == ("CANCELED", "ours-1")
    assert await client.get_open_orders(symbol=SYMBOL) == []
    await client.order_limit_buy(symbol=SYMBOL, quantity="0.00100", price=f"{price:.2f}")
    assert len(await client.cancel_all_open_orders(symbol=SYMBOL)) == 1
    assert len(await client.get_all_orders(symbol=SYMBOL)) == 2


async def test_a_market_order_fills_and_shows_in_trades_and_balances(venue: Venue) -> None:
    client = await venue.client()
    order = await client.order_market_buy(symbol=SYMBOL, quantity="0.00500")
    assert order["status"] == "FILLED"
    trades = await client.get_my_trades(symbol=SYMBOL)
    assert sum(Decimal(row["qty"]) for row in trades) == Decimal("0.005")
    assert [row["id"] for row in trades] == [row["tradeId"] for row in order["fills"]]
    newer = await client.get_my_trades(symbol=SYMBOL, fromId=trades[-1]["id"] + 1)
    assert newer == []
    spent = sum(Decimal(row["quoteQty"]) for row in trades)
    fees = sum(Decimal(row["commission"]) for row in trades)
    account = await client.get_account()
    free = {row["asset"]: Decimal(row["free"]) for row in account["balances"]}
    assert free["USDT"] == 10_000 - spent
    assert free["BTC"] == Decimal("0.005") - fees
    by_quote = await client.order_market_sell(symbol=SYMBOL, quoteOrderQty="50")
    assert Decimal(by_quote["cummulativeQuoteQty"]) <= 50


async def test_the_user_socket_tells_acceptance_fill_and_position(venue: Venue) -> None:
    client = await venue.client()
    async with venue.sockets(client).user_socket() as user:
        await client.order_market_buy(symbol=SYMBOL, quantity="0.00100", newClientOrderId="u-1")
        events = [await asyncio.wait_for(user.recv(), 30) for _ in range(4)]
        assert [event["e"] for event in events] == ["executionReport", "outboundAccountPosition"] * 2
        new, fill = events[0], events[2]
        assert (new["x"], new["X"], new["c"]) == ("NEW", "NEW", "u-1")
        assert (fill["x"], fill["X"], fill["m"], fill["N"]) == ("TRADE", "FILLED", False, "BTC")
        assert {row["a"] for row in events[3]["B"]} == {"BTC", "USDT"}
        price = await price_of(client) - 50
        order = await client.order_limit_buy(symbol=SYMBOL, quantity="0.00100", price=f"{price:.2f}")
        await client.cancel_order(symbol=SYMBOL, orderId=order["orderId"], newClientOrderId="bye")
        reports = [event for _ in range(4) if (event := await user.recv())["e"] == "executionReport"]
        assert [(row["x"], row["c"]) for row in reports] == [
            ("NEW", order["clientOrderId"]),
            ("CANCELED", "bye"),
        ]
        assert reports[1]["C"] == order["clientOrderId"]


async def test_the_websocket_api_trades_like_rest(venue: Venue) -> None:
    client = await venue.client()
    book = await client.ws_get_order_book(symbol=SYMBOL)
    price = Decimal(book["bids"][0][0]) - 20
    order = await client.ws_create_order(
        symbol=SYMBOL, side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.00100", price=f"{price:.2f}"
    )
    assert (await client.ws_get_order(symbol=SYMBOL, orderId=order["orderId"]))["status"] == "NEW"
    assert len(await client.get_open_orders(symbol=SYMBOL)) == 1
    assert (await client.ws_cancel_order(symbol=SYMBOL, orderId=order["orderId"]))["status"] == "CANCELED"
    account = await client.ws_get_account()
    assert account["balances"][-1]["free"] == "10000.00000000"
    error = await refused(client.ws_cancel_order(symbol=SYMBOL, orderId=order["orderId"]))
    assert (error.code, error.message) == (-2011, "Unknown order sent.")


async def test_a_client_stitches_snapshot_and_diffs_without_a_gap(venue: Venue) -> None:
    stream = await venue.session.ws_connect(f"{venue.ws}/ws/btcusdt@depth@100ms")
    client = await venue.client()
    snapshot = await client.get_order_book(symbol=SYMBOL, limit=1000)
    last = snapshot["lastUpdateId"]
    diffs = [await stream.receive_json(timeout=30) for _ in range(20)]
    kept = [diff for diff in diffs if diff["u"] > last]
    assert kept[0]["U"] <= last + 1 <= kept[0]["u"]
    assert all(b["U"] == a["u"] + 1 for a, b in itertools.pairwise(kept))


async def test_the_market_waits_for_its_first_subscriber_and_outlives_it(venue: Venue) -> None:
    client = await venue.client()
    before = await client.get_orderbook_ticker(symbol=SYMBOL)
    await asyncio.sleep(0.2)
    assert (await venue.status())["started"] is False
    assert await client.get_orderbook_ticker(symbol=SYMBOL) == before
    stream = await started(venue)
    await stream.close()
    seen = (await venue.status())["market_events"]
    async with asyncio.timeout(30):
        while (await venue.status())["market_events"] <= seen:
            await asyncio.sleep(0.02)


async def test_streams_come_raw_combined_and_by_subscription(venue: Venue) -> None:
    combined = await venue.session.ws_connect(
        f"{venue.ws}/stream?streams=btcusdt@trade/btcusdt@kline_1s/btcusdt@bookTicker/btcusdt@depth5@100ms"
    )
    seen: dict[str, Any] = {}
    while len(seen) < 4:
        message = await combined.receive_json(timeout=30)
        seen[message["stream"]] = message["data"]
    assert len(seen["btcusdt@depth5@100ms"]["bids"]) == 5
    assert seen["btcusdt@trade"]["M"] is True
    assert "e" not in seen["btcusdt@bookTicker"]
    bare = await venue.session.ws_connect(f"{venue.ws}/stream/ws/0")
    await bare.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@aggTrade"], "id": 1})
    assert await bare.receive_json(timeout=30) == {"result": None, "id": 1}
    assert (await bare.receive_json(timeout=30))["e"] == "aggTrade"
    await bare.send_json({"method": "LIST_SUBSCRIPTIONS", "id": "two"})
    await bare.send_json({"method": "UNSUBSCRIBE", "params": ["btcusdt@aggTrade"], "id": 3})
    answers = [await bare.receive_json(timeout=30) for _ in range(2)]
    answers = [answer for answer in answers if "id" in answer]
    assert {"result": ["btcusdt@aggTrade"], "id": "two"} in answers
    await bare.send_json({"method": "NOPE", "id": 5})
    while "error" not in (answer := await bare.receive_json(timeout=30)):
        continue
    assert answer["error"]["code"] == 2


async def test_every_second_closes_exactly_one_candle_even_a_quiet_one(open_venue: Opens) -> None:
    venue = await open_venue(speed=20.0)
    stream = await venue.session.ws_connect(f"{venue.ws}/ws/btcusdt@kline_1s")
    closed: list[dict[str, Any]] = []
    while len(closed) < 25:
        candle = (await stream.receive_json(timeout=30))["k"]
        if candle["x"]:
            closed.append(candle)
    assert all(b["t"] == a["t"] + 1000 for a, b in itertools.pairwise(closed))
    client = await venue.client()
    rows = await client.get_klines(symbol=SYMBOL, interval="1s", startTime=closed[0]["t"], limit=25)
    assert [(row[0], row[4], row[8]) for row in rows] == [(k["t"], k["c"], k["n"]) for k in closed]
    assert {row[11] for row in rows} == {"0"}


async def test_a_passive_order_fills_from_the_market(open_venue: Opens) -> None:
    venue = await open_venue(speed=20.0)
    client = await venue.client()
    async with venue.sockets(client).user_socket() as user:
        await started(venue)
        placed = None
        while placed is None:
            price = await price_of(client)
            with suppress(BinanceAPIException):  # the market has come down to it meanwhile
                placed = await client.create_order(
                    symbol=SYMBOL, side="BUY", type="LIMIT_MAKER", quantity="0.00100", price=f"{price:.2f}"
                )
        while True:
            event = await asyncio.wait_for(user.recv(), 30)
            if event["e"] == "executionReport" and event["x"] == "TRADE":
                break
        assert (event["m"], Decimal(event["L"]), Decimal(event["n"])) == (True, price, Decimal(0))


async def test_refusals_carry_the_venues_numbers_and_words(venue: Venue) -> None:
    client = await venue.client()
    price = f"{await price_of(client) - 10:.2f}"
    cases: list[tuple[dict[str, str], int, str]] = [
        ({"symbol": "NOPE"}, -1121, "Invalid symbol."),
        ({"side": "HOLD"}, -1117, "Invalid side."),
        ({"type": "ICE"}, -1116, "Invalid orderType."),
        ({"timeInForce": "XYZ"}, -1115, "Invalid timeInForce."),
        ({"quantity": "1e-05"}, -1100, "Illegal characters found in parameter 'quantity'; legal range is "
         r"'^([0-9]{1,20})(\.[0-9]{1,20})?$'."),
        ({"quantity": "0.000010001"}, -1111, "Parameter 'quantity' has too much precision."),
        ({"quantity": "0.000015"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0.00001"}, -1013, "Filter failure: NOTIONAL"),
        ({"price": "60000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "1000.00"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"quantity": "5"}, -2010, "Account has insufficient balance for requested action."),
    ]  # fmt: skip
    base = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001"}
    for change, code, text in cases:
        error = await refused(client.create_order(**{**base, "price": price, **change}))
        assert (error.code, error.message) == (code, text)
    error = await refused(client.create_order(**base))
    assert error.message == "Mandatory parameter 'price' was not sent, was empty/null, or malformed."
    assert (await refused(client.get_order(symbol=SYMBOL, orderId=1))).code == -2013
    assert (await refused(client.cancel_order(symbol=SYMBOL, orderId=1))).code == -2011
    assert (await refused(client.get_klines(symbol=SYMBOL, interval="7m"))).code == -1120


async def test_strangers_forgers_and_late_letters_are_turned_away(venue: Venue) -> None:
    stranger = await venue.client(key="k" * 64)
    error = await refused(stranger.get_account())
    assert (error.status_code, error.code) == (401, -2015)
    forger = await venue.client(secret="wrong")
    assert (await refused(forger.get_account())).code == -1022
    late = await venue.client()
    late.timestamp_offset = -20_000
    assert (
        await refused(late.get_account())
    ).message == "Timestamp for this request is outside of the recvWindow."
    late.timestamp_offset = 5_000
    assert "ahead of the server's time" in (await refused(late.get_account())).message
    async with venue.session.get(f"{venue.http}/api/v3/account?timestamp=1&signature=x") as answer:
        assert (answer.status, (await answer.json())["code"]) == (401, -2014)


async def test_a_client_that_asks_too_much_is_told_to_wait_and_then_banned(venue: Venue) -> None:
    url = f"{venue.http}/api/v3/depth?symbol=BTCUSDT&limit=5000"
    statuses: list[int] = []
    for _ in range(50):
        async with venue.session.get(url) as answer:
            statuses.append(answer.status)
            body = await answer.json()
            if answer.status != 200:
                assert int(answer.headers["Retry-After"]) > 0
                assert body["code"] == -1003
    assert list(dict.fromkeys(statuses)) == [200, 429, 418]


async def test_too_many_orders_in_ten_seconds_are_refused(venue: Venue) -> None:
    client = await venue.client()
    price = f"{await price_of(client) - 100:.2f}"
    # More than would fit into two intervals of the clock, were one to end meanwhile.
    orders = [client.order_limit_buy(symbol=SYMBOL, quantity="0.0001", price=price) for _ in range(199)]
    answers = await asyncio.gather(*orders, return_exceptions=True)
    errors = [answer for answer in answers if isinstance(answer, BinanceAPIException)]
    assert {(error.status_code, error.code) for error in errors} == {(429, -1015)}
    assert errors[0].response.headers["Retry-After"]


async def test_cancel_replace_keeps_its_word_about_each_half(venue: Venue) -> None:
    client = await venue.client()
    price = await price_of(client) - 20
    old = await client.order_limit_buy(symbol=SYMBOL, quantity="0.001", price=f"{price:.2f}")
    request = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001",
               "price": f"{price - 1:.2f}", "cancelReplaceMode": "STOP_ON_FAILURE"}  # fmt: skip
    done = await client.cancel_replace_order(**request, cancelOrderId=old["orderId"])
    assert (done["cancelResult"], done["newOrderResponse"]["status"]) == ("SUCCESS", "NEW")
    error = await refused(client.cancel_replace_order(**request, cancelOrderId=old["orderId"]))
    assert error.code == -2022
    again = {**request, "quantity": "9", "cancelOrderId": done["newOrderResponse"]["orderId"]}
    error = await refused(client.cancel_replace_order(**again))
    assert (error.status_code, error.code) == (409, -2021)
    assert await client.get_open_orders(symbol=SYMBOL) == []


async def test_a_client_that_does_not_read_is_dropped_and_nobody_else_waits(open_venue: Opens) -> None:
    venue = await open_venue(speed=200.0)
    host, port = venue.http.removeprefix("http://").split(":")
    deaf = socket.create_connection((host, int(port)))
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    streams = "/".join(
        f"btcusdt@{name}" for name in ("depth20@100ms", "depth10@100ms", "ticker", "bookTicker")
    )
    deaf.sendall(
        f"GET /stream?streams={streams} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    stream = await venue.session.ws_connect(f"{venue.ws}/ws/btcusdt@depth@100ms")
    first = await stream.receive_json(timeout=30)
    for _ in range(300):
        latest = await stream.receive_json(timeout=30)
    deaf.close()
    assert latest["u"] > first["u"]


async def test_the_market_stands_still_at_the_end_and_orders_can_still_be_managed(open_venue: Opens) -> None:
    venue = await open_venue(speed=500.0)
    client = await venue.client()
    stream = await started(venue)
    while not (await venue.status())["ended"]:
        await asyncio.sleep(0.05)
    price = await price_of(client) - 10
    order = await client.order_limit_buy(symbol=SYMBOL, quantity="0.001", price=f"{price:.2f}")
    assert (await client.cancel_order(symbol=SYMBOL, orderId=order["orderId"]))["status"] == "CANCELED"
    assert not stream.closed


async def test_the_run_file_tells_where_and_is_gone_after_a_clean_stop(tmp_path: Path) -> None:
    path, stop = tmp_path / "run" / "exchange.json", asyncio.Event()
    task = asyncio.create_task(serve(ExchangeConfig(market=str(PAYLOAD), run_file=path), stop))
    while not path.exists():
        await asyncio.sleep(0.01)
    run = msgspec.json.decode(path.read_bytes(), type=RunFile)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    async with aiohttp.ClientSession() as session, session.get(f"{run.http}/sim/status") as answer:
        assert (await answer.json())["instance"] == run.instance
    port = int(run.http.rpartition(":")[2])
    with pytest.raises(AlreadyRunning, match=f"port {port}"):
        await serve(ExchangeConfig(market=str(PAYLOAD), port=port))
    stop.set()
    await task
    assert not path.exists()


async def test_an_exchange_that_nobody_uses_leaves_by_itself() -> None:
    task = asyncio.create_task(serve(ExchangeConfig(market=str(PAYLOAD), idle_exit_s=0.1)))
    done, _ = await asyncio.wait([task], timeout=60)
    assert done == {task}
    assert task.exception() is None


async def test_it_listens_on_this_machine_only_and_refuses_what_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(NotLoopback, match=r"127\.0\.0\.1"):
        await serve(ExchangeConfig(host="0.0.0.0"))
    with pytest.raises(RecordingInvalid):
        await serve(ExchangeConfig(market=str(tmp_path / "absent.jsonl")))
    with pytest.raises(ConfigInvalid, match="speed"):
        await serve(ExchangeConfig(market=str(PAYLOAD), speed=0.0))


async def test_the_synthetic_exchange_serves_five_symbols(open_venue: Opens) -> None:
    venue = await open_venue(market="synthetic", speed=20.0)
    stream = await venue.session.ws_connect(
        f"{venue.ws}/stream?streams=btcusdt@depth@100ms/ethusdt@depth@100ms"
    )
    names = {json.loads((await stream.receive(timeout=30)).data)["stream"] for _ in range(20)}
    assert names == {"btcusdt@depth@100ms", "ethusdt@depth@100ms"}
    client = await venue.client()
    listed = [row["symbol"] for row in (await client.get_exchange_info())["symbols"]]
    assert listed == ["BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "XRPUSDT"]
    assert (await client.order_market_buy(symbol="ETHUSDT", quantity="0.0100"))["status"] == "FILLED"


async def test_a_subscriber_that_talks_too_much_is_sent_away(venue: Venue) -> None:
    stream = await venue.session.ws_connect(f"{venue.ws}/ws")
    for number in range(6):
        await stream.send_json({"method": "LIST_SUBSCRIPTIONS", "id": number})
    answers = [await stream.receive(timeout=30) for _ in range(6)]
    assert [answer.type for answer in answers[:5]] == [aiohttp.WSMsgType.TEXT] * 5
    assert (answers[5].type, stream.close_code) == (aiohttp.WSMsgType.CLOSE, 1008)


async def test_a_second_user_subscription_on_one_socket_is_refused(venue: Venue) -> None:
    client = await venue.client()
    async with venue.sockets(client).user_socket():
        params: dict[str, Any] = {}
        call = client._ws_api_request("userDataStream.subscribe.signature", True, params)
        assert (await refused(call)).code == -2035


async def test_two_symbols_klines_move_with_market_time_not_wall_time(open_venue: Opens) -> None:
    venue = await open_venue(market="synthetic", speed=50.0)
    client = await venue.client()
    stream = await started(venue)
    before = (await venue.status())["market_time_ns"]
    server_before = (await client.get_server_time())["serverTime"]
    await asyncio.sleep(0.5)
    moved = (await venue.status())["market_time_ns"] - before
    wall = (await client.get_server_time())["serverTime"] - server_before
    assert moved / 1_000_000 > 2 * wall  # fifty times, where the machine is free
    await stream.close()


async def test_orders_and_balances_outlive_every_client(venue: Venue) -> None:
    first = await venue.client()
    price = f"{await price_of(first) - 30:.2f}"
    order = await first.order_limit_buy(symbol=SYMBOL, quantity="0.001", price=price)
    await first.close_connection()
    second = await venue.client()
    assert [row["orderId"] for row in await second.get_open_orders(symbol=SYMBOL)] == [order["orderId"]]
    assert (await venue.status())["orders_open"] == 1
