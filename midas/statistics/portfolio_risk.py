"""VaR and ES of what is held now: its weights revalued over historical scenarios, and who contributes.

The returns that the portfolio had when it held other things say nothing. Each instrument's past returns are
scaled to its present volatility (filtered historical simulation), one scenario a day for all of them, so
that what crashed together crashes together. A currency or a crypto sleeve is one more instrument.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum, isfinite, nan

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.statistics.filtered_historical import DECAY, METHOD, residuals
from midas.statistics.value_at_risk import TailRisk, least_returns, order, tail, unknown

Floats = NDArray[np.float64]


class Scenarios(msgspec.Struct, frozen=True):
    """Simple returns of one period, a row a scenario, a column an instrument."""

    names: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]

    def losses(self, weights: Mapping[str, float]) -> list[float]:
        """Of a portfolio of these weights (fractions of equity, negative where short) in each scenario."""
        held = [(self.names.index(name), weight) for name, weight in sorted(weights.items()) if weight]
        return [-fsum(weight * row[column] for column, weight in held) for row in self.rows]


class Component(msgspec.Struct, frozen=True):
    """What one position adds to the expected shortfall, a fraction of equity; below 0 it hedges."""

    name: str
    expected_shortfall: float


class Marginal(msgspec.Struct, frozen=True):
    """Tail risk without and with a candidate trade."""

    before: TailRisk
    after: TailRisk

    @property
    def value_at_risk(self) -> float:
        """What the trade adds to VaR; negative where it hedges."""
        return self.after.value_at_risk - self.before.value_at_risk

    @property
    def expected_shortfall(self) -> float:
        """What the trade adds to ES."""
        return self.after.expected_shortfall - self.before.expected_shortfall


def filtered_scenarios(returns: Mapping[str, Sequence[float]], decay: float = DECAY) -> Scenarios:
    """Each instrument's returns (oldest first, of the same days), scaled to its volatility now.

    Days on which any of them has no residual yet are left out, so that every scenario has all of them.
    """
    names = tuple(sorted(returns))
    assert len({len(returns[name]) for name in names}) <= 1, "expected the same days of every instrument"
    columns = []
    for name in names:
        left, volatility = residuals(returns[name], decay)
        columns.append([residual * volatility for residual in left])
    rows = [row for row in zip(*columns, strict=True) if all(map(isfinite, row))]
    return Scenarios(names, tuple(rows))


def portfolio_risk(
    weights: Mapping[str, float], scenarios: Scenarios, alpha: float = 0.95, least: int | None = None
) -> TailRisk:
    """VaR and ES of these weights; unknown where a held instrument has no scenarios or they are too few."""
    if not any(weights.values()):
        return TailRisk(0.0, 0.0, METHOD)
    if (reason := _lacking(weights, scenarios, alpha, least)) is not None:
        return unknown(METHOD, reason)
    return tail(sorted(scenarios.losses(weights)), alpha, METHOD)


def components(
    weights: Mapping[str, float], scenarios: Scenarios, alpha: float = 0.95, least: int | None = None
) -> list[Component]:
    """ES_i = -w_i E[r_i | tail] of every position; they sum to the ES. NaN where that is unknown."""
    held = sorted(name for name, weight in weights.items() if weight)
    if _lacking(weights, scenarios, alpha, least) is not None:
        return [Component(name, nan) for name in held]
    shares = tail_shares(scenarios.losses(weights), alpha)
    found = []
    for name in held:
        column = scenarios.names.index(name)
        mean = fsum(share * scenarios.rows[place][column] for place, share in shares.items())
        found.append(Component(name, -weights[name] * mean))
    return found


def tail_shares(losses: Sequence[float], alpha: float) -> dict[int, float]:
    """Which losses make the ES, by place, with the weight of each; the weights sum to 1.

    All beyond VaR count 1 / (n (1 - alpha)); what is missing to 1 falls on those at VaR.
    """
    level = sorted(losses)[order(len(losses), alpha) - 1]
    each = 1.0 / (len(losses) * (1.0 - alpha))
    beyond = [place for place, loss in enumerate(losses) if loss > level]
    at = [place for place, loss in enumerate(losses) if loss == level]
    rest = (1.0 - each * len(beyond)) / len(at)
    return dict.fromkeys(beyond, each) | dict.fromkeys(at, rest)


def marginal(
    weights: Mapping[str, float],
    change: Mapping[str, float],
    scenarios: Scenarios,
    alpha: float = 0.95,
    least: int | None = None,
) -> Marginal:
    """What a trade would add, `change` being the weights that it adds or takes."""
    after = {name: weights.get(name, 0.0) + change.get(name, 0.0) for name in sorted({*weights, *change})}
    return Marginal(
        portfolio_risk(weights, scenarios, alpha, least), portfolio_risk(after, scenarios, alpha, least)
    )


def horizon_risk(
    weights: Mapping[str, float],
    returns: Mapping[str, Sequence[float]],
    periods: int,
    generator: np.random.Generator,
    alpha: float = 0.95,
    paths: int = 10_000,
    decay: float = DECAY,
) -> TailRisk:
    """Of `periods` ahead, held unchanged: days are drawn whole, each path's volatility follows its own draws.

    Multiplying by sqrt(periods) would hold for independent returns only.
    """
    assert periods >= 1, f"expected at least one period, got {periods}"
    method = f"{METHOD}, {periods} periods"
    held = {name: weight for name, weight in sorted(weights.items()) if weight}
    if missing := sorted(set(held) - set(returns)):
        return unknown(method, f"{missing[0]} has no returns")
    if not held:
        return TailRisk(0.0, 0.0, method)
    known = [residuals(returns[name], decay) for name in held]
    matrix = np.array([left for left, _ in known], np.float64).T
    matrix = matrix[np.isfinite(matrix).all(axis=1)]
    if matrix.shape[0] < least_returns(alpha):
        return unknown(
            method, f"{matrix.shape[0]} filtered returns, at least {least_returns(alpha)} are needed"
        )
    grown = _simulated(matrix, np.array([v for _, v in known]), periods, paths, decay, generator)
    losses = -(grown * np.array(list(held.values()))).sum(axis=1)
    return tail(np.sort(losses).tolist(), alpha, method)


def _simulated(
    matrix: Floats, volatility: Floats, periods: int, paths: int, decay: float, generator: np.random.Generator
) -> Floats:
    """Return of every instrument over all periods, a row a path."""
    variance = np.tile(volatility**2, (paths, 1))
    value = np.ones_like(variance)
    for _ in range(periods):
        drawn = matrix[generator.integers(0, matrix.shape[0], paths)] * np.sqrt(variance)
        variance = decay * variance + (1.0 - decay) * drawn**2
        value *= np.maximum(1.0 + drawn, 0.0)  # nobody's price falls below nothing
    return value - 1.0


def lacking_for(
    weights: Mapping[str, float], names: Sequence[str], count: int, alpha: float, least: int | None = None
) -> str | None:
    """Why `count` scenarios of these names say nothing of these weights; None where they do."""
    held = {name for name, weight in weights.items() if weight}
    if missing := sorted(held - set(names)):
        return f"{missing[0]} has no returns"
    if not all(isfinite(weights[name]) for name in held):
        return "a position has no value"
    needed = max(least_returns(alpha) if least is None else least, 1)
    if count < needed:
        return f"{count} scenarios, at least {needed} are needed"
    return None


def _lacking(
    weights: Mapping[str, float], scenarios: Scenarios, alpha: float, least: int | None
) -> str | None:
    return lacking_for(weights, scenarios.names, len(scenarios.rows), alpha, least)
