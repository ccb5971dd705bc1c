"""The newest closed candles of a market whose next ones are known: made only where somebody looks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Protocol, overload

from midas.domain.market import Bar

SLACK = 16  # so many times as many may wait as can be seen


class Stretch(Protocol):
    """Some candles in a row, at least one."""

    @property
    def last(self) -> Bar:
        """The newest of them."""

    def __len__(self) -> int:
        """How many."""

    def made(self, most: int) -> list[Bar]:
        """The newest of them, `most` at most."""


class Candles(Sequence[Bar]):
    """As a deque of candles is; it takes whole stretches, too."""

    def __init__(self, known: deque[Bar]) -> None:
        """`known` has a greatest length, which holds here, too."""
        assert known.maxlen is not None, "a deque without an end keeps every candle"
        self._known, self._most = known, known.maxlen
        self._waiting: list[Stretch | Bar] = []  # behind `_known`
        self._count = 0  # candles that wait
        self._newest = known[-1] if known else None  # None: it is made where somebody looks

    def append(self, bar: Bar) -> None:
        """One more."""
        self._newest = bar
        if not self._waiting:
            self._known.append(bar)
            return
        self._waiting.append(bar)
        self._count += 1
        if self._count > SLACK * self._most:
            self._forget()

    def extend(self, stretch: Stretch) -> None:
        """Some more."""
        self._newest = None
        self._waiting.append(stretch)
        self._count += len(stretch)
        if self._count > SLACK * self._most:
            self._forget()

    def _forget(self) -> None:
        """What newer ones have pushed out is never made."""
        waiting, count = self._waiting, 0
        for place in range(len(waiting) - 1, 0, -1):
            count += _length(waiting[place])
            if count >= self._most:
                self._known.clear()
                self._count = count
                del waiting[:place]
                return

    def _settled(self) -> deque[Bar]:
        if self._waiting:
            self._forget()
        known = self._known
        for each in self._waiting:
            if isinstance(each, Bar):
                known.append(each)
            else:
                known.extend(each.made(self._most))
        self._waiting.clear()
        self._count = 0
        return known

    @overload
    def __getitem__(self, place: int) -> Bar: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Bar]: ...
    def __getitem__(self, place: int | slice) -> Bar | Sequence[Bar]:
        if place == -1:  # asked for at every candle
            return self._newest or self._last()
        known = self._settled()
        return known[place] if isinstance(place, int) else list(known)[place]

    def _last(self) -> Bar:
        newest = self._waiting[-1] if self._waiting else self._known[-1]
        self._newest = newest if isinstance(newest, Bar) else newest.last
        return self._newest

    def __len__(self) -> int:
        return min(len(self._known) + self._count, self._most)

    def __iter__(self) -> Iterator[Bar]:
        return iter(self._settled())

    def __reversed__(self) -> Iterator[Bar]:
        return reversed(self._settled())


def _length(each: Stretch | Bar) -> int:
    return 1 if isinstance(each, Bar) else len(each)
