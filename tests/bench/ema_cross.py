"""The strategy of P1: the fast average above the slow one holds, below it holds nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from midas.api import Briefing, Columns, Family, Hears, MarketView, Opinion, Urgency

LONG = Opinion(direction=1.0, confidence=1.0, urgency=Urgency.AGGRESSIVE, reason="fast above slow")
FLAT = Opinion(direction=0.0, confidence=1.0, urgency=Urgency.AGGRESSIVE, reason="fast below slow")


class CrossParameters(msgspec.Struct, frozen=True):
    """Spans in bars."""

    fast: int = 20
    slow: int = 100
    first: int = 2_000  # the bar, counted from 0, from which on it speaks


class EmaCross:
    """Speaks where the side changes."""

    name: ClassVar[str] = "ema-cross"
    family: ClassVar[Family] = Family.TREND_FOLLOWING
    hears: ClassVar[str] = Hears.BAR
    trades_unknown: ClassVar[bool] = True
    unaided: ClassVar[bool] = True
    Parameters: ClassVar[type[msgspec.Struct]] = CrossParameters

    def __init__(self, parameters: CrossParameters) -> None:
        self._alphas = 2.0 / (parameters.fast + 1), 2.0 / (parameters.slow + 1)
        self._first = parameters.first
        self._seen = 0
        self._fast = self._slow = 0.0
        self._long = False

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        """Hold or not; None while the side stays."""
        close = market.bars[-1].close
        if not self._seen:
            self._fast = self._slow = close
        alpha, beta = self._alphas
        self._fast = fast = self._fast + alpha * (close - self._fast)
        self._slow = slow = self._slow + beta * (close - self._slow)
        self._seen += 1
        if self._seen <= self._first or (fast > slow) is self._long:
            return None
        self._long = not self._long
        return LONG if self._long else FLAT

    def listen(self, bars: Columns) -> int:
        """Up to the first candle at which the side changes."""
        if not self._seen and len(bars):
            self._fast = self._slow = float(bars.close[0])
        mute, alphas = max(0, self._first - self._seen), self._alphas
        heard, self._fast, self._slow = silent(bars.close, mute, self._fast, self._slow, *alphas, self._long)
        self._seen += heard
        return heard

    @classmethod
    def wanted(cls, parameters: Sequence[CrossParameters], bars: Columns) -> NDArray[np.bool_]:
        """The same over arrays, thirty-two parameters at a time."""
        count = len(parameters)
        lanes = np.zeros((2, -(-count // LANES) * LANES))
        lanes[0, :count] = [2.0 / (each.fast + 1) for each in parameters]
        lanes[1, :count] = [2.0 / (each.slow + 1) for each in parameters]
        found = np.empty((len(bars), count), np.bool_)
        for first in range(0, count, LANES):
            crossed(bars.close, lanes[:, first : first + LANES], found[:, first : first + LANES])
        for place, each in enumerate(parameters):
            found[: each.first, place] = False
        return found.T


LANES = 32


@njit(cache=True)
def silent(
    close: NDArray[np.float64], mute: int, fast: float, slow: float, alpha: float, beta: float, long: bool
) -> tuple[int, float, float]:
    """How many candles pass before the side changes after the first `mute`, and both averages then."""
    for i in range(len(close)):
        quick, lasting = fast + alpha * (close[i] - fast), slow + beta * (close[i] - slow)
        if i >= mute and (quick > lasting) != long:
            return i, fast, slow
        fast, slow = quick, lasting
    return len(close), fast, slow


@njit(cache=True)
def crossed(close: NDArray[np.float64], alphas: NDArray[np.float64], found: NDArray[np.bool_]) -> None:
    """Each addition waits for the one before: thirty-two side by side take little longer than one."""
    fast, slow = np.full(LANES, close[0]), np.full(LANES, close[0])
    for i in range(len(close)):
        price = close[i]
        for k in range(LANES):
            fast[k] += alphas[0, k] * (price - fast[k])
            slow[k] += alphas[1, k] * (price - slow[k])
        for k in range(found.shape[1]):
            found[i, k] = fast[k] > slow[k]
