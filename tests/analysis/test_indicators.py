"""Every plain indicator against TA-Lib, the reference numbers of Wilder and Welford, and its own rules."""

from __future__ import annotations

import copy
from collections.abc import Callable
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.analysis.indicators import (
    ADX,
    ATR,
    EMA,
    MACD,
    OBV,
    RSI,
    SMA,
    VWAP,
    Bollinger,
    Deviation,
    EwmaVolatility,
    Extreme,
    Median,
    RealisedVolatility,
    Stochastic,
    Wilder,
    annualised,
    decay_of,
)
from midas.domain.time import DAY, HOUR
from tests.analysis.market_series import REAL, Column, Series, random_series, real_series

HIGH = [10, 11, 12, 11.5, 12.5, 13, 12.8, 13.5, 14, 13.2]
LOW = [9, 9.8, 10.9, 10.6, 11.2, 12, 11.7, 12.4, 13, 12.1]
CLOSE = [9.5, 10.8, 11.5, 11, 12.3, 12.6, 12, 13.3, 13.5, 12.4]

ON_CLOSE: dict[str, Callable[[], Any]] = {
    "EMA": lambda: EMA(10),
    "SMA": lambda: SMA(10),
    "RSI": lambda: RSI(14),
    "MACD": MACD,
    "Bollinger": Bollinger,
    "Deviation": lambda: Deviation(20),
    "RealisedVolatility": RealisedVolatility,
    "Median": lambda: Median(21),
    "Extreme": lambda: Extreme(12, -1),
    "Wilder": lambda: Wilder(7),
    "EwmaVolatility": lambda: EwmaVolatility(0.8),
}
ON_BAR: dict[str, Callable[[], Any]] = {"ATR": ATR, "ADX": lambda: ADX(5), "Stochastic": Stochastic}


@pytest.fixture(params=["random", *REAL])
def series(request: pytest.FixtureRequest) -> Series:
    if request.param == "random":
        return random_series(seed=7, length=1500)
    return real_series(request.getfixturevalue("reference_data"), request.param)


def seeded_average(column: Column, n: int) -> Column:
    """TA-Lib's EMA seeded with the first value: it takes a mean of `n`, so it gets that many of the first."""
    lengthened = np.concatenate([np.full(n - 1, column[0]), column])
    average: Column = talib.EMA(lengthened, n)[n - 1 :]
    average[: n - 1] = nan
    return average


def values(indicator: Any, *columns: Column, name: str = "value") -> Column:
    """What the indicator shows after each update."""
    out = []
    for row in zip(*(column.tolist() for column in columns), strict=True):
        indicator.update(*row)
        out.append(getattr(indicator, name))
    return np.array(out)


def assert_equal(ours: Column, oracle: Column, rtol: float = 1e-9, atol: float = 0.0) -> None:
    """The same values, NaN in the same places, and enough of them to mean something."""
    assert np.isfinite(ours).sum() > 100
    np.testing.assert_allclose(ours, oracle, rtol=rtol, atol=atol, equal_nan=True)


def test_exponential_averages_equal_the_oracle(series: Series) -> None:
    assert_equal(values(EMA(20), series.close), seeded_average(series.close, 20))


def test_macd_equals_the_oracle(series: Series) -> None:
    line = seeded_average(series.close, 12) - seeded_average(series.close, 26)
    signal = np.concatenate([np.full(25, nan), seeded_average(line[25:], 9)])
    tiny = 1e-11 * series.close.max()
    assert_equal(values(MACD(), series.close, name="line"), line, atol=tiny)
    assert_equal(values(MACD(), series.close, name="signal"), signal, atol=tiny)
    assert_equal(values(MACD(), series.close), line - signal, atol=tiny)


def test_macd_converges_to_the_oracle_that_seeds_otherwise(series: Series) -> None:
    histogram = talib.MACD(series.close, 12, 26, 9)[2][300:]
    np.testing.assert_allclose(values(MACD(), series.close)[300:], histogram, atol=1e-7 * series.close.max())


def test_simple_averages_equal_the_oracle(series: Series) -> None:
    assert_equal(values(SMA(50), series.close), talib.SMA(series.close, 50))


def test_rsi_equals_the_oracle(series: Series) -> None:
    assert_equal(values(RSI(14), series.close), talib.RSI(series.close, 14), rtol=1e-8)


def test_atr_equals_the_oracle(series: Series) -> None:
    ours = values(ATR(14), series.high, series.low, series.close)
    assert_equal(ours, talib.ATR(series.high, series.low, series.close, 14))


