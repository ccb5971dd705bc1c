"""Requests for order lists."""

from __future__ import annotations

from collections.abc import Callable

from midas.venues.sim.doors import asks
from midas.venues.sim.doors.ordercounts import OrderCounts
from midas.venues.sim.doors.params import CLIENT_ID, Params
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.exchange import Exchange
from midas.venues.sim.floor.lists import ListAsk, ListStatus, OrderList
from midas.venues.sim.floor.refusal import Refusal, unknown_cancel, unknown_list
from midas.venues.sim.wire import reports


class ListDesk:
    """Answers to signed requests. All times are wall time."""

    def __init__(self, exchange: Exchange, wall: Callable[[], int], counts: OrderCounts) -> None:
        self._exchange = exchange
        self._wall = wall
        self._counts = counts

    def place_oco(self, account: Account, params: Params) -> object:
        """Two legs of which one ends the other."""
        return self._place(account, params, asks.oco(params))

    def place_oto(self, account: Account, params: Params) -> object:
        """A working order that starts another one."""
        return self._place(account, params, asks.oto(params))

    def place_otoco(self, account: Account, params: Params) -> object:
        """A working order that starts two legs of which one ends the other."""
        return self._place(account, params, asks.otoco(params))

    def cancel(self, account: Account, params: Params) -> object:
        """Cancel all orders of a list."""
        symbol = self._exchange.desk(params.symbol()).symbol
        made = self._find(account, params, "listClientOrderId")
        if made is None or made.symbol != symbol or made.status is ListStatus.ALL_DONE:
            raise unknown_cancel()
        number = self._exchange.life.next_execution
        cancel_id = params.optional("newClientOrderId", CLIENT_ID) or f"simlistcancel{number:09d}"
        self._exchange.cancel_list(made, self._wall(), cancel_id)
        return reports.cancelled_list(made, self._exchange.registry.orders_of(made))

    def query(self, account: Account, params: Params) -> object:
        """One list."""
        made = self._find(account, params, "origClientOrderId")
        if made is None:
            raise unknown_list()
        return self._described(made)

    def open_lists(self, account: Account, params: Params) -> object:
        """Lists that are not done."""
        return [self._described(made) for made in self._exchange.registry.open_lists(account)]

    def all_lists(self, account: Account, params: Params) -> object:
        """Lists, oldest first."""
        first, (start, end) = params.integer("fromId"), params.span()
        found = [
            made
            for made in self._exchange.registry.lists.values()
            if made.account == account.name
            and (first is None or made.list_id >= first)
            and start <= made.created_at <= end
        ]
        newest = first is None and start == 0
        return [self._described(made) for made in params.page(found, newest)]

    def _place(self, account: Account, params: Params, wanted: ListAsk) -> object:
        kind = params.optional("newOrderRespType", "^(ACK|RESULT|FULL)$") or "RESULT"
        now = self._wall()
        with self._counts.of(account).placing(now, len(wanted.asks)):
            made = self._exchange.place_list(account, wanted, now)
        return reports.placed_list(made, self._exchange.registry.orders_of(made), kind)

    def _described(self, made: OrderList) -> reports.Json:
        return reports.described_list(made, self._exchange.registry.orders_of(made))

    def _find(self, account: Account, params: Params, by_client: str) -> OrderList | None:
        list_id, client_id = params.integer("orderListId"), params.optional(by_client)
        if list_id is None and client_id is None:
            raise Refusal(
                -1102, f"Param '{by_client}' or 'orderListId' must be sent, but both were empty/null!"
            )
        return self._exchange.registry.find_list(account, list_id, client_id)
