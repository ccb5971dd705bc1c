"""The growth-optimal stake, what it grows and risks, and how far to trust its inputs.

A fraction of Kelly is the share of equity put at risk (discrete) or invested (continuous). NaN goes
through; what is no bet at all is our own mistake.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import fsum, inf, isinf, log1p, nan, sqrt

from midas.statistics.distributions import beta_quantile

CAUTION = 0.25  # the quantile of the Beta that stands for an estimated chance


def kelly(probability: float, payoff: float) -> float:
    """Kelly (1956) fraction p - (1 - p) / b for winning `payoff` per unit risked; 0 without an edge.

    The unit risked is the loss at the stop with gap and cost, the probability calibrated and after costs.
    """
    _checked_bet(probability, payoff)
    stake = probability - (1.0 - probability) / payoff
    return stake if not stake < 0.0 else 0.0


def growth(probability: float, payoff: float, fraction: float) -> float:
    """Expected log growth of one bet, p ln(1 + b f) + (1 - p) ln(1 - f); -inf where all may be lost."""
    _checked_bet(probability, payoff)
    assert not (fraction < 0.0 or fraction > 1.0), f"expected a share of the capital, got {fraction}"
    won = probability * log1p(payoff * fraction) if probability else 0.0
    if probability == 1.0:
        return won
    return won + (1.0 - probability) * log1p(-fraction) if fraction < 1.0 else -inf


def kelly_continuous(drift: float, volatility: float, risk_free: float = 0.0) -> float:
    """Merton's (1969) fraction (mu - rf) / sigma^2, annual, a multiple of equity; 0 without an edge."""
    assert not volatility <= 0.0, f"expected a positive volatility, got {volatility}"
    stake = (drift - risk_free) / volatility**2
    return stake if not stake < 0.0 else 0.0


def growth_continuous(sharpe: float, fraction: float) -> float:
    """Annual log growth over cash at `fraction` of Kelly: SR^2 (c - c^2 / 2), the Sharpe ratio annual."""
    return sharpe**2 * (fraction - fraction**2 / 2.0)


def kelly_vector(covariance: Sequence[Sequence[float]], excess: Sequence[float]) -> tuple[float, ...]:
    """Sigma^-1 (mu - rf), annual, by Cholesky; all NaN where the covariance isn't positive definite.

    Not clipped: a negative one is a short position.
    """
    size = len(excess)
    assert len(covariance) == size and all(len(row) == size for row in covariance), "sizes differ"
    lower: list[list[float]] = []
    for i in range(size):
        row: list[float] = []
        for j in range(i):
            row.append((covariance[i][j] - _dot(row, lower[j])) / lower[j][j])
        left = covariance[i][i] - _dot(row, row)
        if not left > 0.0:
            return (nan,) * size
        lower.append([*row, sqrt(left)])
    forward: list[float] = []
    for i in range(size):
        forward.append((excess[i] - _dot(lower[i], forward)) / lower[i][i])
    found = [0.0] * size
    for i in reversed(range(size)):
        above = fsum(lower[k][i] * found[k] for k in range(i + 1, size))
        found[i] = (forward[i] - above) / lower[i][i]
    return tuple(found)


def growth_vector(stakes: Sequence[float], excess: Sequence[float]) -> float:
    """Annual log growth over cash at full Kelly, f' (mu - rf) / 2."""
    return _dot(stakes, excess) / 2.0


def ruin_probability(level: float, fraction: float) -> float:
    """P(capital ever falls to `level` of the start) at `fraction` of Kelly: level^(2 / fraction - 1)."""
    assert 0.0 < level <= 1.0, f"expected a share of the capital, got {level}"
    assert 0.0 < fraction <= 2.0, f"expected a fraction of Kelly up to 2, got {fraction}"
    return float(level ** (2.0 / fraction - 1.0))


def shrinkage(sharpe: float, years: float) -> float:
    """How far to trust an annual Sharpe ratio estimated over `years`: SR^2 / (SR^2 + 1 / T), 0 to 1."""
    assert not years <= 0.0, f"expected a length of history, got {years} years"
    if isinf(years):
        return 1.0
    return sharpe**2 / (sharpe**2 + 1.0 / years)


def cautious_probability(probability: float, outcomes: float, level: float = CAUTION) -> float:
    """The lower quantile of Beta(1 + wins, 1 + losses): a chance seen in `outcomes` effective outcomes.

    Never above `probability` itself, which infinitely many outcomes leave as it is.
    """
    assert not outcomes < 0.0, f"expected a number of outcomes, got {outcomes}"
    if probability != probability or outcomes != outcomes:
        return nan
    if isinf(outcomes):
        return probability
    return min(_lower(probability, outcomes, level), probability)


@lru_cache(maxsize=4096)
def _lower(probability: float, outcomes: float, level: float) -> float:
    """Kept: a strategy asks with the same few numbers again and again, and each takes 60 microseconds."""
    wins = probability * outcomes
    return beta_quantile(level, 1.0 + wins, 1.0 + outcomes - wins)


def _checked_bet(probability: float, payoff: float) -> None:
    assert not (probability < 0.0 or probability > 1.0), f"expected a probability, got {probability}"
    assert not payoff <= 0.0, f"expected a payoff per unit risked, got {payoff}"


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    """The sum of products of what both have."""
    return fsum(a * b for a, b in zip(left, right, strict=False))
