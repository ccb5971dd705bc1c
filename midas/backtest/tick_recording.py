"""A recorded stream (books, quotes and prints) as the ticks of a back-test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from midas.backtest.series import Bars
from midas.backtest.ticks import TickEvent, marks
from midas.domain.instrument import Instrument
from midas.domain.market import BookDelta, BookSnapshot, Quote, Trade
from midas.domain.time import SECOND
from midas.errors import RecordingInvalid
from midas.venues.sim.levels.outside import Level, OutsideBook
from midas.venues.sim.source.market import BestQuote, DepthChange, Listing, MarketEvent
from midas.venues.sim.source.recording import Recording

EVERY = SECOND  # market time between two mids that are kept for the curve


class RecordedTicks:
    """One symbol of a recording; its messages in the order in which they were recorded.

    Before its first quote, and where it has none, the touch is that of the book.
    """

    books = prints = True

    def __init__(self, path: Path, symbol: str = "") -> None:
        """Raises RecordingInvalid for what can't be played, and where the symbol isn't told."""
        self._recording = Recording(path)
        listings = {listing.instrument.symbol: listing for listing in self._recording.listings()}
        if symbol and symbol not in listings:
            raise RecordingInvalid(f"{path}: {symbol} isn't in it; there are {', '.join(listings)}")
        if not symbol and len(listings) > 1:
            raise RecordingInvalid(f"{path}: holds {', '.join(listings)}; name one with --symbol")
        self._listing: Listing = listings[symbol or next(iter(listings))]
        self.instrument: Instrument = self._listing.instrument
        self.begins = self._recording.start
        self._times: list[int] = []
        self._mids: list[float] = []

    def events(self, delay: int = 0) -> Iterator[TickEvent]:
        """May be asked for once."""
        listing, name, before = self._listing, self.instrument.id, self.begins
        levels, bids = _packed(listing.bids, listing.asks)
        yield BookSnapshot(name, before, before + delay, listing.last_id, bids, levels)
        if listing.bids and listing.asks:
            yield self._quote(before, listing.bids[0], listing.asks[0], listing.last_id, delay)
        last_id, bid, ask, book = listing.last_id, 0, 0, OutsideBook()
        book.snapshot(last_id, listing.bids, listing.asks)
        quoted = False
        for event in self._recording.events():
            if event.symbol != self.instrument.symbol:
                continue
            before = max(before, event.at)
            made, last_id = self._made(event, before, last_id, delay)
            if isinstance(made, Quote):
                bid, ask, quoted = made.bid, made.ask, True
            moved = None if quoted else _touch(book, event)
            if moved is not None:
                bid, ask = moved[0][0], moved[1][0]
            if bid and ask:
                self._keep(before, bid, ask)
            yield made
            if moved is not None:
                yield self._quote(before, *moved, last_id, delay)

    def marks(self, period: int) -> Bars:
        """The newest mid at the end of each period."""
        times, mids = np.array(self._times, np.int64), np.array(self._mids)
        ends = (times // period + 1) * period
        last = np.flatnonzero(np.append(ends[1:] != ends[:-1], True)) if len(ends) else np.empty(0, np.int64)
        return marks(self.instrument, period, ends[last], mids[last])

    def _made(self, event: MarketEvent, at: int, last_id: int, delay: int) -> tuple[TickEvent, int]:
        """`at`: when the recorder heard it, which is the market's own time here."""
        name, heard = self.instrument.id, at + delay
        if isinstance(event, DepthChange):
            levels, bids = _packed(event.bids, event.asks)
            return BookDelta(name, at, heard, last_id + 1, event.last_id, bids, levels), event.last_id
        if isinstance(event, BestQuote):
            return self._quote(at, event.bid, event.ask, event.last_id, delay), last_id
        sold = event.buyer_is_maker
        return Trade(name, at, heard, event.tick, event.lots, sold, event.trade_id), last_id

    def _quote(self, at: int, bid: Level, ask: Level, update: int, delay: int) -> Quote:
        return Quote(self.instrument.id, at, at + delay, *bid, *ask, update)

    def _keep(self, at: int, bid: int, ask: int) -> None:
        mid = (bid + ask) * 0.5 * self.instrument.tick
        if self._times and at // EVERY == self._times[-1] // EVERY:
            self._times[-1], self._mids[-1] = at, mid
        else:
            self._times.append(at)
            self._mids.append(mid)


def _touch(book: OutsideBook, event: MarketEvent) -> tuple[Level, Level] | None:
    """Both sides after a change of the book; None where it isn't one, or a side is empty."""
    if not isinstance(event, DepthChange) or not book.change(event.last_id, event.bids, event.asks):
        return None
    bid, ask = book.bids.best(), book.asks.best()
    return None if bid is None or ask is None else (bid, ask)


def _packed(bids: Sequence[Level], asks: Sequence[Level]) -> tuple[bytes, int]:
    """As a book message carries them."""
    return np.array([*bids, *asks], np.int64).tobytes(), len(bids)
