"""When a market is closed as usual, told from its days alone: weekends, and a holiday or two."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from midas.domain.time import DAY
from midas.statistics.conventions import PERIODS, AssetClass

TRADING_WEEK = 0.5  # share of weekends without a candle from which on the market is taken to close then
HOLIDAYS = 2  # weekdays in a row that such a market may close without anybody missing them
LONGEST = 4 * DAY  # of a weekend with a holiday at one end
SESSIONS = PERIODS[AssetClass.EQUITY]  # a year of such a market

Counts = NDArray[np.int64]


def weekdays_missing(opens: Counts, period: int) -> Counts | None:
    """After each candle but the last: weekdays without one; None for a market that is open at weekends."""
    if period != DAY or len(opens) < 2:
        return None
    days = (opens // DAY).astype("datetime64[D]")
    missing: Counts = np.busday_count(days[:-1] + 1, days[1:])
    weekends = int(np.sum(np.diff(opens) // DAY - 1 > missing))
    return missing if weekends > TRADING_WEEK * (opens[-1] - opens[0]) / (7 * DAY) else None


def weekends(opens: Counts, period: int) -> NDArray[np.bool_]:
    """After each candle but the last: whether a weekend follows, of a market that closes at most of them.

    One that trades all the time has holes at weekends like any others.
    """
    ended, begins = opens[:-1] + period, opens[1:]
    # Day 0 of the epoch was a Thursday; 0 is a Monday here. Currencies open on Sunday evening.
    last, first, closed = ((ended - 1) // DAY + 3) % 7, (begins // DAY + 3) % 7, begins - ended
    found = np.isin(last, (4, 5)) & np.isin(first, (6, 0)) & (closed >= DAY) & (closed < LONGEST)
    usual = np.sum(found) > TRADING_WEEK * (opens[-1] - opens[0]) / (7 * DAY)
    return found if usual else np.zeros(len(found), np.bool_)


def unusual(opens: Counts, period: int) -> NDArray[np.bool_]:
    """Whether candles are missing after each one but the last, that nobody expects to be missing."""
    missing = weekdays_missing(opens, period)
    if missing is not None:
        return missing > HOLIDAYS
    return (np.diff(opens) > period) & ~weekends(opens, period)


def year(opens: Counts, period: int) -> int | None:
    """Nanoseconds of trading in a year, of a market that closes at weekends; None for one that doesn't.

    Of candles shorter than a day: as many as half of its days have, in each of its sessions.
    """
    if weekdays_missing(opens, period) is None and not weekends(opens, period).any():
        return None
    _, candles = np.unique(opens // DAY, return_counts=True)
    return SESSIONS * round(float(np.median(candles))) * period
