"""The contract: what python-binance asks of the market, of the wallet and of the doors themselves."""

from __future__ import annotations

import asyncio
import itertools
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from binance import AsyncClient
from binance.exceptions import BinanceAPIException

from midas.venues.sim.floor.accounts import AccountSpec
from tests.fakes.exchange import Opens, Venue
from tests.fakes.keys import KeyPair

SYMBOL = "BTCUSDT"


async def test_a_client_is_created_and_reads_the_rules(venue: Venue) -> None:
    client = await venue.client()
    assert await client.ping() == {}
    rules = await client.get_symbol_info(SYMBOL)
    assert rules["status"] == "TRADING"
    limits = {(row["rateLimitType"], row["interval"]): row["limit"] for row in
              (await client.get_exchange_info())["rateLimits"]}  # fmt: skip
    assert limits == {
        ("REQUEST_WEIGHT", "MINUTE"): 6_000,
        ("ORDERS", "SECOND"): 100,
        ("ORDERS", "DAY"): 200_000,
        ("RAW_REQUESTS", "MINUTE"): 300_000,
    }


async def test_rules_are_asked_for_by_symbol_permission_and_status(venue: Venue) -> None:
    client = await venue.client()

    async def names(**wanted: str) -> list[str]:
        info = await client._get("exchangeInfo", data=wanted)
        return sorted(row["symbol"] for row in info["symbols"])

    everything = await names()
    assert everything == [SYMBOL]
    assert await names(symbol=SYMBOL) == everything
    assert await names(symbols='["BTCUSDT"]') == everything
    assert await names(permissions="SPOT") == everything
    assert await names(permissions="MARGIN") == []
    assert await names(symbolStatus="TRADING") == everything
    assert await names(symbolStatus="HALT") == []
    for wanted, code in (
        ({"symbol": "NOPE"}, -1121),
        ({"symbols": '["BTCUSDT","NOPE"]'}, -1121),
        ({"symbols": "BTCUSDT"}, -1100),
        ({"symbol": SYMBOL, "permissions": "SPOT"}, -1128),
        ({"symbolStatus": "ASLEEP"}, -1122),
    ):
        with pytest.raises(BinanceAPIException) as refusal:
            await names(**wanted)
        assert (refusal.value.status_code, refusal.value.code) == (400, code), wanted


async def test_candles_come_in_every_way_that_the_client_asks(venue: Venue) -> None:
    client = await venue.client()
    rows = await client.get_klines(symbol=SYMBOL, interval="1m", limit=1000)
    assert len(rows) == 1000
    assert all(b[0] == a[6] + 1 for a, b in itertools.pairwise(rows))
    start, end = rows[-120][0], rows[-1][0]
    history = await client.get_historical_klines(SYMBOL, "1m", start, end)
    assert [row[0] for row in history] == [row[0] for row in rows[-120:]]
    generated = await client.get_historical_klines_generator(SYMBOL, "1m", start, end, limit=100)
    assert [row[0] async for row in generated] == [row[0] for row in history]
    assert (await client.get_ui_klines(symbol=SYMBOL, interval="1m", limit=5))[0][0] == rows[-5][0]
    over_websocket = await client.ws_get_klines(symbol=SYMBOL, interval="1m", limit=5)
    assert over_websocket == rows[-5:]


async def test_the_same_market_is_seen_through_both_doors(open_venue: Opens) -> None:
    venue = await open_venue(speed=1_000.0)
    async with venue.session.ws_connect(f"{venue.ws}/ws/btcusdt@trade"):
        while not (await venue.status())["ended"]:
            await asyncio.sleep(0.05)
    client = await venue.client()
    one = {"symbol": SYMBOL}
    pairs: list[tuple[Any, Any]] = [
        (client.get_order_book, client.ws_get_order_book),
        (client.get_recent_trades, client.ws_get_recent_trades),
        (client.get_historical_trades, client.ws_get_historical_trades),
        (client.get_aggregate_trades, client.ws_get_aggregate_trades),
        (client.get_avg_price, client.ws_get_avg_price),
        (client.get_ticker, client.ws_get_ticker),
        (client.get_symbol_ticker, client.ws_get_symbol_ticker),
        (client.get_orderbook_ticker, client.ws_get_orderbook_ticker),
        (client.v3_get_ticker_trading_day, client.ws_get_trading_day_ticker),
        (client.get_symbol_ticker_window, client.ws_get_symbol_ticker_window),
    ]
    for rest, websocket in pairs:
        answer = await rest(**one)
        assert answer, rest
        assert await websocket(**one) == answer, rest
    assert await client.ws_ping() == {}
    assert (
        abs((await client.ws_get_time())["serverTime"] - (await client.get_server_time())["serverTime"])
        < 5_000
    )
    assert (await client.ws_get_exchange_info(**one))["symbols"][0]["symbol"] == SYMBOL
    assert {row["symbol"] for row in await client.get_all_tickers()} == {SYMBOL}
    assert {row["symbol"] for row in await client.get_orderbook_tickers()} == {SYMBOL}


