"""How far a Sharpe ratio may be off, and how it grows to a year where returns hang together."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, nan, sqrt

import msgspec

from midas.statistics.conventions import (
    LEAST_CORRELATION,
    LEAST_SHARPE,
    NO_SPREAD,
    Figure,
    Reason,
    mean,
    refusal,
    unknown,
)
from midas.statistics.distributions import chi_square_tail
from midas.statistics.performance import sharpe_of_period

DEPENDENT = 0.05  # a Ljung-Box p below it: report Lo's annualisation beside the plain one
LAGS_MAX = 10


class AnnualSharpe(msgspec.Struct, frozen=True):
    """The Sharpe ratio of a year by sqrt(P), and by Lo (2002) as well where returns are autocorrelated."""

    plain: Figure
    adjusted: Figure  # with Lo's eta; the autocorrelations up to the lags tested, the further the less
    ljung_box: Figure  # p-value

    @property
    def dependent(self) -> bool:
        """Whether both must be reported."""
        return self.ljung_box.known and self.ljung_box.value < DEPENDENT


def standard_error_normal(sharpe: float, count: int) -> float:
    """sqrt((1 + SR^2 / 2) / n) of a period's Sharpe ratio, iid normal returns (Lo 2002)."""
    return sqrt((1.0 + sharpe * sharpe / 2.0) / count) if count > 0 else nan


def standard_error(sharpe: float, count: int, skewness: float, kurtosis: float) -> float:
    """sqrt((1 - g3 SR + (g4 - 1) / 4 SR^2) / (n - 1)) of a period's Sharpe ratio (Mertens 2002).

    `kurtosis` is 3 for the normal. NaN where the moments leave no positive variance.
    """
    if count < 2:
        return nan
    spread = variance_factor(sharpe, skewness, kurtosis)
    return sqrt(spread / (count - 1)) if spread >= 0.0 else nan


def variance_factor(sharpe: float, skewness: float, kurtosis: float) -> float:
    """1 - g3 SR + (g4 - 1) / 4 SR^2: what fat tails and skew do to the variance of a Sharpe ratio."""
    return 1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe


def autocorrelations(returns: Sequence[float], lags: int) -> list[float]:
    """The sample autocorrelations at lag 1 to `lags`; NaN where nothing varies."""
    centre = mean(returns)
    distances = [each - centre for each in returns]
    total = fsum(each * each for each in distances)
    if not total > NO_SPREAD**2 * len(returns):
        return [nan] * lags
    return [
        fsum(a * b for a, b in zip(distances, distances[lag:], strict=False)) / total
        for lag in range(1, lags + 1)
    ]


def ljung_box(returns: Sequence[float], lags: int | None = None, least: int = LEAST_CORRELATION) -> Figure:
    """The p-value of "no autocorrelation up to `lags`" (Ljung & Box 1978); lags default to min(10, n / 5)."""
    if refused := refusal(returns, least):
        return refused
    count = len(returns)
    tested = lags or min(LAGS_MAX, count // 5)
    if not 1 <= tested < count:
        return unknown(Reason.TOO_FEW, count)
    found = autocorrelations(returns, tested)
    if found[0] != found[0]:
        return unknown(Reason.NO_SPREAD, count)
    terms = (rho**2 / (count - lag) for lag, rho in enumerate(found, 1))
    return Figure(chi_square_tail(count * (count + 2) * fsum(terms), tested), count)


def lo_eta(correlations: Sequence[float], periods: int) -> float:
    """q / sqrt(q + 2 sum (q - k) rho_k) (Lo 2002): what a period's Sharpe ratio is multiplied with for q.

    `correlations` begin at lag 1; what is missing counts as 0. NaN where they leave no positive variance.
    """
    weights = ((periods - lag) * rho for lag, rho in enumerate(correlations[: periods - 1], 1))
    spread = periods + 2.0 * fsum(weights)
    return periods / sqrt(spread) if spread > 0.0 else nan


def tapered(correlations: Sequence[float]) -> list[float]:
    """Those of a sample with Bartlett's weights (Newey & West 1987), so that they leave a positive variance.

    As they are ten of them, each as uncertain as the first, make the eta of sixty days that hang together in
    nothing more than 3.6 times too large in one of twenty; so weighted it is 1.7 times.
    """
    whole = len(correlations) + 1.0
    return [rho * (1.0 - lag / whole) for lag, rho in enumerate(correlations, 1)]


def ar1_eta(rho: float, periods: int) -> float:
    """Lo's eta of returns that follow an AR(1) with coefficient `rho`."""
    return lo_eta([rho**lag for lag in range(1, periods)], periods)


def annual_sharpe(
    returns: Sequence[float], periods: int, risk_free: float = 0.0, least: int = LEAST_SHARPE
) -> AnnualSharpe:
    """Both annualisations; `risk_free` is of one period."""
    base = sharpe_of_period(returns, risk_free, least)
    if not base.known:
        return AnnualSharpe(base, base, base)
    plain = Figure(base.value * sqrt(periods), base.count)
    eta = lo_eta(tapered(autocorrelations(returns, min(LAGS_MAX, base.count // 5))), periods)
    known = eta == eta
    adjusted = Figure(base.value * eta, base.count) if known else unknown(Reason.NOT_ESTIMABLE, base.count)
    return AnnualSharpe(plain, adjusted, ljung_box(returns))
