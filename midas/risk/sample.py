"""The scenarios of some instruments: what each did in one past period, scaled to its volatility now.

The same figures as `statistics.portfolio_risk.filtered_scenarios` to the last bit, from columns and in one
compiled call; a test compares both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import pairwise
from math import fsum, isfinite, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from midas.state.closes import HorizonCloses, Series
from midas.state.lazy import when_used
from midas.statistics.filtered_historical import DECAY, METHOD, STILL, WARM_UP
from midas.statistics.portfolio_risk import Scenarios, filtered_scenarios, lacking_for
from midas.statistics.value_at_risk import TailRisk, order, tail, unknown

if TYPE_CHECKING:
    from midas.risk import residuals as kernel
else:  # its compiler takes a third of a second to load, and whoever folds a journal forecasts nothing
    kernel = when_used("midas.risk.residuals")

Floats = NDArray[np.float64]
EXACT_SUMS = 2  # of so many terms a sum of floats is rounded once, in whatever way it is made


class Sample:
    """What follows from the scenarios alone is worked out where somebody asks for it."""

    def __init__(self, names: tuple[str, ...], closes: HorizonCloses, horizon: int, level: float) -> None:
        """`names` in their order; `level` is that of the VaR."""
        self._names, self._level = names, level
        self._series = {name: closes.series(name, horizon) for name in names}
        self._horizon = horizon
        self.columns = self._filtered()  # by instrument: a return in every scenario
        self.count = len(self.columns[names[0]]) if names else 0

    @cached_property
    def returns(self) -> dict[str, list[float]]:
        """As they were, of the periods that all instruments have."""
        if self._together():
            return {name: series.change[1:].tolist() for name, series in self._series.items()}
        each = self._series.items()
        closes = {n: dict(zip(s.time.tolist(), s.price.tolist(), strict=True)) for n, s in each}
        return aligned(closes, self._horizon)

    @cached_property
    def scenarios(self) -> Scenarios:
        """A row each."""
        columns = [self.columns[name].tolist() for name in self._names]
        return Scenarios(self._names, tuple(zip(*columns, strict=True)))

    @cached_property
    def long(self) -> dict[str, float]:
        """ES of holding nothing but one instrument."""
        return {name: self._shortfall(-column) for name, column in self.columns.items()}

    @cached_property
    def short(self) -> dict[str, float]:
        """ES of owing nothing but one instrument."""
        return {name: self._shortfall(column) for name, column in self.columns.items()}

    def alone(self, names: Iterable[str], weights: Mapping[str, float]) -> float:
        """What each position risks alone, summed: never less than the ES of all together."""
        total = 0.0
        for name in names:
            weight = weights[name]
            total += weight * self.long[name] if weight > 0.0 else -weight * self.short[name]
        return total

    def losses(self, weights: Mapping[str, float]) -> Floats:
        """In every scenario; sums in one order, so that a replay's are the same to the last bit."""
        total = np.zeros(self.count)
        for name, weight in sorted(weights.items()):
            if weight:
                total -= weight * self.columns[name]
        return total

    def risk(self, weights: Mapping[str, float]) -> TailRisk:
        """VaR and ES of these weights, as `portfolio_risk` has them."""
        held = [name for name, weight in weights.items() if weight]
        if not held:
            return TailRisk(0.0, 0.0, METHOD)
        if reason := lacking_for(weights, self._names, self.count, self._level):
            return unknown(METHOD, reason)
        if len(held) <= EXACT_SUMS:
            losses = self.losses(weights)
            losses.sort()
            return tail_of(losses, self._level)
        return tail(sorted(self.scenarios.losses(weights)), self._level, METHOD)

    def _shortfall(self, losses: Floats) -> float:
        return tail_of(np.sort(losses), self._level).expected_shortfall if self.count else nan

    def _together(self) -> bool:
        """Whether all instruments have the same periods, without a hole."""
        known = iter(self._series.values())
        first = next(known, None)
        if first is None or not first.whole:
            return False
        return all(s.whole and (s.begins, s.ends) == (first.begins, first.ends) for s in known)

    def _filtered(self) -> dict[str, Floats]:
        if not self._names:
            return {}
        if len(self._names) == 1 and self._series[self._names[0]].whole:  # nearly always, and then at once
            column, finite = _scaled(self._series[self._names[0]])
            return {self._names[0]: column if finite else column[np.isfinite(column)]}
        if not self._together():
            made = filtered_scenarios(self.returns)
            rows = np.array(made.rows, np.float64).reshape(-1, len(made.names))
            return {name: rows[:, place].copy() for place, name in enumerate(made.names)}
        scaled = {name: _scaled(series) for name, series in self._series.items()}
        columns = {name: column for name, (column, _) in scaled.items()}
        if all(whole for _, whole in scaled.values()):
            return columns
        finite = np.logical_and.reduce([np.isfinite(column) for column in columns.values()])
        return {name: column[finite] for name, column in columns.items()}


def tail_alone(series: Series, weight: float, level: float, least: int) -> TailRisk | None:
    """As `Sample.risk` of so much of one instrument held (above 0): its worst scenarios tell all.

    None where there are fewer than `least` of them, or one that can't be compared with anything.
    """
    changes, squares = series.change[1:], series.square[1:]
    count = len(changes) - WARM_UP
    if not series.whole or count < max(least, 1):
        return None
    seed = fsum([v * v for v in changes[:WARM_UP].tolist()]) / WARM_UP
    worst = np.empty(count - order(count, level) + 1)
    variance, whole = kernel.least_residuals(changes, squares, seed, WARM_UP, DECAY, STILL, worst)
    if not whole:
        return None
    scale = sqrt(variance) if variance > STILL else 0.0
    losses = [0.0 - weight * (residual * scale) for residual in worst.tolist()]
    at = losses.pop()
    beyond = fsum([loss - at for loss in losses]) / count
    return TailRisk(at, at + beyond / (1.0 - level), METHOD)


def tail_of(losses: Floats, level: float) -> TailRisk:
    """As `value_at_risk.tail` of losses in ascending order."""
    place = order(len(losses), level) - 1
    at = float(losses[place])
    beyond = fsum((losses[place + 1 :] - at).tolist()) / len(losses)
    return TailRisk(at, at + beyond / (1.0 - level), METHOD)


def aligned(closes: Mapping[str, Mapping[int, float]], horizon: int) -> dict[str, list[float]]:
    """Simple returns of the periods that every instrument has, oldest first; a hole makes no return."""
    each = [set(one) for one in closes.values()]
    times = sorted(set.intersection(*each)) if each else []
    steps = [(before, after) for before, after in pairwise(times) if after - before == horizon]
    return {name: [one[b] / one[a] - 1.0 for a, b in steps] for name, one in closes.items()}


def _scaled(series: Series) -> tuple[Floats, bool]:
    """The residuals of `filtered_historical.Filter`, times the volatility that it forecasts next.

    The first returns only warm the filter; those that the filter can't compare with anything are NaN, and
    whether there are none is told.
    """
    changes, squares = series.change[1:], series.square[1:]
    if len(changes) <= WARM_UP:
        return np.empty(0), True
    first = changes[:WARM_UP].tolist()
    assert all(map(isfinite, first)), "expected finite returns"
    made = np.empty(len(changes) - WARM_UP)
    seed = fsum([v * v for v in first]) / WARM_UP
    variance, whole = kernel.residuals(changes, squares, seed, WARM_UP, DECAY, STILL, made)
    made *= sqrt(variance) if variance > STILL else 0.0
    return made, whole
