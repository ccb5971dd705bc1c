"""Prices at the multiples of each horizon: the engine's bars, and before them candles that the venue told.

Only what a market printed counts: history that an exchange made up says nothing about risk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from midas.domain.event import CandlesRead
from midas.domain.market import Bar

Closes = Mapping[int, float]  # market time -> price


class HorizonCloses:
    """Of every instrument and horizon that is followed; of nothing before `follow`."""

    def __init__(self) -> None:
        self.version = 0  # another one after every change
        self.newest: dict[int, int] = {}  # horizon -> the last multiple of it that a bar of ours closed at
        self.troubles: dict[tuple[str, int], str] = {}  # why the venue's candles are missing
        self.made_up: dict[tuple[str, int], int] = {}  # candles that no market printed
        self._kept = 0
        self._rows: dict[tuple[str, int], deque[tuple[int, float]]] = {}

    def follow(self, instruments: Iterable[str], horizons: Iterable[int], kept: int) -> None:
        """From here on, `kept` prices of each."""
        self._kept = kept
        self.newest = dict.fromkeys(horizons, 0)
        self._rows = {(i, h): deque(maxlen=kept) for i in instruments for h in self.newest}

    def on_bar(self, bar: Bar) -> None:
        """One bar closed; it counts where its close is a multiple of a horizon."""
        if bar.synthetic:
            return
        for horizon in self.newest:
            if bar.time % horizon:
                continue
            rows = self._rows[bar.instrument, horizon]
            self.version += 1
            if not rows or rows[-1][0] < bar.time:
                rows.append((bar.time, bar.close))
            self.newest[horizon] = max(self.newest[horizon], bar.time)

    def on_candles(self, read: CandlesRead) -> None:
        """What the venue told of the time before; bars of ours go before its candles."""
        key = read.instrument, read.period
        if key not in self._rows:
            return
        known = self._rows[key]
        first = known[0][0] if known else 0
        told = [(time, close) for time, close in read.closes if not first or time < first]
        self._rows[key] = deque([*told, *known], maxlen=self._kept)
        self.troubles[key], self.made_up[key] = read.trouble, read.made_up
        self.version += 1

    def of(self, instrument: str, horizon: int) -> Closes:
        """By time, oldest first."""
        return dict(self._rows.get((instrument, horizon), ()))

    def at(self, instrument: str, horizon: int, time: int) -> float | None:
        """The price at a multiple of the horizon; None where there is none."""
        for known, close in reversed(self._rows.get((instrument, horizon), ())):
            if known <= time:
                return close if known == time else None
        return None
