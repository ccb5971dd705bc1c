"""A venue as midas needs it: a feed of market events and a broker for orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from midas.domain.event import AccountReported, Event, RulesRead
from midas.domain.instrument import Instrument
from midas.domain.market import Bar
from midas.domain.order import OrderIntent

Publish = Callable[[Event], None]
MaySend = Callable[[OrderIntent], str]  # why an order may not leave; empty where it may


class Feed(Protocol):
    """Market data of one venue. Everything it learns goes to `publish`, never blocks, never raises."""

    async def start(self) -> None:
        """Connect and begin to publish; returns once the connection stands."""

    async def close(self) -> None:
        """Disconnect; idempotent."""

    def resync(self, instrument: str, reason: str) -> None:
        """Forget the book of `instrument` (its id) and fetch a fresh snapshot."""

    def relist(self, instrument: Instrument, trades: bool) -> None:
        """From here on count its prices and quantities in these ticks and lots.

        Where it doesn't trade, its silence says nothing about the connection.
        """

    async def history(self, instrument: Instrument, period: int, count: int) -> list[Bar]:
        """The last `count` closed bars before now, oldest first."""


class Broker(Protocol):
    """Orders and account of one venue. Outcomes are published as events, in the order learnt."""

    async def start(self) -> None:
        """Check clock and permissions, open the user stream."""

    async def submit(self, intent: OrderIntent, may_send: MaySend) -> None:
        """Send once. Publishes OrderSent, then what the answer means (table C of the order notes).

        `may_send` is asked right before the first byte: what it refuses ends as OrderNotSent.
        """

    async def cancel(self, client_id: str, instrument: str) -> None:
        """Ask for a cancel; may be repeated."""

    async def account(
        self, purpose: str, unsettled: Sequence[tuple[str, str]], trades_since: dict[str, int]
    ) -> AccountReported:
        """A full pass: open orders, balances, trades with id > `trades_since[instrument]`, and look-ups.

        Looked up is each `unsettled` (client id, instrument) that isn't in the open-order list.

        Raises VenueError where any part failed: a failed query is no evidence at all.
        """

    async def rules(self, instrument: str) -> RulesRead:
        """What the venue states about an instrument (its id) now. Raises VenueError."""

    async def close(self) -> None:
        """Close streams and sessions; idempotent."""
