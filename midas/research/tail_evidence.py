"""F1 and F2: does filtered historical simulation say how much is lost, on assets of the synthetic market?

Each asset is forecast day by day, as the engine does it, over eight years after a warm-up that fills the
window. Beside it an oracle that divides by the volatility that the world really had that day, and two that
must fail: plain historical simulation, and the normal distribution at the filter's volatility.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.research.criterion import Band, Criterion, Values, judged
from midas.statistics.exceptions import acerbi_szekely, christoffersen, critical_shortfall, kupiec
from midas.statistics.filtered_historical import WARM_UP, WINDOW, Filter, FilteredHistorical, residuals
from midas.statistics.parametric import normal_factors
from midas.statistics.value_at_risk import TailRisk, tail
from midas.venues.sim.world.macro import Macro, MacroParameters

Floats = NDArray[np.float64]
Method = Literal["filtered", "plain", "oracle", "normal"]

ASSETS = 10
DAYS = 2_020  # eight years, judged
LEVELS = (0.95, 0.975, 0.99)
SHORTFALL_LEVEL = 0.975  # Acerbi & Szekely's, and Basel's since 2016
_DAILY_VOLATILITY = 0.02  # no figure depends on it
_NORMAL_DRAWS = 50_000  # that stand for the normal distribution
_DAYS_A_RUN = 60  # bounds the memory of a path

F1_GOAL = {
    "kupiec_95": Band(0.90),
    "kupiec_99": Band(0.90),
    "conditional_95": Band(0.75),
    "conditional_99": Band(0.85),
    "exceptions_95": Band(0.045, 0.057),
    "exceptions_99": Band(0.007, 0.014),
}
F2_GOAL = {"accepted": Band(0.90)}


class Tested(msgspec.Struct, frozen=True):
    """One method on one asset."""

    method: Method
    exceptions: dict[str, float]  # share of days, by level
    kupiec: dict[str, bool]  # not rejected
    conditional: dict[str, bool]
    shortfall: dict[str, float]  # Z2
    accepted: dict[str, bool]


class Day(msgspec.Struct, frozen=True):
    """What was lost on a day, and what had been said of it."""

    loss: float
    said: tuple[TailRisk, ...]  # one a level


class Plain:
    """Historical simulation: the last losses as they were."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._ring: deque[float] = deque()
        self._losses: list[float] = []

    def update(self, loss: float) -> None:
        """Take one loss."""
        if len(self._ring) == self._window:
            del self._losses[bisect_left(self._losses, self._ring.popleft())]
        self._ring.append(loss)
        insort(self._losses, loss)

    def forecast(self, alpha: float) -> TailRisk:
        """For the next day."""
        return tail(self._losses, alpha, "historical")


def backtested(seed: int, assets: int = ASSETS, days: int = DAYS, draws: int = 2_000) -> list[Tested]:
    """Every method on every asset of the world of this seed."""
    returns, volatility = market(seed, assets, WARM_UP + WINDOW + days)
    generator = np.random.default_rng((seed, 5))
    normal = generator.standard_normal(_NORMAL_DRAWS).tolist()
    found = []
    for asset in range(assets):
        moves = returns[:, asset].tolist()
        true = (-returns[:, asset] / volatility[:, asset]).tolist()
        left, _ = residuals(moves)
        samples: dict[Method, list[float]] = {
            "filtered": [-value for value in left[WARM_UP:]],
            "plain": [-value for value in moves],
            "oracle": true,
            "normal": normal,
        }
        records = {
            "filtered": _filtered(moves, days),
            "plain": _plain(samples["plain"], days),
            "oracle": _plain(true, days),
            "normal": _normal(moves, days),
        }
        found += [_judged(method, records[method], samples[method], generator, draws) for method in samples]
    return found


def market(seed: int, assets: int, days: int) -> tuple[Floats, Floats]:
    """Daily simple returns [days, assets] of the reference market, and the volatility they really had."""
    parameters = MacroParameters()
    steps = parameters.steps_per_day
    macro = Macro(parameters, [_DAILY_VOLATILITY] * assets, seed)
    returns, variance = [], []
    for first, last in pairwise([*range(0, days, _DAYS_A_RUN), days]):
        path = macro.run((last - first) * steps)
        returns.append(path.returns.reshape(-1, steps, assets).sum(axis=1))
        variance.append((path.volatility.reshape(-1, steps, assets) ** 2).sum(axis=1))
    return np.expm1(np.concatenate(returns)), np.sqrt(np.concatenate(variance))


