"""Volatility indicators: ATR, Bollinger bands, realised and exponentially weighted volatility."""

from __future__ import annotations

from math import isfinite, log, nan, sqrt

from midas.analysis.rolling import Deviation, Rolling
from midas.analysis.trend import Wilder, true_range
from midas.domain.time import DAY


class ATR(Rolling):
    """Average true range (Wilder 1978), in price units; ready after n + 1 bars (the first has no range)."""

    __slots__ = ("_average", "_close")

    def __init__(self, n: int = 14) -> None:
        super().__init__()
        self._average = Wilder(n)
        self._close = nan

    def update(self, high: float, low: float, close: float) -> None:
        """Take one bar."""
        assert isfinite(high + low + close), f"expected a finite bar, got {high}, {low}, {close}"
        if isfinite(self._close):
            self._average.update(true_range(high, low, self._close))
            self.value = self._average.value
        self._close = close


class Bollinger(Rolling):
    """Bollinger bands (2001): mean of `n` closes +- `width` population deviations.

    `value` is z, how many deviations the last close lies above the mean; 0 where nothing moves.
    """

    __slots__ = ("_deviation", "width")

    def __init__(self, n: int = 20, width: float = 2.0) -> None:
        super().__init__()
        self.width = width
        self._deviation = Deviation(n, ddof=0)

    @property
    def middle(self) -> float:
        """The mean, in price units."""
        return self._deviation.mean

    @property
    def upper(self) -> float:
        """The upper band, in price units."""
        return self.middle + self.width * self._deviation.value

    @property
    def lower(self) -> float:
        """The lower band, in price units."""
        return self.middle - self.width * self._deviation.value

    def update(self, close: float) -> None:
        """Take one close."""
        self._deviation.update(close)
        if self._deviation.ready:
            self.value = standard_score(close, self.middle, self._deviation.value)


class RealisedVolatility(Rolling):
    """Sample deviation of the last `n` log returns, per bar (not annualised); ready after n + 1 closes."""

    __slots__ = ("_close", "_deviation")

    def __init__(self, n: int = 20) -> None:
        super().__init__()
        self._deviation = Deviation(n)
        self._close = nan

    def update(self, close: float) -> None:
        """Take one positive close."""
        assert 0.0 < close < float("inf"), f"expected a positive price, got {close}"
        if isfinite(self._close):
            self._deviation.update(log(close / self._close))
            self.value = self._deviation.value
        self._close = close


class EwmaVolatility(Rolling):
    """RiskMetrics (1996) volatility of zero-mean returns, per bar: v = decay v + (1 - decay) r^2.

    Seeded with the first squared return, or with `variance`; ready once as many returns have come as
    its effective sample, (1 + decay) / (1 - decay), or at once where it was given a seed.
    """

    __slots__ = ("_left", "decay", "variance")

    def __init__(self, decay: float = 0.94, variance: float = nan) -> None:
        assert 0.0 < decay < 1.0, f"expected a decay between 0 and 1, got {decay}"
        super().__init__()
        self.decay = decay
        self.variance = variance
        self._left = 0 if isfinite(variance) else round((1.0 + decay) / (1.0 - decay))

    def update(self, log_return: float) -> None:
        """Take one log return."""
        assert isfinite(log_return), f"expected a finite return, got {log_return}"
        square = log_return * log_return
        if isfinite(self.variance):
            self.variance = self.decay * self.variance + (1.0 - self.decay) * square
        else:
            self.variance = square
        self._left = max(self._left - 1, 0)
        if self._left == 0:
            self.value = sqrt(self.variance)


def decay_of(half_life: float) -> float:
    """The decay whose weight halves after `half_life` bars: 0.5^(1 / half_life)."""
    return float(0.5 ** (1.0 / half_life))


def annualised(per_bar: float, period: int, days: int = 365) -> float:
    """A volatility per bar of `period` nanoseconds, per year of `days` trading days of 24 hours."""
    return per_bar * sqrt(days * DAY / period)


def standard_score(value: float, mean: float, deviation: float) -> float:
    """How many deviations `value` lies above the mean; 0 where there is no deviation."""
    # A flat window leaves rounding dust, not exactly zero.
    return (value - mean) / deviation if deviation > 1e-12 * abs(mean) else 0.0
