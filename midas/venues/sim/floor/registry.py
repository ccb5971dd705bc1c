"""Every order, deal and order list of one exchange, and how to find them again."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable

import msgspec

from midas.domain.money import ZERO
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.lists import ListAsk, ListStatus, OrderList
from midas.venues.sim.floor.orders import Ask, Deal, Order

FIRST_ORDER_ID = 1_001
FIRST_LIST_ID = 1
ORDERS_KEPT = 50_000  # closed orders that can still be queried
DEALS_KEPT = 200_000  # of each account
ARCHIVED_KEPT = 200_000


class Registry(msgspec.Struct, kw_only=True):
    """Plain state: ids to nouns, by the time of their acceptance."""

    orders: dict[int, Order] = {}
    open: dict[int, Order] = {}
    lists: dict[int, OrderList] = {}
    deals: dict[str, list[Deal]] = {}  # by account
    # Orders without a trade that were forgotten: their accounts.
    archived: OrderedDict[int, str] = msgspec.field(default_factory=OrderedDict)
    # Orders that were forgotten, and their lists, and deals; emptied by whoever keeps a record.
    forgotten: deque[tuple[int, int]] = msgspec.field(default_factory=lambda: deque(maxlen=ORDERS_KEPT))
    past_deals: deque[Deal] = msgspec.field(default_factory=lambda: deque(maxlen=DEALS_KEPT))
    by_client: dict[tuple[str, str, str], int] = {}
    next_order: int = FIRST_ORDER_ID
    next_list: int = FIRST_LIST_ID
    _closed: deque[int] = msgspec.field(default_factory=deque)  # first closed first
    _there: dict[tuple[str, str], dict[int, Order]] = {}  # open orders by account and symbol
    _named: dict[tuple[str, str], int] = {}  # and by account and client id
    _lists_open: dict[int, OrderList] = {}
    _lists_named: dict[tuple[str, str], int] = {}  # by account and client id, the newest

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
        self.orders[order.order_id] = order
        self._opened(order)
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
        self.restore_list(made)
        orders = [self.add(account, one, now) for one in ask.asks]
        for order in orders:
            order.list_id = made.list_id
        made.legs = [order.order_id for order in orders[-len(ask.legs) :]]
        made.working = None if ask.working is None else orders[0].order_id
        return made, orders

    def close(self, order: Order) -> None:
        """An order can no longer be executed or cancelled."""
        del self.open[order.order_id]
        del self._there[order.account, order.symbol][order.order_id]
        self._unname(order)
        self._closed.append(order.order_id)

    def list_done(self, made: OrderList) -> None:
        """No order of a list is open any more."""
        made.status = ListStatus.ALL_DONE
        self._lists_open.pop(made.list_id, None)

    def traded(self, account: str, deal: Deal) -> None:
        """A deal of `account`; old ones are forgotten now and then."""
        deals = self.deals.setdefault(account, [])
        deals.append(deal)
        if len(deals) >= DEALS_KEPT * 11 // 10:
            self.past_deals.extend(deals[:-DEALS_KEPT])
            del deals[:-DEALS_KEPT]

    def restore(self, orders: Iterable[Order]) -> None:
        """Know orders that were kept, by their ids' order."""
        kept = list(orders)
        for order in kept:
            self.orders[order.order_id] = order
            self.by_client[order.account, order.symbol, order.client_id] = order.order_id
        for order in kept:  # a closed order may have the name of an open one, which is found by it
            if order.status.open:
                self._opened(order)
        closed = [order for order in kept if not order.status.open]
        self._closed.extend(order.order_id for order in sorted(closed, key=lambda order: order.updated_at))

    def restore_list(self, made: OrderList) -> None:
        """Know a list."""
        self.lists[made.list_id] = made
        self._lists_named[made.account, made.client_id] = made.list_id
        if made.status is ListStatus.EXECUTING:
            self._lists_open[made.list_id] = made

    def rename(self, order: Order, client_id: str) -> None:
        """Give an order another client id."""
        self._forget_name(order)
        self._unname(order)
        order.client_id = client_id
        self.by_client[order.account, order.symbol, client_id] = order.order_id
        self._named[order.account, client_id] = order.order_id

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
        if list_id is None:
            list_id = self._lists_named.get((account.name, client_id or ""))
        made = None if list_id is None else self.lists.get(list_id)
        if made is None or made.account != account.name:
            return None
        return made if client_id in (None, made.client_id) else None

    def named(self, account: Account, client_id: str) -> Order | None:
        """The open order of `account` that has this name, whatever its symbol."""
        order_id = self._named.get((account.name, client_id))
        return None if order_id is None else self.open[order_id]

    def open_orders(self, account: Account, symbol: str | None = None) -> list[Order]:
        """Open orders of `account`, oldest first."""
        if symbol is not None:
            return list(self._there.get((account.name, symbol), {}).values())
        if not self.open:
            return []
        found = (orders for (name, _), orders in self._there.items() if name == account.name)
        return sorted((order for orders in found for order in orders.values()), key=_number)

    def count_open(self, account: Account, symbol: str) -> int:
        """How many orders of `account` are open there."""
        return len(self._there.get((account.name, symbol), ()))

    def open_lists(self, account: Account, symbol: str | None = None) -> list[OrderList]:
        """Lists of `account` that are not done, oldest first."""
        return [
            made
            for made in self._lists_open.values()
            if made.account == account.name and symbol in (None, made.symbol)
        ]

    def orders_of(self, made: OrderList) -> list[Order]:
        """The orders of a list that are still known."""
        return [self.orders[order_id] for order_id in made.orders if order_id in self.orders]

    def _archive(self) -> None:
        """Forget the order that closed first, and its list once that has no other."""
        oldest = self.orders.pop(self._closed.popleft())
        self.forgotten.append((oldest.order_id, oldest.list_id))
        self._forget_name(oldest)
        if not oldest.executed:
            self.archived[oldest.order_id] = oldest.account
            if len(self.archived) > ARCHIVED_KEPT:
                self.archived.popitem(last=False)
        made = self.lists.get(oldest.list_id)
        if made is not None and not self.orders_of(made):
            del self.lists[made.list_id]
            if self._lists_named.get((made.account, made.client_id)) == made.list_id:
                del self._lists_named[made.account, made.client_id]

    def _opened(self, order: Order) -> None:
        self.open[order.order_id] = order
        self._there.setdefault((order.account, order.symbol), {})[order.order_id] = order
        self._named[order.account, order.client_id] = order.order_id
        self.by_client[order.account, order.symbol, order.client_id] = order.order_id

    def _unname(self, order: Order) -> None:
        if self._named.get((order.account, order.client_id)) == order.order_id:
            del self._named[order.account, order.client_id]

    def _forget_name(self, order: Order) -> None:
        key = order.account, order.symbol, order.client_id
        if self.by_client.get(key) == order.order_id:
            del self.by_client[key]


def _number(order: Order) -> int:
    return order.order_id
