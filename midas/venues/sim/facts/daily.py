"""Stylised facts of daily log returns: a statistic, its band and its paper each.

A fact of one asset is judged by the median over a seed's assets, a seed's value by the median over the seeds.
Moments are those of the population (ddof 0); a statistic of too few days is NaN, which passes no band.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.venues.sim.facts.row import Row
from midas.venues.sim.world.climate import Regime

Floats = NDArray[np.float64]

DAYS_MIN = 60  # for moments and what is made of them
DAYS_MIN_CORRELATION = 40
EWMA_DECAY = 0.94  # RiskMetrics 1996
WARM_UP_DAYS = 20  # the first days, whose variance the EWMA starts from
LJUNG_BOX_LAGS = 20


class Sample(msgspec.Struct, frozen=True):
    """Daily log returns [days, assets] and each day's regime."""

    returns: Floats
    regimes: NDArray[np.int8]
    beyond: Sample | None = None  # days after these, for what twenty years may not show: crises are rare

    @property
    def whole(self) -> Sample:
        """With the days beyond."""
        if self.beyond is None:
            return self
        return Sample(
            np.concatenate((self.returns, self.beyond.returns)),
            np.concatenate((self.regimes, self.beyond.regimes)),
        )

    @property
    def complete(self) -> bool:
        """Whether every regime has days enough for a correlation."""
        return bool(np.bincount(self.regimes, minlength=len(Regime)).min() >= DAYS_MIN_CORRELATION)


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the suite; `low` and `high` are inclusive, None is open."""

    name: str
    low: float | None = None
    high: float | None = None
    source: str
    measure: Callable[[Sample], float]
    family: str = ""  # facts of one family fail together; a fact without one stands alone


def excess_kurtosis(returns: Floats) -> float:
    """m4 / m2^2 - 3: 0 for the normal, far above for returns (Mandelbrot 1963; Cont 2001)."""
    if returns.size < DAYS_MIN:
        return math.nan
    centred = returns - returns.mean()
    return float(np.mean(centred**4) / np.mean(centred**2) ** 2 - 3.0)


def skewness(returns: Floats) -> float:
    """m3 / m2^1.5: losses come in larger pieces than gains (Cont 2001)."""
    if returns.size < DAYS_MIN:
        return math.nan
    centred = returns - returns.mean()
    return float(np.mean(centred**3) / np.mean(centred**2) ** 1.5)


def hill(returns: Floats, share: float = 0.05) -> float:
    """The tail index k / sum ln(x_(i) / x_(k+1)) over the k largest sizes, k = `share` of all (Hill 1975)."""
    sizes = np.sort(np.abs(returns))[::-1]
    count = int(share * sizes.size)
    if count < 2 or sizes[count] <= 0.0:
        return math.nan
    return float(count / np.sum(np.log(sizes[:count] / sizes[count])))


def autocorrelation(series: Floats, first: int, last: int) -> float:
    """The mean over these lags of sum (x_t - m)(x_(t+k) - m) / sum (x_t - m)^2 (Box & Jenkins 1970)."""
    if series.size <= max(last, DAYS_MIN_CORRELATION):
        return math.nan
    return float(np.mean(_autocorrelations(series, first, last)))


def _autocorrelations(series: Floats, first: int, last: int) -> Floats:
    centred = series - series.mean()
    products = [float(centred[:-lag] @ centred[lag:]) for lag in range(first, last + 1)]
    return np.array(products) / float(centred @ centred)


def ljung_box(series: Floats, lags: int = LJUNG_BOX_LAGS) -> float:
    """The p-value of n (n + 2) sum rho_k^2 / (n - k), chi-square of `lags` degrees (Ljung & Box 1978)."""
    if series.size < DAYS_MIN:
        return math.nan
    count = series.size
    weights = count - np.arange(1.0, lags + 1)
    statistic = count * (count + 2.0) * float(np.sum(_autocorrelations(series, 1, lags) ** 2 / weights))
    return chi_square_survival(statistic, lags)


def chi_square_survival(statistic: float, degrees: int) -> float:
    """P(chi-square > statistic): the regularised upper incomplete gamma function of half of both.

    Its series where that converges, else its continued fraction (Abramowitz & Stegun 1964, 6.5.29, 6.5.31).
    """
    shape, point = degrees / 2.0, statistic / 2.0
    if point <= 0.0:
        return 1.0
    front = math.exp(shape * math.log(point) - point - math.lgamma(shape))
    if point < shape + 1.0:
        return 1.0 - front * _lower_series(shape, point)
    return front * _upper_fraction(shape, point)


def _lower_series(shape: float, point: float) -> float:
    term = total = 1.0 / shape
    step = shape
    while term > total * 1e-16:
        step += 1.0
        term *= point / step
        total += term
    return total


def _upper_fraction(shape: float, point: float) -> float:
    """Lentz's method: the fraction from its front, until a further term changes nothing."""
    base = point + 1.0 - shape
    ratio, inverse = 1e300, 1.0 / base
    value = inverse
    for term in range(1, 1_000):
        numerator = -term * (term - shape)
        base += 2.0
        inverse = 1.0 / (numerator * inverse + base)
        ratio = base + numerator / ratio
        change = ratio * inverse
        value *= change
        if abs(change - 1.0) < 1e-15:
            break
    return value


