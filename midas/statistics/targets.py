"""What a return that somebody wishes for asks of skill: the Sharpe ratio that it implies.

Growth at Sharpe ratio SR and volatility v is SR v - v^2 / 2, so a target return under a cap of volatility has
a price in skill, and it is said beside the target.
"""

from __future__ import annotations

from math import inf, log1p, nan, sqrt

import msgspec

ASPIRATION = 3.0  # 300 % a year
ASPIRATION_TEXT = (
    "300 % is recorded as an aspiration of one source document. It is not a target the risk limits permit, "
    "midas does not optimise for it, and no result here suggests it is reachable."
)


class Implied(msgspec.Struct, frozen=True):
    """The least skill that reaches a target, and the volatility at which it does."""

    sharpe: float  # annual
    volatility: float  # annual, a fraction


def implied(target: float, volatility_cap: float = inf) -> Implied:
    """Solves SR v - v^2 / 2 = ln(1 + target) for the smallest SR with v up to the cap.

    Without a cap that is full Kelly, SR = v = sqrt(2 ln(1 + target)). A target of nothing needs no skill; NaN
    for one that isn't above -1 or a cap that isn't positive.
    """
    if not target > -1.0 or not volatility_cap > 0.0:
        return Implied(nan, nan)
    if target <= 0.0:
        return Implied(0.0, 0.0)
    growth = log1p(target)
    volatility = min(volatility_cap, sqrt(2.0 * growth))
    return Implied(growth / volatility + volatility / 2.0, volatility)


def implied_at_kelly(target: float, fraction: float) -> Implied:
    """The same for somebody who holds `fraction` of Kelly: growth SR^2 (c - c^2 / 2), volatility c SR."""
    assert 0.0 < fraction <= 1.0, f"expected a fraction of Kelly up to 1, got {fraction}"
    if not target > -1.0:
        return Implied(nan, nan)
    sharpe = sqrt(max(log1p(target), 0.0) / (fraction - fraction**2 / 2.0))
    return Implied(sharpe, fraction * sharpe)


def target_text(target: float, volatility_cap: float) -> str:
    """What to say about a target return under a cap of volatility, in whole sentences."""
    found = implied(target, volatility_cap)
    wish = f"{_percent(target)} a year"
    if found.sharpe != found.sharpe:
        return f"{wish} is no target: it must be above -100 %, and the cap of volatility above 0 %."
    if found.sharpe == 0.0:
        return f"{wish} needs no skill."
    moves = _percent(found.volatility)
    said = f"{wish} needs a Sharpe ratio of {found.sharpe:.2f} year after year, at {moves} volatility."
    return f"{said} {ASPIRATION_TEXT}" if target >= ASPIRATION else said


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"
