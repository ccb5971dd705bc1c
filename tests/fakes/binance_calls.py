"""One order flow, two doors: the calls of python-binance over REST and over the WebSocket API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from binance import AsyncClient

Call = Callable[..., Awaitable[Any]]


class RestCalls:
    """Over REST."""

    def __init__(self, client: AsyncClient) -> None:
        self.place: Call = client.create_order
        self.test: Call = client.create_test_order
        self.query: Call = client.get_order
        self.cancel: Call = client.cancel_order
        self.replace: Call = client.cancel_replace_order
        self.cancel_all: Call = client.cancel_all_open_orders
        self.open_orders: Call = client.get_open_orders
        self.all_orders: Call = client.get_all_orders
        self.trades: Call = client.get_my_trades
        self.account: Call = client.get_account
        self.rates: Call = client.get_current_order_count
        self.commission: Call = client.v3_get_account_commission
        self.oco: Call = client.create_oco_order
        self.open_lists: Call = client.get_open_oco_orders
        self.cancel_list: Call = client.v3_delete_order_list


class WsCalls:
    """Over the WebSocket API."""

    def __init__(self, client: AsyncClient) -> None:
        self.place: Call = client.ws_create_order
        self.test: Call = client.ws_create_test_order
        self.query: Call = client.ws_get_order
        self.cancel: Call = client.ws_cancel_order
        self.replace: Call = client.ws_cancel_and_replace_order
        self.cancel_all: Call = client.ws_cancel_all_open_orders
        self.open_orders: Call = client.ws_get_open_orders
        self.all_orders: Call = client.ws_get_all_orders
        self.trades: Call = client.ws_get_my_trades
        self.account: Call = client.ws_get_account
        self.rates: Call = client.ws_get_account_rate_limits_orders
        self.commission: Call = client.ws_get_commission_rates
        self.oco: Call = client.ws_create_oco_order
        self.open_lists: Call = client.ws_get_oco_open_orders
        self.cancel_list: Call = client.ws_cancel_oco_order


DOORS: dict[str, Callable[[AsyncClient], RestCalls | WsCalls]] = {"rest": RestCalls, "websocket": WsCalls}
