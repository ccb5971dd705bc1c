"""A bar scale that seldom moves: powers of two with hysteresis, so that few rows change per frame."""

from __future__ import annotations

from math import ceil, isfinite, log2


class PowerScale:
    """Holds the full length of a bar; grows at once, shrinks only when four times too long."""

    def __init__(self) -> None:
        self._full = 0.0

    def fit(self, largest: float) -> float:
        """The full scale for bars of which the longest is `largest`."""
        if not isfinite(largest) or largest <= 0:
            return self._full or 1.0
        if largest > self._full or largest < self._full / 4:
            self._full = float(2 ** ceil(log2(largest)))
        return self._full


def cells(value: float, full: float, width: int, steps: int = 16) -> int:
    """How many of `width` cells a bar covers, in whole steps; anything above zero shows."""
    if not isfinite(value) or value <= 0:
        return 0
    step = min(steps, max(1, ceil(value / full * steps)))
    return max(1, round(step / steps * width))
