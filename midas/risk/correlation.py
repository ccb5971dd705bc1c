"""How much two instruments move together: raw, never shrunk, for shrinking hides a breach.

The larger of two exponentially weighted correlations of log returns, over 60 and over 20 bars; of daily bars
those are the days that the limit is defined on. NaN with too few common returns.
"""

from __future__ import annotations

from itertools import pairwise
from math import isfinite, log, nan

from midas.domain.market import Bar
from midas.state.state import State
from midas.statistics.correlation import SPAN, SPAN_STRESSED, ewma_correlation

BARS = 240  # all older ones together weigh less than a thousandth

Pairs = dict[tuple[str, str], tuple[int, int, float]]


class Correlations:
    """Remembers each pair's correlation until one of the two has a new bar."""

    def __init__(self) -> None:
        self._known: Pairs = {}

    def between(self, state: State, one: str, other: str) -> float:
        """The correlation of two instruments now; NaN while it isn't known."""
        key = (one, other) if one < other else (other, one)
        first, second = state.markets[key[0]].bars_seen, state.markets[key[1]].bars_seen
        known = self._known.get(key)
        if known is None or known[0] != first or known[1] != second:
            known = self._known[key] = first, second, correlation(state, *key)
        return known[2]


def correlation(state: State, one: str, other: str) -> float:
    """Computed anew."""
    first, second = (list(state.markets[i].bars)[-BARS - 1 :] for i in (one, other))
    xs, ys = (_returns(closes) for closes in _common(first, second))
    values = [ewma_correlation(xs, ys, span) for span in (SPAN, SPAN_STRESSED)]
    return max(values) if all(map(isfinite, values)) else nan


def _returns(closes: list[float]) -> list[float]:
    return [log(b / a) for a, b in pairwise(closes)]


def _common(first: list[Bar], second: list[Bar]) -> tuple[list[float], list[float]]:
    """Closes of the bars that both have."""
    if [b.time for b in first] != [b.time for b in second]:
        shared = {b.time for b in first} & {b.time for b in second}
        first, second = ([b for b in bars if b.time in shared] for bars in (first, second))
    return [b.close for b in first], [b.close for b in second]
