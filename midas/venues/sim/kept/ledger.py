"""Accounts, orders, lists, deals and flows as rows of the vault: written as they change, read at a start."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import msgspec

from midas.venues.sim.floor.accounts import Account, Balance
from midas.venues.sim.floor.exchange import Exchange, Listener
from midas.venues.sim.floor.lists import ListNews, OrderList
from midas.venues.sim.floor.orders import Change, Deal, Order
from midas.venues.sim.floor.wallet import Flow
from midas.venues.sim.kept.vault import Vault

ORDER, LIST, DEAL, FLOW, BALANCE, ACCOUNT, ARCHIVED = (
    "order", "list", "deal", "flow", "balance", "account", "archived",
)  # fmt: skip

_ENCODE = msgspec.msgpack.Encoder().encode
_T = TypeVar("_T")


class _Kept(msgspec.Struct, frozen=True):
    """A deal and whose it is."""

    account: str
    deal: Deal


class _Standing(msgspec.Struct, frozen=True):
    """An account besides its balances."""

    updated_at: int
    days: dict[int, Decimal]


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of the whole exchange."""

    next_order: int
    next_list: int
    next_deal: int
    next_execution: int
    next_flow: int
    fees: dict[str, Decimal]
    outside: dict[str, Decimal]
    paid_in: dict[str, Decimal]


class Ledger:
    """Hears what changes, passes it on, and remembers what is to be written."""

    def __init__(self, vault: Vault, listener: Listener) -> None:
        self._vault = vault
        self._listener = listener
        self._forget()

    @property
    def dirty(self) -> bool:
        """Whether anything changed since the last `write`."""
        return bool(self._orders or self._lists or self._balances or self._deals or self._flows)

    def order_changed(self, order: Order, change: Change, deal: Deal | None) -> None:
        """An order was accepted, executed, amended, cancelled or expired."""
        self._orders[order.order_id] = order
        self._lists.add(order.list_id)
        if deal is not None:
            self._deals.append(_Kept(order.account, deal))
        self._listener.order_changed(order, change, deal)

    def list_changed(self, made: OrderList, news: ListNews, orders: list[Order]) -> None:
        """An order list was accepted, updated or is done."""
        self._lists.add(made.list_id)
        self._listener.list_changed(made, news, orders)

    def balances_changed(self, account: Account, assets: tuple[str, ...]) -> None:
        """Free or locked amounts changed."""
        self._accounts[account.name] = account
        self._balances.update((account.name, asset) for asset in assets)
        self._listener.balances_changed(account, assets)

    def flowed(self, account: Account, flow: Flow) -> None:
        """Money came in from outside or went out."""
        self._flows.append(flow)
        self._accounts[account.name] = account
        self._balances.add((account.name, flow.asset))
        self._listener.flowed(account, flow)

    def write(self, exchange: Exchange) -> None:
        """Give everything that changed to the vault, whose commit makes it durable."""
        put, registry = self._vault.put, exchange.registry
        for order in self._orders.values():
            # Its deals are rows of their own: an order of many fills isn't written again with each.
            put(ORDER, _number(order.order_id), _ENCODE(msgspec.structs.replace(order, deals=[])))
        for list_id in self._lists & registry.lists.keys():
            put(LIST, _number(list_id), _ENCODE(registry.lists[list_id]))
        for kept in self._deals:
            put(DEAL, _deal_key(kept.deal), _ENCODE(kept))
        for flow in self._flows:
            put(FLOW, _number(flow.number), _ENCODE(flow))
        for name, asset in self._balances:
            balance = exchange.accounts[name].balance(asset)
            put(BALANCE, f"{name}|{asset}", _ENCODE(balance))
        for account in self._accounts.values():
            put(ACCOUNT, account.name, _ENCODE(_Standing(account.updated_at, account.volume.days)))
        self._drop_forgotten(exchange)
        self._forget()

    def write_accounts(self, exchange: Exchange) -> None:
        """What new accounts open with."""
        for account in exchange.accounts.values():
            self._accounts[account.name] = account
            self._balances.update((account.name, asset) for asset in account.balances)
        self.write(exchange)

    def read(self, exchange: Exchange) -> None:
        """Fill an exchange in which nothing has happened with what was kept."""
        for name, content in self._vault.rows(ACCOUNT):
            standing = msgspec.msgpack.decode(content, type=_Standing)
            account = exchange.accounts[name]
            account.updated_at, account.volume.days = standing.updated_at, standing.days
        for key, content in self._vault.rows(BALANCE):
            name, _, asset = key.rpartition("|")
            exchange.accounts[name].balances[asset] = msgspec.msgpack.decode(content, type=Balance)
        self._read_orders(exchange)
        for made in self._rows(LIST, OrderList):
            exchange.registry.restore_list(made)
        exchange.wallet.flows.extend(self._rows(FLOW, Flow))

    def _read_orders(self, exchange: Exchange) -> None:
        registry = exchange.registry
        registry.restore(self._rows(ORDER, Order))
        for kept in self._rows(DEAL, _Kept):
            registry.traded(kept.account, kept.deal)
            known = registry.orders.get(kept.deal.order_id)
            if known is not None:
                known.deals.append(kept.deal)
        for key, content in self._vault.rows(ARCHIVED):
            registry.archived[int(key)] = content.decode()

    def _rows(self, kind: str, type: Callable[..., _T]) -> list[_T]:
        decode = msgspec.msgpack.Decoder(type).decode
        return [decode(content) for _, content in self._vault.rows(kind)]

    def _drop_forgotten(self, exchange: Exchange) -> None:
        registry = exchange.registry
        for order_id, list_id in registry.forgotten:
            self._vault.drop(ORDER, _number(order_id))
            if order_id in registry.archived:
                self._vault.put(ARCHIVED, _number(order_id), registry.archived[order_id].encode())
            if list_id not in registry.lists:
                self._vault.drop(LIST, _number(list_id))
        registry.forgotten.clear()
        for deal in registry.past_deals:
            self._vault.drop(DEAL, _deal_key(deal))
        registry.past_deals.clear()

    def _forget(self) -> None:
        self._orders: dict[int, Order] = {}
        self._lists: set[int] = set()
        self._deals: list[_Kept] = []
        self._flows: list[Flow] = []
        self._balances: set[tuple[str, str]] = set()
        self._accounts: dict[str, Account] = {}


def counters(exchange: Exchange) -> Counters:
    """The numbers as they are now."""
    return Counters(
        next_order=exchange.registry.next_order,
        next_list=exchange.registry.next_list,
        next_deal=exchange.money.next_deal,
        next_execution=exchange.life.next_execution,
        next_flow=exchange.wallet.next_number,
        fees=exchange.money.fees,
        outside=exchange.money.outside,
        paid_in=exchange.wallet.paid_in,
    )


def count_on(exchange: Exchange, found: Counters) -> None:
    """Go on with numbers that were kept."""
    exchange.registry.next_order, exchange.registry.next_list = found.next_order, found.next_list
    exchange.money.next_deal, exchange.life.next_execution = found.next_deal, found.next_execution
    exchange.wallet.next_number = found.next_flow
    exchange.money.fees, exchange.money.outside = found.fees, found.outside
    exchange.wallet.paid_in = found.paid_in


def _deal_key(deal: Deal) -> str:
    """Both halves of a trade between two accounts have one id."""
    return f"{_number(deal.trade_id)}|{_number(deal.order_id)}"


def _number(value: int) -> str:
    return f"{value:020d}"
