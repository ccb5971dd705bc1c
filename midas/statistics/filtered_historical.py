"""Filtered historical simulation (Barone-Adesi, Giannopoulos & Vosper 1999), the default of midas.

Every return is divided by the volatility that was forecast for it; what remains is nearly of one size in
calm and in storm. Its empirical quantile times today's forecast is the VaR. The filter is the EWMA of
RiskMetrics (1996), but quicker: v = decay v + (1 - decay) r^2, seeded with the mean square of the first
returns.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Sequence
from math import fsum, isfinite, nan, sqrt

from midas.statistics.online import ewma_variance
from midas.statistics.value_at_risk import TailRisk, lacking, least_returns, tail, unknown

METHOD = "filtered historical"
# Half-life 6.6 periods. With RiskMetrics' .94 exceptions cluster: conditional coverage at 95 % held in 78 %
# of 80 generated assets, with .90 in 91 %; in ten stretches of eight years of S&P 500, Nasdaq and WTI in 6
# and in 8.
DECAY = 0.90
WARM_UP = 20  # returns that only seed the filter
WINDOW = 1_000  # residuals kept: ten beyond 99 %
STILL = 1e-24  # a variance below is rounding dust: a price that stands has no scale


class Filter:
    """The EWMA variance that is forecast for the next return, NaN until warm."""

    __slots__ = ("_seeds", "decay", "variance", "warm_up")

    def __init__(self, decay: float = DECAY, warm_up: int = WARM_UP) -> None:
        assert 0.0 < decay < 1.0, f"expected a decay between 0 and 1, got {decay}"
        assert warm_up >= 1, f"expected at least one return to start from, got {warm_up}"
        self.decay = decay
        self.warm_up = warm_up
        self.variance = nan
        self._seeds: list[float] = []

    @property
    def volatility(self) -> float:
        """Standard deviation forecast for the next return; NaN until warm, 0 where nothing moves."""
        return sqrt(self.variance) if self.variance != self.variance or self.variance > STILL else 0.0

    def update(self, value: float) -> float:
        """Take one return; gives its residual, NaN while warming up or at the first move after long rest."""
        assert isfinite(value), f"expected a finite return, got {value}"
        if self.variance != self.variance:
            self._seeds.append(value * value)
            if len(self._seeds) == self.warm_up:
                self.variance = fsum(self._seeds) / self.warm_up
                self._seeds = []
            return nan
        if self.variance > STILL:
            residual = value / sqrt(self.variance)
        else:
            residual = nan if value else 0.0  # against no scale a move has no size
        self.variance = ewma_variance(self.variance, value, self.decay)
        return residual


class FilteredHistorical:
    """VaR and ES of the next period, kept up return by return in O(log window)."""

    __slots__ = ("_filter", "_losses", "_ring", "window")

    def __init__(self, decay: float = DECAY, window: int = WINDOW, warm_up: int = WARM_UP) -> None:
        assert window >= 1, f"a window holds at least one residual, got {window}"
        self.window = window
        self._filter = Filter(decay, warm_up)
        self._ring: deque[float] = deque()
        self._losses: list[float] = []  # the same, in ascending order

    @property
    def volatility(self) -> float:
        """Standard deviation forecast for the next return."""
        return self._filter.volatility

    @property
    def losses(self) -> Sequence[float]:
        """Residual losses of the window in ascending order, in standard deviations."""
        return self._losses

    def update(self, value: float) -> None:
        """Take one simple return."""
        residual = self._filter.update(value)
        if residual != residual:
            return
        if len(self._ring) == self.window:
            del self._losses[bisect_left(self._losses, self._ring.popleft())]
        self._ring.append(-residual)
        insort(self._losses, -residual)

    def forecast(self, alpha: float = 0.95, least: int | None = None) -> TailRisk:
        """For the next period; unknown below `least` residuals, by default five expected beyond the level."""
        needed = least_returns(alpha) if least is None else least
        if len(self._losses) < max(needed, 1):
            have = len(self._losses)
            return unknown(METHOD, f"{have} filtered returns, at least {max(needed, 1)} are needed")
        return tail(self._losses, alpha, METHOD, self.volatility)


def filtered_historical(
    returns: Sequence[float],
    alpha: float = 0.95,
    decay: float = DECAY,
    window: int = WINDOW,
    least: int | None = None,
) -> TailRisk:
    """The forecast after these returns, oldest first."""
    if (reason := lacking(returns, 1)) is not None:
        return unknown(METHOD, reason)
    return filtered(returns, decay, window).forecast(alpha, least)


def filtered(returns: Iterable[float], decay: float = DECAY, window: int = WINDOW) -> FilteredHistorical:
    """The simulation after these returns, oldest first."""
    made = FilteredHistorical(decay, window)
    for value in returns:
        made.update(value)
    return made


def residuals(returns: Iterable[float], decay: float = DECAY) -> tuple[list[float], float]:
    """What the filter leaves of each return (NaN while warming up), and the volatility after them."""
    own = Filter(decay)
    left = [own.update(value) for value in returns]
    return left, own.volatility
