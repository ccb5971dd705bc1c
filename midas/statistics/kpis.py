"""The key figures of R7.12: each with its goal, its optimum, how sure it is, and a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from math import expm1, isfinite, log1p, nan, sqrt

import msgspec

from midas.statistics.annualisation import standard_error, standard_error_normal
from midas.statistics.conventions import (
    LEAST_SHAPE,
    LEAST_SHARPE,
    Figure,
    Reason,
    deviation,
    mean,
    unknown,
)
from midas.statistics.distributions import normal_quantile
from midas.statistics.luck import Record, deflated_sharpe, minimum_track_record, probabilistic_sharpe
from midas.statistics.performance import (
    cagr,
    kurtosis,
    max_drawdown,
    profit_factor,
    recovery_factor,
    sharpe_of_period,
    skewness,
    win_rate,
)

CONFIDENCE = 0.95  # two-sided, of every interval here


class Goal(msgspec.Struct, frozen=True):
    """What a figure must pass, and what would be ideal."""

    limit: float
    optimum: float | None = None
    below: bool = False  # the smaller the better


class Goals(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of the key figures; ratios and fractions, Sharpe ratio and CAGR annual."""

    sharpe: Goal = Goal(0.8, 1.5)
    max_drawdown: Goal = Goal(0.15, 0.10, below=True)
    cagr: Goal = Goal(0.08, 0.15)
    win_rate: Goal = Goal(0.45, 0.55)
    profit_factor: Goal = Goal(1.3)
    recovery_factor: Goal = Goal(2.0)


class Verdict(Enum):
    """Where a figure stands."""

    UNKNOWN = "not known"
    MISSED = "missed"
    MET = "met"
    OPTIMAL = "optimal"
    OPEN = "no goal"


class Interval(msgspec.Struct, frozen=True):
    """Where the true value lies with the confidence of this module."""

    low: float
    high: float


class Kpi(msgspec.Struct, frozen=True):
    """One key figure."""

    name: str
    figure: Figure
    goal: Goal | None
    interval: Interval | None = None

    @property
    def verdict(self) -> Verdict:
        """Of the value alone. A goal must be passed, an optimum reached."""
        if not self.figure.known:
            return Verdict.UNKNOWN
        if self.goal is None:
            return Verdict.OPEN
        if not _passes(self.figure.value, self.goal):
            return Verdict.MISSED
        if self.goal.optimum is None:
            return Verdict.MET
        sign = -1.0 if self.goal.below else 1.0
        return Verdict.OPTIMAL if sign * self.figure.value >= sign * self.goal.optimum else Verdict.MET

    @property
    def certain(self) -> bool:
        """Whether the whole interval says the same about the goal as the value does."""
        if self.interval is None or self.goal is None or not self.figure.known:
            return False
        passed = _passes(self.figure.value, self.goal)
        ends = (self.interval.low, self.interval.high)
        return all(_passes(end, self.goal) == passed for end in ends)


