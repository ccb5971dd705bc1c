"""Raw EWMA correlation, and the limit on it: who moves with whom, and how much of them may be held.

The limit is tested on raw correlations, never on shrunk ones: shrinkage pulls .97 to .70 and lets a breach
slip under the limit (`shrinkage` has those, for optimisation). No confidence bound is subtracted either.
Plain floats in a fixed order, since decisions hang on them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import fsum, isfinite, nan, sqrt
from operator import mul
from typing import NamedTuple

import msgspec

from midas.statistics.conventions import LEAST_CORRELATION

LIMIT = 0.70  # R7.1
SPAN = 60.0  # days, in any regime
SPAN_STRESSED = 20.0  # days, besides, in HighVol and Crisis
_TOLERANCE = 1e-12
_STILL = 1e-24  # a variance below is rounding dust

Pair = tuple[str, str]  # in the order of their names
Correlations = Mapping[Pair, float]


class Cluster(msgspec.Struct, frozen=True):
    """An instrument and what is held that moves with it."""

    instrument: str
    members: tuple[str, ...]  # without the instrument itself
    unknown: tuple[str, ...]  # of the members, those whose correlation nobody knows
    held: float  # the members' |weight| sum, a fraction of equity

    def room(self, cap: float) -> float:
        """The largest |weight| that the instrument itself may have; 0 where the others fill the cap."""
        return max(cap - self.held, 0.0)


def span_decay(span: float) -> float:
    """The decay whose effective number of observations, (1 + decay) / (1 - decay), is `span`."""
    assert span > 1.0, f"expected a span above 1, got {span}"
    return (span - 1.0) / (span + 1.0)


class Weighted(NamedTuple):
    """One returns series, of which more than one correlation is asked."""

    returns: Sequence[float]
    products: Sequence[float]  # each with its weight
    power: float  # the weighted sum of squares; NaN with too few returns, or where one is missing


def weighted(returns: Sequence[float], span: float = SPAN, least: int = LEAST_CORRELATION) -> Weighted:
    """Weights that decay, of returns with a zero mean, oldest first."""
    if len(returns) < max(least, 1) or not all(map(isfinite, returns)):
        return Weighted(returns, (), nan)
    products = list(map(mul, _weights(len(returns), span), returns))
    return Weighted(returns, products, fsum(map(mul, products, returns)))


def together(first: Weighted, second: Weighted) -> float:
    """The correlation of two series of the same periods under the same weights; NaN as `ewma_correlation`."""
    ours, theirs = first.power, second.power
    if not (ours > _STILL and theirs > _STILL):
        return nan
    crossed = fsum(map(mul, first.products, second.returns))
    return min(max(crossed / sqrt(ours * theirs), -1.0), 1.0)


def ewma_correlation(
    first: Sequence[float], second: Sequence[float], span: float = SPAN, least: int = LEAST_CORRELATION
) -> float:
    """Of two returns series of the same periods, oldest first, with zero means and weights that decay.

    NaN with fewer than `least` periods, where a return is missing or where one of them doesn't move.
    """
    assert len(first) == len(second), f"expected the same periods, got {len(first)} and {len(second)}"
    return together(weighted(first, span, least), weighted(second, span, least))


def limit_correlations(
    returns: Mapping[str, Sequence[float]], *, stressed: bool = False, least: int = LEAST_CORRELATION
) -> tuple[Correlations, ...]:
    """What the limit is tested on, of all pairs: correlations over 60 days, in HighVol and Crisis
    (`stressed`) also those over 20 days. NaN where nobody knows.
    """
    spans = (SPAN, SPAN_STRESSED) if stressed else (SPAN,)
    return tuple(ewma_correlations(returns, span, least) for span in spans)


def ewma_correlations(
    returns: Mapping[str, Sequence[float]], span: float = SPAN, least: int = LEAST_CORRELATION
) -> Correlations:
    """Of all pairs of instruments, whose returns are of the same periods."""
    names = sorted(returns)
    return {
        (one, other): ewma_correlation(returns[one], returns[other], span, least)
        for place, one in enumerate(names)
        for other in names[place + 1 :]
    }


def correlation_of(correlations: Correlations, one: str, other: str) -> float:
    """Of a pair in either order; NaN where it isn't there."""
    return correlations.get((one, other) if one < other else (other, one), nan)


def cluster(
    instrument: str,
    weights: Mapping[str, float],
    correlations: Sequence[Correlations],
    *,
    direction: int = 1,
    limit: float = LIMIT,
    unknown_counts: bool = True,
) -> Cluster:
    """What is held that an order of this `direction` (1 buys, -1 sells short) would move with.

    C_i = held j with corr_ij sign(w_i w_j) > limit, by the highest of the estimates: a hedge isn't a breach.
    An unknown correlation counts as one above the limit, unless told otherwise.
    """
    assert direction in (1, -1), f"expected 1 or -1, got {direction}"
    members, unknown = [], []
    for other, weight in sorted(weights.items()):
        if other == instrument or weight == 0.0:
            continue
        alike = direction * (1 if weight > 0.0 else -1)
        found = [correlation_of(each, instrument, other) * alike for each in correlations]
        if not found or any(each != each for each in found):
            unknown.append(other)
        elif max(found) > limit + _TOLERANCE:
            members.append(other)
    if unknown_counts:
        members = sorted(members + unknown)
    held = fsum(abs(weights[member]) for member in members)
    return Cluster(instrument, tuple(members), tuple(unknown), held)


@lru_cache
def _weights(count: int, span: float) -> tuple[float, ...]:
    """Summing to 1, the newest the largest."""
    decay = span_decay(span)
    raw = [decay ** (count - 1 - place) for place in range(count)]
    whole = fsum(raw)
    return tuple(weight / whole for weight in raw)