def aggregated_kurtosis(returns: Floats, days: int = 20) -> float:
    """Excess kurtosis of disjoint sums of `days` over that of single days: nearer the normal (Cont 2001).

    NaN where single days have none: then there is nothing to lose.
    """
    whole = returns.size // days * days
    daily = excess_kurtosis(returns)
    return excess_kurtosis(returns[:whole].reshape(-1, days).sum(axis=1)) / daily if daily > 0.0 else math.nan


def leverage(returns: Floats, days: int = 10) -> float:
    """The mean over h = 1 .. `days` of corr(r_t, r^2_(t+h)) (Black 1976; Bouchaud, Matacz & Potters 2001)."""
    if returns.size <= max(days, DAYS_MIN_CORRELATION):
        return math.nan
    return float(
        np.mean([np.corrcoef(returns[:-ahead], returns[ahead:] ** 2)[0, 1] for ahead in range(1, days + 1)])
    )


def variance_ratio(returns: Floats, days: int = 10) -> float:
    """Var(sums of `days`) / (`days` Var(1)), overlapping, unbiased; random walk: 1 (Lo & MacKinlay 1988)."""
    count = returns.size
    if count < max(2 * days, DAYS_MIN):
        return math.nan
    mean = returns.mean()
    sums = np.convolve(returns, np.ones(days), "valid") - days * mean
    freedom = days * (count - days + 1) * (1.0 - days / count)
    return float(np.sum(sums**2) / freedom / np.var(returns, ddof=1))


def scaled_kurtosis(returns: Floats) -> float:
    """Excess kurtosis of r_t / sqrt(v_(t-1)), v the EWMA of r^2: tails outlive clusters (Bollerslev 1987)."""
    if returns.size < DAYS_MIN + WARM_UP_DAYS:
        return math.nan
    variance = float(np.mean(returns[:WARM_UP_DAYS] ** 2))
    scaled = []
    for value in returns[WARM_UP_DAYS:].tolist():
        scaled.append(value / math.sqrt(variance))
        variance = EWMA_DECAY * variance + (1.0 - EWMA_DECAY) * value * value
    return excess_kurtosis(np.array(scaled))


def gain_loss(returns: Floats) -> float:
    """-q01 / q99: how much larger the worst day of a hundred is than the best (Cont 2001)."""
    if returns.size < DAYS_MIN:
        return math.nan
    bad, good = np.quantile(returns, (0.01, 0.99))
    return float(-bad / good)


def average_correlation(returns: Floats) -> float:
    """The mean of the pairwise correlations of the columns."""
    if returns.shape[0] < DAYS_MIN_CORRELATION or returns.shape[1] < 2:
        return math.nan
    matrix = np.asarray(np.corrcoef(returns, rowvar=False))
    return float(matrix[np.triu_indices(returns.shape[1], 1)].mean())


# From the regime whose assets move most together to the one whose move least.
CORRELATION_ORDER = (Regime.CRISIS, Regime.HIGH_VOLATILITY, Regime.BEAR, Regime.BULL, Regime.RANGE)


def correlation_order(sample: Sample) -> float:
    """The smallest step down in average correlation along `CORRELATION_ORDER` (Longin & Solnik 2001).

    Above 0 where the order holds. NaN where a regime has too few days for a correlation: an order of what
    happens to be there says nothing.
    """
    known = sample.whole
    if not known.complete:
        return math.nan
    found = [average_correlation(known.returns[known.regimes == regime]) for regime in CORRELATION_ORDER]
    return min(high - low for high, low in pairwise(found))


def _of_assets(statistic: Callable[[Floats], float]) -> Callable[[Sample], float]:
    """The median over a sample's assets."""
    return lambda sample: float(np.median([statistic(column) for column in sample.returns.T]))


