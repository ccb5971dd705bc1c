"""What the adapter asks of a session with the venue: python-binance's, or a simulated one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from midas.venues.binance.client import Reply


class Closable(Protocol):
    """Something that was open."""

    @property
    def closed(self) -> bool:
        """Whether it is no more."""


class UserSocket(Protocol):
    """One connection of the user stream."""

    async def recv(self) -> Any:
        """The next event, as the venue names its fields."""

    async def __aexit__(self, *_: Any) -> Any:
        """Let go of it."""


class Wire(Protocol):
    """One session; parameters are named as the venue names them, every answer is a `Reply`."""

    timestamp_offset: Any  # milliseconds that requests are signed ahead of our clock

    @property
    def session(self) -> Closable:
        """Of HTTP."""

    def observe(self, observer: Callable[[Reply], None]) -> None:
        """Show every answer to `observer`, before whoever asked sees it."""

    async def open_user_socket(self) -> UserSocket:
        """A fresh user data stream; the one before is dropped."""

    async def ws_ping(self) -> Any:
        """Ask the user stream's connection for a sign of life."""

    async def close_connection(self) -> None:
        """Close everything; idempotent."""

    async def create_order(self, **parameters: Any) -> Reply:
        """POST order."""

    async def cancel_order(self, **parameters: Any) -> Reply:
        """DELETE order."""

    async def get_order(self, **parameters: Any) -> Reply:
        """GET order."""

    async def get_open_orders(self, **parameters: Any) -> Reply:
        """GET openOrders."""

    async def get_account(self, **parameters: Any) -> Reply:
        """GET account."""

    async def get_my_trades(self, **parameters: Any) -> Reply:
        """GET myTrades."""

    async def get_deposit_history(self, **parameters: Any) -> Reply:
        """GET sapi capital/deposit/hisrec."""

    async def get_withdraw_history(self, **parameters: Any) -> Reply:
        """GET sapi capital/withdraw/history."""

    async def get_server_time(self) -> Reply:
        """GET time."""

    async def get_order_book(self, **parameters: Any) -> Reply:
        """GET depth."""

    async def get_klines(self, **parameters: Any) -> Reply:
        """GET klines."""

    async def get_exchange_info(self, **parameters: Any) -> Reply:
        """GET exchangeInfo."""