def test_adx_converges_to_the_oracle_that_seeds_otherwise(series: Series) -> None:
    columns = (series.high, series.low, series.close)
    for name, oracle in (
        ("value", talib.ADX(*columns, 14)),
        ("plus_di", talib.PLUS_DI(*columns, 14)),
        ("minus_di", talib.MINUS_DI(*columns, 14)),
    ):
        assert_equal(values(ADX(14), *columns, name=name)[250:], oracle[250:], rtol=1e-4)


def test_bollinger_bands_equal_the_oracle(series: Series) -> None:
    upper, middle, lower = talib.BBANDS(series.close, 20, 2, 2)
    assert_equal(values(Bollinger(20), series.close, name="upper"), upper, rtol=1e-8)
    assert_equal(values(Bollinger(20), series.close, name="middle"), middle, rtol=1e-8)
    assert_equal(values(Bollinger(20), series.close, name="lower"), lower, rtol=1e-8)


def test_stochastic_equals_the_oracle(series: Series) -> None:
    columns = (series.high, series.low, series.close)
    k, d = talib.STOCH(*columns, fastk_period=14, slowk_period=3, slowd_period=3)
    # Where a window stands still TA-Lib says 0 and midas 50: compare where something moved.
    moved = ~np.isnan(k)
    moved &= talib.MIN(talib.MAX(series.high, 14) - talib.MIN(series.low, 14), 5) > 0.0
    assert moved.sum() > 100
    np.testing.assert_allclose(values(Stochastic(), *columns)[moved], k[moved], atol=1e-7)
    np.testing.assert_allclose(values(Stochastic(), *columns, name="d")[moved], d[moved], atol=1e-7)


def test_on_balance_volume_equals_the_oracle(series: Series) -> None:
    assert_equal(
        values(OBV(), series.close, series.volume), talib.OBV(series.close, series.volume), atol=1e-6
    )


def test_realised_volatility_equals_the_whole_windows_deviation(series: Series) -> None:
    returns = np.diff(np.log(series.close))
    slow = [nan] * 20 + [float(np.std(returns[i - 20 : i], ddof=1)) for i in range(20, len(returns) + 1)]
    assert_equal(values(RealisedVolatility(20), series.close), np.array(slow), rtol=1e-7, atol=1e-15)


@pytest.mark.parametrize("n", [1, 2, 21, 252])
def test_the_rolling_median_equals_the_whole_windows_median(n: int) -> None:
    column = np.round(random_series(seed=3, length=600).close, 1)  # rounded: many equal values
    slow = [nan] * (n - 1) + [float(np.median(column[i - n : i])) for i in range(n, 601)]
    assert_equal(values(Median(n), column), np.array(slow))


@pytest.mark.parametrize(("sign", "oracle"), [(1, talib.MAX), (-1, talib.MIN)])
def test_extremes_equal_the_oracle(sign: int, oracle: Callable[[Column, int], Column]) -> None:
    column = random_series(seed=4, length=600).close
    assert_equal(values(Extreme(30, sign), column), oracle(column, 30))


def test_wilders_toy_example_gives_the_reference_values() -> None:
    adx, atr = ADX(3), ATR(3)
    averages, ranges = [], []
    for row in zip(HIGH, LOW, CLOSE, strict=True):
        adx.update(*row)
        atr.update(*row)
        averages.append(adx.value)
        ranges.append(atr.value)
    assert all(isnan(value) for value in ranges[:3] + averages[:5])
    assert ranges[3:] == pytest.approx([1.2, 1.3, 1.2, 1.166667, 1.277778, 1.185185, 1.25679], rel=1e-6)
    assert averages[5:] == pytest.approx([81.980276, 73.250009, 72.937932, 75.368835, 50.814764], rel=1e-6)
    assert (adx.plus_di, adx.minus_di) == pytest.approx((27.861457, 26.926435), rel=1e-6)


def test_the_deviation_survives_a_large_mean() -> None:
    deviation = Deviation(4)
    for value in (4.0, 7.0, 13.0, 16.0):
        deviation.update(1e9 + value)
    assert deviation.value**2 == 30.0


def test_windows_do_not_drift_over_a_hundred_thousand_updates() -> None:
    column = 1e6 + np.random.default_rng(5).normal(0.0, 1.0, 100_000)
    deviation, average = Deviation(20), SMA(200)
    values(deviation, column)
    values(average, column)
    assert deviation.value == pytest.approx(float(np.std(column[-20:], ddof=1)), rel=1e-6)
    assert average.value == pytest.approx(float(np.mean(column[-200:])), rel=1e-12)


