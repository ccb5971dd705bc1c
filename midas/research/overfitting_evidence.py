"""C5 and C6: do the figures against overfitting tell luck from skill, where the truth is known?

Libraries of strategies without skill, and libraries in which one column has some, all from a seed. C5 looks
at the probability of overfitting, C6 at the best of many by its deflated Sharpe ratio.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from statistics import fmean, stdev

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.research.criterion import Band, Criterion, Values, judged
from midas.statistics.luck import Record, deflated_sharpe, probabilistic_sharpe
from midas.statistics.overfitting import overfitting

SEEDS = range(1, 31)
YEAR = 252
ROWS, NOISE, PLANTED = 1_000, 50, 20  # days, configurations of either library
BLOCKS = 10
SKILL = 3.0  # annual Sharpe ratio of the planted one
TRIALS, FREEDOM = 200, 5  # of C6: strategies tried, Student's t
REPEATED = 7  # libraries of C6 a seed: 210 in all
PROMOTED = 0.95

C5_GOAL = {"pbo_noise": Band(0.38, 0.58), "pbo_planted": Band(high=0.05)}
C6_GOAL = {"promoted": Band(high=0.05)}

Matrix = NDArray[np.float64]


class Tried(msgspec.Struct, frozen=True):
    """What one seed's libraries showed."""

    noise: float  # PBO without skill
    planted: float
    careless_noise: float  # the same where the chosen one is ranked on the rows that chose it
    careless_planted: float
    deflated: tuple[float, ...]  # DSR of the best of 200 without skill
    undeflated: tuple[float, ...]  # the same as if it had been the only one
    skilled: float  # DSR of the best of 200, one of which has skill


def criteria(seeds: Sequence[int], finished: Callable[[int], None]) -> dict[str, Criterion]:
    """C5 and C6; `finished` hears of each seed. The same seeds give the same figures."""
    found = []
    for seed in seeds:
        found.append(tried(seed))
        finished(seed)
    return {"C5": _c5(found), "C6": _c6(found)}


def tried(seed: int) -> Tried:
    """One seed."""
    chance = np.random.default_rng((seed, 5))
    noise = chance.normal(0.0, 0.01, (ROWS, NOISE))
    planted = chance.normal(0.0, 0.01, (ROWS, PLANTED))
    planted[:, seed % PLANTED] += 0.01 * SKILL / sqrt(YEAR)
    libraries = [chance.standard_t(FREEDOM, (ROWS, TRIALS)) * 0.01 for _ in range(REPEATED)]
    best = [_best(library) for library in libraries]
    skilled = libraries[0].copy()
    skilled[:, seed % TRIALS] += 0.01 * sqrt(FREEDOM / (FREEDOM - 2)) * SKILL / sqrt(YEAR)
    return Tried(
        noise=overfitting(noise, BLOCKS).probability, planted=overfitting(planted, BLOCKS).probability,
        careless_noise=_careless(noise), careless_planted=_careless(planted),
        deflated=tuple(deflated_sharpe(record, TRIALS, variance) for record, variance in best),
        undeflated=tuple(probabilistic_sharpe(record) for record, _ in best),
        skilled=deflated_sharpe(_best(skilled)[0], TRIALS, _best(skilled)[1]),
    )  # fmt: skip


def _best(returns: Matrix) -> tuple[Record, float]:
    """The best column's record, and the variance of all Sharpe ratios, of one period each."""
    sharpes = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
    best = returns[:, sharpes.argmax()]
    away = best - best.mean()
    second, third, fourth = (float(np.mean(away**order)) for order in (2, 3, 4))
    record = Record(float(sharpes.max()), len(best), third / second**1.5, fourth / second**2)
    return record, float(sharpes.var(ddof=1))


def _careless(returns: Matrix) -> float:
    """Share of blocks in which the best of all rows ranks at or below the median: it was chosen with them."""
    sharpes = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
    best = int(sharpes.argmax())
    blocks = returns.reshape(BLOCKS, -1, returns.shape[1])
    of_block = blocks.mean(axis=1) / blocks.std(axis=1, ddof=1)
    ranks = (of_block < of_block[:, [best]]).sum(axis=1) + 1
    return float(np.mean(ranks / (returns.shape[1] + 1) <= 0.5))


def _c5(found: Sequence[Tried]) -> Criterion:
    noise = [each.noise for each in found]
    value: Values = {
        "seeds": len(found), "pbo_noise": round(fmean(noise), 6),
        "sd_noise": round(stdev(noise), 6) if len(noise) > 1 else 0.0,
        "pbo_planted": round(fmean(each.planted for each in found), 6),
    }  # fmt: skip
    control: Values = value | {
        "pbo_noise": round(fmean(each.careless_noise for each in found), 6),
        "pbo_planted": round(fmean(each.careless_planted for each in found), 6),
    }
    title = f"PBO of {NOISE} strategies without skill, and of {PLANTED} with one of Sharpe {SKILL:g}"
    wrong = "ranks on the rows that chose", control
    return judged(title, value, C5_GOAL, {"pbo_noise": 0.5, "pbo_planted": 0.0}, wrong)


def _c6(found: Sequence[Tried]) -> Criterion:
    deflated = [each for tried in found for each in tried.deflated]
    undeflated = [each for tried in found for each in tried.undeflated]
    skilled = _share([each.skilled for each in found])
    value: Values = {
        "libraries": len(deflated), "promoted": _share(deflated), "mean_dsr": round(fmean(deflated), 6),
        "skilled_promoted": skilled,
    }  # fmt: skip
    control = value | {"promoted": _share(undeflated), "mean_dsr": round(fmean(undeflated), 6)}
    title = f"best of {TRIALS} strategies without skill, promoted by a deflated Sharpe above {PROMOTED:g}"
    return judged(title, value, C6_GOAL, {"promoted": 0.0}, ("as if it had been the only trial", control))


def _share(values: Sequence[float]) -> float:
    return round(fmean(value > PROMOTED for value in values), 6)
