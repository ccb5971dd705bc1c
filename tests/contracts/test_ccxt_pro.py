"""The contract: unmodified ccxt.pro watches and trades as on the venue, and recovers as documented."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any

import ccxt
import pytest

from tests.fakes.ccxt_clients import Clients
from tests.fakes.exchange import Opens, Venue
from tests.fakes.futures import futures_venue

PAIR, OTHER = "BTC/USDT", "ETH/USDT"
PERPETUAL = "BTC/USDT:USDT"
PATIENCE = 30.0


@pytest.fixture
async def market(open_venue: Opens) -> Venue:
    """Several symbols, five times as fast, with a control port."""
    return await open_venue(market="synthetic", speed=5.0, control=0)


@pytest.fixture
async def clients(market: Venue) -> AsyncIterator[Clients]:
    async with AsyncExitStack() as stack:
        futures = await stack.enter_async_context(futures_venue())
        clients = Clients(market, futures.url)
        stack.push_async_callback(clients.close)
        yield clients


@pytest.fixture
async def client(clients: Clients) -> Any:
    client = clients.open("pro")
    await client.load_markets()
    return client


async def soon(call: Awaitable[Any]) -> Any:
    """The answer, which must come before our patience ends."""
    return await asyncio.wait_for(call, PATIENCE)


async def far(client: Any, share: float = 0.98) -> float:
    """A price below the market."""
    ticker = await client.fetch_ticker(PAIR)
    return float(client.price_to_precision(PAIR, ticker["bid"] * share))


async def same_book(client: Any, pair: str) -> bool:
    """Whether the watched book and a REST snapshot of the same id are ever seen, and are equal."""
    for _ in range(200):
        book = await soon(client.watch_order_book(pair))
        snapshot = await client.fetch_order_book(pair, 1_000)
        while book["nonce"] < snapshot["nonce"]:
            book = await soon(client.watch_order_book(pair))
        if book["nonce"] == snapshot["nonce"]:
            count = 50
            return all(book[side][:count] == snapshot[side][:count] for side in ("bids", "asks"))
    return False


async def test_a_watched_book_equals_the_snapshot_of_the_same_id(client: Any) -> None:
    nonces = [(await soon(client.watch_order_book(PAIR)))["nonce"] for _ in range(20)]
    assert all(a < b for a, b in pairwise(nonces))
    assert await same_book(client, PAIR)


async def test_books_of_several_symbols_share_a_connection(client: Any) -> None:
    for _ in range(10):
        book = await soon(client.watch_order_book_for_symbols([PAIR, OTHER]))
        assert book["bids"][0][0] < book["asks"][0][0]
    # Diffs of one moment wake the caller once, with the first of them; both books are kept.
    assert {PAIR, OTHER} <= set(client.orderbooks)
    assert len({id(connection) for connection in client.clients.values()}) == 1
    assert await same_book(client, OTHER)


@pytest.fixture
async def both(clients: Clients) -> Any:
    """A client that knows a spot market and a perpetual of the same id."""
    client = clients.open(
        "pro", options={"fetchMarkets": {"types": ["spot", "linear"]}, "fetchMargins": False}
    )
    await client.load_markets()
    assert client.markets[PAIR]["id"] == client.markets[PERPETUAL]["id"]
    return client


async def test_trades_and_candles_stay_spots_though_a_perpetual_has_the_same_id(both: Any) -> None:
    trades = await soon(both.watch_trades(PAIR))
    assert trades[-1]["symbol"] == PAIR
    newer = await soon(both.watch_trades(PAIR))
    assert int(newer[-1]["id"]) > int(trades[-1]["id"])
    seconds: dict[int, list[float]] = {}
    for _ in range(12):
        seconds |= {row[0]: row for row in await soon(both.watch_ohlcv(PAIR, "1s"))}
    assert len(seconds) >= 3
    assert all(b - a == 1_000 for a, b in pairwise(seconds))
    day = await soon(both.watch_ohlcv(PAIR, "1d", None, None, {"timezone": "+08:00"}))
    assert day[-1][0] % 86_400_000 == 16 * 3_600_000
    many = await soon(both.watch_ohlcv_for_symbols([[PAIR, "1m"], [OTHER, "1m"]]))
    assert set(many) <= {PAIR, OTHER}


@pytest.mark.parametrize("name", ["miniTicker", "ticker", "ticker_1h", "ticker_4h"])
async def test_tickers_stay_spots_though_a_perpetual_has_the_same_id(both: Any, name: str) -> None:
    one = await soon(both.watch_ticker(PAIR, {"name": name}))
    assert (one["symbol"], one["low"] <= one["last"] <= one["high"]) == (PAIR, True)
    for _ in range(3):
        assert await soon(both.watch_tickers([PAIR, OTHER], {"name": name}))
    assert {PAIR, OTHER} <= set(both.tickers)
    every = await soon(both.watch_tickers(None, {"name": name}))
    assert {PAIR, OTHER} <= set(every)


async def test_quotes_stay_spots_though_a_perpetual_has_the_same_id(both: Any) -> None:
    quotes = await soon(both.watch_bids_asks([PAIR]))
    assert quotes[PAIR]["bid"] < quotes[PAIR]["ask"]
    for _ in range(30):
        await soon(both.watch_bids_asks([PAIR, OTHER]))
    assert set(both.bidsasks) == {PAIR, OTHER}


async def test_who_stops_watching_can_begin_again(client: Any) -> None:
    await soon(client.watch_trades(PAIR))
    await soon(client.un_watch_trades(PAIR))
    await soon(client.watch_order_book(PAIR))
    await soon(client.un_watch_order_book(PAIR))
    assert await soon(client.watch_trades(PAIR))
    assert await same_book(client, PAIR)


async def subscribed(market: Venue) -> None:
    """Wait until the account's events are heard."""
    async with asyncio.timeout(PATIENCE):
        while not (await market.status())["user_streams"]:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)  # what it does with the answer


