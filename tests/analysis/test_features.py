"""The compiled bundle against the plain classes, bar by bar, and what a bundle promises."""

from __future__ import annotations

import copy
from math import isfinite, nan, sqrt

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.analysis import bundle
from midas.analysis.features import YEAR, BarFeatures, Features
from midas.analysis.indicators import ADX, ATR, EMA, MACD, RSI, SMA, Bollinger, Median, RealisedVolatility
from midas.domain.time import DAY, MINUTE
from tests.analysis.market_series import REAL, Series, bar, random_series, real_series


class SlowFeatures:
    """The same bundle from the plain indicators."""

    def __init__(self, period: int, floor: float = 0.05) -> None:
        self.floor = floor * sqrt(period / YEAR)
        self.fast, self.slow, self.sma, self.rsi, self.macd = EMA(20), EMA(100), SMA(200), RSI(14), MACD()
        self.atr, self.adx, self.bands = ATR(14), ADX(14), Bollinger(20)
        self.rv, self.rv_median, self.atr_median = RealisedVolatility(20), Median(252), Median(252)
        self.close = nan

    def update(self, high: float, low: float, close: float) -> tuple[float, ...]:
        """The float fields of `Features`, in their order."""
        for indicator in (self.fast, self.slow, self.sma, self.rsi, self.macd, self.bands, self.rv):
            indicator.update(close)
        self.atr.update(high, low, close)
        self.adx.update(high, low, close)
        if self.rv.ready:
            self.rv_median.update(self.rv.value)
        if self.atr.ready:
            self.atr_median.update(self.atr.value / close)
        change, self.close = close / self.close - 1.0, close
        directions = (self.adx.plus_di, self.adx.minus_di) if self.atr.ready else (nan, nan)
        return (
            *(
                close,
                change,
                self.fast.value,
                self.slow.value,
                self.sma.value,
                self.rsi.value,
                self.macd.value,
            ),
            *(self.atr.value, self.adx.value, *directions, self.rv.value),
            max(self.rv_median.value, self.floor) if self.rv_median.ready else nan,
            self.atr.value / close / max(self.atr_median.value, self.floor) if self.atr_median.ready else nan,
            self.bands.value,
        )


@pytest.fixture(params=["random", *REAL])
def series(request: pytest.FixtureRequest) -> Series:
    if request.param == "random":
        return random_series(seed=11, length=2000)
    return real_series(request.getfixturevalue("reference_data"), request.param)


def floats(features: Features) -> tuple[float, ...]:
    """The float fields of a bundle."""
    return msgspec.structs.astuple(features)[4:]


def run(features: BarFeatures, series: Series) -> list[Features]:
    """The bundle after each bar."""
    return [features.update(item) for item in series.bars()]


def test_the_kernel_equals_the_plain_indicators(series: Series) -> None:
    slow = SlowFeatures(series.period)
    columns = (series.high.tolist(), series.low.tolist(), series.close.tolist())
    expected = np.array([slow.update(*row) for row in zip(*columns, strict=True)])
    ours = np.array([floats(features) for features in run(BarFeatures(series.period), series)])
    assert np.isfinite(expected[-1]).all()
    np.testing.assert_allclose(ours, expected, rtol=1e-7, atol=1e-9, equal_nan=True)


def test_a_bundle_is_warm_exactly_when_its_last_number_is_known() -> None:
    whole = run(BarFeatures(MINUTE), random_series(seed=12, length=300))
    known = [all(isfinite(value) for value in floats(features)) for features in whole]
    assert known == [features.warm for features in whole]
    assert known.index(True) + 1 == whole[-1].bars_needed == 272


def test_a_longer_average_needs_more_bars() -> None:
    features = BarFeatures(MINUTE, ema_slow=400)
    last = run(features, random_series(seed=12, length=399))[-1]
    assert (features.bars_needed, features.warm, isfinite(last.ema_slow)) == (400, False, False)


