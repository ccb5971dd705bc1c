"""Shrunk covariances, for optimisation: Ledoit & Wolf (2004a, 2004b) and OAS (Chen et al. 2010).

Never for the limit on correlation: a shrunk correlation is pulled to its target. Variances have ddof 0 here.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Shrunk(msgspec.Struct, frozen=True):
    """A covariance between the sample's and the target's; `share` 1 is all target."""

    covariance: Floats
    share: float

    @property
    def correlation(self) -> Floats:
        """Of it; NaN where something doesn't move."""
        deviation = np.sqrt(np.diag(self.covariance))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.covariance / np.outer(deviation, deviation), np.float64)


def to_identity(returns: Floats) -> Shrunk:
    """Ledoit & Wolf (2004a), to the identity times the mean variance; a row a period.

    It isn't scale invariant: standardise first where the assets' volatilities differ much.
    """
    centred, sample = _sample(returns)
    periods = centred.shape[0]
    target = _identity(sample)
    squares = centred**2
    noise = float(np.sum(squares.T @ squares / periods - sample**2)) / periods
    distance = float(np.sum((sample - target) ** 2))
    return _mixed(sample, target, noise / distance if distance > 0.0 else 1.0)


def oracle_approximating(returns: Floats) -> Shrunk:
    """OAS, to the same target: better than Ledoit-Wolf where returns are normal (Chen et al. 2010)."""
    centred, sample = _sample(returns)
    periods, assets = centred.shape
    mean = float(np.trace(sample)) / assets
    power = float(np.mean(sample**2))
    distance = (periods + 1.0) * (power - mean**2 / assets)
    return _mixed(sample, _identity(sample), (power + mean**2) / distance if distance > 0.0 else 1.0)


def to_constant_correlation(returns: Floats) -> Shrunk:
    """Ledoit & Wolf (2004b), to the sample's variances with the mean of its correlations."""
    centred, sample = _sample(returns)
    periods, assets = centred.shape
    if assets < 2:
        return Shrunk(sample, 0.0)
    variance = np.diag(sample)
    deviation = np.sqrt(variance)
    assert np.all(deviation > 0.0), "a constant correlation needs assets that move"
    mean = mean_correlation(sample)
    target = mean * np.outer(deviation, deviation)
    np.fill_diagonal(target, variance)
    squares = centred**2
    pi = squares.T @ squares / periods - sample**2
    theta = (centred**3).T @ centred / periods - variance[:, None] * sample
    crossed = theta * (deviation[None, :] / deviation[:, None])
    rho = float(np.trace(pi)) + mean * float(crossed.sum() - np.trace(crossed))
    distance = float(np.sum((target - sample) ** 2))
    return _mixed(sample, target, (float(pi.sum()) - rho) / distance / periods if distance > 0.0 else 1.0)


def mean_correlation(covariance: Floats) -> float:
    """The mean over the pairs."""
    deviation = np.sqrt(np.diag(covariance))
    matrix = covariance / np.outer(deviation, deviation)
    return float(matrix[np.triu_indices(matrix.shape[0], 1)].mean())


def standardised(returns: Floats) -> Floats:
    """Centred columns of deviation 1 (ddof 0)."""
    centred = returns - returns.mean(axis=0)
    return np.asarray(centred / np.sqrt(np.mean(centred**2, axis=0)), np.float64)


def _sample(returns: Floats) -> tuple[Floats, Floats]:
    assert returns.ndim == 2 and returns.shape[0] > 1, f"expected rows of periods, got {returns.shape}"
    centred = returns - returns.mean(axis=0)
    return centred, centred.T @ centred / centred.shape[0]


def _identity(sample: Floats) -> Floats:
    return np.asarray(np.eye(sample.shape[0]) * np.trace(sample) / sample.shape[0], np.float64)


def _mixed(sample: Floats, target: Floats, share: float) -> Shrunk:
    share = min(max(share, 0.0), 1.0)
    return Shrunk(share * target + (1.0 - share) * sample, share)
