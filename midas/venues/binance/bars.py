"""The bars of one instrument and period in an unbroken row, missing ones fetched before newer ones pass."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from midas.domain.market import Bar

HELD_MAX = 10_000


class BarSequence:
    """Lets each bar pass once and in order; holds what comes after a hole until the hole is filled."""

    def __init__(self, period: int) -> None:
        self.period = period
        self.last = 0  # close time of the newest bar that passed
        self._held: deque[Bar] = deque(maxlen=HELD_MAX)
        self.holes = 0  # bars that nobody could supply

    @property
    def missing(self) -> tuple[int, int] | None:
        """Close times of the first and last bar of the hole; None where there is none."""
        if not self._held:
            return None
        return self.last + self.period, self._held[0].time - self.period

    def begin(self, time: int) -> None:
        """The row begins after the bar that closed at `time`, unless newer ones passed already."""
        self.last = max(self.last, time)

    def on_bar(self, bar: Bar) -> list[Bar]:
        """What may pass now that `bar` has come: nothing where it is old news or follows a hole."""
        newest = self._held[-1].time if self._held else self.last
        if bar.time <= newest:
            return []
        if self._held or (self.last and bar.time != self.last + self.period):
            self._held.append(bar)
            return []
        self.last = bar.time
        return [bar]

    def fill(self, bars: Iterable[Bar]) -> list[Bar]:
        """What may pass now that `bars`, oldest first, were fetched for the hole."""
        passed = []
        for bar in bars:
            if self._held and self.last + self.period == bar.time < self._held[0].time:
                self.last = bar.time
                passed.append(bar)
        return passed + self._release()

    def skip(self, bars: Iterable[Bar]) -> list[Bar]:
        """What may pass when the hole must stay: whichever of `bars` lie in it, and what follows it."""
        if not self._held:
            return []
        passed = []
        for bar in [*(bar for bar in bars if self.last < bar.time < self._held[0].time), self._held[0]]:
            self.holes += (bar.time - self.last) // self.period - 1
            self.last = bar.time
            passed.append(bar)
        self._held.popleft()
        return passed + self._release()

    def _release(self) -> list[Bar]:
        passed = []
        while self._held and self._held[0].time == self.last + self.period:
            passed.append(self._held.popleft())
            self.last = passed[-1].time
        return passed
