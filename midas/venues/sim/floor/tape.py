"""The trades of one symbol, and the aggregates that takers made of them."""

from __future__ import annotations

from bisect import bisect_left

import msgspec

from midas.domain.time import MILLISECOND
from midas.venues.sim.source.market import Print

KEPT = 20_000


class Aggregate(msgspec.Struct, gc=False):
    """Consecutive trades of one millisecond at one price and of one taker side."""

    number: int
    time: int
    tick: int
    lots: int
    first_id: int
    last_id: int
    buyer_is_maker: bool

    def takes(self, event: Print) -> bool:
        """Whether `event` is one more trade of this aggregate."""
        return (
            event.tick == self.tick
            and event.buyer_is_maker == self.buyer_is_maker
            and event.time // MILLISECOND == self.time // MILLISECOND
        )


class TapeStand(msgspec.Struct, frozen=True):
    """Where a saved tape ends."""

    next_number: int
    running: Aggregate | None


class Tape:
    """The latest trades and aggregates, oldest first. An aggregate is told once nothing can join it."""

    def __init__(self, first_number: int, lateness: int) -> None:
        self.trades: list[Print] = []
        self.aggregates: list[Aggregate] = []
        self._next = first_number
        self._lateness = lateness
        self._open: Aggregate | None = None

    def add(self, event: Print) -> None:
        """One more trade: it joins the running aggregate or ends it."""
        self.trades.append(event)
        _trim(self.trades)
        running = self._open
        if running is not None and running.takes(event):
            running.lots += event.lots
            running.last_id = event.trade_id
            return
        self._end()
        number, trade_id = self._next, event.trade_id
        self._open = Aggregate(
            number, event.time, event.tick, event.lots, trade_id, trade_id, event.buyer_is_maker
        )
        self._next += 1

    def settle(self, time: int) -> None:
        """End the aggregate that no trade can join any more at market time `time`."""
        running = self._open
        if running is not None and time - self._lateness >= (running.time // MILLISECOND + 1) * MILLISECOND:
            self._end()

    def trades_from(self, trade_id: int, limit: int) -> list[Print]:
        """Up to `limit` trades from `trade_id` on."""
        place = bisect_left(self.trades, trade_id, key=lambda event: event.trade_id)
        return self.trades[place : place + limit]

    def aggregates_from(self, number: int, limit: int) -> list[Aggregate]:
        """Up to `limit` aggregates from `number` on."""
        place = bisect_left(self.aggregates, number, key=lambda aggregate: aggregate.number)
        return self.aggregates[place : place + limit]

    def save(self) -> TapeStand:
        """Its end; what it holds is kept apart."""
        return TapeStand(self._next, self._open)

    def restore(self, stand: TapeStand, trades: list[Print], aggregates: list[Aggregate]) -> None:
        """Go on where `save` stood, behind what was kept."""
        self._next, self._open = stand.next_number, stand.running
        self.trades, self.aggregates = trades, aggregates

    def _end(self) -> None:
        if self._open is not None:
            self.aggregates.append(self._open)
            _trim(self.aggregates)
            self._open = None


def _trim(kept: list[Print] | list[Aggregate]) -> None:
    if len(kept) > 2 * KEPT:
        del kept[:-KEPT]
