"""Every endpoint once: its REST place, its WebSocket method, its weight, who may call it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from midas.venues.sim.doors import sapi, signing, transfers
from midas.venues.sim.doors.endpoints import (
    Endpoint,
    Weigh,
    by_count,
    by_depth,
    by_order,
    by_symbol,
    by_symbols,
    by_test,
    fixed,
)
from midas.venues.sim.doors.limits import WALLET_WEIGHT_MAX, WEIGHT_MAX, RequestWeight
from midas.venues.sim.doors.listdesk import ListDesk
from midas.venues.sim.doors.ordercounts import OrderCounts
from midas.venues.sim.doors.params import Params
from midas.venues.sim.doors.private import Private
from midas.venues.sim.doors.public import Public
from midas.venues.sim.doors.trading import Trading
from midas.venues.sim.faults.arming import Target
from midas.venues.sim.faults.request_faults import Asked, RequestFaults
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.exchange import Exchange
from midas.venues.sim.floor.refusal import Refusal


class Gateway:
    """Checks a request in the venue's order and runs it."""

    def __init__(
        self,
        exchange: Exchange,
        wall: Callable[[], int],
        latency: float,
        counts: OrderCounts,
        faults: RequestFaults | None = None,
        steady: Callable[[], int] | None = None,
        weight_max: int = WEIGHT_MAX,
    ) -> None:
        """`steady`: the clock of the limits where `wall` may jump."""
        self.exchange = exchange
        self.wall = wall
        self.steady = steady or wall
        self.counts = counts
        self.weight = RequestWeight(weight_max)
        self.wallet_weight = RequestWeight(WALLET_WEIGHT_MAX)
        self._latency = latency
        self._faults = faults
        self._by_key = {account.api_key: account for account in exchange.accounts.values()}
        endpoints = [
            *_public(Public(exchange, wall, weight_max)),
            *_private(Private(exchange, wall, counts)),
            *_trading(Trading(exchange, wall, counts)),
            *_lists(ListDesk(exchange, wall, counts)),
            *sapi.endpoints(sapi.Sapi(exchange)),
            *transfers.endpoints(transfers.Transfers(exchange.wallet, wall)),
        ]
        self.by_path = {endpoint.path: endpoint for endpoint in endpoints}
        self.by_method = {endpoint.method: endpoint for endpoint in endpoints if endpoint.method}

    def methods(self, place: str) -> list[str]:
        """The HTTP methods that `place` answers to."""
        return [path.split()[0] for path in self.by_path if path.split()[1] == place]

    def weight_of(self, endpoint: Endpoint) -> RequestWeight:
        """Where the endpoint's weight is counted."""
        return self.wallet_weight if endpoint.wallet else self.weight

    def told_weight(self, wallet: bool) -> dict[str, str]:
        """The headers of every reply."""
        if wallet:
            return {"X-SAPI-USED-IP-WEIGHT-1M": str(self.wallet_weight.used)}
        return {"X-MBX-USED-WEIGHT": str(self.weight.used), "X-MBX-USED-WEIGHT-1M": str(self.weight.used)}

    def spend(self, endpoint: Endpoint, params: Params) -> int:
        """Count the request's weight; refuses a banned or too eager client."""
        try:
            weight = endpoint.weigh(params)
        except Refusal:
            weight = 1  # malformed, which is told only to whom it may be told
        self.weight_of(endpoint).spend(weight, self.steady())
        return weight

    def known(self, key: str | None) -> Account:
        """The account of an API key."""
        return signing.known(self._by_key, key)

    def check_time(self, params: Params) -> None:
        """Refuse a request from outside of its time window."""
        signing.check_time(params, self.wall())

    async def answer(
        self, endpoint: Endpoint, account: Account | None, params: Params, weight: int
    ) -> object:
        """Run a checked request; with faults armed, it may be refused or its reply be lost (Unanswered)."""
        if not self._faults:
            return await self._executed(endpoint, account, params, weight)
        target = Target(
            symbol=params.get("symbol") or "",
            paths=(endpoint.path, endpoint.method),
            account=account.name if account is not None else "",
        )
        asked = Asked(target, endpoint.trades, endpoint.places)
        return await self._faults.around(asked, lambda: self._executed(endpoint, account, params, weight))

    async def _executed(
        self, endpoint: Endpoint, account: Account | None, params: Params, weight: int
    ) -> object:
        """The answer; a trading request first travels to the matching engine."""
        if endpoint.public is not None:
            return endpoint.public(params)
        assert endpoint.private is not None and account is not None
        if endpoint.trades and self._latency > 0:
            await asyncio.sleep(self._latency)
        try:
            result = endpoint.private(account, params)
        finally:  # a refused request may have done half of its work
            self.exchange.settled()
        if endpoint.free:
            self.weight_of(endpoint).refund(weight)
        return result


