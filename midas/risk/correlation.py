"""How much two instruments move together: raw, never shrunk, for shrinking hides a breach.

The larger of two exponentially weighted correlations of log returns, over 60 and over 20 bars; of daily bars
those are the days that the limit is defined on. NaN with too few common returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite, log, nan

from midas.state.market import InstrumentMarket
from midas.state.state import State
from midas.statistics.correlation import SPAN, SPAN_STRESSED, Weighted, together, weighted

BARS = 240  # all older ones together weigh less than a thousandth
SPANS = (SPAN, SPAN_STRESSED)

Pairs = dict[tuple[str, str], tuple[int, int, float]]


class Series:
    """The last bars of one instrument, and what each of its correlations needs of them."""

    __slots__ = ("_weighted", "closes", "market", "returns", "seen", "times")

    def __init__(self, market: InstrumentMarket) -> None:
        self.market = market
        self.seen = 0
        self.times: list[int] = []
        self.closes: list[float] = []
        self.returns: list[float] = []  # one less: of each close but the first, since the one before
        self._weighted: tuple[Weighted, ...] = ()

    @property
    def weighted(self) -> tuple[Weighted, ...]:
        """Its returns under the weights of each span, worked out once a bar."""
        if not self._weighted:
            self._weighted = _weighed(self.returns)
        return self._weighted

    def follow(self) -> Series:
        """Take in the bars that came since."""
        market = self.market
        new = market.bars_seen - self.seen
        if new:
            self.seen, self._weighted = market.bars_seen, ()
            self._append(new if new <= len(market.bars) else len(market.bars))
        return self

    def _append(self, new: int) -> None:
        bars, closes = self.market.bars, self.closes
        for place in range(-new, 0):
            bar = bars[place]
            if closes:
                self.returns.append(log(bar.close / closes[-1]))
            self.times.append(bar.time)
            closes.append(bar.close)
        del self.times[: -BARS - 1], closes[: -BARS - 1], self.returns[:-BARS]


class Correlations:
    """Remembers each pair's correlation until one of the two has a new bar."""

    def __init__(self) -> None:
        self._known: Pairs = {}
        self._series: dict[str, Series] = {}

    def between(self, state: State, one: str, other: str) -> float:
        """The correlation of two instruments now; NaN while it isn't known."""
        key = (one, other) if one < other else (other, one)
        first, second = state.markets[key[0]].bars_seen, state.markets[key[1]].bars_seen
        known = self._known.get(key)
        if known is None or known[0] != first or known[1] != second:
            value = _between(self._of(state, key[0]), self._of(state, key[1]))
            known = self._known[key] = first, second, value
        return known[2]

    def _of(self, state: State, name: str) -> Series:
        known, market = self._series.get(name), state.markets[name]
        if known is None or known.market is not market:
            known = self._series[name] = Series(market)
        return known.follow()


def correlation(state: State, one: str, other: str) -> float:
    """Computed anew."""
    return _between(*(Series(state.markets[name]).follow() for name in (one, other)))


def _between(first: Series, second: Series) -> float:
    if first.times == second.times:
        pairs = zip(first.weighted, second.weighted, strict=True)
    else:
        pairs = zip(*map(_weighed, _common(first, second)), strict=True)
    values = [together(*each) for each in pairs]
    return max(values) if all(map(isfinite, values)) else nan


def _weighed(returns: Sequence[float]) -> tuple[Weighted, ...]:
    return tuple(weighted(returns, span) for span in SPANS)


def _common(first: Series, second: Series) -> list[list[float]]:
    """Returns between the bars that both have."""
    shared = set(first.times) & set(second.times)
    both = ([c for t, c in zip(s.times, s.closes, strict=True) if t in shared] for s in (first, second))
    return [[log(b / a) for a, b in pairwise(closes)] for closes in both]
