"""Every incremental indicator in one import: `update(...)` per bar, `value` (NaN until warm), `ready`.

These plain classes serve plugins and are the slow reference of `bundle`, which computes the bundle
that each instrument needs on each bar in one compiled call.
"""

from __future__ import annotations

from midas.analysis.oscillators import RSI, Stochastic
from midas.analysis.rolling import SMA, Deviation, Extreme, Median, Rolling
from midas.analysis.trend import ADX, EMA, MACD, Wilder
from midas.analysis.volatility import (
    ATR,
    Bollinger,
    EwmaVolatility,
    RealisedVolatility,
    annualised,
    decay_of,
)
from midas.analysis.volume import OBV, VWAP

__all__ = [
    "ADX",
    "ATR",
    "EMA",
    "MACD",
    "OBV",
    "RSI",
    "SMA",
    "VWAP",
    "Bollinger",
    "Deviation",
    "EwmaVolatility",
    "Extreme",
    "Median",
    "RealisedVolatility",
    "Rolling",
    "Stochastic",
    "Wilder",
    "annualised",
    "decay_of",
]
