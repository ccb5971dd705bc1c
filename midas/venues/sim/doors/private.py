"""What an account may look up: its orders, trades and balances."""

from __future__ import annotations

from collections.abc import Callable

from midas.domain.time import DAY
from midas.venues.sim.doors.ordercounts import OrderCounts
from midas.venues.sim.doors.params import Params
from midas.venues.sim.doors.trading import find_order
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.exchange import Exchange
from midas.venues.sim.floor.orders import Order
from midas.venues.sim.floor.refusal import archived, unknown_order
from midas.venues.sim.wire import reports

KEPT = 90 * DAY  # a closed order that never traded can be queried for so long


class Private:
    """Answers to signed requests. All times are wall time."""

    def __init__(self, exchange: Exchange, wall: Callable[[], int], counts: OrderCounts) -> None:
        self._exchange = exchange
        self._wall = wall
        self._counts = counts

    def query(self, account: Account, params: Params) -> object:
        """One order."""
        order = find_order(self._exchange, account, params)
        if order is None:
            forgotten = self._exchange.registry.archived.get(params.integer("orderId") or 0)
            raise archived() if forgotten == account.name else unknown_order()
        if _is_archived(order, self._wall()):
            raise archived()
        return reports.queried(order)

    def amendments(self, account: Account, params: Params) -> object:
        """How an order was reduced, oldest first."""
        params.text("orderId")
        order = find_order(self._exchange, account, params)
        if order is None:
            raise unknown_order()
        first = params.integer("fromExecutionId") or 0
        found = [change for change in order.amendments if change.execution_id >= first]
        return [reports.amendment(order, change) for change in params.page(found, newest=False)]

    def prevented(self, account: Account, params: Params) -> object:
        """Trades of the account with itself that were prevented, oldest first."""
        symbol, order_id = self._symbol(params), params.integer("orderId")
        first, one = params.integer("fromPreventedMatchId") or 0, params.integer("preventedMatchId")
        found = {
            match.match_id: reports.prevented_match(order, match)
            for order in self._exchange.orders.values()
            if order.account == account.name and order.symbol == symbol and order_id in (None, order.order_id)
            for match in order.matches
            if match.match_id >= first and one in (None, match.match_id)
        }
        return params.page([found[number] for number in sorted(found)], newest=False)

    def open_orders(self, account: Account, params: Params) -> object:
        """Open orders of one symbol or of all."""
        symbol = self._symbol(params) if params.optional("symbol") is not None else None
        return [reports.queried(order) for order in self._exchange.open_orders(account, symbol)]

    def all_orders(self, account: Account, params: Params) -> object:
        """Orders of a symbol, oldest first."""
        symbol, first = self._symbol(params), params.integer("orderId")
        start, end = params.span()
        orders = [
            order
            for order in self._exchange.orders.values()
            if order.account == account.name
            and order.symbol == symbol
            and (first is None or order.order_id >= first)
            and start <= order.created_at <= end
        ]
        newest = first is None and start == 0
        return [reports.queried(order) for order in params.page(orders, newest)]

    def my_trades(self, account: Account, params: Params) -> object:
        """Deals of a symbol, oldest first."""
        symbol, order_id = self._symbol(params), params.integer("orderId")
        first = params.integer("fromId")
        start, end = params.span()
        deals = [
            deal
            for deal in self._exchange.deals[account.name]
            if deal.symbol == symbol
            and order_id in (None, deal.order_id)
            and (first is None or deal.trade_id >= first)
            and start <= deal.time <= end
        ]
        newest = first is None and start == 0
        return [reports.my_trade(deal) for deal in params.page(deals, newest)]

    def account(self, account: Account, params: Params) -> object:
        """Balances and rates."""
        omit = params.truth("omitZeroBalances")
        return reports.account(account, self._exchange.fees_of(account), omit)

    def commission(self, account: Account, params: Params) -> object:
        """The rates of a symbol."""
        rates = reports.rates(self._exchange.fees_of(account))
        return {"symbol": self._symbol(params), **reports.commissions("Commission", rates)}

    def order_rates(self, account: Account, params: Params) -> object:
        """Orders counted against the limits."""
        return self._counts.of(account).rates(self._wall())

    def _symbol(self, params: Params) -> str:
        return self._exchange.desk(params.symbol()).symbol


def _is_archived(order: Order, now: int) -> bool:
    return not order.status.open and not order.executed and now - order.updated_at > KEPT
