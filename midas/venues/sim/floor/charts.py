"""All candles of one symbol. Trades make seconds and minutes; minutes make everything longer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import msgspec

from midas.domain.time import HOUR, MINUTE, SECOND
from midas.venues.sim.floor.history import Past, walks
from midas.venues.sim.floor.klines import KLINES, MONTH, Candle, Folded, Series, flat, span
from midas.venues.sim.source.market import Listing, Print

EAST = 8 * HOUR  # the one other clock that the venue's streams know
EAST_MARK = "@+08:00"
EAST_INTERVALS = ("6h", "12h", "1d", "3d", "1w", MONTH)  # the shorter ones begin together in both
_TRADED = ("1s", "1m")


class Charts:
    """Candles by the name under which they are streamed: "1m", "1d", "1d@+08:00"."""

    def __init__(self, listing: Listing, start: int, lateness: int, seed: int) -> None:
        self._past = Past(walks(listing, start, seed))
        self._start = start
        self._seconds = self._traded("1s", start // SECOND * SECOND, lateness)
        self._minutes = self._traded("1m", start, lateness)
        self._windows: dict[int, Candle] = {}

    @cached_property
    def _folded(self) -> dict[str, Folded]:
        """Every longer series; made with the first minute that closes, not at the start."""
        longer = [(name, name, 0) for name in KLINES if name not in _TRADED]
        longer += [(name + EAST_MARK, name, EAST) for name in EAST_INTERVALS]
        return {key: self._new(name, offset) for key, name, offset in longer}

    def add(self, event: Print) -> None:
        """One more trade."""
        for series in (self._seconds, self._minutes):
            series.add(event.time, event.tick, event.lots, event.buyer_is_maker, event.trade_id)

    def advance(self, time: int) -> Iterator[tuple[str, Candle]]:
        """Market time is now `time`: yield the name of every candle that this closes, and the candle."""
        for second in self._seconds.advance(time):
            yield "1s", second
        for minute in self._minutes.advance(time):
            self._windows.clear()
            yield "1m", minute
            for name, folded in self._folded.items():
                if (closed := folded.add(minute)) is not None:
                    yield name, closed

    def current(self, name: str) -> Candle:
        """The newest candle of `name`, still open."""
        if name in _TRADED:
            return self._series(name).current
        return self._folded[name].open(self._minutes.open())[-1]

    def candles(self, interval: str, offset: int = 0) -> list[Candle]:
        """Closed candles and the open ones, oldest first, where clocks show `offset` more than UTC."""
        if interval in _TRADED:
            series = self._series(interval)
            return [*series.closed, *series.open()]
        folded = self._of(interval, offset)
        return [*folded.closed(), *folded.open(self._minutes.open())]

    def window(self, start: int, tick: int) -> Candle:
        """Everything since the minute of `start` as one candle; flat at `tick` where nothing traded."""
        start = start // MINUTE * MINUTE
        closed = self._windows.get(start)
        if closed is None:
            closed = self._windows[start] = self._fold_closed(start, tick)
        made = msgspec.structs.replace(closed)
        for minute in self._minutes.open():
            if minute.start >= start:
                made.fold(minute)
        return made

    def running(self) -> dict[str, list[Candle]]:
        """The open candles of every name, oldest first."""
        traded = {name: self._series(name).open() for name in _TRADED}
        return traded | {name: [folded.running()] for name, folded in self._folded.items()}

    def fresh(self, name: str, since: int) -> list[Candle]:
        """Closed candles of `name` that began at `since` or later, newest first."""
        series = self._series(name) if name in _TRADED else self._folded[name]
        return series.fresh(since)

    def restore(self, closed: Mapping[str, list[Candle]], running: Mapping[str, list[Candle]]) -> None:
        """Go on with the candles that were kept, behind those from before the market's start."""
        for name in _TRADED:
            self._series(name).restore(closed.get(name, ()), running[name])
        for name, folded in self._folded.items():
            folded.restore(closed.get(name, ()), running[name][0])
        self._windows.clear()

    def _series(self, name: str) -> Series:
        return self._seconds if name == "1s" else self._minutes

    def _fold_closed(self, start: int, tick: int) -> Candle:
        minutes = self._minutes.closed
        count = (self._minutes.open()[0].start - start) // MINUTE
        made = flat(start, start, tick)
        for minute in list(minutes)[-count:] if count > 0 else ():
            made.fold(minute)
        return made

    def _traded(self, interval: str, until: int, lateness: int) -> Series:
        current = self._past.current(interval, until)
        return Series(interval, current, lateness, lambda: self._past.candles(interval, until)[:-1])

    def _new(self, interval: str, offset: int) -> Folded:
        """A series made of the minutes since the one in which the market starts."""
        until = self._start // MINUTE * MINUTE
        first = self._past.current(interval, until, offset)
        return Folded(interval, offset, first, lambda: self._past.candles(interval, until, offset)[:-1])

    def _of(self, interval: str, offset: int) -> Folded:
        """The series of any clock; an unusual one is folded anew from the minutes that are kept."""
        if span(interval, self._start, offset) == span(interval, self._start):
            return self._folded[interval]
        if offset == EAST:
            return self._folded[interval + EAST_MARK]
        minutes = [minute for minute in self._minutes.closed if minute.end > self._start]
        folded = self._new(interval, offset)
        if minutes and minutes[0].start > self._start:  # the first ones are no longer kept
            first = flat(*span(interval, minutes[0].start, offset), minutes[0].open)
            folded = Folded(interval, offset, first, list)
        for minute in minutes:
            folded.add(minute)
        return folded
