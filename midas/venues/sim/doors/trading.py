"""Requests that place, change and cancel single orders."""

from __future__ import annotations

from collections.abc import Callable

from midas.venues.sim.doors.asks import ask
from midas.venues.sim.doors.ordercounts import OrderCounts
from midas.venues.sim.doors.params import CLIENT_ID, Params
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.exchange import Exchange
from midas.venues.sim.floor.lists import ListStatus
from midas.venues.sim.floor.orders import Kind, Order, Status
from midas.venues.sim.floor.refusal import Refusal, missing, unknown_cancel
from midas.venues.sim.wire import reports

RESTRICTIONS = {"ONLY_NEW": Status.NEW, "ONLY_PARTIALLY_FILLED": Status.PARTIALLY_FILLED}


class Trading:
    """Answers to signed requests. All times are wall time."""

    def __init__(self, exchange: Exchange, wall: Callable[[], int], counts: OrderCounts) -> None:
        self._exchange = exchange
        self._wall = wall
        self._counts = counts

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
        if not params.truth("computeCommissionRates"):
            return {}
        fees = self._exchange.fees_of(account)
        rates: reports.Json = {"maker": f"{fees.maker:.8f}", "taker": f"{fees.taker:.8f}"}
        return reports.commissions("CommissionForOrder", rates)

    def cancel(self, account: Account, params: Params) -> object:
        """Cancel one order, and the list that it belongs to."""
        order = find_order(self._exchange, account, params)
        return reports.cancelled(self._cancel(order, params, "newClientOrderId"))

    def cancel_all(self, account: Account, params: Params) -> object:
        """Cancel all open orders and order lists of a symbol."""
        orders = self._exchange.open_orders(account, self._exchange.desk(params.symbol()).symbol)
        if not orders:
            raise unknown_cancel()
        now, done = self._wall(), list[reports.Json]()
        registry = self._exchange.registry
        for order in orders:
            if not order.status.open:
                continue  # its list went with another one
            self._exchange.cancel(order, now, self._cancel_id())
            made = registry.lists.get(order.list_id)
            if made is None:
                done.append(reports.cancelled(order))
            else:
                done.append(reports.cancelled_list(made, registry.orders_of(made)))
        return done

    def replace(self, account: Account, params: Params) -> object:
        """Cancel one order and place another."""
        stop = params.text("cancelReplaceMode", "^(STOP_ON_FAILURE|ALLOW_FAILURE)$") == "STOP_ON_FAILURE"
        exceeded = params.optional("orderRateLimitExceededMode", "^(DO_NOTHING|CANCEL_ONLY)$")
        order = find_order(self._exchange, account, params, "cancelOrderId", "cancelOrigClientOrderId")
        # What is wrong with the new order by itself must not cost the old one.
        self._exchange.check_filters(account, ask(params))
        if exceeded != "CANCEL_ONLY":
            self._counts.of(account).check(self._wall())
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

    def amend(self, account: Account, params: Params) -> object:
        """Reduce an order, which keeps its place in the queue."""
        quantity = params.amount("newQty")
        if quantity is None:
            raise missing("newQty")
        order = find_order(self._exchange, account, params)
        if order is None:
            raise unknown_cancel()
        number = self._exchange.life.next_execution
        client_id = params.optional("newClientOrderId", CLIENT_ID) or f"simamend{number:014d}"
        change = self._exchange.amend(account, order, quantity, client_id, self._wall())
        made = self._exchange.registry.lists.get(order.list_id)
        answer = reports.amended(order, change)
        if made is None or made.status is ListStatus.ALL_DONE:
            return answer
        return answer | {"listStatus": reports.described_list(made, self._exchange.registry.orders_of(made))}

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
        # Counted with what an exchange that goes on after its process remembers: a name comes only once.
        return f"simcancel{self._exchange.life.next_execution:013d}"


def find_order(
    exchange: Exchange,
    account: Account,
    params: Params,
    by_id: str = "orderId",
    by_client: str = "origClientOrderId",
) -> Order | None:
    """The order that a request names by the venue's id, the client's, or both."""
    symbol = exchange.desk(params.symbol()).symbol
    order_id, client_id = params.integer(by_id), params.optional(by_client)
    if order_id is None and client_id is None:
        raise (
            Refusal(-1102, f"Param '{by_client}' or '{by_id}' must be sent, but both were empty/null!")
            if by_id == "orderId"
            else missing(by_id)
        )
    return exchange.find(account, symbol, order_id, client_id)


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
    status = placed.status if isinstance(placed, Refusal) and placed.status == 429 else 409
    return Refusal(-2021, "Order cancel-replace partially failed.", status, data=data)


def _response_kind(params: Params, type: Kind) -> str:
    kind = params.optional("newOrderRespType", "^(ACK|RESULT|FULL)$")
    return kind or ("FULL" if type in (Kind.LIMIT, Kind.MARKET) else "ACK")
