"""The bars of one instrument, a few thousand at a time: one by one, or all that nothing can come between.

Their order isn't taken on trust: where a time comes twice or a price is none, they are only read one by one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from math import inf
from operator import length_hint
from typing import NamedTuple

import numpy as np

from midas.backtest.series import CHUNK, Bars, Times
from midas.domain.market import Bar
from midas.engine.glide import Until
from midas.ports.strategy import Columns


class Part(NamedTuple):
    """Bars that were made at once."""

    bars: list[Bar]
    time: Times
    at: list[int]  # when each is heard
    columns: Columns
    closes: list[float]
    sound: bool  # each is later than the one before, and every close is a price


NOTHING = Part([], np.empty(0, np.int64), [], Columns(*(np.empty(0) for _ in range(5))), [], False)


class Reel:
    """An `engine.glide.Ahead` that reads part after part."""

    def __init__(
        self, parts: Iterable[Part], advance: Callable[[int], None] | None = None, every: int = CHUNK
    ) -> None:
        """`advance` hears after about `every` bars, and after the last, how many more were taken."""
        self._parts = iter(parts)
        self._advance, self._every, self._untold = advance, every, 0
        self._part = NOTHING
        self._multiples: tuple[int, list[int]] = (0, [])  # of which number, and their places
        self.rest: Iterator[Bar] = iter(())  # what is left of this part, one by one

    @property
    def ahead(self) -> Reel | None:
        """Itself, where many bars may be taken at once."""
        return self if self._part.sound else None

    def peek(self) -> Bar | None:
        """The next one, which stays; None after the last."""
        place = self._place()
        while place == len(self._part.bars):
            self._told(place)
            part = next(self._parts, None)
            self._part, self._multiples, place = part or NOTHING, (0, []), 0
            self.rest = iter(self._part.bars)
            if part is None:
                self._told(0, last=True)
                return None
        return self._part.bars[place]

    def reach(self, after: int, every: int, until: Until) -> tuple[int, bool]:
        """See `Ahead`."""
        bars, first, (due_at, low, high) = self._part.bars, self._place(), until
        if first == len(bars) or bars[first].time <= after:
            return 0, False
        last = self._next_multiple(every, first)
        due = bisect_left(self._part.at, due_at, first, last)
        if ends := due < last:
            last = due + 1
        if first < last and not (low == -inf and high == inf):
            some = self._part.closes[first:last]
            if min(some) < low or max(some) > high:
                return next(n for n, close in enumerate(some, 1) if not low <= close <= high), True
        return last - first, ends

    def columns(self, count: int) -> Columns:
        """See `Ahead`."""
        first = self._place()
        return between(self._part.columns, first, first + count)

    def take(self, count: int) -> list[Bar]:
        """See `Ahead`."""
        return list(islice(self.rest, count))

    def _place(self) -> int:
        return len(self._part.bars) - length_hint(self.rest)

    def _next_multiple(self, every: int, first: int) -> int:
        """Its place; behind the last bar where there is none."""
        known, places = self._multiples
        if known != every:
            places = np.flatnonzero(self._part.time % every == 0).tolist()
            self._multiples = every, places
        found = bisect_left(places, first)
        return places[found] if found < len(places) else len(self._part.bars)

    def _told(self, taken: int, *, last: bool = False) -> None:
        self._untold += taken
        if self._advance is not None and self._untold and (last or self._untold >= self._every):
            self._advance(self._untold)
            self._untold = 0


def between(columns: Columns, first: int, last: int) -> Columns:
    """The candles from `first` up to `last`; no copy."""
    return Columns(
        columns.open[first:last], columns.high[first:last], columns.low[first:last],
        columns.close[first:last], columns.volume[first:last],
    )  # fmt: skip


def reel(series: Bars, delay: int, advance: Callable[[int], None] | None = None, every: int = CHUNK) -> Reel:
    """The bars of one series, each heard `delay` after its close."""
    size = min(CHUNK, every)
    return Reel((_part(series, n, size, delay) for n in range(0, len(series), size)), advance, every)


def _part(series: Bars, first: int, size: int, delay: int) -> Part:
    time = series.time[first : first + size]
    whole = Columns(series.open, series.high, series.low, series.close, series.volume)
    columns = between(whole, first, first + size)
    bars = series.made(slice(first, first + size), delay)
    sound = bool(np.all(time[1:] > time[:-1]) and np.all(np.isfinite(columns.close)))
    return Part(bars, time, [bar.at for bar in bars], columns, [bar.close for bar in bars], sound)
