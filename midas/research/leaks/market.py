"""The data that leaks are looked for in: a random walk, cut off or with another future."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.domain.time import MINUTE

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

VOLATILITY = 1e-3  # of a bar's log return
LEAN = 0.3  # of a move on the one before, where they hang together
DAY_BEGINS = 240  # the bar that opens at midnight UTC
START = 1_700_006_400_000_000_000 - DAY_BEGINS * MINUTE


class Market(msgspec.Struct, frozen=True):
    """Closed bars of one instrument; `time` is when each closed, nanoseconds."""

    time: Counts
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        """How many bars."""
        return len(self.time)

    def until(self, bar: int) -> Market:
        """The bars before number `bar`."""
        return Market(*(getattr(self, name)[:bar] for name in self.__struct_fields__))

    def with_other_future(self, bar: int, chance: np.random.Generator) -> Market:
        """The same up to number `bar`; behind it the bars in another order, each at another level."""
        order = bar + chance.permutation(len(self) - bar)
        level, traded = chance.uniform(0.5, 2.0, (2, len(self) - bar))

        def other(column: Floats) -> Floats:
            return np.concatenate([column[:bar], np.round(column[order] * level, 2)])

        volume = np.concatenate([self.volume[:bar], self.volume[order] * traded])
        prices = map(other, (self.open, self.high, self.low, self.close))
        return Market(self.time, next(prices), next(prices), next(prices), next(prices), volume)


def random_walk(bars: int, seed: int, split: bool = True) -> Market:
    """Driftless, in cents around 1,000. `split`: late in it two shares are made of one."""
    chance = np.random.default_rng((seed, 15))
    moves = chance.normal(-0.5 * VOLATILITY**2, VOLATILITY, bars)
    if split:
        moves[split_of(bars)] -= np.log(2.0)
    return _market(moves, chance)


def split_of(bars: int) -> int:
    """The bar in which one share becomes two."""
    return bars * 3 // 4


def leaning(bars: int, seed: int) -> Market:
    """Each move leans on the one before: whoever knows that foretells the next one, and nobody better."""
    chance = np.random.default_rng((seed, 5))
    moves = chance.normal(0.0, VOLATILITY, bars)
    for bar in range(1, bars):
        moves[bar] += LEAN * moves[bar - 1]
    return _market(moves, chance)


def _market(moves: Floats, chance: np.random.Generator) -> Market:
    bars = len(moves)
    close = np.round(1_000.0 * np.exp(np.cumsum(moves)), 2)
    opened = np.concatenate([[1_000.0], close[:-1]])
    reach = np.abs(chance.normal(0.0, VOLATILITY, (2, bars))) * close
    high = np.round(np.maximum(opened, close) + reach[0] + 0.01, 2)
    low = np.round(np.minimum(opened, close) - reach[1] - 0.01, 2)
    time = START + MINUTE * np.arange(1, bars + 1, dtype=np.int64)
    return Market(time, opened, high, low, close, np.round(chance.uniform(1.0, 9.0, bars), 5) * 1_000)
