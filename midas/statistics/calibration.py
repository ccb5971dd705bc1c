"""How good forecast probabilities are: scores, reliability, and what chance alone would show.

Every function takes forecasts p in [0, 1] and outcomes y (true where it happened), in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import floor, fsum, inf, log, nan, sqrt

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.statistics.distributions import normal_cdf, normal_quantile

BINS = 10
_EDGE = 1e-9  # .6 of five bins is in the fourth: 3.0000000000000004 or 2.9999999999999996, it doesn't matter

Bins = list[list[int]]  # places of the forecasts, bin by bin; none is empty


class Reliability(msgspec.Struct, frozen=True):
    """ECE and MCE, and Murphy's (1973) parts of the Brier score of the bin-averaged forecast."""

    ece: float  # mean distance of a bin's hit rate from its mean forecast, by count
    mce: float  # the largest such distance
    reliability: float
    resolution: float
    uncertainty: float

    @property
    def brier(self) -> float:
        """REL - RES + UNC: of the forecast averaged in its bins, not of the forecast (Stephenson 2008)."""
        return self.reliability - self.resolution + self.uncertainty


class Point(msgspec.Struct, frozen=True):
    """One bin of a reliability diagram."""

    count: int
    forecast: float  # the mean p
    hit_rate: float
    low: float  # Wilson interval of the hit rate
    high: float
    expected_low: float = nan  # what a calibrated forecaster shows, simulated; NaN without a generator
    expected_high: float = nan


class NullBand(msgspec.Struct, frozen=True):
    """The ECE that a perfectly calibrated forecaster of the same probabilities shows by chance."""

    mean: float
    high: float  # 95th percentile
    p_value: float  # of the observed one: the share of simulated ones that are as large


def brier(forecasts: Sequence[float], outcomes: Sequence[bool]) -> float:
    """mean((p - y)^2); NaN of nothing."""
    pairs = _pairs(forecasts, outcomes)
    return fsum((p - y) ** 2 for p, y in pairs) / len(pairs) if pairs else nan


def brier_skill(forecasts: Sequence[float], outcomes: Sequence[bool], base: float | None = None) -> float:
    """1 - BS / BS_base, against always saying `base`, by default the hit rate; NaN where that is perfect."""
    pairs = _pairs(forecasts, outcomes)
    if not pairs:
        return nan
    said = fsum(y for _, y in pairs) / len(pairs) if base is None else base
    reference = brier([said] * len(pairs), outcomes)
    return 1.0 - brier(forecasts, outcomes) / reference if reference > 0.0 else nan


def log_loss(forecasts: Sequence[float], outcomes: Sequence[bool]) -> float:
    """-mean(ln of the probability given to what happened); infinite where that was 0."""
    pairs = _pairs(forecasts, outcomes)
    given = [p if y else 1.0 - p for p, y in pairs]
    if not given:
        return nan
    return inf if min(given) <= 0.0 else -fsum(map(log, given)) / len(given)


def equal_width(forecasts: Sequence[float], bins: int = 5) -> Bins:
    """Bins of one width; the index is floor(p B + 1e-9), so that .6 lies where its edge says."""
    found: Bins = [[] for _ in range(bins)]
    for place, p in enumerate(forecasts):
        found[min(floor(p * bins + _EDGE), bins - 1)].append(place)
    return [places for places in found if places]


def equal_mass(forecasts: Sequence[float], bins: int = BINS) -> Bins:
    """Bins of one size, from the lowest forecasts up; where it doesn't divide the first hold one more."""
    ordered = sorted(range(len(forecasts)), key=forecasts.__getitem__)
    size, more = divmod(len(ordered), bins)
    edges = [place * size + min(place, more) for place in range(bins + 1)]
    return [ordered[start:end] for start, end in pairwise(edges) if end > start]


def reliability(forecasts: Sequence[float], outcomes: Sequence[bool], bins: Bins) -> Reliability:
    """Over the given bins; NaN of nothing."""
    pairs = _pairs(forecasts, outcomes)
    count = len(pairs)
    if not count:
        return Reliability(nan, nan, nan, nan, nan)
    base = fsum(y for _, y in pairs) / count
    shares = [len(places) / count for places in bins]
    means = [fsum(pairs[place][0] for place in places) / len(places) for places in bins]
    rates = [sum(pairs[place][1] for place in places) / len(places) for places in bins]
    gaps = [abs(mean - rate) for mean, rate in zip(means, rates, strict=True)]
    return Reliability(
        ece=fsum(share * gap for share, gap in zip(shares, gaps, strict=True)),
        mce=max(gaps),
        reliability=fsum(share * gap**2 for share, gap in zip(shares, gaps, strict=True)),
        resolution=fsum(share * (rate - base) ** 2 for share, rate in zip(shares, rates, strict=True)),
        uncertainty=base * (1.0 - base),
    )