def _public(public: Public) -> list[Endpoint]:
    rows: list[tuple[str, str, Weigh, Callable[[Params], object]]] = [
        ("GET ping", "ping", fixed(1), public.ping),
        ("GET time", "time", fixed(1), public.time),
        ("GET exchangeInfo", "exchangeInfo", fixed(20), public.exchange_info),
        ("GET depth", "depth", by_depth, public.depth),
        ("GET trades", "trades.recent", fixed(25), public.trades),
        ("GET historicalTrades", "trades.historical", fixed(25), public.historical_trades),
        ("GET aggTrades", "trades.aggregate", fixed(4), public.aggregate_trades),
        ("GET klines", "klines", fixed(2), public.candles),
        ("GET uiKlines", "uiKlines", fixed(2), public.candles),
        ("GET avgPrice", "avgPrice", fixed(2), public.average_price),
        ("GET ticker/24hr", "ticker.24hr", by_symbols(2, 80), public.ticker_day),
        ("GET ticker/tradingDay", "ticker.tradingDay", by_count(4, 200), public.ticker_trading_day),
        ("GET ticker", "ticker", by_count(4, 200), public.ticker_window),
        ("GET ticker/price", "ticker.price", by_symbols(2, 4), public.ticker_price),
        ("GET ticker/bookTicker", "ticker.book", by_symbols(2, 4), public.ticker_book),
    ]
    return [
        Endpoint(path=path, method=method, weigh=weigh, public=call) for path, method, weigh, call in rows
    ]


Ask = Callable[[Account, Params], object]


def _private(private: Private) -> list[Endpoint]:
    queries: list[tuple[str, str, Weigh, Ask]] = [
        ("GET order", "order.status", fixed(4), private.query),
        ("GET order/amendments", "order.amendments", fixed(4), private.amendments),
        ("GET openOrders", "openOrders.status", by_symbol(6, 80), private.open_orders),
        ("GET allOrders", "allOrders", fixed(20), private.all_orders),
        ("GET myTrades", "myTrades", by_order, private.my_trades),
        ("GET myPreventedMatches", "myPreventedMatches", fixed(20), private.prevented),
        ("GET account", "account.status", fixed(20), private.account),
        ("GET account/commission", "account.commission", fixed(20), private.commission),
        ("GET rateLimit/order", "account.rateLimits.orders", fixed(40), private.order_rates),
    ]
    return _asked(queries)


def _trading(trading: Trading) -> list[Endpoint]:
    orders: list[tuple[str, str, int, Ask]] = [
        ("POST order", "order.place", 1, trading.place),
        ("POST order/cancelReplace", "order.cancelReplace", 1, trading.replace),
        ("PUT order/amend/keepPriority", "order.amend.keepPriority", 4, trading.amend),
        ("DELETE order", "order.cancel", 1, trading.cancel),
        ("DELETE openOrders", "openOrders.cancelAll", 1, trading.cancel_all),
    ]
    return [*_asked([("POST order/test", "order.test", by_test, trading.test)]), *_traded(orders)]


def _lists(desk: ListDesk) -> list[Endpoint]:
    queries: list[tuple[str, str, Weigh, Ask]] = [
        ("GET orderList", "orderList.status", fixed(4), desk.query),
        ("GET allOrderList", "allOrderLists", fixed(20), desk.all_lists),
        ("GET openOrderList", "openOrderLists.status", fixed(6), desk.open_lists),
    ]
    orders: list[tuple[str, str, int, Ask]] = [
        ("POST orderList/oco", "orderList.place.oco", 1, desk.place_oco),
        ("POST orderList/oto", "orderList.place.oto", 1, desk.place_oto),
        ("POST orderList/otoco", "orderList.place.otoco", 1, desk.place_otoco),
        ("DELETE orderList", "orderList.cancel", 1, desk.cancel),
    ]
    return [*_asked(queries), *_traded(orders)]


def _asked(rows: list[tuple[str, str, Weigh, Ask]]) -> list[Endpoint]:
    return [Endpoint(path=path, method=name, weigh=weigh, private=call) for path, name, weigh, call in rows]


def _traded(rows: list[tuple[str, str, int, Ask]]) -> list[Endpoint]:
    return [
        Endpoint(
            path=path,
            method=name,
            weigh=fixed(weight),
            private=call,
            trades=True,
            free=not path.startswith("PUT"),  # an amendment costs its weight
            places=path.startswith("POST"),
        )
        for path, name, weight, call in rows
    ]
