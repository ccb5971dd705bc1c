"""Every endpoint once: its REST place, its WebSocket method, its weight, who may call it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from midas.venues.sim import signing
from midas.venues.sim.accounts import Account
from midas.venues.sim.exchange import Exchange
from midas.venues.sim.limits import RequestWeight
from midas.venues.sim.params import Params
from midas.venues.sim.private import Private
from midas.venues.sim.public import Public

Weigh = Callable[[Params], int]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a client may ask for. Exactly one of `public` and `private` answers."""

    path: str  # "GET depth"
    method: str  # of the WebSocket API; empty where it has none
    weigh: Weigh
    public: Callable[[Params], object] | None = None
    private: Callable[[Account, Params], object] | None = None
    trades: bool = False  # reaches the matching engine: takes its latency, weighs nothing if accepted
    places: bool = False  # counts against the order limits


class Gateway:
    """Checks a request in the venue's order and runs it."""

    def __init__(self, exchange: Exchange, wall: Callable[[], int], latency: float) -> None:
        self.exchange = exchange
        self.weight = RequestWeight()
        self.wall = wall
        self.private = Private(exchange, wall)
        self._latency = latency
        endpoints = [*_public(Public(exchange, wall)), *_private(self.private)]
        self.by_path = {endpoint.path: endpoint for endpoint in endpoints}
        self.by_method = {endpoint.method: endpoint for endpoint in endpoints if endpoint.method}

    def spend(self, endpoint: Endpoint, params: Params) -> int:
        """Count the request's weight; refuses a banned or too eager client."""
        weight = endpoint.weigh(params)
        self.weight.spend(weight, self.wall())
        return weight

    def known(self, key: str | None) -> Account:
        """The account of an API key."""
        return signing.known(self.exchange.accounts, key)

    def check_time(self, params: Params) -> None:
        """Refuse a request from outside of its time window."""
        signing.check_time(params, self.wall())

    async def answer(
        self, endpoint: Endpoint, account: Account | None, params: Params, weight: int
    ) -> object:
        """Run a checked request; a trading one first travels to the matching engine."""
        if endpoint.public is not None:
            return endpoint.public(params)
        assert endpoint.private is not None and account is not None
        if endpoint.trades and self._latency > 0:
            await asyncio.sleep(self._latency)
        result = endpoint.private(account, params)
        if endpoint.trades:
            self.weight.refund(weight)
        return result


def _fixed(weight: int) -> Weigh:
    return lambda params: weight


def _by_depth(params: Params) -> int:
    limit = params.integer("limit") or 100
    return 5 if limit <= 100 else 25 if limit <= 500 else 50 if limit <= 1_000 else 250


def _by_symbol(one: int, all_symbols: int) -> Weigh:
    return lambda params: one if params.optional("symbol") is not None else all_symbols


def _my_trades(params: Params) -> int:
    return 5 if params.optional("orderId") is not None else 20


def _public(public: Public) -> list[Endpoint]:
    rows: list[tuple[str, str, Weigh, Callable[[Params], object]]] = [
        ("GET ping", "ping", _fixed(1), public.ping),
        ("GET time", "time", _fixed(1), public.time),
        ("GET exchangeInfo", "exchangeInfo", _fixed(20), public.exchange_info),
        ("GET depth", "depth", _by_depth, public.depth),
        ("GET trades", "trades.recent", _fixed(25), public.trades),
        ("GET historicalTrades", "trades.historical", _fixed(25), public.trades),
        ("GET aggTrades", "trades.aggregate", _fixed(4), public.aggregate_trades),
        ("GET klines", "klines", _fixed(2), public.candles),
        ("GET uiKlines", "uiKlines", _fixed(2), public.candles),
        ("GET avgPrice", "avgPrice", _fixed(2), public.average_price),
        ("GET ticker/24hr", "ticker.24hr", _by_symbol(2, 80), public.ticker_day),
        ("GET ticker/price", "ticker.price", _by_symbol(2, 4), public.ticker_price),
        ("GET ticker/bookTicker", "ticker.book", _by_symbol(2, 4), public.ticker_book),
    ]
    return [
        Endpoint(path=path, method=method, weigh=weigh, public=call) for path, method, weigh, call in rows
    ]


def _private(private: Private) -> list[Endpoint]:
    queries: list[tuple[str, str, Weigh, Callable[[Account, Params], object]]] = [
        ("POST order/test", "order.test", _fixed(1), private.test),
        ("GET order", "order.status", _fixed(4), private.query),
        ("GET openOrders", "openOrders.status", _by_symbol(6, 80), private.open_orders),
        ("GET allOrders", "allOrders", _fixed(20), private.all_orders),
        ("GET myTrades", "myTrades", _my_trades, private.my_trades),
        ("GET account", "account.status", _fixed(20), private.account),
        ("GET account/commission", "account.commission", _fixed(20), private.commission),
        ("GET rateLimit/order", "account.rateLimits.orders", _fixed(40), private.order_rates),
    ]
    orders: list[tuple[str, str, Callable[[Account, Params], object]]] = [
        ("POST order", "order.place", private.place),
        ("POST order/cancelReplace", "order.cancelReplace", private.replace),
        ("DELETE order", "order.cancel", private.cancel),
        ("DELETE openOrders", "openOrders.cancelAll", private.cancel_all),
    ]
    asked = [
        Endpoint(path=path, method=name, weigh=weigh, private=call) for path, name, weigh, call in queries
    ]
    traded = [
        Endpoint(
            path=path,
            method=name,
            weigh=_fixed(1),
            private=call,
            trades=True,
            places=path.startswith("POST"),
        )
        for path, name, call in orders
    ]
    return [*asked, *traded]
