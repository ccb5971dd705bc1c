"""What every figure has in common: returns, periods, enough observations, stable online forms.

Simple returns for P&L, compounding and drawdown, log returns for modelling; daily samples at a fixed UTC
cut; ddof 1 for whatever is reported; VaR and ES positive for a loss, drawdown stored negative. A figure that
can't be known is NaN with a reason, never 0. Sums go through fsum: the same bits whatever the order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from enum import Enum
from itertools import pairwise
from math import expm1, fsum, inf, isfinite, log, log1p, nan, sqrt

import msgspec

DAY = 86_400_000_000_000  # nanoseconds
LARGEST = 1e75  # of an observation: the powers that a figure takes of it must stay numbers
NO_SPREAD = 1e-12  # a standard deviation below it is none: dividing by it would invent a huge figure

# How many observations a figure needs before it is told.
LEAST_MEAN = LEAST_VOLATILITY = 20
LEAST_SHARPE = LEAST_SORTINO = 30
LEAST_SHAPE = 60  # skewness and kurtosis
LEAST_HIT_RATE = 30
LEAST_CORRELATION = 40
LEAST_VAR_95 = 100  # historical
LEAST_VAR_99 = 500
LEAST_CALIBRATION = 200  # ECE, of each set of bins
LEAST_REGIME_ROWS = 1_000  # EM fit
LEAST_REGIME_VISITS = 5  # of each state


class Reason(Enum):
    """Why a figure is NaN, as a person reads it."""

    TOO_FEW = "too few observations"
    TOO_SHORT = "less than a quarter of a year: read the total return"
    MISSING = "an observation is missing"
    NO_SPREAD = "nothing varies"
    NO_LOSSES = "no losses"
    NO_WINS = "no wins"
    NO_DRAWDOWN = "no drawdown"
    NOTHING_DECIDED = "neither wins nor losses"
    NOT_ESTIMABLE = "the formula has no value here"
    UNKNOWN = "not measured"


class Figure(msgspec.Struct, frozen=True):
    """A value with the number of observations behind it, or NaN and why."""

    value: float
    count: int = 0
    reason: Reason | None = None

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return self.reason is None


class AssetClass(Enum):
    """What trades how many days a year."""

    EQUITY = "equity"
    FUTURES = "futures"
    CRYPTO = "crypto"
    FX = "fx"


PERIODS = {AssetClass.EQUITY: 252, AssetClass.FUTURES: 252, AssetClass.CRYPTO: 365, AssetClass.FX: 260}
CALENDAR = 365  # of a mixed book: a calendar-daily series, weekends included


def unknown(reason: Reason, count: int = 0) -> Figure:
    """A figure that can't be told."""
    return Figure(nan, count, reason)


def refusal(values: Sequence[float], least: int) -> Figure | None:
    """Why nothing can be told of `values`: one is NaN, infinite or absurd, or they are fewer than `least`."""
    if not all(map(isfinite, values)):
        return unknown(Reason.MISSING, len(values))
    if values and max(max(values), -min(values)) > LARGEST:
        return unknown(Reason.NOT_ESTIMABLE, len(values))
    return unknown(Reason.TOO_FEW, len(values)) if len(values) < max(least, 1) else None


def periods_per_year(classes: Collection[AssetClass]) -> int:
    """252 for shares and futures, 365 for crypto, 260 for FX; 365 for a mixed or an empty book."""
    found = {PERIODS[each] for each in classes}
    return found.pop() if len(found) == 1 else CALENDAR


def rate_per_period(annual: float, periods: int) -> float:
    """The risk-free rate of one period, (1 + annual)^(1 / P) - 1; `annual` above -1."""
    return expm1(log1p(annual) / periods)


def simple_returns(values: Sequence[float], flows: Sequence[float] = ()) -> list[float]:
    """V_t / V_t-1 - 1 after each period's `flows` (deposits positive); NaN where V_t-1 isn't positive."""
    assert not flows or len(flows) == len(values) - 1, f"expected a flow a period, got {len(flows)}"
    moved = flows or [0.0] * (len(values) - 1)
    pairs = zip(values, values[1:], moved, strict=False)
    return [(after - flow) / before - 1.0 if before > 0.0 else nan for before, after, flow in pairs]


def log_returns(prices: Sequence[float]) -> list[float]:
    """ln(P_t / P_t-1); NaN where a price isn't positive. They add over time, never across assets."""
    pairs = pairwise(prices)
    return [log(after / before) if before > 0.0 and after > 0.0 else nan for before, after in pairs]


def simple(log_return: float) -> float:
    """The simple return of a log return."""
    return expm1(log_return)


def logarithmic(simple_return: float) -> float:
    """The log return of a simple return; -inf at a total loss, NaN below it."""
    return log1p(simple_return) if simple_return > -1.0 else (-inf if simple_return == -1.0 else nan)


def wealth(returns: Iterable[float]) -> list[float]:
    """1.0 and what it grows to: the initial capital belongs to the curve, and to its peak."""
    curve = [1.0]
    for each in returns:
        curve.append(curve[-1] * (1.0 + each))
    return curve


def daily_closes(samples: Iterable[tuple[int, float]], cut: int = 0) -> list[float]:
    """The last value before each daily cut, days without a sample carried on.

    `samples` are (time, value) in order, times in nanoseconds UTC, `cut` nanoseconds after midnight. The day
    that runs is the last one: leave it away where only whole days may count.
    """
    closes: list[float] = []
    today: int | None = None
    for time, value in samples:
        day = (time - cut) // DAY
        if today is None or day > today:
            closes += [closes[-1]] * (day - today - 1) if today is not None else []
            closes.append(value)
            today = day
        else:
            closes[-1] = value
    return closes


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean; NaN of nothing."""
    return fsum(values) / len(values) if values else nan


def variance(values: Sequence[float]) -> float:
    """The sample variance, ddof 1, in two passes; NaN below two values."""
    if len(values) < 2:
        return nan
    centre = mean(values)
    return fsum((value - centre) ** 2 for value in values) / (len(values) - 1)


def deviation(values: Sequence[float]) -> float:
    """The sample standard deviation, ddof 1; NaN below two values."""
    return sqrt(variance(values)) if len(values) > 1 else nan


def central_moment(values: Sequence[float], order: int) -> float:
    """The population moment of `order` about the mean, ddof 0; NaN of nothing."""
    centre = mean(values)
    return fsum((value - centre) ** order for value in values) / len(values) if values else nan