class Skill(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the whole record's Sharpe ratio isn't luck; chances 0 to 1, NaN where not known."""

    positive: float  # P(true Sharpe > 0)
    goal: float  # P(true Sharpe > the goal)
    deflated: float  # P(true Sharpe > the best that luck gives as many trials)
    trials: int
    years: float  # of record
    years_needed: float  # until `positive` would be 95 %
    reason: Reason | None = None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the key figures are computed from."""

    returns: Sequence[float]  # daily, simple, after costs, flows removed; oldest first
    periods: int  # a year
    profits: Sequence[float]  # of closed trades, one currency
    signals: int = 0  # generated
    executed: int = 0
    trials: int = 1  # configurations ever tried on these data
    fall: float = float("nan")  # deepest that was seen from a peak besides, as of the day that still runs
    trial_variance: float = 0.0  # of their Sharpe ratios, of one period each


class Kpis(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, in the order of the requirement."""

    sharpe: Kpi  # of the last six months
    max_drawdown: Kpi  # positive
    cagr: Kpi
    win_rate: Kpi
    profit_factor: Kpi
    recovery_factor: Kpi
    execution: Kpi
    skill: Skill

    @property
    def all(self) -> tuple[Kpi, ...]:
        """Those with a verdict."""
        return (
            self.sharpe,
            self.max_drawdown,
            self.cagr,
            self.win_rate,
            self.profit_factor,
            self.recovery_factor,
            self.execution,
        )


def key_figures(evidence: Evidence, goals: Goals | None = None) -> Kpis:
    """Every key figure of `evidence` against `goals`, by default those of R7.12."""
    wanted = goals or Goals()
    returns, profits, periods = evidence.returns, evidence.profits, evidence.periods
    depth = _depth(max_drawdown(returns), evidence.fall)
    grown = cagr(returns, periods)
    won = win_rate(profits)
    return Kpis(
        sharpe=_sharpe(returns[-(periods // 2) :], periods, wanted.sharpe),
        max_drawdown=Kpi("max drawdown", depth, wanted.max_drawdown),
        cagr=Kpi("CAGR", grown, wanted.cagr, growth_interval(returns, periods) if grown.known else None),
        win_rate=Kpi(
            "win rate",
            won,
            wanted.win_rate,
            share_interval(won.value, won.count) if won.known else None,
        ),
        profit_factor=Kpi("profit factor", profit_factor(profits), wanted.profit_factor),
        recovery_factor=Kpi("recovery factor", recovery_factor(returns), wanted.recovery_factor),
        execution=Kpi("executed signals", execution_ratio(evidence.executed, evidence.signals), None),
        skill=skill(evidence, wanted.sharpe.limit),
    )


def _depth(of_days: Figure, seen: float) -> Figure:
    """The deeper of both, positive; what was seen counts also before there is a day."""
    deepest = abs(of_days.value)
    if seen != seen:
        return Figure(deepest, of_days.count, of_days.reason)
    return Figure(max(deepest, seen) if of_days.known else seen, of_days.count)


def execution_ratio(executed: int, signals: int) -> Figure:
    """Executed over generated signals; NaN without a signal."""
    return Figure(executed / signals, signals) if signals > 0 else unknown(Reason.UNKNOWN)


def skill(evidence: Evidence, goal: float) -> Skill:
    """What the whole record says once luck is taken off; `goal` is an annual Sharpe ratio."""
    scale = sqrt(evidence.periods)
    base = sharpe_of_period(evidence.returns)
    record = _record(evidence.returns, base)
    return Skill(
        positive=probabilistic_sharpe(record),
        goal=probabilistic_sharpe(record, goal / scale),
        deflated=deflated_sharpe(record, evidence.trials, evidence.trial_variance),
        trials=evidence.trials,
        years=len(evidence.returns) / evidence.periods,
        years_needed=minimum_track_record(record) / evidence.periods,
        reason=base.reason,
    )


def share_interval(share: float, count: int, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's (1927) interval of a share seen in `count` outcomes; never outside 0 to 1."""
    if count <= 0 or not 0.0 <= share <= 1.0:
        return Interval(nan, nan)
    z = normal_quantile(0.5 + confidence / 2.0)
    middle = share + z * z / (2.0 * count)
    reach = z * sqrt(share * (1.0 - share) / count + z * z / (4.0 * count * count))
    whole = 1.0 + z * z / count
    return Interval(max((middle - reach) / whole, 0.0), min((middle + reach) / whole, 1.0))


def growth_interval(
    returns: Sequence[float], periods: int, confidence: float = CONFIDENCE
) -> Interval | None:
    """Of the CAGR, normal in log returns: exp(P (mean -+ z sd / sqrt(n))) - 1; None where there are none."""
    if len(returns) < 2 or min(returns) <= -1.0:
        return None
    logs = [log1p(each) for each in returns]
    reach = normal_quantile(0.5 + confidence / 2.0) * deviation(logs) / sqrt(len(logs))
    low, high = periods * (mean(logs) - reach), periods * (mean(logs) + reach)
    return Interval(expm1(low), expm1(high)) if high < 700.0 else None


def sharpe_interval(
    returns: Sequence[float], periods: int, confidence: float = CONFIDENCE
) -> Interval | None:
    """Of the annual Sharpe ratio by its standard error (Mertens 2002; Lo 2002 below 60 observations)."""
    base = sharpe_of_period(returns)
    if not base.known:
        return None
    record = _record(returns, base)
    if record.count < LEAST_SHAPE:
        error = standard_error_normal(record.sharpe, record.count)
    else:
        error = standard_error(record.sharpe, record.count, record.skewness, record.kurtosis)
    if not isfinite(error):
        return None
    reach = normal_quantile(0.5 + confidence / 2.0) * error
    scale = sqrt(periods)
    return Interval((record.sharpe - reach) * scale, (record.sharpe + reach) * scale)


def _sharpe(returns: Sequence[float], periods: int, goal: Goal) -> Kpi:
    base = sharpe_of_period(returns, least=LEAST_SHARPE)
    annual = Figure(base.value * sqrt(periods), base.count, base.reason)
    return Kpi("Sharpe, 6 months", annual, goal, sharpe_interval(returns, periods))


def _record(returns: Sequence[float], base: Figure) -> Record:
    """Skew and tails count from 60 observations on; below, those of the normal stand in for them."""
    skew, tails = skewness(returns), kurtosis(returns)
    if not skew.known or not tails.known:
        return Record(base.value, base.count)
    return Record(base.value, base.count, skew.value, tails.value)


def _passes(value: float, goal: Goal) -> bool:
    return value < goal.limit if goal.below else value > goal.limit
