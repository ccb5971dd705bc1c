"""Candles from before the market's start: a seeded random walk that ends at the first price.

Clients need warm indicators; the rows say that no market printed them. One walk serves all
intervals: seconds at its end, minutes before them, then hours, then days, so that a minute is the
sum of its seconds wherever both exist.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from midas.domain.time import DAY, HOUR, MINUTE, SECOND
from midas.venues.intervals import INTERVALS
from midas.venues.sim.floor.klines import MONTH, Candle, flat, span
from midas.venues.sim.source.market import Listing

Ints = NDArray[np.int64]

SECONDS_BACK = 1_020  # before the current minute
HOURS_OF_MINUTES = 500  # 1000 candles of 30 minutes
DAYS_OF_HOURS = 500  # 1000 candles of 12 hours
HISTORY = 1_500  # candles served of each interval
MINUTES = 10_081  # and of minutes: a rolling window may be seven days long
_MONTH_MAX = 31 * DAY
DAYS_BACK = 2_500  # 1000 candles of 3 days together with the hours


class Walk:
    """Candles of one step as columns: start, open, high, low, close (ticks), lots, value, trades."""

    def __init__(self, step: int, columns: Ints) -> None:
        self.step = step
        self.columns = columns


def walks(listing: Listing, start: int, seed: int) -> list[Walk]:
    """The whole history before market time `start`, coarsest step first."""
    rng = np.random.default_rng([seed, *listing.instrument.symbol.encode()])
    end = start // SECOND * SECOND
    seconds = end // MINUTE * MINUTE - SECONDS_BACK * SECOND
    minutes = seconds // HOUR * HOUR - HOURS_OF_MINUTES * HOUR
    hours = minutes // DAY * DAY - DAYS_OF_HOURS * DAY
    spans = [(SECOND, seconds), (MINUTE, minutes), (HOUR, hours), (DAY, hours - DAYS_BACK * DAY)]
    made: list[Walk] = []
    last = float(listing.first_tick)
    for step, first in spans:
        walk = _walk(rng, listing, step, first, (end - first) // step, last)
        made.insert(0, walk)
        end, last = first, float(walk.columns[1, 0])
    return made


def _walk(rng: np.random.Generator, listing: Listing, step: int, first: int, count: int, last: float) -> Walk:
    """`count` candles from `first`, whose last close is `last`."""
    volatility = listing.volatility_now if step == SECOND else 0.0
    sigma = (volatility or listing.volatility) * (step / SECOND) ** 0.5
    moves = rng.normal(0.0, sigma, count)
    path = np.concatenate(([0.0], np.cumsum(moves)))
    ticks = np.maximum(1, np.rint(last * np.exp(path - path[-1]))).astype(np.int64)
    opens, closes = ticks[:-1], ticks[1:]
    reach = np.abs(rng.normal(0.0, 0.4 * sigma, (2, count)))
    highs = np.maximum(np.rint(np.maximum(opens, closes) * np.exp(reach[0])), 1).astype(np.int64)
    lows = np.maximum(np.rint(np.minimum(opens, closes) * np.exp(-reach[1])), 1).astype(np.int64)
    expected = listing.volume * (step / SECOND) / listing.instrument.lot
    lots = np.rint(expected * rng.lognormal(-0.32, 0.8, count)).astype(np.int64)
    trades = np.maximum(1, rng.poisson(step / SECOND * 3, count)) * (lots > 0)
    starts = first + step * np.arange(count, dtype=np.int64)
    value = lots * ((opens + closes) // 2)
    return Walk(step, np.vstack((starts, opens, highs, lows, closes, lots, value, trades)))


class Past:
    """The whole history of one symbol before the market's start."""

    def __init__(self, history: list[Walk]) -> None:
        self._columns = np.concatenate([walk.columns for walk in history], axis=1)
        self._first = {walk.step: int(walk.columns[0, 0]) for walk in history}

    def candles(self, interval: str, until: int, offset: int = 0) -> list[Candle]:
        """Candles of one interval before `until`, oldest first; the last one holds `until`, still open."""
        kept = MINUTES if interval == "1m" else HISTORY
        return self._made(interval, until - (kept + 1) * _longest(interval), until, offset)

    def current(self, interval: str, until: int, offset: int = 0) -> Candle:
        """Only the last one of them."""
        return self._made(interval, until - 2 * _longest(interval), until, offset)[-1]

    def _made(self, interval: str, since: int, until: int, offset: int) -> list[Candle]:
        fine = min(first for step, first in self._first.items() if step <= _longest(interval))
        low, high = np.searchsorted(self._columns[0], (max(since, fine), until))
        columns = self._columns[:, low:high]
        starts = _starts(columns[0], interval, offset)
        whole = starts >= columns[0, 0]  # the oldest candle may lack its beginning
        made = [_candle(interval, offset, numbers) for numbers in _folded(columns[:, whole], starts[whole])]
        if made[-1].end <= until:
            made.append(flat(*span(interval, until, offset), made[-1].close))
        return made


def _longest(interval: str) -> int:
    return _MONTH_MAX if interval == MONTH else INTERVALS[interval]


def _starts(times: Ints, interval: str, offset: int) -> Ints:
    """The start of the candle that holds each of `times`, as `klines.span` tells it."""
    if interval == MONTH:
        months = (times + offset).astype("datetime64[ns]").astype("datetime64[M]")
        return months.astype("datetime64[ns]").astype(np.int64) - offset
    start, end = span(interval, 0, offset)
    return (times - start) // (end - start) * (end - start) + start


def _folded(columns: Ints, starts: Ints) -> list[list[int]]:
    """Columns of one start folded into one row each."""
    edges = np.flatnonzero(np.concatenate(([True], starts[1:] != starts[:-1])))
    lasts = np.concatenate((edges[1:], [len(starts)])) - 1
    table = np.vstack(
        (
            starts[edges],
            columns[1][edges],
            np.maximum.reduceat(columns[2], edges),
            np.minimum.reduceat(columns[3], edges),
            columns[4][lasts],
            np.add.reduceat(columns[5], edges),
            np.add.reduceat(columns[6], edges),
            np.add.reduceat(columns[7], edges),
        )
    )
    rows: list[list[int]] = table.T.tolist()
    return rows


def _candle(interval: str, offset: int, numbers: list[int]) -> Candle:
    start, opened, high, low, close, lots, value, trades = numbers
    end = start + INTERVALS[interval] if interval in INTERVALS else span(interval, start, offset)[1]
    half = lots // 2, value // 2
    return Candle(start, end, opened, high, low, close, lots, value, trades, half[0], half[1], synthetic=True)
