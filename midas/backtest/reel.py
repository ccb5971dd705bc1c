"""The bars of one instrument, a few thousand at a time: one by one, or all that nothing can come between.

Their order isn't taken on trust: where a time comes twice or a price is none, they are only read one by one.
Those that are passed over in one call become `Bar`s where somebody looks at them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import islice
from math import inf

import numpy as np

from midas.backtest.series import CHUNK, Bars
from midas.domain.market import Bar
from midas.engine.glide import Until
from midas.ports.strategy import Columns

BLOCK = 32  # closes looked at together where none may leave a band


class Part:
    """Some thousand bars in a row."""

    def __init__(self, series: Bars, some: slice, delay: int) -> None:
        self._series, self._first, self._delay = series, some.start, delay
        self._time = series.time[some]
        self.columns = between(series.columns, some.start, some.stop)
        self.closes: list[float] = self.columns.close.tolist()
        self.at: list[int] = (self._time + delay).tolist()  # when each is heard
        # Each is later than the one before, and every close is a price.
        later = self._time[1:] > self._time[:-1]
        self.sound = bool(later.all() and np.isfinite(self.columns.close).all())
        self._multiple = 0, 0, 0  # of which number, from which place on, and where the next one is
        self._ends: tuple[list[float], list[float]] | None = None  # lowest and highest closes of each block
        self._bars: list[Bar] = []

    @property
    def bars(self) -> list[Bar]:
        """All of them as events; made once."""
        if not self._bars:
            self._bars = self.some(0, len(self.at))
        return self._bars

    def some(self, first: int, last: int) -> list[Bar]:
        """Those from place `first` up to `last`."""
        return self._series.made(slice(self._first + first, self._first + last), self._delay)

    def one(self, place: int) -> Bar:
        """One of them."""
        if self._bars:
            return self._bars[place]
        it, at = self.columns, self.at[place]
        return Bar(
            self._series.instrument.id, at - self._delay, at, self._series.period, it.open.item(place),
            it.high.item(place), it.low.item(place), self.closes[place], it.volume.item(place), 0,
        )  # fmt: skip

    def next_multiple(self, every: int, first: int) -> int:
        """The place, from `first` on, of a time that is one; behind the last where there is none."""
        known, begin, place = self._multiple
        if known == every and begin <= first <= place:
            return place
        at, delay, place = self.at, self._delay, first
        while place < len(at):
            wanted = -(-(at[place] - delay) // every) * every + delay
            place = bisect_left(at, wanted, place)
            if place < len(at) and at[place] == wanted:
                break
        self._multiple = every, first, place
        return place

    def inside(self, first: int, last: int, low: float, high: float) -> int:
        """The place behind the first close, from `first` up to `last`, that leaves this band; or `last`."""
        if self._ends is None:
            begins, prices = np.arange(0, len(self.at), BLOCK), self.columns.close
            self._ends = (
                np.minimum.reduceat(prices, begins).tolist(), np.maximum.reduceat(prices, begins).tolist()
            )  # fmt: skip
        lows, highs = self._ends
        for block in range(first // BLOCK, (last - 1) // BLOCK + 1):
            if lows[block] < low or highs[block] > high:
                begin, end = max(first, block * BLOCK), min(last, (block + 1) * BLOCK)
                for place, close in enumerate(self.closes[begin:end], begin + 1):
                    if not low <= close <= high:
                        return place
        return last


class Passed:
    """A `state.candles.Stretch` of a part."""

    __slots__ = ("_count", "_first", "_last", "_part", "_until")

    def __init__(self, part: Part, first: int, until: int) -> None:
        self._part, self._first, self._until, self._count = part, first, until, until - first
        self._last: Bar | None = None

    @property
    def last(self) -> Bar:
        """See `Stretch`."""
        if self._last is None:
            self._last = self._part.one(self._until - 1)
        return self._last

    def __len__(self) -> int:
        return self._count

    def made(self, most: int) -> list[Bar]:
        """See `Stretch`."""
        return self._part.some(max(self._first, self._until - most), self._until)


class Reel:
    """An `engine.glide.Ahead` that reads part after part."""

    def __init__(
        self, series: Bars, delay: int = 0, advance: Callable[[int], None] | None = None, every: int = CHUNK
    ) -> None:
        """Each bar is heard `delay` after its close.

        `advance` hears after `every` bars, and after the last, how many more were taken.
        """
        self._series, self._delay, self.instrument = series, delay, series.instrument.id
        self._advance, self._every, self._untold = advance, every, 0
        self._read = 0  # bars of the series that are in this part or were in one before
        self._part = Part(series, slice(0, 0), delay)
        self._place = 0  # of the next bar in this part

    @property
    def sound(self) -> bool:
        """See `Ahead`."""
        return self._part.sound

    def more(self) -> bool:
        """Whether there is a next one, which is at hand then."""
        if self._place == len(self._part.at):
            self._told(self._place)
            begin = self._read
            told_at = (begin // self._every + 1) * self._every  # a part ends there, whatever a part holds
            end = min(begin + CHUNK, told_at, len(self._series))
            if begin == end:
                self._part, self._place = Part(self._series, slice(0, 0), self._delay), 0
                self._told(0, last=True)
                return False
            self._part, self._place, self._read = Part(self._series, slice(begin, end), self._delay), 0, end
        return True

    def peek(self) -> Bar:
        """The next one, which is at hand and stays."""
        return self._part.one(self._place)

    def rest(self) -> Iterator[Bar]:
        """See `Ahead`."""
        if self._place == len(self._part.at):
            return iter(())  # nothing is made for nobody
        return islice(self._part.bars, self._place, None)

    def skip(self, count: int) -> None:
        """See `Ahead`."""
        self._place += count

    def reach(self, after: int, until: Until, most: int) -> int:
        """See `Ahead`."""
        part, first, (due_at, low, high) = self._part, self._place, until
        if first == len(part.at) or part.at[first] - self._delay <= after:
            return 0
        last = bisect_left(part.at, due_at, first, min(first + most, len(part.at)) - 1) + 1
        if not (low == -inf and high == inf):
            last = part.inside(first, last, low, high)
        return last - first

    def multiple(self, every: int, most: int) -> int:
        """See `Ahead`."""
        count = self._part.next_multiple(every, self._place) - self._place + 1
        return count if count <= most else 0

    def columns(self, count: int) -> Columns:
        """See `Ahead`."""
        return between(self._part.columns, self._place, self._place + count)

    def passed(self, count: int) -> Passed:
        """See `Ahead`."""
        first = self._place
        self._place += count
        return Passed(self._part, first, self._place)

    def following(self) -> Bar:
        """See `Ahead`."""
        self._place += 1
        return self._part.one(self._place - 1)

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
