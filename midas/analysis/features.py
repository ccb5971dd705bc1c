"""What the analysts know about one instrument after each bar of one period."""

from __future__ import annotations

from math import nan, sqrt
from typing import TYPE_CHECKING

import msgspec

from midas.domain.market import Bar
from midas.domain.time import DAY
from midas.state.lazy import when_used

if TYPE_CHECKING:
    from midas.analysis import bundle
else:
    bundle = when_used("midas.analysis.bundle")

YEAR = 365 * DAY  # crypto trades all day, every day; nanoseconds


class Features(msgspec.Struct, frozen=True, gc=False):
    """The bundle as of one closed bar; a float is NaN until its window is full.

    Prices and ATR are in price units, volatilities are deviations of log returns per bar.
    """

    time: int  # close of the bar, market time
    period: int  # nanoseconds
    bars_seen: int
    bars_needed: int
    close: float
    return_1: float = nan  # simple return of the last bar
    ema_fast: float = nan
    ema_slow: float = nan
    sma200: float = nan
    rsi14: float = nan  # 0 to 100
    macd_histogram: float = nan  # 12, 26, 9
    atr14: float = nan
    adx14: float = nan  # 0 to 100
    plus_di: float = nan  # 0 to 100
    minus_di: float = nan  # 0 to 100
    rv20: float = nan
    rv20_median: float = nan  # of the last 252 bars, never below the floor
    atr_ratio: float = nan  # ATR / close over its own median of 252 bars: 1 is normal
    bollinger_z: float = nan  # deviations above the mean of 20 closes

    @property
    def warm(self) -> bool:
        """Whether every window is full."""
        return self.bars_seen >= self.bars_needed

    @property
    def price_over_sma(self) -> float:
        """close / SMA200 - 1."""
        return self.close / self.sma200 - 1.0

    @property
    def volatility_ratio(self) -> float:
        """RV20 over its own trailing median: 1 is normal for this instrument and period."""
        return self.rv20 / self.rv20_median


class BarFeatures:
    """The features of one (instrument, period), one compiled call per bar.

    `floor` is the lowest annual volatility taken for normal, so that a market that stood still
    doesn't make its first tick look like a crisis; `year` is how long it trades in one.
    """

    def __init__(
        self, period: int, ema_fast: int = 20, ema_slow: int = 100, floor: float = 0.05, year: int = YEAR
    ) -> None:
        assert period > 0, f"a bar lasts longer than {period} ns"
        assert 0 < ema_fast < ema_slow, f"expected fast < slow, got {ema_fast} and {ema_slow}"
        self.period = period
        self.bars_seen = 0
        self.bars_needed = max(ema_slow, bundle.SMA_N, bundle.MEDIAN_N + bundle.RV_N)
        self._memory = bundle.fresh(ema_fast, ema_slow, floor * sqrt(period / year))
        self._latest: Features | None = None

    @property
    def latest(self) -> Features | None:
        """The features as of the last bar, where there was one."""
        return self._latest

    @property
    def warm(self) -> bool:
        """Whether every window is full."""
        return self.bars_seen >= self.bars_needed

    def update(self, bar: Bar) -> Features:
        """Take the next closed bar."""
        # Comparisons with NaN are false: this refuses NaN, infinity and prices out of order at once.
        assert 0.0 < bar.low <= bar.close <= bar.high < float("inf"), f"impossible bar {bar}"
        assert bar.period == self.period, f"expected bars of {self.period} ns, got {bar.period}"
        bundle.update(self._memory, bar.high, bar.low, bar.close)
        self.bars_seen += 1
        known = self._memory[: bundle.OUTPUTS].tolist()
        self._latest = Features(bar.time, self.period, self.bars_seen, self.bars_needed, *known)
        return self._latest