async def test_orders_trades_and_balances_are_told(client: Any, market: Venue) -> None:
    orders, trades, balance = (
        asyncio.create_task(call)
        for call in (client.watch_orders(PAIR), client.watch_my_trades(PAIR), client.watch_balance())
    )
    await subscribed(market)
    placed = await client.create_order(PAIR, "limit", "buy", 0.001, await far(client))
    told = await soon(orders)
    assert [(row["id"], row["status"]) for row in told] == [(placed["id"], "open")]
    assert (await soon(balance))["USDT"]["used"] > 50
    orders = asyncio.create_task(client.watch_orders(PAIR))
    await asyncio.sleep(0)
    await client.cancel_order(placed["id"], PAIR)
    told = await soon(orders)
    assert [(row["id"], row["status"]) for row in told] == [(placed["id"], "canceled")]
    bought = await client.create_order(PAIR, "market", "buy", 0.001)
    executed = await soon(trades)
    assert {row["order"] for row in executed} == {bought["id"]}
    assert executed[0]["fee"]["currency"] == "BTC"
    held = client.balance["spot"]
    assert (held["BTC"]["free"] > 0, held["USDT"]["used"]) == (True, 0)


async def test_orders_are_entered_and_asked_for_over_the_socket(client: Any) -> None:
    low = await far(client)
    placed = await soon(client.create_order_ws(PAIR, "limit", "buy", 0.001, low))
    assert placed["status"] == "open"
    assert (await soon(client.fetch_order_ws(placed["id"], PAIR)))["price"] == low
    edited = await soon(client.edit_order_ws(placed["id"], PAIR, "limit", "buy", 0.002, low))
    assert (edited["amount"], edited["status"]) == (0.002, "open")
    assert [row["id"] for row in await soon(client.fetch_open_orders_ws(PAIR))] == [edited["id"]]
    assert (await soon(client.cancel_order_ws(edited["id"], PAIR)))["status"] == "canceled"
    for _ in range(2):
        await soon(client.create_order_ws(PAIR, "limit", "buy", 0.001, low))
    assert len(await soon(client.cancel_all_orders_ws(PAIR))) == 2
    bought = await soon(client.create_order_ws(PAIR, "market", "buy", 0.001))
    assert bought["status"] == "closed"
    assert {row["order"] for row in await soon(client.fetch_my_trades_ws(PAIR))} == {bought["id"]}
    assert len(await soon(client.fetch_orders_ws(PAIR))) == 5
    assert [row["id"] for row in await soon(client.fetch_closed_orders_ws(PAIR))] == [bought["id"]]
    with pytest.raises(ccxt.InsufficientFunds):
        await soon(client.create_order_ws(PAIR, "limit", "buy", 10, low))
    with pytest.raises(ccxt.OrderNotFound):
        await soon(client.cancel_order_ws(placed["id"], PAIR))


async def test_market_data_is_asked_for_over_the_socket(client: Any) -> None:
    await soon(client.watch_trades(PAIR))
    assert len(await soon(client.fetch_ohlcv_ws(PAIR, "1h", None, 20))) == 20
    assert await soon(client.fetch_trades_ws(PAIR))
    balance = await soon(client.fetch_balance_ws())
    assert balance["info"]["balances"][-1]["asset"] == "USDT"  # ccxt reads nothing more out of it for spot


async def test_a_gap_is_noticed_and_the_next_book_is_whole_again(client: Any, market: Venue) -> None:
    await soon(client.watch_order_book(PAIR))
    await market.fire("skip_update_ids", symbol="BTCUSDT")
    with pytest.raises(ccxt.ChecksumError):
        for _ in range(100):
            await soon(client.watch_order_book(PAIR))
    assert await same_book(client, PAIR)


@pytest.mark.parametrize("code", [1001, 1006])
async def test_a_drop_ends_the_watch_and_the_next_one_subscribes_again(
    client: Any, market: Venue, code: int
) -> None:
    await soon(client.watch_order_book(PAIR))
    quiet = asyncio.create_task(client.watch_orders(PAIR))
    await subscribed(market)
    await market.fire("drop_sockets", code=code)
    with pytest.raises(ccxt.NetworkError):
        for _ in range(100):
            await soon(client.watch_order_book(PAIR))
    with pytest.raises(ccxt.NetworkError):
        await soon(quiet)
    assert await same_book(client, PAIR)
    again = asyncio.create_task(client.watch_orders(PAIR))
    await subscribed(market)
    placed = await client.create_order(PAIR, "limit", "buy", 0.001, await far(client))
    assert (await soon(again))[0]["id"] == placed["id"]
