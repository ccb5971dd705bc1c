"""Kline intervals: Binance's names and their nanoseconds, for who asks and for who serves."""

from __future__ import annotations

from midas.domain.time import DAY, HOUR, MINUTE, SECOND
from midas.errors import ConfigInvalid

# Those that begin at a multiple of themselves; a bar of ours may have any of them.
PERIODS = {
    "1s": SECOND,
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "6h": 6 * HOUR,
    "8h": 8 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
}
INTERVALS = PERIODS | {"3d": 3 * DAY, "1w": 7 * DAY}
NAMES = {period: name for name, period in PERIODS.items()}


def interval(period: int) -> str:
    """The venue's name of `period` nanoseconds. Raises ConfigInvalid where it has none."""
    if period not in NAMES:
        raise ConfigInvalid(f"Binance has no bars of {period / SECOND:g} s; it has {', '.join(PERIODS)}")
    return NAMES[period]
