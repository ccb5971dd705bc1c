"""Chances that strategies stated, what became of them, and whether they are still believed: values."""

from __future__ import annotations

from math import nan

import msgspec


class CalibrationRules(msgspec.Struct, frozen=True, kw_only=True):
    """When stated chances are doubted, and trusted again; gaps are shares of 1."""

    window_days: int = 30
    gap: float = 0.15  # hit rate below the forecasts
    effective_min: float = 30.0  # independent trades, below which nothing is said
    z_trigger: float = -2.5
    z_release: float = -1.0
    release_days: int = 5  # in a row, with z above the release


class Claim(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A signal's stated chance of winning, waiting for the market's word.

    With `gain` and `loss` it is won where the price reaches the gain before the loss; what neither has
    happened to when it is due, and what states neither, is won where the price stands on its side.
    """

    strategy: str
    instrument: str
    direction: int  # 1 or -1
    probability: float
    gain: float  # fraction of price; 0: not stated
    loss: float
    price: float  # the mid that it was said at
    time: int  # market time
    due: int  # market time
    at: int  # wall time
    acted: bool  # it led to a position to work for


class Decided(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One outcome of the window."""

    strategy: str
    instrument: str
    day: int  # of the account, on which it was decided
    forecast: float  # the stated chance
    won: bool
    acted: bool
    since: int  # market time of the claim
    until: int  # market time of its outcome


class Gap(msgspec.Struct, frozen=True):
    """Forecasts of the window against what happened."""

    count: int
    effective: float  # independent trades that they are worth
    hits: int
    expected: float  # hits, the sum of the forecasts
    z: float  # (hits - expected) / sqrt(sum p (1 - p)), of the effective number; NaN where nothing is open

    @property
    def difference(self) -> float:
        """Hit rate less mean forecast, below 0 where too much was promised; NaN without trades."""
        return (self.hits - self.expected) / self.count if self.count else nan


class Monitor(msgspec.Struct, frozen=True):
    """What is carried from day to day."""

    degraded: bool = False
    calm_days: int = 0  # in a row, with z above the release
    last_day: int | None = None  # that was counted
    dry_days: int = 0  # in a row, with too few outcomes in the window to tell


NOTHING = Gap(0, 0.0, 0, 0.0, nan)