async def test_the_wallet_answers_what_clients_ask_at_their_start(venue: Venue) -> None:
    client = await venue.client()
    assert await client.get_system_status() == {"status": 0, "msg": "normal"}
    coins = {row["coin"]: row for row in await client.get_all_coins_info()}
    assert set(coins) >= {"BTC", "USDT"}
    assert coins["USDT"]["free"] == "10000.00000000"
    assert await client.get_trade_fee(symbol=SYMBOL) == [
        {"symbol": SYMBOL, "makerCommission": "0", "takerCommission": "0.0004"}
    ]
    assert set(await client.get_asset_details()) == set(coins)
    assert await client.get_margin_all_pairs() == []
    assert await client.get_all_isolated_margin_symbols() == []
    assert await client.get_account_status() == {"data": "Normal"}
    assert (await client.get_account_api_trading_status())["data"]["isLocked"] is False
    assert (await client.get_account_api_permissions())["enableSpotAndMarginTrading"] is True
    assert await client.funding_wallet() == []
    assert [row["asset"] for row in await client.get_user_asset()] == ["USDT"]
    assert (await client.get_asset_dividend_history())["total"] == 0
    assert (await client.get_dust_log())["total"] == 0
    assert int(client.response.headers["X-SAPI-USED-IP-WEIGHT-1M"]) > 20
    with pytest.raises(BinanceAPIException) as refusal:
        await client.get_trade_fee(symbol="NOPE")
    assert refusal.value.code == -1121
    stranger = await venue.client(secret="wrong")
    with pytest.raises(BinanceAPIException) as refusal:
        await stranger.get_all_coins_info()
    assert refusal.value.code == -1022


async def told(answer: aiohttp.ClientResponse) -> tuple[int, str, bool]:
    async with answer:
        return answer.status, answer.content_type, "X-MBX-USED-WEIGHT-1M" in answer.headers


async def test_places_that_do_not_exist_say_so_as_the_venue_does(venue: Venue) -> None:
    session, base = venue.session, f"{venue.http}/api/v3"
    assert await told(await session.get(f"{base}/nonsense")) == (404, "text/html", True)
    assert await told(await session.get(f"{venue.http}/fapi/v1/ping")) == (404, "text/html", True)
    assert await told(await session.post(f"{base}/depth")) == (405, "text/html", True)
    assert (await session.post(f"{base}/openOrders")).headers["Allow"] == "GET, DELETE"
    client = await venue.client()
    for call in (client.stream_get_listen_key(), client.stream_keepalive("k"), client.stream_close("k")):
        with pytest.raises(BinanceAPIException) as refusal:
            await call
        assert refusal.value.status_code == 410
    with pytest.raises(BinanceAPIException) as refusal:
        await client._get("nonsense")
    assert (refusal.value.status_code, refusal.value.code) == (404, 0)


async def test_every_reply_tells_the_weight_that_was_used(venue: Venue) -> None:
    client = await venue.client()

    def used() -> tuple[int, int]:
        headers = client.response.headers
        return int(headers["X-MBX-USED-WEIGHT"]), int(headers["X-MBX-USED-WEIGHT-1M"])

    before = used()[0]
    await client.get_order_book(symbol=SYMBOL, limit=5000)
    assert used() in ((before + 250, before + 250), (250, 250)), "or a new minute began"
    before = used()[0]
    price = f"{Decimal((await client.get_orderbook_ticker(symbol=SYMBOL))['bidPrice']) - 20:.2f}"
    order = await client.order_limit_buy(symbol=SYMBOL, quantity="0.001", price=price)
    await client.cancel_order(symbol=SYMBOL, orderId=order["orderId"])
    assert used()[0] in (before + 2, 0, 2), "orders that are accepted weigh nothing"
    before = used()[0]
    with pytest.raises(BinanceAPIException):
        await client.cancel_order(symbol=SYMBOL, orderId=order["orderId"])
    assert used()[0] in (before + 1, 1)


async def test_several_accounts_trade_apart(open_venue: Opens) -> None:
    pair = KeyPair.ed25519()
    venue = await open_venue(accounts=(AccountSpec(), pair.account("second")))
    first, second = await venue.client(), await venue.client("second", "unused", private_key=pair.private)
    price = f"{Decimal((await first.get_orderbook_ticker(symbol=SYMBOL))['bidPrice']) - 20:.2f}"
    order = await first.order_limit_buy(symbol=SYMBOL, quantity="0.001", price=price)
    assert await second.get_open_orders() == []
    assert await free(second, "BTC") == 1
    with pytest.raises(BinanceAPIException) as refusal:
        await second.cancel_order(symbol=SYMBOL, orderId=order["orderId"])
    assert refusal.value.code == -2011


async def free(client: AsyncClient, asset: str) -> Decimal:
    balance = await client.get_asset_balance(asset=asset)
    return Decimal(balance["free"])
