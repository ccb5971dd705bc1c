"""The figures of quant-reference 1 and 2, as `midas.statistics` defines them, in the form that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan

import numpy as np

from midas.reports.sheet import ENDLESS, Benchmark, Evidence, Growth, Interval, Measure, Point
from midas.statistics import kpis
from midas.statistics.annualisation import annual_sharpe
from midas.statistics.conventions import (
    LEAST_CORRELATION,
    NO_SPREAD,
    Figure,
    Reason,
    deviation,
    refusal,
    unknown,
)
from midas.statistics.kpis import growth_interval, share_interval, sharpe_interval
from midas.statistics.performance import measure, sharpe

GOAL = kpis.Goals().sharpe.limit
WINDOWS = (90, 30)  # days of a rolling Sharpe ratio: the longest of which the record has two
POINTS = 400


def measured(figure: Figure, endless: str = Reason.NOT_ESTIMABLE.value) -> Measure:
    """A figure as it is kept; `endless` is said of what has no end."""
    if figure.known and isfinite(figure.value):
        return Measure(figure.value, figure.count, "")
    if figure.known:
        return Measure(None, figure.count, endless)
    return Measure(None, figure.count, figure.reason.value if figure.reason is not None else "")


def growth(returns: Sequence[float], periods: int) -> Growth:
    """Of daily simple returns."""
    it = measure(returns, periods)
    return Growth(
        total=measured(it.total_return), cagr=measured(it.cagr), volatility=measured(it.volatility),
        sharpe=measured(it.sharpe), sortino=measured(it.sortino), max_drawdown=measured(it.max_drawdown),
        calmar=measured(it.calmar), recovery_factor=measured(it.recovery_factor),
        profit_factor=measured(it.profit_factor, ENDLESS), win_rate=measured(it.win_rate),
        ulcer=measured(it.ulcer), skewness=measured(it.skewness), kurtosis=measured(it.kurtosis),
    )  # fmt: skip


def evidence(
    returns: Sequence[float], periods: int, won: Figure, trials: int, variance: float,
    overfitting: float | None = None,
) -> Evidence:  # fmt: skip
    """`variance`: of the trials' Sharpe ratios, of one period; `won`: the win rate of trades."""
    both = annual_sharpe(returns, periods)
    skill = kpis.skill(
        kpis.Evidence(
            returns=returns, periods=periods, profits=(), trials=trials, trial_variance=variance
        ), GOAL,
    )  # fmt: skip
    grown = measure(returns, periods).cagr
    return Evidence(
        sharpe=_interval(sharpe_interval(returns, periods)),
        cagr=_interval(growth_interval(returns, periods)) if grown.known else None,
        win_rate=_interval(share_interval(won.value, won.count)) if won.known else None,
        adjusted=measured(both.adjusted), dependent=measured(both.ljung_box),
        positive=_known(skill.positive), goal=_known(skill.goal), goal_sharpe=GOAL,
        deflated=_known(skill.deflated), trials=trials, years=skill.years,
        years_needed=_known(skill.years_needed), overfitting=overfitting,
    )  # fmt: skip


def benchmark(own: Sequence[float], other: Sequence[float], worst: float, periods: int) -> Benchmark:
    """The other series of daily returns, and how far this one moves with it."""
    refused = refusal(own, LEAST_CORRELATION) or refusal(other, LEAST_CORRELATION)
    if refused is None and min(mine := deviation(own), theirs := deviation(other)) < NO_SPREAD:
        refused = unknown(Reason.NO_SPREAD, len(own))
    if refused is not None:
        beta = correlation = measured(refused)
    else:
        together = float(np.corrcoef(own, other)[0, 1])
        correlation = Measure(together, len(own), "")
        beta = Measure(together * mine / theirs, len(own), "")
    return Benchmark(growth=growth(other, periods), worst=worst, beta=beta, correlation=correlation)


def rolling(ends: Sequence[int], returns: Sequence[float], periods: int) -> tuple[int, tuple[Point, ...]]:
    """How many days, and the annual Sharpe ratio of as many days before each; empty where too few."""
    window = next((days for days in WINDOWS if len(returns) >= 2 * days), 0)
    if not window:
        return 0, ()
    step = max(1, (len(returns) - window) // POINTS)
    points = []
    for last in range(window, len(returns) + 1, step):
        value = sharpe(returns[last - window : last], periods).value
        if isfinite(value):
            points.append(Point(int(ends[last - 1]), value))
    return window, tuple(points)


def _interval(found: kpis.Interval | None) -> Interval | None:
    if found is None or not isfinite(found.low) or not isfinite(found.high):
        return None
    return Interval(found.low, found.high)


def _known(value: float = nan) -> float | None:
    return value if isfinite(value) else None