def test_exponential_variance_gives_the_reference_values() -> None:
    volatility = EwmaVolatility(0.94, variance=1e-4)
    variances, annual = [], []
    for value in (0.01, -0.02, 0.015):
        volatility.update(value)
        variances.append(volatility.variance)
        annual.append(annualised(volatility.value, DAY, days=252))
    assert variances == pytest.approx([1.00e-4, 1.18e-4, 1.2442e-4], rel=1e-6)
    assert annual == pytest.approx([0.158745, 0.172441, 0.177070], rel=1e-5)
    assert decay_of(20) == pytest.approx(0.965936, rel=1e-6)


def test_exponential_variance_without_a_seed_waits_for_its_effective_sample() -> None:
    volatility = EwmaVolatility(0.94)
    shown = values(volatility, np.full(32, 0.01))
    assert np.isnan(shown[:31]).all()
    assert volatility.ready
    assert volatility.value == pytest.approx(0.01)


def test_vwap_starts_anew_with_the_utc_day_and_midnights_bar_belongs_to_the_day_before() -> None:
    vwap = VWAP()
    vwap.update(DAY - HOUR, 10.0, 1.0)
    vwap.update(DAY, 20.0, 3.0)
    assert vwap.value == 17.5
    vwap.update(DAY + HOUR, 30.0, 2.0)
    assert vwap.value == 30.0


def test_vwap_is_unknown_before_the_first_volume() -> None:
    vwap = VWAP()
    vwap.update(HOUR, 10.0, 0.0)
    assert not vwap.ready


def test_a_market_that_stands_still_is_neutral() -> None:
    rsi, adx, stochastic, bands = RSI(), ADX(), Stochastic(), Bollinger()
    for _ in range(60):
        rsi.update(100.1)
        adx.update(100.1, 100.1, 100.1)
        stochastic.update(100.1, 100.1, 100.1)
        bands.update(100.1)
    assert (rsi.value, adx.value, stochastic.value, stochastic.d, bands.value) == (50, 0, 50, 50, 0)


@pytest.mark.parametrize("name", ON_CLOSE)
@given(st.lists(st.floats(1.0, 1e6), min_size=60, max_size=90), st.integers(1, 59))
@settings(max_examples=30, deadline=None)
def test_a_value_never_changes_with_what_comes_later(name: str, prices: list[float], cut: int) -> None:
    whole = values(ON_CLOSE[name](), np.array(prices))
    prefix = values(ON_CLOSE[name](), np.array(prices[:cut]))
    np.testing.assert_array_equal(whole[:cut], prefix)


@pytest.mark.parametrize("name", ON_BAR)
@given(st.integers(0, 10_000), st.integers(1, 119))
@settings(max_examples=30, deadline=None)
def test_a_bar_value_never_changes_with_what_comes_later(name: str, seed: int, cut: int) -> None:
    series = random_series(seed, 120)
    columns = (series.high, series.low, series.close)
    whole = values(ON_BAR[name](), *columns)
    np.testing.assert_array_equal(whole[:cut], values(ON_BAR[name](), *(c[:cut] for c in columns)))


@pytest.mark.parametrize("name", ON_CLOSE)
def test_a_copy_made_midway_goes_on_identically(name: str) -> None:
    closes = random_series(seed=9, length=300).close
    indicator = ON_CLOSE[name]()
    values(indicator, closes[:150])
    twin = copy.deepcopy(indicator)
    np.testing.assert_array_equal(values(indicator, closes[150:]), values(twin, closes[150:]))


@pytest.mark.parametrize("bad", [nan, inf, -inf])
@pytest.mark.parametrize("name", ON_CLOSE)
def test_a_value_that_is_no_number_is_our_own_mistake(name: str, bad: float) -> None:
    indicator = ON_CLOSE[name]()
    with pytest.raises(AssertionError, match="expected a"):
        indicator.update(bad)


@pytest.mark.parametrize("bad", [nan, inf, -inf])
@pytest.mark.parametrize("name", ON_BAR)
def test_a_bar_that_is_no_number_is_our_own_mistake(name: str, bad: float) -> None:
    indicator = ON_BAR[name]()
    indicator.update(11.0, 9.0, 10.0)
    with pytest.raises(AssertionError, match="expected a"):
        indicator.update(bad, 9.0, 10.0)


def test_volume_indicators_refuse_what_is_no_number() -> None:
    with pytest.raises(AssertionError, match="expected a volume"):
        OBV().update(10.0, nan)
    with pytest.raises(AssertionError, match="expected a volume"):
        VWAP().update(HOUR, 10.0, -1.0)
