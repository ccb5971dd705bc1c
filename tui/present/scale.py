"""Scales that seldom move, so that few rows change per frame and a picture stands still enough to be read."""

from __future__ import annotations

from math import ceil, floor, isfinite, log2, log10
from typing import NamedTuple

_ROUND = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
SPARE = 1.2  # a new axis is so much longer than its prices
FILLED = 0.45  # of the axis, below which it is made anew


class Axis(NamedTuple):
    """A price scale of `rows` rows: the middle of each is a multiple of `unit`."""

    top: float  # price of the upper edge
    unit: float  # price of one row
    rows: int

    @property
    def low(self) -> float:
        """Price of the lower edge."""
        return self.top - self.unit * self.rows

    def slot(self, price: float) -> int:
        """The half-row of a price, from the top, within the scale."""
        place = int((self.top - price) / self.unit * 2)
        return min(max(place, 0), self.rows * 2 - 1)

    def price(self, row: int) -> float:
        """The price in the middle of a row."""
        return self.top - (row + 0.5) * self.unit

    def holds(self, price: float) -> bool:
        """Whether a price lies on the scale."""
        return self.low <= price <= self.top

    def labelled(self, row: int) -> bool:
        """Every fourth unit has its price beside it."""
        return round(self.price(row) / self.unit) % 4 == 0


class PowerScale:
    """What one pane keeps: the full length of its bars and its price axis.

    Bars are in powers of two: they grow at once and shrink only when four times too long. The axis moves
    when a price leaves it, or when all of them fill less than half of it.
    """

    def __init__(self) -> None:
        self._full = 0.0
        self._axis: Axis | None = None
        self._of: object = None

    def fit(self, largest: float) -> float:
        """The full scale for bars of which the longest is `largest`."""
        if not isfinite(largest) or largest <= 0:
            return self._full or 1.0
        if largest > self._full or largest < self._full / 4:
            self._full = float(2 ** ceil(log2(largest)))
        return self._full

    def axis(self, low: float, high: float, tick: float, rows: int, of: object) -> Axis:
        """The price axis for what lies between `low` and `high`; another `of` starts anew."""
        kept = self._axis
        if kept is not None and self._of == of and kept.rows == rows and kept.holds(low) and kept.holds(high):
            filled = high - low >= (kept.top - kept.low) * FILLED
            if filled or kept.unit <= tick:
                return kept
        self._axis, self._of = _axis(low, high, tick, rows), of
        return self._axis


def _axis(low: float, high: float, tick: float, rows: int) -> Axis:
    unit = max(tick, _round_up((high - low) * SPARE / rows))
    middle = floor((low + high) / 2 / unit + 0.5)
    return Axis((middle + rows // 2 + 0.5) * unit, unit, rows)


def _round_up(value: float) -> float:
    if value <= 0:
        return 0.0
    power = 10.0 ** floor(log10(value))
    return next(step for step in _ROUND if step * power >= value * (1 - 1e-9)) * power


def cells(value: float, full: float, width: int, steps: int = 16) -> int:
    """How many of `width` cells a bar covers, in whole steps; anything above zero shows."""
    if not isfinite(value) or value <= 0:
        return 0
    step = min(steps, max(1, ceil(value / full * steps)))
    return max(1, round(step / steps * width))
