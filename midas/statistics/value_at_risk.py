"""Value at risk and expected shortfall of a sample of losses, by order statistic.

Both are fractions of value over one period, positive where one loses. The order statistic is Rockafellar &
Uryasev's (2002): k = ceil(n alpha), VaR = L_(k), ES = VaR + mean((L - VaR)+) / (1 - alpha). It differs from
an interpolated quantile on purpose: it is a loss that happened, and it makes ES coherent.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, fsum, isfinite, nan

import msgspec

_ROUNDING = 1e-9  # n alpha = 95.00000000000001 is 95


class TailRisk(msgspec.Struct, frozen=True):
    """VaR and ES of one period, as fractions of value; both NaN where `reason` says why."""

    value_at_risk: float
    expected_shortfall: float
    method: str  # which one gave the figures
    reason: str = ""  # why there are none, or why another method than the asked one was used

    @property
    def known(self) -> bool:
        """Whether there are figures."""
        return self.value_at_risk == self.value_at_risk


def unknown(method: str, reason: str) -> TailRisk:
    """No figures, and why."""
    return TailRisk(nan, nan, method, reason)


def least_returns(alpha: float) -> int:
    """Returns that a quantile needs: five expected beyond it; 100 at 95 %, 500 at 99 %."""
    checked_level(alpha)
    return ceil(5.0 / (1.0 - alpha) - _ROUNDING)


def historical(returns: Sequence[float], alpha: float = 0.95, least: int | None = None) -> TailRisk:
    """Of the returns as they were; `least` overrides how many are needed."""
    needed = least_returns(alpha) if least is None else least
    if (reason := lacking(returns, needed)) is not None:
        return unknown("historical", reason)
    return tail(sorted(-value for value in returns), alpha, "historical")


def tail(losses: Sequence[float], alpha: float, method: str, scale: float = 1.0) -> TailRisk:
    """Of losses in ascending order, each worth `scale`."""
    place = order(len(losses), alpha) - 1
    level = losses[place]
    beyond = fsum(loss - level for loss in losses[place + 1 :]) / len(losses)
    return TailRisk(scale * level, scale * (level + beyond / (1.0 - alpha)), method)


def order(count: int, alpha: float) -> int:
    """Which of `count` ascending losses is the VaR, counted from 1."""
    assert count > 0, "a quantile needs at least one loss"
    checked_level(alpha)
    return min(max(ceil(count * alpha - _ROUNDING), 1), count)


def lacking(returns: Sequence[float], needed: int) -> str | None:
    """Why these returns tell nothing; None where they do."""
    if len(returns) < max(needed, 1):
        return f"{len(returns)} returns, at least {max(needed, 1)} are needed"
    if not all(map(isfinite, returns)):
        return "a return is missing"
    return None


def checked_level(alpha: float) -> None:
    """A level is a probability: .95, not 95 and not .05."""
    assert 0.5 <= alpha < 1.0, f"expected a level from 0.5 and below 1, got {alpha}"
