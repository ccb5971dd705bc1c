"""Kelly's growth-optimal fraction, and how much of it to dare (R7.2)."""

from __future__ import annotations

from midas.portfolio.sizing import SizingRules, volatility_scale


def kelly(probability: float, payoff: float) -> float:
    """Kelly (1956) fraction p - (1 - p) / b for winning `payoff` per unit risked; 0 without an edge.

    The unit risked is the loss at the stop with gap and cost, the probability calibrated and after costs.
    """
    assert 0.0 <= probability <= 1.0, f"expected a probability, got {probability}"
    assert payoff > 0.0, f"expected a payoff per unit risked, got {payoff}"
    return max(probability - (1.0 - probability) / payoff, 0.0)


def kelly_continuous(drift: float, volatility: float, risk_free: float = 0.0) -> float:
    """Merton's (1969) fraction (mu - rf) / sigma^2, annual; 0 without an edge."""
    assert volatility > 0.0, f"expected a positive volatility, got {volatility}"
    return max((drift - risk_free) / volatility**2, 0.0)


def shrinkage(sharpe: float, years: float) -> float:
    """How far to trust a Sharpe ratio estimated over `years`: SR^2 / (SR^2 + 1 / T), 0 to 1."""
    assert years > 0.0, f"expected a length of history, got {years} years"
    return sharpe**2 / (sharpe**2 + 1.0 / years)


def ruin_probability(level: float, fraction: float) -> float:
    """P(capital ever falls to `level` of the start) at `fraction` of Kelly: level^(2 / fraction - 1)."""
    assert 0.0 < level <= 1.0, f"expected a share of the capital, got {level}"
    assert 0.0 < fraction <= 2.0, f"expected a fraction of Kelly up to 2, got {fraction}"
    return float(level ** (2.0 / fraction - 1.0))


def kelly_weight(
    probability: float, payoff: float, volatility: float, rules: SizingRules, fraction: float = 0.25
) -> float:
    """Fractional Kelly adjusted by volatility (R7.2): share of equity to risk, 0 to `fraction`.

    A quarter of Kelly makes halving the capital a chance of 1 in 128 instead of 1 in 2. The volatility
    can only reduce it.
    """
    assert 0.0 < fraction <= 1.0, f"expected a fraction of Kelly up to 1, got {fraction}"
    return fraction * kelly(probability, payoff) * min(volatility_scale(volatility, rules), 1.0)
