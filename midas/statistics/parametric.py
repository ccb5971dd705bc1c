"""VaR and ES from a few moments: normal, Student t of matched variance, and Cornish-Fisher."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma, log, log1p, pi, sqrt

import msgspec

from midas.statistics.conventions import LEAST_SHAPE, LEAST_VOLATILITY, central_moment, deviation, mean
from midas.statistics.distributions import normal_quantile, student_quantile
from midas.statistics.filtered_historical import filtered_historical
from midas.statistics.value_at_risk import TailRisk, checked_level, lacking, unknown


class Moments(msgspec.Struct, frozen=True):
    """Of simple returns: deviation with ddof 1, skew and excess kurtosis of the population."""

    mean: float
    deviation: float
    skew: float
    excess: float


def moments(returns: Sequence[float]) -> Moments:
    """Needs two returns; those that don't move have neither skew nor excess."""
    assert len(returns) > 1, f"moments need two returns, got {len(returns)}"
    variance = central_moment(returns, 2)
    if variance <= 0.0:
        return Moments(mean(returns), 0.0, 0.0, 0.0)
    skew = central_moment(returns, 3) / variance**1.5
    excess = central_moment(returns, 4) / variance**2 - 3.0
    return Moments(mean(returns), deviation(returns), skew, excess)


def normal(returns: Sequence[float], alpha: float = 0.95, least: int = LEAST_VOLATILITY) -> TailRisk:
    """VaR = -(mu + sd z), ES = -(mu - sd phi(z) / (1 - alpha)), z the quantile at 1 - alpha."""
    if (reason := lacking(returns, max(least, 2))) is not None:
        return unknown("normal", reason)
    level, beyond = normal_factors(alpha)
    return _scaled(moments(returns), level, beyond, "normal")


def normal_factors(alpha: float) -> tuple[float, float]:
    """VaR and ES of the standard normal: 1.6449 and 2.0627 at 95 %."""
    checked_level(alpha)
    level = -normal_quantile(1.0 - alpha)
    return level, _density(level) / (1.0 - alpha)


def student_t(
    returns: Sequence[float], alpha: float = 0.95, degrees: float = 5.0, least: int = LEAST_VOLATILITY
) -> TailRisk:
    """A t of `degrees`, scaled so that its variance is that of the returns."""
    if (reason := lacking(returns, max(least, 2))) is not None:
        return unknown("Student t", reason)
    level, beyond = student_factors(alpha, degrees)
    return _scaled(moments(returns), level, beyond, "Student t")


def student_factors(alpha: float, degrees: float) -> tuple[float, float]:
    """VaR and ES of a t of variance 1; needs degrees of freedom above 2.

    ES = (nu + t^2) / (nu - 1) f(t) / (1 - alpha), both scaled by sqrt((nu - 2) / nu).
    """
    assert degrees > 2.0, f"the variance is finite above 2 degrees of freedom, got {degrees}"
    checked_level(alpha)
    level, scale = student_quantile(alpha, degrees), sqrt((degrees - 2.0) / degrees)
    size = lgamma((degrees + 1.0) / 2.0) - lgamma(degrees / 2.0) - 0.5 * log(degrees * pi)
    density = exp(size - (degrees + 1.0) / 2.0 * log1p(level * level / degrees))
    return scale * level, scale * (degrees + level * level) / (degrees - 1.0) * density / (1.0 - alpha)


def cornish_fisher(
    returns: Sequence[float], alpha: float = 0.95, least: int = LEAST_SHAPE
) -> TailRisk:  # fmt: skip
    """Favre & Galeano (2002); where it isn't valid filtered historical stands in, and `reason` says so.

    Skew and kurtosis are parameters of the expansion; sample moments only come near them
    (Amedee-Manesme, Barthelemy & Maillard 2019).
    """
    if (reason := lacking(returns, max(least, 2))) is not None:
        return unknown("Cornish-Fisher", reason)
    found = moments(returns)
    if valid(found.skew, found.excess):
        level, beyond = cornish_fisher_factors(found.skew, found.excess, alpha)
        return _scaled(found, level, beyond, "Cornish-Fisher")
    instead = filtered_historical(returns, alpha)
    why = f"Cornish-Fisher isn't valid at skew {found.skew:.3g}, excess kurtosis {found.excess:.3g}"
    return msgspec.structs.replace(instead, reason=f"{why}; {instead.reason}" if instead.reason else why)


def cornish_fisher_factors(skew: float, excess: float, alpha: float) -> tuple[float, float]:
    """VaR and ES in deviations, by the closed form of the tail's mean; whether it is valid isn't asked.

    E_k = E[Z^k | Z < z] of the standard normal (Boudt, Peterson & Croux 2008).
    """
    checked_level(alpha)
    z = normal_quantile(1.0 - alpha)
    hazard = _density(z) / (1.0 - alpha)
    first, second, third = -hazard, 1.0 - z * hazard, -(z * z + 2.0) * hazard
    level = _expanded(z, z * z, z**3, skew, excess)
    return -level, -_expanded(first, second, third, skew, excess)


def valid(skew: float, excess: float) -> bool:
    """Whether the expanded quantile rises everywhere (Maillard 2012): A > 0 and B^2 <= 4 A C.

    The normal itself, A = B = 0, rises as well.
    """
    a = excess / 8.0 - skew**2 / 6.0
    b = skew / 3.0
    c = 1.0 - excess / 8.0 + 5.0 * skew**2 / 36.0
    return (a > 0.0 and b * b <= 4.0 * a * c) or (a == 0.0 and b == 0.0)


def _expanded(first: float, second: float, third: float, skew: float, excess: float) -> float:
    """z + (z^2 - 1) S / 6 + (z^3 - 3 z) K / 24 - (2 z^3 - 5 z) S^2 / 36, also for means of the powers."""
    bent = first + (second - 1.0) * skew / 6.0 + (third - 3.0 * first) * excess / 24.0
    return bent - (2.0 * third - 5.0 * first) * skew**2 / 36.0


def _scaled(found: Moments, level: float, beyond: float, method: str) -> TailRisk:
    return TailRisk(found.deviation * level - found.mean, found.deviation * beyond - found.mean, method)


def _density(point: float) -> float:
    return exp(-point * point / 2.0) / sqrt(2.0 * pi)
