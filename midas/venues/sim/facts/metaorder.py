"""What a large order costs: twins of one market, one of which is worked by a TWAP of ours.

Both twins start from the same state and chance, so that their difference is the order's impact and noise;
the mean over many pairs, of either sign, is the impact.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.domain.time import SECOND
from midas.venues.sim.world.micro import Micro, MicroParameters
from midas.venues.sim.world.micro_kernel import TRADE

Floats = NDArray[np.float64]

CHILDREN = 60
GAP = 5 * SECOND  # between children, five minutes in all
SIZES = (120.0, 240.0, 480.0, 960.0)  # units; some 2,700 are traded in the same time
NO_LIMIT = 1 << 40


class Impact(msgspec.Struct, frozen=True):
    """Means over the pairs, one a size: ticks in the order's direction against the twin without it."""

    cost: Floats  # mean price paid over the arrival mid, half the spread included
    end: Floats  # the mid's shift when the last child is done
    later: Floats  # after two more durations

    @property
    def exponent(self) -> float:
        """d log(end impact) / d log(size); about a half (Toth et al. 2011, Almgren et al. 2005)."""
        return _slope(self.end)

    @property
    def cost_exponent(self) -> float:
        """The same of the cost."""
        return _slope(self.cost)

    @property
    def reversion(self) -> float:
        """The share of the end impact that is gone two durations later (Bouchaud et al. 2018)."""
        return float(1.0 - self.later.sum() / self.end.sum())


def _slope(impact: Floats) -> float:
    if impact.min() <= 0.0:
        return math.nan
    return float(np.polyfit(np.log(SIZES), np.log(impact), 1)[0])


def _mid(micro: Micro) -> float:
    bid, _, ask, _ = micro.touch()
    return 0.5 * (bid + ask)


def _worked(micro: Micro, start: int, sign: int, lots: int, moves: Floats) -> tuple[float, float, float]:
    """Sum paid, mid at the end of the work and mid two durations later."""
    paid, end = 0.0, 0.0
    for step, move in enumerate(moves.tolist()):
        if step == CHILDREN:
            end = _mid(micro)
        if step < CHILDREN and lots:
            share = lots // CHILDREN + (step < lots % CHILDREN)
            rows = micro.trade(start + step * GAP, sign, share, NO_LIMIT * sign)
            prints = rows[rows[:, 1] == TRADE]
            paid += float(prints[:, 3] @ prints[:, 4])
        micro.skip(start + step * GAP, start + (step + 1) * GAP, move, 1.0)
    return paid, end, _mid(micro)


def experiment(parameters: MicroParameters, seed: int, pairs: int, unit_lots: float) -> Impact:
    """`pairs` moments of one market, each continued without and with an order of every size and sign."""
    market = Micro(parameters, seed, 10_000, unit_lots * (1.0 + parameters.size_mean))
    twin = Micro(parameters, seed, 10_000, unit_lots * (1.0 + parameters.size_mean))
    rng = np.random.default_rng((seed, 17))
    totals = np.zeros((3, len(SIZES)))
    for start in range(CHILDREN * GAP, (pairs + 1) * CHILDREN * GAP, CHILDREN * GAP):
        steps = rng.normal(0.0, parameters.volatility * math.sqrt(GAP / SECOND), 4 * CHILDREN)
        before, moves = steps[:CHILDREN], steps[CHILDREN:]
        _worked(market, start - CHILDREN * GAP, 1, 0, before)
        arrival = _mid(market)
        twin.copy(market)
        _, end, later = _worked(twin, start, 1, 0, moves)
        for k, size in enumerate(SIZES):
            for sign in (1, -1):
                lots = int(size * unit_lots)
                twin.copy(market)
                paid, shifted, settled = _worked(twin, start, sign, lots, moves)
                totals[:, k] += (
                    sign * (paid / lots - arrival),
                    sign * (shifted - end),
                    sign * (settled - later),
                )
    cost, moved, left = totals / (2 * pairs)
    return Impact(cost=cost, end=moved, later=left)
