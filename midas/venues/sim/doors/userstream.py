"""The private stream: order and balance events to whoever subscribed with the account's key."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from midas.domain.time import MILLISECOND
from midas.venues.sim.doors.streams import Client
from midas.venues.sim.faults.user_faults import Event, UserFaults
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.lists import ListNews, OrderList
from midas.venues.sim.floor.orders import Change, Deal, Order
from midas.venues.sim.floor.refusal import Refusal
from midas.venues.sim.floor.wallet import Flow
from midas.venues.sim.wire import reports

_ENCODE = msgspec.json.Encoder().encode


class UserStreams:
    """The exchange's listener: renders what happened and sends it at once."""

    def __init__(self, wall: Callable[[], int], faults: UserFaults | None = None) -> None:
        self._wall = wall
        self._faults = faults
        self._subscriptions: dict[str, dict[Client, int]] = {}
        self._next_id: dict[Client, int] = {}
        self._waiting: list[tuple[str, reports.Json]] | None = None  # None: events leave at once

    def subscribe(self, client: Client, account: Account) -> int:
        """A new subscription of `client`; its number counts up per connection."""
        clients = self._subscriptions.setdefault(account.name, {})
        if client in clients:
            raise Refusal(-2035, "User Data Stream subscription already active.")
        number = self._next_id.get(client, 0)
        self._next_id[client] = number + 1
        clients[client] = number
        return number

    def unsubscribe(self, client: Client, number: int | None) -> None:
        """End the subscription of this number if there is one, or all; refuses where all are none."""
        ended = [
            (clients, clients[client])
            for clients in self._subscriptions.values()
            if client in clients and number in (None, clients[client])
        ]
        if not ended and number is None:
            raise Refusal(-2036, "User Data Stream subscription not active.")
        for clients, ending in ended:
            self._end(clients, client, ending)

    def log_out(self, client: Client, account: Account) -> None:
        """End the subscription of `client` to `account` where there is one."""
        clients = self._subscriptions.get(account.name, {})
        if client in clients:
            self._end(clients, client, clients[client])

    def expire(self, account: str) -> None:
        """End every subscription to `account`, all where it is empty; the connections stay."""
        for name, clients in self._subscriptions.items():
            for client, number in list(clients.items()) if account in ("", name) else ():
                self._end(clients, client, number)

    @property
    def open(self) -> int:
        """Subscriptions of all clients together."""
        return sum(map(len, self._subscriptions.values()))

    def subscriptions(self, client: Client) -> list[int]:
        """The numbers of the client's subscriptions."""
        return sorted(clients[client] for clients in self._subscriptions.values() if client in clients)

    def leave(self, client: Client) -> None:
        """The client is gone."""
        for clients in self._subscriptions.values():
            clients.pop(client, None)
        self._next_id.pop(client, None)

    def order_changed(self, order: Order, change: Change, deal: Deal | None) -> None:
        """An execution report."""
        if self._subscriptions.get(order.account):
            self._send(order.account, reports.execution(order, change, deal, self._wall()))

    def list_changed(self, made: OrderList, news: ListNews, orders: list[Order]) -> None:
        """A list status."""
        if self._subscriptions.get(made.account):
            self._send(made.account, reports.list_status(made, news, orders, self._wall()))

    def balances_changed(self, account: Account, assets: tuple[str, ...]) -> None:
        """An account position."""
        if self._subscriptions.get(account.name):
            self._send(account.name, reports.position(account, assets, self._wall()))

    def flowed(self, account: Account, flow: Flow) -> None:
        """A deposit or a withdrawal, and the account position after it."""
        if self._subscriptions.get(account.name):
            self._send(account.name, reports.balance_update(flow, self._wall()))
        self.balances_changed(account, (flow.asset,))

    def keep_back(self) -> None:
        """From now on events wait until `release`: what they tell must be durable first."""
        self._waiting = []

    def release(self) -> None:
        """Let every event that waits leave, in order."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for account, event in waiting:
                self._pass_on(account, event)

    def _end(self, clients: dict[Client, int], client: Client, number: int) -> None:
        del clients[client]
        event = {"e": "eventStreamTerminated", "E": self._wall() // MILLISECOND}
        client.send_now(_ENCODE({"subscriptionId": number, "event": event}))

    def _send(self, account: str, event: reports.Json) -> None:
        if self._waiting is None:
            self._pass_on(account, event)
        else:
            self._waiting.append((account, event))

    def _pass_on(self, account: str, event: reports.Json) -> None:
        if self._faults:
            self._faults.event(account, event, self._deliver)
        else:
            self._deliver(account, event)

    def _deliver(self, account: str, event: Event) -> None:
        for client, number in self._subscriptions.get(account, {}).items():
            client.send_now(_ENCODE({"subscriptionId": number, "event": event}))
