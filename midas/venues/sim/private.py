"""What an account may ask: its orders, trades and balances."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from midas.domain.order import OrderType
from midas.domain.time import DAY, MILLISECOND
from midas.venues.sim import reports
from midas.venues.sim.accounts import Account
from midas.venues.sim.exchange import Exchange
from midas.venues.sim.ordercounts import OrderCounts
from midas.venues.sim.orders import Order, Status
from midas.venues.sim.params import CLIENT_ID, Params, ask
from midas.venues.sim.refusal import Refusal, missing, unknown_cancel, unknown_order

_T = TypeVar("_T")
RESTRICTIONS = {"ONLY_NEW": Status.NEW, "ONLY_PARTIALLY_FILLED": Status.PARTIALLY_FILLED}


class Private:
    """Answers to signed requests. All times are wall time."""

    def __init__(self, exchange: Exchange, wall: Callable[[], int], counts: OrderCounts) -> None:
        self._exchange = exchange
        self._wall = wall
        self._counts = counts
        self._cancels = 0

    def place(self, account: Account, params: Params) -> object:
        """A new order."""
        wanted = ask(params)
        kind = _response_kind(params, wanted.type)
        now = self._wall()
        with self._counts.of(account).placing(now):
            order = self._exchange.place(account, wanted, now)
        return reports.placed(order, kind)

    def test(self, account: Account, params: Params) -> object:
        """A new order that is only checked."""
        self._exchange.check(account, ask(params))
        return {}

    def query(self, account: Account, params: Params) -> object:
        """One order."""
        order = self._find(account, params, "orderId", "origClientOrderId")
        if order is None:
            raise unknown_order()
        return reports.queried(order)

    def cancel(self, account: Account, params: Params) -> object:
        """Cancel one order."""
        order = self._find(account, params, "orderId", "origClientOrderId")
        return reports.cancelled(self._cancel(order, params, "newClientOrderId"))

    def cancel_all(self, account: Account, params: Params) -> object:
        """Cancel all open orders of a symbol."""
        orders = self._exchange.open_orders(account, self._symbol(params))
        if not orders:
            raise unknown_cancel()
        now = self._wall()
        return [reports.cancelled(self._exchange.cancel(order, now, self._cancel_id())) for order in orders]

    def replace(self, account: Account, params: Params) -> object:
        """Cancel one order and place another."""
        stop = params.text("cancelReplaceMode", "^(STOP_ON_FAILURE|ALLOW_FAILURE)$") == "STOP_ON_FAILURE"
        order = self._find(account, params, "cancelOrderId", "cancelOrigClientOrderId")
        ask(params)  # a malformed new order must not cost the old one
        cancelled: Refusal | reports.Json
        try:
            cancelled = reports.cancelled(self._cancel(order, params, "cancelNewClientOrderId"))
        except Refusal as refusal:
            cancelled = refusal
            if stop:
                raise _replace_failed(cancelled, None) from refusal
        placed: Refusal | object
        try:
            placed = self.place(account, params)
        except Refusal as refusal:
            placed = refusal
        if isinstance(cancelled, Refusal) or isinstance(placed, Refusal):
            raise _replace_failed(cancelled, placed)
        return {
            "cancelResult": "SUCCESS",
            "newOrderResult": "SUCCESS",
            "cancelResponse": cancelled,
            "newOrderResponse": placed,
        }

    def open_orders(self, account: Account, params: Params) -> object:
        """Open orders of one symbol or of all."""
        symbol = self._symbol(params) if params.optional("symbol") is not None else None
        return [reports.queried(order) for order in self._exchange.open_orders(account, symbol)]

    def all_orders(self, account: Account, params: Params) -> object:
        """Orders of a symbol, oldest first."""
        symbol, first = self._symbol(params), params.integer("orderId")
        start, end = _span(params)
        orders = [
            order
            for order in self._exchange.orders.values()
            if order.account == account.name
            and order.symbol == symbol
            and (first is None or order.order_id >= first)
            and start <= order.created_at <= end
        ]
        newest = first is None and start == 0
        return [reports.queried(order) for order in _page(orders, params, newest)]

    def my_trades(self, account: Account, params: Params) -> object:
        """Deals of a symbol, oldest first."""
        symbol, order_id = self._symbol(params), params.integer("orderId")
        first = params.integer("fromId")
        start, end = _span(params)
        deals = [
            deal
            for deal in self._exchange.deals[account.name]
            if deal.symbol == symbol
            and order_id in (None, deal.order_id)
            and (first is None or deal.trade_id >= first)
            and start <= deal.time <= end
        ]
        newest = first is None and start == 0
        return [reports.my_trade(deal) for deal in _page(deals, params, newest)]

    def account(self, account: Account, params: Params) -> object:
        """Balances and rates."""
        omit = (params.optional("omitZeroBalances") or "").lower() == "true"
        return reports.account(account, self._exchange.fees, omit)

    def commission(self, account: Account, params: Params) -> object:
        """The rates of a symbol."""
        none = {"maker": "0.00000000", "taker": "0.00000000", "buyer": "0.00000000", "seller": "0.00000000"}
        return {
            "symbol": self._symbol(params),
            "standardCommission": reports.rates(self._exchange.fees),
            "specialCommission": none,
            "taxCommission": none,
            "discount": {
                "enabledForAccount": False,
                "enabledForSymbol": False,
                "discountAsset": "BNB",
                "discount": "0.00000000",
            },
        }

    def order_rates(self, account: Account, params: Params) -> object:
        """Orders counted against the limits."""
        return self._counts.of(account).rates(self._wall())

    def _symbol(self, params: Params) -> str:
        return self._exchange.desk(params.symbol()).symbol

    def _find(self, account: Account, params: Params, by_id: str, by_client: str) -> Order | None:
        symbol = self._symbol(params)
        order_id, client_id = params.integer(by_id), params.optional(by_client)
        if order_id is None and client_id is None:
            raise (
                Refusal(-1102, f"Param '{by_client}' or '{by_id}' must be sent, but both were empty/null!")
                if by_id == "orderId"
                else missing(by_id)
            )
        return self._exchange.find(account, symbol, order_id, client_id)

    def _cancel(self, order: Order | None, params: Params, id_name: str) -> Order:
        restriction = params.optional("cancelRestrictions")
        if restriction is not None and restriction not in RESTRICTIONS:
            raise Refusal(-1145, "Invalid cancelRestrictions")
        if order is None or not order.status.open:
            raise unknown_cancel()
        if restriction is not None and order.status is not RESTRICTIONS[restriction]:
            raise Refusal(-2011, "Order was not canceled due to cancel restrictions.")
        cancel_id = params.optional(id_name, CLIENT_ID) or self._cancel_id()
        return self._exchange.cancel(order, self._wall(), cancel_id)

    def _cancel_id(self) -> str:
        self._cancels += 1
        return f"simcancel{self._cancels:013d}"


def _replace_failed(cancelled: Refusal | reports.Json, placed: Refusal | object | None) -> Refusal:
    """The answer to a replace of which at least one half failed."""
    failed_cancel, failed_place = isinstance(cancelled, Refusal), isinstance(placed, Refusal)
    result = "NOT_ATTEMPTED" if placed is None else "FAILURE" if failed_place else "SUCCESS"
    data: reports.Json = {
        "cancelResult": "FAILURE" if failed_cancel else "SUCCESS",
        "newOrderResult": result,
        "cancelResponse": cancelled.body() if isinstance(cancelled, Refusal) else cancelled,
        "newOrderResponse": placed.body() if isinstance(placed, Refusal) else placed,
    }
    if failed_cancel and (failed_place or placed is None):
        return Refusal(-2022, "Order cancel-replace failed.", data=data)
    return Refusal(-2021, "Order cancel-replace partially failed.", 409, data=data)


def _response_kind(params: Params, type: OrderType) -> str:
    kind = params.optional("newOrderRespType", "^(ACK|RESULT|FULL)$")
    return kind or ("ACK" if type is OrderType.LIMIT_MAKER else "FULL")


def _span(params: Params) -> tuple[int, int]:
    """Start and end in nanoseconds; at most a day apart where both are given."""
    start, end = params.integer("startTime"), params.integer("endTime")
    if start is not None and end is not None and (end - start) * MILLISECOND > DAY:
        raise Refusal(-1127, "More than 24 hours between startTime and endTime.")
    first = 0 if start is None else start * MILLISECOND
    return first, (2**63 if end is None else (end + 1) * MILLISECOND - 1)


def _page(items: list[_T], params: Params, newest: bool) -> list[_T]:
    limit = params.limit(500, 1_000)
    return items[-limit:] if newest else items[:limit]
