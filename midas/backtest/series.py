"""Candles as columns, and the events that an engine is stepped with, made a few thousand at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import chain, repeat
from operator import attrgetter

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.domain.instrument import Instrument
from midas.domain.market import Bar
from midas.ports.strategy import Columns

CHUNK = 4_096  # bars made at once: few enough to stay in the processor's cache

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


class Bars(msgspec.Struct, frozen=True, kw_only=True):
    """Closed candles of one instrument, oldest first; `time` is when each closed, `volume` base units."""

    instrument: Instrument
    period: int  # nanoseconds
    time: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        """How many."""
        return len(self.time)

    def between(self, begin: int, end: int) -> Bars:
        """Those that opened at or after `begin` and closed at or before `end`."""
        first = int(np.searchsorted(self.time, begin + self.period))
        last = int(np.searchsorted(self.time, end, side="right"))
        columns = {name: getattr(self, name)[first:last] for name in _COLUMNS}
        return msgspec.structs.replace(self, **columns)

    @property
    def columns(self) -> Columns:
        """As a strategy over arrays is shown them."""
        return Columns(self.open, self.high, self.low, self.close, self.volume)

    def events(self, delay: int = 0) -> Iterator[Bar]:
        """Each as an event that is heard `delay` after its close."""
        return chain.from_iterable(self.made(slice(n, n + CHUNK), delay) for n in range(0, len(self), CHUNK))

    def made(self, part: slice, delay: int = 0) -> list[Bar]:
        """Some of them as events."""
        columns = [getattr(self, column)[part].tolist() for column in _COLUMNS]
        time, *prices = columns
        heard = time if not delay else [at + delay for at in time]
        return list(
            map(Bar, repeat(self.instrument.id), time, heard, repeat(self.period), *prices, repeat(0))
        )


_COLUMNS = ("time", "open", "high", "low", "close", "volume")


def in_order(series: Sequence[Bars], delay: int = 0) -> Iterable[Bar]:
    """The bars of all series by the time at which they are heard; of one moment, as the series are given."""
    if len(series) == 1:
        return series[0].events(delay)
    return merge(*(each.events(delay) for each in series), key=attrgetter("at"))
