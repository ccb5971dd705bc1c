"""Backtests of VaR and ES: were losses beyond the forecast as frequent, as scattered and as large as said?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import fsum, log, nan
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.statistics.distributions import chi_square_tail
from midas.statistics.value_at_risk import order, tail

Light = Literal["green", "yellow", "red"]
LEVEL = 0.05  # of every test
TRAFFIC_DAYS = 250  # that the traffic light counts over, at 99 %


class Verdict(msgspec.Struct, frozen=True):
    """A likelihood ratio and the probability of one as large where the forecast is right."""

    statistic: float
    p_value: float

    def rejected(self, level: float = LEVEL) -> bool:
        """Whether the forecast is refuted at this level."""
        return self.p_value < level


class Christoffersen(msgspec.Struct, frozen=True):
    """Christoffersen (1998): exceptions must neither cluster nor be too many or too few."""

    counts: tuple[int, int, int, int]  # of n00, n01, n10, n11: a day without or with one, then the next
    independence: Verdict
    coverage: Verdict  # conditional coverage: Kupiec's and independence together


def kupiec(exceptions: int, days: int, probability: float) -> Verdict:
    """Proportion of failures (Kupiec 1995): too few exceptions refute the forecast as well."""
    assert 0 <= exceptions <= days and days > 0, f"expected 0 to {days} exceptions, got {exceptions}"
    assert 0.0 < probability < 1.0, f"expected a probability between 0 and 1, got {probability}"
    share = exceptions / days
    said = _log_likelihood(days - exceptions, exceptions, probability)
    statistic = max(2.0 * (_log_likelihood(days - exceptions, exceptions, share) - said), 0.0)
    return Verdict(statistic, chi_square_tail(statistic, 1))


def christoffersen(hits: Sequence[bool], probability: float) -> Christoffersen:
    """Of a day-by-day record of exceptions."""
    counted = [0, 0, 0, 0]
    for before, after in pairwise(hits):
        counted[2 * bool(before) + bool(after)] += 1
    n00, n01, n10, n11 = counted
    after_none, after_one = _share(n01, n00 + n01), _share(n11, n10 + n11)
    alike = _share(n01 + n11, sum(counted))
    apart = _log_likelihood(n00, n01, after_none) + _log_likelihood(n10, n11, after_one)
    statistic = max(2.0 * (apart - _log_likelihood(n00 + n10, n01 + n11, alike)), 0.0)
    both = statistic + kupiec(sum(map(bool, hits)), len(hits), probability).statistic
    return Christoffersen(
        (n00, n01, n10, n11),
        Verdict(statistic, chi_square_tail(statistic, 1)),
        Verdict(both, chi_square_tail(both, 2)),
    )


def accepted(days: int, probability: float, level: float = LEVEL) -> tuple[int, int]:
    """The fewest and the most exceptions that Kupiec's test doesn't reject."""
    fine = [x for x in range(days + 1) if not kupiec(x, days, probability).rejected(level)]
    return fine[0], fine[-1]


def acerbi_szekely(
    losses: Sequence[float], levels: Sequence[float], shortfalls: Sequence[float], alpha: float
) -> float:
    """Z2 = sum(L 1{L > VaR} / ES) / (T (1 - alpha)) - 1 over days; NaN where there are none."""
    if not losses:
        return nan
    beyond = fsum(
        loss / expected
        for loss, level, expected in zip(losses, levels, shortfalls, strict=True)
        if loss > level
    )
    return beyond / (len(losses) * (1.0 - alpha)) - 1.0


def critical_shortfall(
    sample: Sequence[float],
    days: int,
    alpha: float,
    generator: np.random.Generator,
    draws: int = 2_000,
    level: float = LEVEL,
) -> float:
    """The Z2 that a right forecast exceeds with probability `level`, by drawing `days` losses from `sample`.

    `sample` has the shape of the forecast: standard normal draws, or the residual losses of the filter.
    """
    ordered = np.sort(np.asarray(sample, np.float64))
    expected = tail(ordered.tolist(), alpha, "drawn").expected_shortfall
    place = order(ordered.size, alpha)
    worth = np.where(ordered > ordered[place - 1], ordered / expected, 0.0)
    sums = _sums_drawn(worth, days, draws, generator)
    return float(np.quantile(sums / (days * (1.0 - alpha)) - 1.0, 1.0 - level))


def traffic_light(exceptions: int) -> Light:
    """Basel's zones for 99 % over 250 days: 0-4 green, 5-9 yellow, from 10 on red."""
    assert exceptions >= 0, f"expected a count, got {exceptions}"
    if exceptions >= 10:
        return "red"
    return "yellow" if exceptions >= 5 else "green"


def xlogy(count: float, value: float) -> float:
    """count ln(value), 0 where the count is 0."""
    return count * log(value) if count else 0.0


def _log_likelihood(without: int, with_one: int, probability: float) -> float:
    return xlogy(without, 1.0 - probability) + xlogy(with_one, probability)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _sums_drawn(
    worth: NDArray[np.float64], days: int, draws: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Sums of `days` draws from `worth`; only how many fall on what isn't 0 has to be drawn."""
    tails = worth[worth != 0.0]
    fallen = generator.binomial(days, tails.size / worth.size, draws)
    picked = tails[generator.integers(0, max(tails.size, 1), int(fallen.sum()))] if tails.size else tails
    edges = np.concatenate(([0.0], np.cumsum(picked)))
    ends = np.cumsum(fallen)
    return np.asarray(edges[ends] - edges[ends - fallen], np.float64)
