"""The coefficients of the cost model from what orders really cost.

Realised slippage is linear in three things that are known before an order: the quoted spread, the spread
times the volatility ratio, and sigma sqrt(Q / V). Huber's regression: costs are skewed, and one order that
swept an empty book may not decide; far enough out that the mean, which one pays, is still met. A
coefficient below 0 says that there is nothing to see, and is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import msgspec
import numpy as np
from numpy.typing import NDArray

LEAST = 60  # orders
BEND = 3.0  # robust deviations: what lies further away counts less, the further the less
ROUNDS = 30
NORMAL = 1.4826  # of a median absolute deviation
BPS = 10_000.0
VOLATILITY_MAX = 5.0  # as the cost model clips it


class Observed(msgspec.Struct, frozen=True):
    """One order that took, as it was before it was sent, and what it then paid beyond the mid."""

    spread_bps: float
    volatility_ratio: float
    volatility_day: float
    participation: float  # of a day's volume
    realised_bps: float  # without fees


class Coefficients(msgspec.Struct, frozen=True):
    """As `costs.CostModel` names them."""

    taker_fraction: float
    volatility_weight: float
    impact: float
    orders: int


def calibrated(observed: Sequence[Observed]) -> Coefficients | None:
    """None below sixty orders, or where the spread explains nothing."""
    if len(observed) < LEAST:
        return None
    causes = np.array([_causes(each) for each in observed])
    paid = np.array([each.realised_bps for each in observed])
    used, found = [0, 1, 2], np.zeros(3)
    while used:
        weights = _huber(causes[:, used], paid)
        if (weights >= 0.0).all():
            found[used] = weights
            break
        # The second is the first times a ratio: without the spread itself it means nothing, and in a calm
        # market both are nearly the same, so that chance makes either of them negative.
        worst = int(weights.argmin())
        del used[1 if used[:2] == [0, 1] and worst == 0 else worst]
    if found[0] <= 0.0:
        return None
    return Coefficients(float(found[0]), float(found[1] / found[0]), float(found[2]), len(observed))


def _huber(causes: NDArray[np.float64], paid: NDArray[np.float64]) -> NDArray[np.float64]:
    """By weighted least squares, again and again."""
    trust: NDArray[np.float64] = np.ones(len(paid))
    found: NDArray[np.float64] = np.zeros(causes.shape[1])
    for _ in range(ROUNDS):
        root = np.sqrt(trust)
        found = np.asarray(np.linalg.lstsq(causes * root[:, None], paid * root, rcond=None)[0], np.float64)
        away = np.abs(paid - causes @ found)
        scale = NORMAL * float(np.median(away))
        trust = np.minimum(1.0, BEND * scale / np.maximum(away, 1e-12)) if scale > 0.0 else trust
    return found


def _causes(order: Observed) -> NDArray[np.float64]:
    ratio = min(max(order.volatility_ratio, 0.0), VOLATILITY_MAX)
    impact = order.volatility_day * sqrt(order.participation) * BPS
    return np.array([order.spread_bps, order.spread_bps * ratio, impact])
