"""Every order, deal and order list of one exchange, and how to find them again."""

from __future__ import annotations

import msgspec

from midas.domain.money import ZERO
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.lists import ListAsk, ListStatus, OrderList
from midas.venues.sim.floor.orders import Ask, Deal, Order

FIRST_ORDER_ID = 1_001
FIRST_LIST_ID = 1
ORDERS_KEPT = 50_000  # closed orders that can still be queried


class Registry(msgspec.Struct, kw_only=True):
    """Plain state: ids to nouns, by the time of their acceptance."""

    orders: dict[int, Order] = {}
    open: dict[int, Order] = {}
    lists: dict[int, OrderList] = {}
    deals: dict[str, list[Deal]] = {}  # by account
    archived: dict[int, str] = {}  # orders without a trade that were forgotten: their accounts
    forgotten: list[tuple[int, int]] = []  # and their lists; emptied by whoever keeps a record
    by_client: dict[tuple[str, str, str], int] = {}
    next_order: int = FIRST_ORDER_ID
    next_list: int = FIRST_LIST_ID

    def add(self, account: Account, ask: Ask, now: int) -> Order:
        """A new order for `ask`."""
        order = Order(
            order_id=self.next_order,
            account=account.name,
            ask=ask,
            client_id=ask.client_id or f"sim{self.next_order:020d}",
            quantity=ask.quantity or ZERO,
            created_at=now,
            updated_at=now,
        )
        self.next_order += 1
        self.orders[order.order_id] = self.open[order.order_id] = order
        self.by_client[account.name, ask.symbol, order.client_id] = order.order_id
        if len(self.orders) > ORDERS_KEPT + len(self.open):
            self._archive()
        return order

    def add_list(self, account: Account, ask: ListAsk, now: int) -> tuple[OrderList, list[Order]]:
        """A new list for `ask`, and its orders, the working one first."""
        made = OrderList(
            list_id=self.next_list,
            account=account.name,
            symbol=ask.symbol,
            client_id=ask.client_id or f"simlist{self.next_list:016d}",
            created_at=now,
            updated_at=now,
        )
        self.next_list += 1
        self.lists[made.list_id] = made
        orders = [self.add(account, one, now) for one in ask.asks]
        for order in orders:
            order.list_id = made.list_id
        made.legs = [order.order_id for order in orders[-len(ask.legs) :]]
        made.working = None if ask.working is None else orders[0].order_id
        return made, orders

    def rename(self, order: Order, client_id: str) -> None:
        """Give an order another client id."""
        self._forget_name(order)
        order.client_id = client_id
        self.by_client[order.account, order.symbol, client_id] = order.order_id

    def find(
        self, account: Account, symbol: str, order_id: int | None, client_id: str | None
    ) -> Order | None:
        """An order of `account` by the venue's id or by the client's (the newest of that id)."""
        if order_id is None:
            order_id = self.by_client.get((account.name, symbol, client_id or ""))
        order = None if order_id is None else self.orders.get(order_id)
        if order is None or order.account != account.name or order.symbol != symbol:
            return None
        return order if client_id in (None, order.client_id) else None

    def find_list(self, account: Account, list_id: int | None, client_id: str | None) -> OrderList | None:
        """A list of `account` by the venue's id or by the client's (the newest of that id)."""
        for made in reversed(self.lists.values()):
            known = list_id in (None, made.list_id) and client_id in (None, made.client_id)
            if made.account == account.name and known:
                return made
        return None

    def open_orders(self, account: Account, symbol: str | None = None) -> list[Order]:
        """Open orders of `account`, oldest first."""
        return [
            order
            for order in self.open.values()
            if order.account == account.name and symbol in (None, order.symbol)
        ]

    def open_lists(self, account: Account, symbol: str | None = None) -> list[OrderList]:
        """Lists of `account` that are not done, oldest first."""
        return [
            made
            for made in self.lists.values()
            if made.account == account.name
            and made.status is ListStatus.EXECUTING
            and symbol in (None, made.symbol)
        ]

    def orders_of(self, made: OrderList) -> list[Order]:
        """The orders of a list that are still known."""
        return [self.orders[order_id] for order_id in made.orders if order_id in self.orders]

    def _archive(self) -> None:
        """Forget the oldest closed order, and its list once that has no other."""
        oldest = next(order for order in self.orders.values() if not order.status.open)
        del self.orders[oldest.order_id]
        self.forgotten.append((oldest.order_id, oldest.list_id))
        self._forget_name(oldest)
        if not oldest.executed:
            self.archived[oldest.order_id] = oldest.account
        made = self.lists.get(oldest.list_id)
        if made is not None and not self.orders_of(made):
            del self.lists[made.list_id]

    def _forget_name(self, order: Order) -> None:
        key = order.account, order.symbol, order.client_id
        if self.by_client.get(key) == order.order_id:
            del self.by_client[key]
