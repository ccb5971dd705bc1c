"""How much two instruments move together: raw, never shrunk, for shrinking hides a breach.

The larger of two exponentially weighted correlations of log returns, with half-lives of 60 and of 20 bars;
of daily bars those are days. NaN with fewer than 40 common returns. Plain floats and fsum: a replay has to
find the same bits.
"""

from __future__ import annotations

from itertools import pairwise
from math import fsum, isfinite, log, nan, sqrt

from midas.domain.market import Bar
from midas.state.state import State

BARS = 240  # older ones weigh less than a sixteenth
RETURNS_MIN = 40
# 0.5 ** (1 / half-life), written out: `**` may round differently elsewhere.
DECAYS = (0.9885140203528962, 0.9659363289248456)

Pairs = dict[tuple[str, str], tuple[int, int, float]]


class Correlations:
    """Remembers each pair's correlation until one of the two has a new bar."""

    def __init__(self) -> None:
        self._known: Pairs = {}

    def between(self, state: State, one: str, other: str) -> float:
        """The correlation of two instruments now; NaN while it isn't known."""
        key = (one, other) if one < other else (other, one)
        seen = state.markets[key[0]].bars_seen, state.markets[key[1]].bars_seen
        known = self._known.get(key)
        if known is None or known[:2] != seen:
            known = self._known[key] = (*seen, correlation(state, *key))
        return known[2]


def correlation(state: State, one: str, other: str) -> float:
    """Computed anew."""
    first, second = (list(state.markets[i].bars)[-BARS - 1 :] for i in (one, other))
    xs, ys = _common(first, second)
    if len(xs) <= RETURNS_MIN:
        return nan
    returns = [log(b / a) for a, b in pairwise(xs)], [log(b / a) for a, b in pairwise(ys)]
    values = [_weighted(*returns, decay) for decay in DECAYS]
    return max(values) if all(isfinite(v) for v in values) else nan


def _common(first: list[Bar], second: list[Bar]) -> tuple[list[float], list[float]]:
    """Closes of the bars that both have."""
    if [b.time for b in first] != [b.time for b in second]:
        shared = {b.time for b in first} & {b.time for b in second}
        first, second = ([b for b in bars if b.time in shared] for bars in (first, second))
    return [b.close for b in first], [b.close for b in second]


def _weighted(xs: list[float], ys: list[float], decay: float) -> float:
    weight, weights = 1.0, list[float]()
    for _ in xs:
        weights.append(weight)
        weight *= decay
    weights.reverse()
    spread = sqrt(fsum(w * x * x for w, x in zip(weights, xs, strict=True)))
    spread *= sqrt(fsum(w * y * y for w, y in zip(weights, ys, strict=True)))
    both = fsum(w * x * y for w, x, y in zip(weights, xs, ys, strict=True))
    return both / spread if spread > 0.0 else nan
