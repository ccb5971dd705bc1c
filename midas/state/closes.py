"""Prices at the multiples of each horizon: the engine's bars, and before them candles that the venue told.

Only what a market printed counts: history that an exchange made up says nothing about risk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import nan
from typing import TYPE_CHECKING, NamedTuple

from midas.domain.event import CandlesRead
from midas.domain.market import Bar
from midas.state.lazy import when_used

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Times = NDArray[np.int64]
else:  # a start waits for the fold of its journal, which follows no prices
    np = when_used("numpy")

Closes = Mapping[int, float]  # market time -> price


class Series(NamedTuple):
    """One instrument at the multiples of one horizon, oldest first; to look at."""

    time: Times
    price: Floats
    change: Floats  # simple return since the one before; NaN for the oldest, and after a hole
    square: Floats  # of it
    begins: int  # time of the oldest; 0: there is none
    ends: int
    whole: bool  # there are some, and none is missing between them


class _Row:
    """The newest `kept` of them, in memory twice as long: hardly any price moves others."""

    __slots__ = ("_first", "_horizon", "_kept", "_last", "_prices", "_times", "newest", "price")

    def __init__(self, horizon: int, kept: int) -> None:
        self._horizon, self._kept = horizon, kept
        self._first = self._last = 0
        self._times = np.zeros(2 * kept, np.int64)
        self._prices = np.full((3, 2 * kept), nan)  # price, change, square
        self.newest = 0  # time of the newest one; 0: there is none
        self.price = 0.0  # the newest one

    def append(self, time: int, price: float) -> None:
        """A newer one."""
        if self._last == len(self._times):
            for column in (self._times, *self._prices):
                column[: self._kept] = column[self._kept :].copy()
            self._first, self._last = self._first - self._kept, self._kept
        at, prices = self._last, self._prices
        before = self.price if at and time - self.newest == self._horizon else 0.0
        change = price / before - 1.0 if before else nan
        self._times[at] = self.newest = time
        prices[0, at], prices[1, at], prices[2, at] = price, change, change**2
        self.price = price
        self._last = at + 1
        self._first = max(self._first, self._last - self._kept)

    def series(self) -> Series:
        """All of them; no copy."""
        first, last, prices = self._first, self._last, self._prices
        begins = int(self._times[first]) if last else 0
        whole = last > 0 and self.newest - begins == self._horizon * (last - first - 1)
        columns = prices[0, first:last], prices[1, first:last], prices[2, first:last]
        return Series(self._times[first:last], *columns, begins, self.newest, whole)

    def at(self, time: int) -> float | None:
        """The price of one time."""
        if time == self.newest:
            return self.price
        if time > self.newest:
            return None
        known = self._place(time)
        return float(self._prices[0, known]) if known is not None else None

    def _place(self, time: int) -> int | None:
        known = self._first + int(np.searchsorted(self._times[self._first : self._last], time))
        return known if known < self._last and self._times[known] == time else None


class HorizonCloses:
    """Of every instrument and horizon that is followed; of nothing before `follow`."""

    def __init__(self) -> None:
        self.version = 0  # another one after every change
        self.newest: dict[int, int] = {}  # horizon -> the last multiple of it that a bar of ours closed at
        self.troubles: dict[tuple[str, int], str] = {}  # why the venue's candles are missing
        self.made_up: dict[tuple[str, int], int] = {}  # candles that no market printed
        self._kept = 0
        self._rows: dict[tuple[str, int], _Row] = {}

    def follow(self, instruments: Iterable[str], horizons: Iterable[int], kept: int) -> None:
        """From here on, `kept` prices of each."""
        self._kept = kept
        self.newest = dict.fromkeys(horizons, 0)
        self._rows = {(i, h): _Row(h, kept) for i in instruments for h in self.newest}

    def on_bar(self, bar: Bar) -> None:
        """One bar closed; it counts where its close is a multiple of a horizon."""
        if bar.synthetic:
            return
        time = bar.time
        for horizon, newest in self.newest.items():
            if time % horizon:
                continue
            row = self._rows[bar.instrument, horizon]
            self.version += 1
            if row.newest < time:
                row.append(time, bar.close)
            if newest < time:
                self.newest[horizon] = time

    def on_candles(self, read: CandlesRead) -> None:
        """What the venue told of the time before; bars of ours go before its candles."""
        key = read.instrument, read.period
        if key not in self._rows:
            return
        known = self._rows[key].series()
        first = int(known.time[0]) if len(known.time) else 0
        self._rows[key] = row = _Row(read.period, self._kept)
        for time, close in read.closes:
            if not first or time < first:
                row.append(time, close)
        for time, close in zip(known.time.tolist(), known.price.tolist(), strict=True):
            row.append(time, close)
        self.troubles[key], self.made_up[key] = read.trouble, read.made_up
        self.version += 1

    def of(self, instrument: str, horizon: int) -> Closes:
        """By time, oldest first."""
        series = self.series(instrument, horizon)
        return dict(zip(series.time.tolist(), series.price.tolist(), strict=True))

    def series(self, instrument: str, horizon: int) -> Series:
        """The same, as columns."""
        row = self._rows.get((instrument, horizon))
        return row.series() if row is not None else _Row(horizon, 0).series()

    def has(self, instruments: Iterable[str], horizon: int, time: int) -> bool:
        """Whether the price of each at a multiple of the horizon is known."""
        for instrument in instruments:
            row = self._rows.get((instrument, horizon))
            if row is None or not row.newest or (row.newest != time and row.at(time) is None):
                return False
        return True

    def at(self, instrument: str, horizon: int, time: int) -> float | None:
        """The price at a multiple of the horizon; None where there is none."""
        row = self._rows.get((instrument, horizon))
        return row.at(time) if row is not None and row.newest else None