def spiegelhalter(forecasts: Sequence[float], outcomes: Sequence[bool]) -> float:
    """Z = sum((y - p)(1 - 2p)) / sqrt(sum((1 - 2p)^2 p (1 - p))), standard normal where calibrated."""
    pairs = _pairs(forecasts, outcomes)
    spread = fsum((1.0 - 2.0 * p) ** 2 * p * (1.0 - p) for p, _ in pairs)
    if spread <= 0.0:
        return nan
    return fsum((y - p) * (1.0 - 2.0 * p) for p, y in pairs) / sqrt(spread)


def two_sided(z: float) -> float:
    """The probability of a Z as far from 0."""
    return 2.0 * normal_cdf(-abs(z))


def wilson(hits: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a hit rate (Wilson 1927); (0, 1) where nothing was counted."""
    assert 0 <= hits <= count, f"expected 0 to {count} hits, got {hits}"
    if not count:
        return 0.0, 1.0
    z = normal_quantile(0.5 + confidence / 2.0)
    rate, weight = hits / count, z * z / count
    centre = (rate + weight / 2.0) / (1.0 + weight)
    reach = z * sqrt(rate * (1.0 - rate) / count + weight / (4.0 * count)) / (1.0 + weight)
    return max(centre - reach, 0.0), min(centre + reach, 1.0)


def diagram(
    forecasts: Sequence[float],
    outcomes: Sequence[bool],
    bins: Bins,
    generator: np.random.Generator | None = None,
    draws: int = 1_000,
) -> list[Point]:
    """Mean forecast against hit rate, bin by bin; with a generator the consistency band (Broecker 2007)."""
    pairs = _pairs(forecasts, outcomes)
    points = []
    for places in bins:
        hits = sum(pairs[place][1] for place in places)
        mean = fsum(pairs[place][0] for place in places) / len(places)
        points.append(Point(len(places), mean, hits / len(places), *wilson(hits, len(places))))
    if generator is None:
        return points
    rates = _rates_drawn(forecasts, bins, draws, generator)
    low, high = np.quantile(rates, (0.025, 0.975), axis=0)
    return [
        msgspec.structs.replace(point, expected_low=float(below), expected_high=float(above))
        for point, below, above in zip(points, low, high, strict=True)
    ]


def null_band(
    forecasts: Sequence[float],
    observed: float,
    bins: Bins,
    generator: np.random.Generator,
    draws: int = 1_000,
) -> NullBand:
    """ECE is biased upward: a calibrated forecaster shows .040 over 1,000 outcomes. This says by how much."""
    p = np.asarray(forecasts, np.float64)
    means = np.array([p[places].mean() for places in bins])
    shares = np.array([len(places) for places in bins]) / p.size
    drawn = np.abs(_rates_drawn(forecasts, bins, draws, generator) - means) @ shares
    return NullBand(
        float(drawn.mean()),
        float(np.quantile(drawn, 0.95)),
        float((1 + np.sum(drawn >= observed)) / (1 + draws)),
    )


def _rates_drawn(
    forecasts: Sequence[float], bins: Bins, draws: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Hit rates [draws, bins] of outcomes that follow the forecasts."""
    p = np.asarray(forecasts, np.float64)[np.concatenate([np.asarray(places) for places in bins])]
    sizes = np.array([len(places) for places in bins])
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    rates = np.empty((draws, sizes.size))
    for draw in range(draws):
        rates[draw] = np.add.reduceat(generator.random(p.size) < p, starts, dtype=np.int64) / sizes
    return rates


def _pairs(forecasts: Sequence[float], outcomes: Sequence[bool]) -> list[tuple[float, int]]:
    pairs = [(p, int(y)) for p, y in zip(forecasts, outcomes, strict=True)]
    assert all(0.0 <= p <= 1.0 for p, _ in pairs), "expected probabilities from 0 to 1"
    return pairs
