"""The Feed port on the model venue's market: snapshots, changes, touches and trades over one line."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterable
from itertools import chain

from midas.domain.instrument import Instrument
from midas.domain.market import Bar, BookDelta, BookLost, BookSnapshot, FeedStatus, Quote, Trade
from midas.ports.clock import Clock
from midas.ports.venue import Publish
from midas.simulation.loop import Process
from midas.simulation.network import Line, Network
from midas.simulation.venue import FIRST_TICK, Venue
from midas.venues.sim.levels.outside import Level
from midas.venues.sim.source.market import BestQuote, DepthChange, MarketEvent

RECONNECT_S = 1.0
VENUE = "binance"


class SimFeed:
    """The `Feed` of one life of the desk."""

    def __init__(
        self, network: Network, venue: Venue, clock: Clock, process: Process, publish: Publish
    ) -> None:
        self._network = network
        self._venue = venue
        self._clock = clock
        self._process = process
        self._publish = publish
        self._ids = {pair.symbol: pair.id for pair in venue.pairs}
        self._symbols = {pair.id: pair.symbol for pair in venue.pairs}
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self.line: Line | None = None
        self.last_at = 0
        self.gaps = 0  # so many of the next changes get lost

    async def start(self) -> None:
        """Connect and begin to publish."""
        self._connect()

    async def close(self) -> None:
        """Disconnect; idempotent."""
        self._closed = True
        if self.line is not None:
            self.line.close()

    def resync(self, instrument: str, reason: str) -> None:
        """Fetch a fresh snapshot."""
        self._publish(BookLost(instrument, self._clock.now(), reason))
        if self.line is not None:
            self._network.later(self._network.delay(), self._snapshot, self.line, self._symbols[instrument])

    def relist(self, instrument: Instrument, trades: bool) -> None:
        """The steps of this market never change."""

    async def history(self, instrument: Instrument, period: int, count: int) -> list[Bar]:
        """The bars before now, of a market that moved evenly."""
        now = self._clock.now() // period * period
        bars = []
        for number in range(count):
            # A pattern that needs no chance, so that a restart finds the same bars again.
            close = (FIRST_TICK + number * 7 % 11) * instrument.tick
            time = now - (count - 1 - number) * period
            bars.append(
                Bar(
                    instrument.id, time, self._clock.now(), period, close, close + 0.03, close - 0.03, close,
                    5.0, 9, synthetic=True,
                )
            )  # fmt: skip
        return bars

    def _connect(self) -> None:
        if self._closed:
            return
        line = self.line = self._network.line(self._process, self._told, self._ended)
        self._network.later(self._network.delay(), self._subscribe, line)

    def _subscribe(self, line: Line) -> None:
        self._venue.feeds.append(line)
        line.send(FeedStatus(VENUE, "market", 0, True))
        for symbol in self._symbols.values():
            self._snapshot(line, symbol)

    def _snapshot(self, line: Line, symbol: str) -> None:
        book = self._venue.books[symbol]
        levels = _packed((*book.bids.items(), *sorted(book.asks.items())))
        line.send(BookSnapshot(self._ids[symbol], 0, 0, book.last_id, len(book.bids), levels))
        line.send((book.touch(self._clock.now()),))

    def _ended(self) -> None:
        now = self._clock.now()
        self._publish(FeedStatus(VENUE, "market", now, False, "the connection was closed"))
        for name in self._ids.values():
            self._publish(BookLost(name, now, "reconnecting"))
        self._loop.call_later(RECONNECT_S, self._connect)

    def _told(self, message: object) -> None:
        now = self.last_at = self._clock.now()
        if isinstance(message, FeedStatus):
            self._publish(FeedStatus(message.venue, message.stream, now, True))
        elif isinstance(message, BookSnapshot):
            self._publish(
                BookSnapshot(message.instrument, now, now, message.last_id, message.bids, message.levels)
            )
        else:
            assert isinstance(message, tuple)
            for event in message:
                self._market(event, now)

    def _market(self, event: MarketEvent, now: int) -> None:
        name = self._ids[event.symbol]
        if isinstance(event, DepthChange):
            if self.gaps:
                self.gaps -= 1
                return
            levels = _packed((*event.bids, *event.asks))
            self._publish(
                BookDelta(name, event.time, now, event.first_id, event.last_id, len(event.bids), levels)
            )
        elif isinstance(event, BestQuote):
            self._publish(Quote(name, event.time, now, *event.bid, *event.ask, event.last_id))
        else:
            self._publish(
                Trade(name, event.time, now, event.tick, event.lots, event.buyer_is_maker, event.trade_id)
            )


def _packed(levels: Iterable[Level]) -> bytes:
    flat = tuple(chain.from_iterable(levels))
    return struct.pack(f"<{len(flat)}q", *flat)