def _of_sizes(first: int, last: int) -> Callable[[Sample], float]:
    return _of_assets(lambda returns: autocorrelation(np.abs(returns), first, last))


_CONT = "Cont 2001"
_TAILS, _MEMORY = "tails", "memory of sizes"
FACTS: tuple[Fact, ...] = (
    Fact(
        name="excess kurtosis",
        family=_TAILS,
        low=4,
        high=60,
        source=_CONT,
        measure=_of_assets(excess_kurtosis),
    ),
    Fact(
        name="Hill tail index, 5 %",
        family=_TAILS,
        low=2.4,
        high=4.0,
        source="Hill 1975",
        measure=_of_assets(hill),
    ),
    Fact(name="skew", low=-3, high=0.3, source=_CONT, measure=_of_assets(skewness)),
    Fact(
        name="ACF of returns, lag 1",
        low=-0.08,
        high=0.08,
        source=_CONT,
        measure=_of_assets(lambda returns: autocorrelation(returns, 1, 1)),
    ),
    Fact(
        name="ACF of sizes, lags 1-5",
        family=_MEMORY,
        low=0.12,
        high=0.38,
        source="Ding, Granger & Engle 1993",
        measure=_of_sizes(1, 5),
    ),
    Fact(
        name="ACF of sizes, lags 16-25",
        family=_MEMORY,
        low=0.07,
        high=0.25,
        source="Ding, Granger & Engle 1993",
        measure=_of_sizes(16, 25),
    ),
    Fact(
        name="ACF of sizes, lags 81-120",
        family=_MEMORY,
        low=-0.01,
        source="Ding, Granger & Engle 1993",
        measure=_of_sizes(81, 120),
    ),
    Fact(
        name="ACF of sizes, lags 81-120, target",
        family=_MEMORY,
        low=0.03,
        high=0.14,
        source="Ding, Granger & Engle 1993",
        measure=_of_sizes(81, 120),
    ),
    Fact(
        name="Ljung-Box p of squares, 20 lags",
        family=_MEMORY,
        high=1e-6,
        source="Ljung & Box 1978",
        measure=_of_assets(lambda returns: ljung_box(returns**2)),
    ),
    Fact(
        name="kurtosis of 20-day sums / 1-day",
        family=_TAILS,
        high=0.8,
        source=_CONT,
        measure=_of_assets(aggregated_kurtosis),
    ),
    Fact(
        name="leverage, 1-10 days",
        low=-0.12,
        high=-0.005,
        source="Bouchaud, Matacz & Potters 2001",
        measure=_of_assets(leverage),
    ),
    Fact(
        name="variance ratio, 10 days",
        low=0.65,
        high=1.2,
        source="Lo & MacKinlay 1988",
        measure=_of_assets(variance_ratio),
    ),
    Fact(
        name="kurtosis after EWMA scaling",
        family=_TAILS,
        low=0.5,
        source="Bollerslev 1987",
        measure=_of_assets(scaled_kurtosis),
    ),
    Fact(
        name="kurtosis that EWMA scaling removes",
        family=_TAILS,
        low=0.0,
        source="Bollerslev 1987",
        measure=_of_assets(lambda returns: excess_kurtosis(returns) - scaled_kurtosis(returns)),
    ),
    Fact(name="gain/loss, q01/q99", low=0.9, high=1.5, source=_CONT, measure=_of_assets(gain_loss)),
    Fact(
        name="order of correlation by regime",
        low=0.0,
        source="Longin & Solnik 2001",
        measure=correlation_order,
    ),
)


def measured(sample: Sample) -> tuple[float, ...]:
    """The value of every fact, in their order."""
    return tuple(fact.measure(sample) for fact in FACTS)


def rows(values: Sequence[Sequence[float]]) -> list[Row]:
    """The suite's rows from what `measured` gave, one entry a seed."""
    return [
        Row(
            suite="macro",
            name=fact.name,
            low=fact.low,
            high=fact.high,
            values=tuple(seed[place] for seed in values),
            source=fact.source,
        )
        for place, fact in enumerate(FACTS)
    ]


def iid_normal(days: int, assets: int, seed: int) -> Sample:
    """The control: independent normal returns and labels that mean nothing; most facts must fail on it."""
    generator = np.random.default_rng(seed)
    return Sample(
        generator.normal(0.0, 0.01, (days, assets)),
        generator.integers(0, len(Regime), days).astype(np.int8),
    )
