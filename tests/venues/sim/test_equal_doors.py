"""One account, three views: REST, the WebSocket API, and what the user stream said so far are the same."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from binance import AsyncClient
from binance.exceptions import BinanceAPIException

from midas.venues.sim.floor.accounts import AccountSpec
from tests.fakes.binance_calls import RestCalls, WsCalls
from tests.fakes.exchange import Opens, Venue

SYMBOL = "BTCUSDT"
ACTS, ROUND = 80, 20
REFUSALS = {-1013, -2010, -2011, -2013, -2021, -2022, -2038}
OPEN = ("NEW", "PENDING_NEW", "PARTIALLY_FILLED")
RICH = {"USDT": Decimal(3_000), "BTC": Decimal("0.05"), "ETH": Decimal(0)}
SAME = {  # of an order as it is queried: its letter in an executionReport
    "symbol": "s",
    "orderId": "i",
    "orderListId": "g",
    "price": "p",
    "origQty": "q",
    "executedQty": "z",
    "cummulativeQuoteQty": "Z",
    "origQuoteOrderQty": "Q",
    "status": "X",
    "timeInForce": "f",
    "type": "o",
    "side": "S",
    "stopPrice": "P",
    "icebergQty": "F",
    "time": "O",
    "updateTime": "T",
    "selfTradePreventionMode": "V",
}
Row = dict[str, Any]
View = tuple[list[Row], list[Row], list[Row], dict[str, tuple[str, str]]]
Told = Callable[[], Awaitable[Row]]


class Mirror:
    """The account as the user stream tells it."""

    def __init__(self, opening: dict[str, tuple[str, str]]) -> None:
        self.balances = dict(opening)
        self.orders: dict[int, Row] = {}
        self.trades: list[Row] = []

    async def listen(self, told: Told) -> None:
        """Hear everything there is to hear."""
        while True:
            self.hear(await told())

    def hear(self, event: Row) -> None:
        """One event."""
        if event["e"] == "outboundAccountPosition":
            self.balances |= {row["a"]: (row["f"], row["l"]) for row in event["B"]}
        elif event["e"] == "executionReport":
            order = {name: event[letter] for name, letter in SAME.items()}
            order["clientOrderId"] = event["C"] if event["x"] == "CANCELED" else event["c"]
            self.orders[event["i"]] = order
            if event["x"] == "TRADE":
                self.trades.append(
                    {
                        "id": event["t"],
                        "orderId": event["i"],
                        "price": event["L"],
                        "qty": event["l"],
                        "commission": event["n"],
                        "commissionAsset": event["N"],
                        "isMaker": event["m"],
                    }
                )

    def view(self) -> View:
        """Open orders, all orders, trades, balances."""
        orders = [self.orders[number] for number in sorted(self.orders)]
        waiting = [order for order in orders if order["status"] in OPEN]
        return waiting, orders, self.trades, self.balances


async def _view(calls: RestCalls | WsCalls) -> View:
    """The account as a door shows it."""
    names = (*SAME, "clientOrderId")
    lists = [await calls.open_orders(symbol=SYMBOL), await calls.all_orders(symbol=SYMBOL)]
    waiting, orders = ([{name: row[name] for name in names} for row in rows] for rows in lists)
    parts = ("id", "orderId", "price", "qty", "commission", "commissionAsset", "isMaker")
    trades = [{name: row[name] for name in parts} for row in await calls.trades(symbol=SYMBOL)]
    rows = (await calls.account())["balances"]
    return waiting, orders, trades, {row["asset"]: (row["free"], row["locked"]) for row in rows}


class Flow:
    """Random requests, each through the one door or the other."""

    def __init__(self, client: AsyncClient, seed: int) -> None:
        self._client = client
        self._rng = Random(seed)
        self._doors: list[RestCalls | WsCalls] = [RestCalls(client), WsCalls(client)]
        self.done = 0
        self.refusals: Counter[int] = Counter()

    async def act(self) -> None:
        """One request, which may be refused."""
        calls, price = self._rng.choice(self._doors), await self._price()
        acts = [self._limit, self._limit, self._limit, self._market, self._stop, self._pair]
        acts += [self._cancel, self._replace, self._amend]
        try:
            await self._rng.choice(acts)(calls, price)
            self.done += 1
        except BinanceAPIException as refusal:
            self.refusals[refusal.code] += 1

    async def _price(self) -> Decimal:
        return Decimal((await self._client.get_orderbook_ticker(symbol=SYMBOL))["bidPrice"])

    def _common(self) -> Row:
        quantity = self._rng.choice(("0.00100", "0.00200", "0.00500", "0.02000"))
        return {"symbol": SYMBOL, "side": self._rng.choice(("BUY", "SELL")), "quantity": quantity}

    def _new(self, price: Decimal) -> Row:
        """A limit order, near enough to trade now and then."""
        off = self._rng.choice((-50, -5, -1, 0, 1, 5, 50))
        force = self._rng.choice(("GTC", "GTC", "GTC", "IOC", "FOK"))
        return self._common() | {"type": "LIMIT", "timeInForce": force, "price": f"{price + off:.2f}"}

    async def _limit(self, calls: RestCalls | WsCalls, price: Decimal) -> None:
        await calls.place(**self._new(price))

    async def _market(self, calls: RestCalls | WsCalls, price: Decimal) -> None:
        await calls.place(**self._common(), type="MARKET")

    async def _stop(self, calls: RestCalls | WsCalls, price: Decimal) -> None:
        wanted = self._common()
        away = self._rng.choice((1, 3, 40)) * (1 if wanted["side"] == "BUY" else -1)
        await calls.place(**wanted, type="STOP_LOSS", stopPrice=f"{price + away:.2f}")

    async def _pair(self, calls: RestCalls | WsCalls, price: Decimal) -> None:
        above, below = self._rng.choice((2, 30)), self._rng.choice((2, 30))
        await calls.oco(
            **self._common() | {"side": "SELL"},
            aboveType="LIMIT_MAKER",
            abovePrice=f"{price + above:.2f}",
            belowType="STOP_LOSS",
            belowStopPrice=f"{price - below:.2f}",
        )

    async def _cancel(self, calls: RestCalls | WsCalls, price: Decimal) -> None:
        if order := await self._some(calls):
            await calls.cancel(symbol=SYMBOL, orderId=order["orderId"])

    async def _replace(self, calls: RestCalls | WsCalls, price: Decimal) -> None:
        if order := await self._some(calls):
            mode = {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": order["orderId"]}
            await calls.replace(**self._new(price), **mode)

    async def _amend(self, calls: RestCalls | WsCalls, price: Decimal) -> None:
        if order := await self._some(calls):
            quantity = Decimal(order["origQty"]) - Decimal("0.00050")
            wanted = {"symbol": SYMBOL, "orderId": order["orderId"], "newQty": f"{quantity:.5f}"}
            if isinstance(calls, RestCalls):
                await self._client._put("order/amend/keepPriority", True, data=wanted)
            else:
                await self._client._ws_api_request("order.amend.keepPriority", True, wanted)

    async def _some(self, calls: RestCalls | WsCalls) -> Row | None:
        orders: list[Row] = await calls.open_orders(symbol=SYMBOL)
        return self._rng.choice(orders) if orders else None


@pytest.fixture
async def rich(open_venue: Opens) -> Venue:
    return await open_venue(speed=2.0, accounts=(AccountSpec(balances=RICH),))


@pytest.fixture
async def client(rich: Venue) -> AsyncClient:
    return await rich.client()


@pytest.fixture
async def mirror(rich: Venue, client: AsyncClient) -> AsyncIterator[Mirror]:
    """The user stream of the account, from its opening on."""
    listener = await rich.client()
    listener.ws_api.TIMEOUT = 0.3
    made = Mirror((await _view(RestCalls(client)))[3])
    async with rich.sockets(listener).user_socket() as socket:
        task = asyncio.create_task(made.listen(socket.recv))
        yield made
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _agree(client: AsyncClient, mirror: Mirror) -> None:
    """All views are the same as soon as the market lets them: an order may trade between two looks."""
    for _ in range(20):
        views = [await _view(RestCalls(client)), await _view(WsCalls(client)), await _view(RestCalls(client))]
        await asyncio.sleep(0.02)
        if views[0] == views[2] and views[1] == views[0] == mirror.view():
            return
    assert views[1] == views[0]
    assert mirror.view() == views[0]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_rest_websocket_api_and_user_stream_show_one_state(
    client: AsyncClient, mirror: Mirror, seed: int
) -> None:
    flow = Flow(client, seed)
    for number in range(1, ACTS + 1):
        await flow.act()
        if number % ROUND == 0:
            await _agree(client, mirror)
    _, orders, trades, _ = mirror.view()
    assert flow.done > ACTS // 2 and len(flow.refusals) > 0 and flow.refusals.keys() <= REFUSALS
    assert {order["status"] for order in orders} >= {"NEW", "FILLED", "CANCELED", "EXPIRED"}
    assert len(trades) > 10
    assert {order["type"] for order in orders} == {"LIMIT", "MARKET", "STOP_LOSS", "LIMIT_MAKER"}
