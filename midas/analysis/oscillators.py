"""Bounded oscillators: RSI and the stochastic. Both are 50, neutral, where nothing moves."""

from __future__ import annotations

from math import isfinite, nan

from midas.analysis.rolling import SMA, Extreme, Rolling
from midas.analysis.trend import Wilder


class RSI(Rolling):
    """Relative strength index (Wilder 1978), 0 to 100; ready after n + 1 closes."""

    __slots__ = ("_close", "_gain", "_loss")

    def __init__(self, n: int = 14) -> None:
        super().__init__()
        self._gain = Wilder(n)
        self._loss = Wilder(n)
        self._close = nan

    def update(self, close: float) -> None:
        """Take one close."""
        assert isfinite(close), f"expected a finite close, got {close}"
        if isfinite(self._close):
            change = close - self._close
            self._gain.update(max(change, 0.0))
            self._loss.update(max(-change, 0.0))
            if self._gain.ready:
                self.value = share(self._gain.value, self._gain.value + self._loss.value)
        self._close = close


class Stochastic(Rolling):
    """Slow stochastic (Lane), 0 to 100: `value` is the smoothed %K, `d` its average.

    Raw %K is where the close lies between the lowest low and the highest high of `n` bars.
    """

    __slots__ = ("_d", "_high", "_k", "_low")

    def __init__(self, n: int = 14, smooth: int = 3, signal: int = 3) -> None:
        super().__init__()
        self._high = Extreme(n, 1)
        self._low = Extreme(n, -1)
        self._k = SMA(smooth)
        self._d = SMA(signal)

    @property
    def d(self) -> float:
        """%D: the average of %K."""
        return self._d.value

    def update(self, high: float, low: float, close: float) -> None:
        """Take one bar."""
        self._high.update(high)
        self._low.update(low)
        if not self._high.ready:
            return
        self._k.update(share(close - self._low.value, self._high.value - self._low.value))
        if self._k.ready:
            self.value = self._k.value
            self._d.update(self.value)


def share(part: float, whole: float) -> float:
    """100 * part / whole, and 50 where there is no whole."""
    return 100.0 * part / whole if whole > 0.0 else 50.0