@given(seed=st.integers(0, 10_000), cut=st.integers(1, 399))
@settings(max_examples=20, deadline=None)
def test_a_bundle_never_changes_with_what_comes_later(seed: int, cut: int) -> None:
    bars = random_series(seed, 400).bars()
    whole, prefix = BarFeatures(MINUTE), BarFeatures(MINUTE)
    long = [whole.update(item) for item in bars]
    short = [prefix.update(item) for item in bars[:cut]]
    np.testing.assert_array_equal([floats(x) for x in long[:cut]], [floats(x) for x in short])


def test_a_restart_that_replays_the_same_bars_ends_on_the_same_bits() -> None:
    series = random_series(seed=13, length=700)
    first, second = run(BarFeatures(MINUTE), series)[-1], run(BarFeatures(MINUTE), series)[-1]
    assert first == second


def test_a_copy_made_midway_goes_on_identically() -> None:
    bars = random_series(seed=14, length=600).bars()
    features = BarFeatures(MINUTE)
    for item in bars[:300]:
        features.update(item)
    twin = copy.deepcopy(features)
    assert [features.update(x) for x in bars[300:]] == [twin.update(x) for x in bars[300:]]


def test_a_restart_from_a_shorter_history_forgets_its_seeds() -> None:
    bars = random_series(seed=15, length=2000).bars()
    long, short = BarFeatures(MINUTE), BarFeatures(MINUTE)
    for item in bars:
        after = long.update(item)
    for item in bars[-1000:]:
        again = short.update(item)
    assert floats(again) == pytest.approx(floats(after), rel=1e-6, abs=1e-6)


def test_a_market_that_stood_still_does_not_panic_at_its_first_tick() -> None:
    features = BarFeatures(MINUTE)
    for place in range(400):
        features.update(bar(MINUTE, place, 100.0, 100.0, 100.0))
    last = features.update(bar(MINUTE, 400, 100.001, 100.0, 100.001))
    assert last.rv20_median == pytest.approx(0.05 * sqrt(MINUTE / YEAR))
    assert last.volatility_ratio < 1.0
    assert last.atr_ratio < 1.0


def test_what_is_normal_at_least_is_of_the_instruments_own_year() -> None:
    shares = BarFeatures(DAY, year=252 * DAY)
    for place in range(300):
        last = shares.update(bar(DAY, place, 100.0, 100.0, 100.0))
    assert last.rv20_median == pytest.approx(0.05 / sqrt(252))


def test_the_distance_from_the_long_average_is_a_share_of_it() -> None:
    features = Features(time=1, period=DAY, bars_seen=1, bars_needed=1, close=100.0, rv20=0.02, sma200=80.0)
    assert features.price_over_sma == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("high", "low", "close"),
    [(nan, 9, 10), (11, nan, 10), (11, 9, nan), (9, 11, 10), (11, 9, 12), (11, 0, 10), (float("inf"), 9, 10)],
)
def test_an_impossible_bar_is_our_own_mistake(high: float, low: float, close: float) -> None:
    features = BarFeatures(MINUTE)
    with pytest.raises(AssertionError, match="impossible bar"):
        features.update(bar(MINUTE, 0, high, low, close))
    assert features.bars_seen == 0


def test_a_bar_of_another_period_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError, match="expected bars of"):
        BarFeatures(MINUTE).update(bar(DAY, 0, 11.0, 9.0, 10.0))


def test_the_kernels_outputs_are_the_float_fields_in_order() -> None:
    assert len(Features.__struct_fields__) - 4 == bundle.OUTPUTS
    last = run(BarFeatures(MINUTE), random_series(seed=16, length=300))[-1]
    assert Features.__struct_fields__[4 + bundle.ATR_RATIO] == "atr_ratio"
    assert Features.__struct_fields__[4 + bundle.BOLLINGER_Z] == "bollinger_z"
    assert 0.0 <= last.rsi14 <= 100.0
