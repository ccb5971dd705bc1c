"""The inbox: bounded, everything that isn't market data first, market data conflated only when late.

Rules that the venue changed stand among the market data, which counts in them.

Quotes: the last one wins. Depth changes merge (first id of the first, last id of the last). Trades at
one price add up; past the hard limit also across prices. Bars, answers, timers and commands are never
touched. An event gets its sequence number when it is taken, so what is recorded is what was stepped.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

import msgspec

from midas.domain.event import MARKET_EVENTS, Event, Recorded, RulesRead
from midas.domain.market import BookDelta, BookLost, BookSnapshot, Quote, Trade

LATE = 2_000  # events waiting: from here on market data is conflated
FULL = 50_000  # from here on trades add up across prices too
MERGED_MAX = 64 * 1024  # bytes of levels in one merged change: copying longer ones again and again costs more


class Cell(msgspec.Struct, gc=False):
    """A place in the queue; its event may be merged until it is taken.

    Hidden from the collector: it would visit a backlog of 100,000 such places, for 50 ms with the GIL held,
    and no kill is heard meanwhile.
    """

    event: Event | None


class Inbox:
    """Many writers (also from other threads through `put_from_thread`), one reader."""

    def __init__(self, late: int = LATE, full: int = FULL) -> None:
        self._control: deque[Recorded] = deque()
        self._market: deque[Cell] = deque()
        self._latest: dict[tuple[type, str], Cell] = {}
        self._late, self._full = late, full
        self._reader: asyncio.Future[None] | None = None  # waits for something to come
        self._loop: asyncio.AbstractEventLoop | None = None
        self.conflated = 0

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop that reads."""
        self._loop = loop

    def __len__(self) -> int:
        return len(self._control) + len(self._market)

    def put(self, event: Event) -> None:
        """Add an event; market events may merge into one that still waits."""
        kind = type(event)
        if kind is Quote or kind is Trade or kind is BookDelta:
            if len(self._market) < self._late or not self._merged(event):  # type: ignore[arg-type]
                cell = Cell(event)
                self._market.append(cell)
                self._latest[kind, event.instrument] = cell  # type: ignore[union-attr]
        elif kind is BookSnapshot or kind is BookLost:
            self._latest.pop((BookDelta, event.instrument), None)  # type: ignore[union-attr]
            self._market.append(Cell(event))
        elif kind in MARKET_EVENTS:
            self._market.append(Cell(event))
        elif kind is RulesRead:
            for merging in (Quote, Trade, BookDelta):  # what follows counts in other steps
                self._latest.pop((merging, event.name), None)  # type: ignore[union-attr]
            self._market.append(Cell(event))
        else:
            self._control.append(event)  # type: ignore[arg-type]
        if self._reader is not None:
            self._wake()

    def put_from_thread(self, event: Recorded) -> None:
        """Add an answer or a command from outside the loop; the reader sees it before any backlog."""
        self._control.append(event)
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever would read
                self._loop.call_soon_threadsafe(self._wake)

    def take(self) -> Event | None:
        """The next event, or None where nothing waits."""
        if self._control:
            return self._control.popleft()
        if self._market:
            cell = self._market.popleft()
            event, cell.event = cell.event, None
            return event
        return None

    async def wait(self) -> None:
        """Return once something waits."""
        while not self._control and not self._market:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None

    def _wake(self) -> None:
        reader = self._reader
        if reader is not None and not reader.done():
            reader.set_result(None)

    def _merged(self, event: Quote | Trade | BookDelta) -> bool:
        cell = self._latest.get((type(event), event.instrument))
        if cell is None or cell.event is None:
            return False
        both = merge(cell.event, event, across_prices=len(self._market) >= self._full)
        if both is None:
            return False
        cell.event = both
        self.conflated += 1
        return True


def merge(old: Event, new: Quote | Trade | BookDelta, across_prices: bool) -> Event | None:
    """One event that says what both said, or None where that can't be said."""
    if type(new) is Quote:
        return new
    if type(new) is BookDelta and type(old) is BookDelta:
        contiguous = new.first_id == old.last_id + 1 and len(old.levels) < MERGED_MAX
        return _merge_deltas(old, new) if contiguous else None
    if type(new) is Trade and type(old) is Trade:
        same = old.price == new.price and old.buyer_is_maker == new.buyer_is_maker
        if not same and not across_prices:
            return None
        return msgspec.structs.replace(new, lots=old.lots + new.lots, count=old.count + new.count)
    return None


def _merge_deltas(old: BookDelta, new: BookDelta) -> BookDelta:
    """Bids first, then asks; where both name a level the later one stands later and wins."""
    cut_old, cut_new = old.bids * 16, new.bids * 16
    levels = old.levels[:cut_old] + new.levels[:cut_new] + old.levels[cut_old:] + new.levels[cut_new:]
    return BookDelta(
        new.instrument, new.time, new.at, old.first_id, new.last_id, old.bids + new.bids, levels
    )  # fmt: skip