def coverage(found: Sequence[Tested]) -> Criterion:
    """F1: how often exceptions came, and whether they cluster."""
    title = "VaR by filtered historical simulation: share of assets that a test accepts, share of days beyond"
    control = "plain historical simulation", _coverage(found, "plain")
    return judged(title, _coverage(found, "filtered"), F1_GOAL, _coverage(found, "oracle"), control)


def shortfall(found: Sequence[Tested]) -> Criterion:
    """F2: whether losses beyond VaR were as large as said."""
    title = f"ES at {SHORTFALL_LEVEL:.1%}: share of assets that Acerbi & Szekely's Z2 accepts"
    control = "the normal distribution", _shortfall(found, "normal")
    return judged(title, _shortfall(found, "filtered"), F2_GOAL, _shortfall(found, "oracle"), control)


def _filtered(moves: Sequence[float], days: int) -> list[Day]:
    forecaster, record = FilteredHistorical(), []
    for place, move in enumerate(moves):
        if place >= len(moves) - days:
            record.append(Day(-move, tuple(map(forecaster.forecast, LEVELS))))
        forecaster.update(move)
    return record


def _normal(moves: Sequence[float], days: int) -> list[Day]:
    own, record = Filter(), []
    factors = [normal_factors(level) for level in LEVELS]
    for place, move in enumerate(moves):
        if place >= len(moves) - days:
            scale = own.volatility
            said = tuple(TailRisk(scale * level, scale * beyond, "normal") for level, beyond in factors)
            record.append(Day(-move, said))
        own.update(move)
    return record


def _plain(losses: Sequence[float], days: int) -> list[Day]:
    forecaster, record = Plain(WINDOW), []
    for place, loss in enumerate(losses):
        if place >= len(losses) - days:
            record.append(Day(loss, tuple(map(forecaster.forecast, LEVELS))))
        forecaster.update(loss)
    return record


def _judged(
    method: Method, record: Sequence[Day], sample: Sequence[float], generator: np.random.Generator, draws: int
) -> Tested:
    losses = [day.loss for day in record]
    made = Tested(method, {}, {}, {}, {}, {})
    for place, level in enumerate(LEVELS):
        name = f"{100 * level:g}"
        said = [day.said[place] for day in record]
        hits = [loss > risk.value_at_risk for loss, risk in zip(losses, said, strict=True)]
        made.exceptions[name] = sum(hits) / len(hits)
        made.kupiec[name] = not kupiec(sum(hits), len(hits), 1.0 - level).rejected()
        made.conditional[name] = not christoffersen(hits, 1.0 - level).coverage.rejected()
        levels, beyond = zip(*((risk.value_at_risk, risk.expected_shortfall) for risk in said), strict=True)
        made.shortfall[name] = acerbi_szekely(losses, levels, beyond, level)
        critical = critical_shortfall(sample, len(losses), level, generator, draws)
        made.accepted[name] = made.shortfall[name] <= critical
    return made


def _coverage(found: Sequence[Tested], method: Method) -> Values:
    own = [each for each in found if each.method == method]
    values: Values = {"assets": len(own)}
    for level in ("95", "99"):
        values[f"kupiec_{level}"] = _mean([each.kupiec[level] for each in own])
        values[f"conditional_{level}"] = _mean([each.conditional[level] for each in own])
        values[f"exceptions_{level}"] = _mean([each.exceptions[level] for each in own])
    return values


def _shortfall(found: Sequence[Tested], method: Method) -> Values:
    own = [each for each in found if each.method == method]
    name = f"{100 * SHORTFALL_LEVEL:g}"
    values: Values = {"assets": len(own), "accepted": _mean([each.accepted[name] for each in own])}
    for level in ("95", "99"):
        values[f"accepted_{level}"] = _mean([each.accepted[level] for each in own])
    return values | {"mean_z2": _mean([each.shortfall[name] for each in own])}


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 6)
