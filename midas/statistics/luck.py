"""How much of a Sharpe ratio is luck: probabilistic, deflated, and how long a record must be.

All Sharpe ratios here are of one period, never annual; skewness and kurtosis are the population's, kurtosis
3 for the normal. Whatever can't be computed is NaN: a NaN goes through, so the reason of the input holds.
"""

from __future__ import annotations

from math import e, isinf, nan, sqrt
from typing import Final

import msgspec

from midas.statistics.annualisation import variance_factor
from midas.statistics.distributions import normal_cdf, normal_quantile

EULER_MASCHERONI: Final = 0.5772156649015329
CONFIDENCE = 0.95


class Record(msgspec.Struct, frozen=True):
    """What a series of returns says about its own Sharpe ratio."""

    sharpe: float  # of one period
    count: int
    skewness: float = 0.0
    kurtosis: float = 3.0


def probabilistic_sharpe(record: Record, benchmark: float = 0.0) -> float:
    """P(true Sharpe > `benchmark`), 0 to 1 (Bailey & Lopez de Prado 2012).

    Phi((SR - SR*) sqrt(n - 1) / sqrt(1 - g3 SR + (g4 - 1) / 4 SR^2)); NaN below two observations.
    """
    spread = variance_factor(record.sharpe, record.skewness, record.kurtosis)
    if record.count < 2 or not spread > 0.0:
        return nan
    return normal_cdf((record.sharpe - benchmark) * sqrt(record.count - 1) / sqrt(spread))


def minimum_track_record(record: Record, benchmark: float = 0.0, confidence: float = CONFIDENCE) -> float:
    """Periods until `probabilistic_sharpe` reaches `confidence`; NaN where SR isn't above the benchmark."""
    spread = variance_factor(record.sharpe, record.skewness, record.kurtosis)
    if not record.sharpe > benchmark or not spread > 0.0:
        return nan
    return 1.0 + spread * (normal_quantile(confidence) / (record.sharpe - benchmark)) ** 2


def minimum_track_record_years(
    annual_sharpe: float, periods: int, benchmark: float = 0.0, confidence: float = CONFIDENCE
) -> float:
    """The same in years, of normal returns; both Sharpe ratios annual."""
    scale = sqrt(periods)
    record = Record(annual_sharpe / scale, periods)
    return minimum_track_record(record, benchmark / scale, confidence) / periods


def bracket_factor(trials: float) -> float:
    """The expected best of N unskilled trials, in deviations of their Sharpe ratios.

    (1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e)), slightly above the truth from three on; 0 for one. A
    number of independent clusters need not be whole.
    """
    if not trials >= 1.0 or isinf(trials):
        return nan
    if trials == 1.0:
        return 0.0
    first, second = normal_quantile(1.0 - 1.0 / trials), normal_quantile(1.0 - 1.0 / (trials * e))
    return max((1.0 - EULER_MASCHERONI) * first + EULER_MASCHERONI * second, 0.0)


def expected_best(trials: float, variance: float) -> float:
    """SR0, a period's Sharpe ratio that luck alone gives to the best of `trials`.

    `variance` is that of the trials' Sharpe ratios, of one period each; NaN where it is negative.
    """
    return sqrt(variance) * bracket_factor(trials) if variance >= 0.0 else nan


def deflated_sharpe(record: Record, trials: float, variance: float) -> float:
    """P(true Sharpe > what luck gives the best of `trials`), 0 to 1 (Bailey & Lopez de Prado 2014).

    Count every configuration that was ever tried on these data, also the discarded ones.
    """
    return probabilistic_sharpe(record, expected_best(trials, variance))
