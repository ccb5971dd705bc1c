"""The market that an order of a back-test meets, as the cost model wants it: from the bars before, alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import fsum, log, sqrt

from midas.backtest.assumptions import Assumptions
from midas.costs import Conditions
from midas.domain.market import Bar
from midas.domain.time import DAY

LEAST = 20  # bars, before anything is said of volatility and volume
NORMAL = 1.0  # the volatility ratio where nobody measures it


def conditions(given: Assumptions, bars: Sequence[Bar]) -> Conditions:
    """Impact is charged once there are bars enough to know a day's volume and volatility."""
    if not given.impact or len(bars) < LEAST:
        return Conditions(spread_bps=given.spread_bps, volatility_ratio=NORMAL)
    of_day = DAY / bars[-1].period
    moves = [log(after.close / before.close) for before, after in pairwise(bars)]
    return Conditions(
        spread_bps=given.spread_bps, volatility_ratio=NORMAL,
        volatility_day=sqrt(fsum(m * m for m in moves) / len(moves) * of_day),
        volume_day=fsum(bar.volume for bar in bars) / len(bars) * of_day,
    )  # fmt: skip
