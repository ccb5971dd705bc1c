"""Forms that take one observation at a time and stay exact: moments, EWMA variance, drawdown.

Each takes a value and gives a new state back, so what a journal carries can go on where it stood.
"""

from __future__ import annotations

from math import isfinite, log, nan, sqrt

import msgspec

REMOVALS_MAX = 10_000  # after as many the drift of a sliding window is worth computing it anew


class Moments(msgspec.Struct, frozen=True):
    """Mean and variance of a stream (Welford 1962); exact where sum of squares loses all digits."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0  # sum of squared distances from the mean
    removals: int = 0

    @property
    def variance(self) -> float:
        """The sample variance, ddof 1; NaN below two values."""
        return max(self.squares, 0.0) / (self.count - 1) if self.count > 1 else nan

    @property
    def deviation(self) -> float:
        """The sample standard deviation; NaN below two values."""
        return sqrt(self.variance) if self.count > 1 else nan

    @property
    def stale(self) -> bool:
        """Whether a sliding window should be computed anew from its values."""
        return self.removals >= REMOVALS_MAX

    def add(self, value: float) -> Moments:
        """With one more value; a NaN makes everything NaN."""
        count = self.count + 1
        distance = value - self.mean
        centre = self.mean + distance / count
        return Moments(count, centre, self.squares + distance * (value - centre), self.removals)

    def remove(self, value: float) -> Moments:
        """Without `value`, which must have been added before."""
        assert self.count > 0, "there is no value to remove"
        if self.count == 1:
            return Moments()
        count = self.count - 1
        distance = value - self.mean
        centre = self.mean - distance / count
        return Moments(count, centre, self.squares - distance * (value - centre), self.removals + 1)

    def merge(self, other: Moments) -> Moments:
        """Of both streams together (Chan et al. 1979)."""
        count = self.count + other.count
        if not count:
            return self
        distance = other.mean - self.mean
        share = other.count / count
        squares = self.squares + other.squares + distance * distance * self.count * share
        return Moments(count, self.mean + distance * share, squares, self.removals + other.removals)


def ewma_variance(before: float, log_return: float, decay: float) -> float:
    """lambda v + (1 - lambda) r^2 about a mean of zero, of one period; NaN in, NaN out."""
    assert 0.0 <= decay < 1.0, f"expected a decay within [0, 1), got {decay}"
    return decay * before + (1.0 - decay) * log_return**2


def decay_of(half_life: float) -> float:
    """The lambda that halves a weight in `half_life` periods."""
    assert half_life > 0.0, f"expected a positive half-life, got {half_life}"
    return float(0.5 ** (1.0 / half_life))


def half_life_of(decay: float) -> float:
    """After how many periods `decay` has halved a weight: 11.2 for RiskMetrics' .94."""
    assert 0.0 < decay < 1.0, f"expected a decay within (0, 1), got {decay}"
    return log(0.5) / log(decay)


def effective_count(decay: float) -> float:
    """As many equally weighted observations know as much: (1 + lambda) / (1 - lambda)."""
    assert 0.0 <= decay < 1.0, f"expected a decay within [0, 1), got {decay}"
    return (1.0 + decay) / (1.0 - decay)


class Drawdown(msgspec.Struct, frozen=True):
    """The fall below the peak so far. The first peak is the initial capital, not the first value seen."""

    peak: float
    now: float = 0.0  # fraction of the peak, 0 or negative
    worst: float = 0.0

    def see(self, value: float) -> Drawdown:
        """With one more value of the curve; one that isn't known changes nothing but `now`."""
        assert self.peak > 0.0, f"expected a positive initial capital, got {self.peak}"
        if not isfinite(value):
            return Drawdown(self.peak, nan, self.worst)
        peak = max(self.peak, value)
        fall = value / peak - 1.0
        return Drawdown(peak, fall, min(self.worst, fall))
