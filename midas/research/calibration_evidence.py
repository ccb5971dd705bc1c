"""B1 and B2: can an overconfident forecaster be made to mean what he says?

The truth has a logit of deviation .4; he says three times that logit, and .3 more. Platt's map is fitted on
some of his outcomes and judged on others, beside an oracle who says the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.research.criterion import Band, Criterion, Values, judged
from midas.statistics.calibration import brier, equal_mass, null_band, reliability
from midas.statistics.recalibration import platt

FITTED, FITTED_MORE = 5_000, 20_000  # outcomes to fit on
JUDGED = 20_000  # outcomes to judge on: of fewer, chance alone makes an ECE of .015
SIGNIFICANT = 0.05
_LOGIT_DEVIATION, _SLOPE, _SHIFT = 0.4, 3.0, 0.3

# Judged by the median seed: a fit on 20,000 outcomes has an error of its own, which a test on as many others
# finds in more seeds than the 5 % of chance; of a fit on 5,000 it finds it in nearly every second one.
B1_GOAL = {
    "ece": Band(high=0.015),
    "ece_of_5000": Band(high=0.015),
    "median_p": Band(SIGNIFICANT),
}
B2_GOAL = {"brier_ratio": Band(high=1.005), "brier_ratio_of_5000": Band(high=1.005)}


class Said(msgspec.Struct, frozen=True):
    """Forecasts on the same outcomes, judged."""

    ece: float
    p_value: float  # of an ECE as large where calibrated
    brier: float


class Recalibrated(msgspec.Struct, frozen=True):
    """One seed."""

    raw: Said
    fitted: Said  # on 5,000 outcomes
    fitted_more: Said  # on 20,000
    oracle: Said


class Drawn(msgspec.Struct, frozen=True):
    """What is true, what he says, what happens."""

    truth: list[float]
    forecasts: list[float]
    outcomes: list[bool]

    def first(self, count: int) -> Drawn:
        """The first of them."""
        return Drawn(self.truth[:count], self.forecasts[:count], self.outcomes[:count])


def recalibrated(seed: int, more: int = FITTED_MORE, rows: int = JUDGED, draws: int = 500) -> Recalibrated:
    """One seed's forecaster, before and after."""
    generator = np.random.default_rng((seed, 9))
    lessons, test = drawn(more, generator), drawn(rows, generator)
    few = lessons.first(FITTED)
    maps = platt(few.forecasts, few.outcomes), platt(lessons.forecasts, lessons.outcomes)
    told = [test.forecasts, *(list(map(each, test.forecasts)) for each in maps), test.truth]
    return Recalibrated(*(_said(forecasts, test.outcomes, generator, draws) for forecasts in told))


def drawn(count: int, generator: np.random.Generator) -> Drawn:
    """So many forecasts of his."""
    logits = generator.normal(0.0, _LOGIT_DEVIATION, count)
    truth = _sigmoid(logits)
    outcomes = generator.random(count) < truth
    return Drawn(truth.tolist(), _sigmoid(_SLOPE * logits + _SHIFT).tolist(), outcomes.tolist())


def calibration(found: Sequence[Recalibrated]) -> Criterion:
    """B1: the calibration error that is left."""
    value = _errors([each.fitted_more for each in found], [each.fitted for each in found])
    oracle, raw = ([getattr(each, name) for each in found] for name in ("oracle", "raw"))
    title = (
        f"ECE after Platt's map, fitted on {FITTED_MORE:,} outcomes (and {FITTED:,}), judged on {JUDGED:,}"
    )
    control = "the forecaster as he is", _errors(raw, raw)
    return judged(title, value, B1_GOAL, _errors(oracle, oracle), control)


def sharpness(found: Sequence[Recalibrated]) -> Criterion:
    """B2: the Brier score against that of the truth."""
    title = "Brier score after Platt's map over the oracle's"
    raw = [each.raw for each in found]
    value = _ratios(found, [each.fitted_more for each in found], [each.fitted for each in found])
    oracle = dict.fromkeys(B2_GOAL, 1.0)
    return judged(title, value, B2_GOAL, oracle, ("the forecaster as he is", _ratios(found, raw, raw)))


def _said(
    forecasts: Sequence[float], outcomes: Sequence[bool], generator: np.random.Generator, draws: int
) -> Said:
    bins = equal_mass(forecasts)
    ece = reliability(forecasts, outcomes, bins).ece
    band = null_band(forecasts, ece, bins, generator, draws)
    return Said(ece, band.p_value, brier(forecasts, outcomes))


def _errors(said: Sequence[Said], of_5000: Sequence[Said]) -> Values:
    return {
        "seeds": len(said),
        "ece": _mean([each.ece for each in said]),
        "median_p": round(median(each.p_value for each in said), 6),
        "significant": _mean([each.p_value < SIGNIFICANT for each in said]),
        "ece_of_5000": _mean([each.ece for each in of_5000]),
        "significant_of_5000": _mean([each.p_value < SIGNIFICANT for each in of_5000]),
    }


def _ratios(found: Sequence[Recalibrated], said: Sequence[Said], of_5000: Sequence[Said]) -> Values:
    oracle = fmean(each.oracle.brier for each in found)
    return {
        "brier_ratio": round(fmean(each.brier for each in said) / oracle, 6),
        "brier_ratio_of_5000": round(fmean(each.brier for each in of_5000) / oracle, 6),
    }


def _mean(values: Sequence[float]) -> float:
    return round(fmean(values), 6)


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-logits)), np.float64)
