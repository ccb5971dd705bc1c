"""A broker and a feed on a running exchange, as the engine would use them, and all that they said."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from midas.domain.event import Event
from midas.domain.instrument import Instrument
from midas.domain.market import BookDelta, BookLost, BookSnapshot
from midas.domain.order import OrderType
from midas.state.book import OrderBook
from midas.venues.binance.endpoints import Endpoints
from midas.venues.binance.feed import BinanceFeed
from midas.venues.binance.plan import FeedPlan
from midas.venues.sim.runfile import RunFile
from tests.fakes.binance_bench import Bench, intent

PATIENT_S, IMPATIENT_S = 25.0, 0.8  # silence of the market until its connection is given up


class Desk(Bench):
    """A broker and a feed on a running exchange, and all that they said."""

    def __init__(self, run: RunFile, instruments: list[Instrument]) -> None:
        super().__init__(Endpoints.at(run.http, run.ws), run.api_key, run.api_secret, instruments, 2.0)
        self.btc = instruments[0]
        self.book = OrderBook()
        self.crossed = 0
        self._run, self._traded = run, tuple(instruments)
        self.feed = self._feed(PATIENT_S)

    def impatient(self) -> None:
        """Before the feed starts: let it give up a silent market soon, as a machine that stalls must not."""
        self.feed = self._feed(IMPATIENT_S)

    def _feed(self, silence: float) -> BinanceFeed:
        plan = FeedPlan(
            streams_url=self._run.ws,
            instruments=self._traded,
            speed=self._run.speed,
            connection_silence=silence,
            wait_first=0.01,
            wait_last=0.05,
        )
        return BinanceFeed(plan, self.hear, self.rest.public, time.time_ns, lambda: 0.5)

    def hear(self, event: Event) -> None:
        """As the engine does: keep the book, and have it fetched anew where it became impossible."""
        self.events.append(event)
        if isinstance(event, BookSnapshot):
            self.book.apply_snapshot(event)
        elif isinstance(event, BookDelta) and self.book.valid and not self.book.apply_delta(event):
            self.crossed += self.book.reason.startswith("crossed")
            asyncio.get_running_loop().call_soon(self.feed.resync, event.instrument, self.book.reason)
        elif isinstance(event, BookLost):
            self.book.invalidate(event.reason)

    def count(self, kind: type) -> int:
        """How many events of a kind there were."""
        return sum(isinstance(event, kind) for event in self.events)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something to be heard; says what was heard instead."""
        end = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < end, f"{self.feed.messages} messages; {self.events[-3:]}"
            await asyncio.sleep(0.005)

    async def low(self) -> Decimal:
        """A price at which nobody sells for now."""
        reply = await self.client.get_order_book(symbol=self.btc.symbol, limit="5")
        return Decimal(msgspec.json.decode(reply.body)["bids"][0][0]) - 50

    async def order(self, client_id: str = "md-1", **changes: Any) -> None:
        """Submit a limit order that rests."""
        price = changes.get("price") or await self.low()
        await self.submit(intent(client_id, **(changes | {"price": price})))

    async def market_order(self, client_id: str) -> None:
        """Submit an order that takes."""
        await self.submit(intent(client_id, type=OrderType.MARKET, price=None, time_in_force=None))
