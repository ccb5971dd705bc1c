"""When a market is closed as usual, told from its days alone: weekends, and a holiday or two."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from midas.domain.time import DAY

TRADING_WEEK = 0.5  # share of weekends without a candle from which on the market is taken to close then
HOLIDAYS = 2  # weekdays in a row that such a market may close without anybody missing them

Counts = NDArray[np.int64]


def weekdays_missing(opens: Counts, period: int) -> Counts | None:
    """After each candle but the last: weekdays without one; None for a market that is open at weekends."""
    if period != DAY or len(opens) < 2:
        return None
    days = (opens // DAY).astype("datetime64[D]")
    missing: Counts = np.busday_count(days[:-1] + 1, days[1:])
    weekends = int(np.sum(np.diff(opens) // DAY - 1 > missing))
    return missing if weekends > TRADING_WEEK * (opens[-1] - opens[0]) / (7 * DAY) else None


def unusual(opens: Counts, period: int) -> NDArray[np.bool_]:
    """Whether candles are missing after each one but the last, that nobody expects to be missing."""
    missing = weekdays_missing(opens, period)
    return np.diff(opens) > period if missing is None else missing > HOLIDAYS
