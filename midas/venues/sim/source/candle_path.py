"""The trades that one candle may have been made of: a seeded path through its four prices."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from midas.domain.time import MILLISECOND, SECOND
from midas.venues.sim.source.candle_table import anchors

STEPS_MIN = 8
STEPS_MAX = 600
AGAINST_FIRST = 0.7  # how often a candle first goes against the way it closes
WANDER = 0.35  # of the candle's range: how far the path strays between the prices that it must touch


class Tick(NamedTuple):
    """One trade of a path."""

    time: int
    price: int
    volume: int
    buyer_is_maker: bool


class Bar(NamedTuple):
    """One candle: times in nanoseconds, prices in ticks, volume in lots."""

    start: int
    duration: int
    open: int
    high: int
    low: int
    close: int
    volume: int


def path(bar: Bar, rng: np.random.Generator) -> list[Tick]:
    """Trades inside the candle's time that make exactly this candle; none where it has no volume."""
    if bar.volume == 0:
        return []
    low_first = bool((rng.random() < AGAINST_FIRST) == (bar.close >= bar.open))
    corners = anchors(bar.open, bar.high, bar.low, bar.close, low_first=low_first)
    count = min(bar.volume, max(len(corners), _steps(bar.duration)))
    prices = _prices(corners, count, bar, rng)
    volumes = _split(bar.volume, count, rng)
    times = _times(bar, count, rng)
    made: list[Tick] = []
    last = bar.open
    for time, price, volume, coin in zip(times, prices, volumes, rng.random(count).tolist(), strict=True):
        made.append(Tick(time, price, volume, price < last or (price == last and coin < 0.5)))
        last = price
    return made


def _steps(duration: int) -> int:
    return min(STEPS_MAX, max(STEPS_MIN, duration // SECOND))


def _prices(corners: list[int], count: int, bar: Bar, rng: np.random.Generator) -> list[int]:
    """`count` prices that visit the corners in order and never leave the candle: bridges between them."""
    made = np.full(count, bar.open, dtype=np.int64)
    if len(corners) == 1:
        return [bar.open] * count
    inner = rng.permutation(count - 2)[: len(corners) - 2] + 1 if count > 2 else np.zeros(0, np.int64)
    places = [0, *np.sort(inner).tolist(), count - 1]
    width = (bar.high - bar.low) * WANDER
    for (first, price), (last, target) in pairwise(zip(places, corners, strict=True)):
        steps = last - first
        share = np.arange(steps + 1) / steps
        walk = np.concatenate(([0.0], np.cumsum(rng.normal(0.0, steps**-0.5, steps))))
        bridge = price + (target - price) * share + width * (walk - walk[-1] * share)
        made[first : last + 1] = np.clip(np.rint(bridge), bar.low, bar.high)
        made[first], made[last] = price, target
    prices: list[int] = made.tolist()
    return prices


def _split(total: int, count: int, rng: np.random.Generator) -> list[int]:
    """`total` in `count` parts of at least one, some much larger than others."""
    weights = rng.lognormal(0.0, 1.2, count)
    shares = np.cumsum(weights / weights.sum()).tolist()
    edges = [int(share * 10**9) * (total - count) // 10**9 for share in shares[:-1]]
    bounds = [0, *edges, total - count]
    return [later - earlier + 1 for earlier, later in pairwise(bounds)]


def _times(bar: Bar, count: int, rng: np.random.Generator) -> list[int]:
    """Ascending market times inside the candle, in whole milliseconds."""
    span = bar.duration // MILLISECOND
    chosen = np.sort(rng.integers(0, span, count)).tolist()
    return [bar.start + int(place) * MILLISECOND for place in chosen]
