"""The private stream: order and balance events to whoever subscribed with the account's key."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from midas.venues.sim import reports
from midas.venues.sim.accounts import Account
from midas.venues.sim.orders import Change, Deal, Order
from midas.venues.sim.refusal import Refusal
from midas.venues.sim.streams import Client

_ENCODE = msgspec.json.Encoder().encode
FIRST_EXECUTION_ID = 9_001


class UserStreams:
    """The exchange's listener: renders what happened and sends it at once."""

    def __init__(self, wall: Callable[[], int]) -> None:
        self._wall = wall
        self._subscriptions: dict[str, dict[Client, int]] = {}
        self._next_id: dict[Client, int] = {}
        self._execution_id = FIRST_EXECUTION_ID

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
        """End one subscription of `client`, or all of them."""
        for clients in self._subscriptions.values():
            if client in clients and number in (None, clients[client]):
                del clients[client]

    def leave(self, client: Client) -> None:
        """The client is gone."""
        self.unsubscribe(client, None)
        self._next_id.pop(client, None)

    def order_changed(self, order: Order, change: Change, deal: Deal | None) -> None:
        """An execution report."""
        self._execution_id += 1
        if self._subscriptions.get(order.account):
            event = reports.execution(order, change, deal, self._execution_id, self._wall())
            self._send(order.account, event)

    def balances_changed(self, account: Account, assets: tuple[str, ...]) -> None:
        """An account position."""
        if self._subscriptions.get(account.name):
            self._send(account.name, reports.position(account, assets, self._wall()))

    def _send(self, account: str, event: reports.Json) -> None:
        for client, number in self._subscriptions[account].items():
            client.send_now(_ENCODE({"subscriptionId": number, "event": event}))
