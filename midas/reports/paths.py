"""What was held of each instrument at every close, and what it had brought until then."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from midas.backtest.series import Bars, Floats, Times
from midas.domain.decision import FillBooked
from midas.domain.time import DAY


class Path(msgspec.Struct, frozen=True):
    """Of one instrument, a value for each time of the run."""

    value: Floats  # of what is held, at the last close
    profit: Floats  # so far, after fees


def path(bars: Bars, fills: Sequence[FillBooked], times: Times) -> Path:
    """A fill counts from the bar in which it was made; nothing is known before the first close."""
    mine = [fill for fill in fills if fill.instrument == bars.instrument.id]
    places = np.searchsorted(times, np.array([f.market_time for f in mine], np.int64), side="right")
    signed = np.array([float(f.quantity) * f.side.sign for f in mine])
    paid = np.array([float(f.quantity * f.price) * f.side.sign + float(f.fee) for f in mine])
    held, spent = np.zeros(len(times) + 1), np.zeros(len(times) + 1)
    np.add.at(held, places, signed)
    np.add.at(spent, places, paid)
    value = np.cumsum(held)[:-1] * marks(bars, times)
    return Path(value, value - np.cumsum(spent)[:-1])


def marks(bars: Bars, times: Times) -> Floats:
    """The last close at each time; 0 before the first."""
    known = np.searchsorted(bars.time, times, side="right") - 1
    return np.where(known >= 0, bars.close[np.maximum(known, 0)], 0.0)


def bought(series: Sequence[Bars], times: Times, cash: float, cost: float) -> Floats:
    """An equal part of the money in each instrument from its first close on; `cost` a fraction, paid once."""
    share = cash / max(1, len(series))
    total = np.zeros(len(times))
    for bars in series:
        prices = marks(bars, times)
        total += np.where(prices > 0.0, share * (1.0 - cost) * prices / bars.close[0], share)
    return total


def fallen(equity: Floats, cash: float) -> Floats:
    """How far below its peak each value lies, 0 or negative; what it began with is the first peak."""
    peaks = np.maximum(np.maximum.accumulate(equity), cash) if len(equity) else equity
    return np.maximum(equity / peaks - 1.0, -1.0) if cash > 0.0 else np.zeros(len(equity))


def daily(times: Times, values: Floats) -> tuple[Times, Floats]:
    """The last value of each day (cut at midnight UTC) and when that day ends; empty days are carried on.

    A bar that closes at midnight belongs to the day that ends there.
    """
    if not len(times):
        return times, values
    day = (times - 1) // DAY
    last = np.flatnonzero(np.append(np.diff(day) > 0, True))
    every = np.arange(day[0], day[-1] + 1)
    place = np.searchsorted(day[last], every, side="right") - 1
    return (every + 1) * DAY, values[last][place]
