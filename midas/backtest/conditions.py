"""The market that an order of a back-test meets, as the cost model wants it: from the bars before, alone."""

from __future__ import annotations

from collections.abc import Sequence

from midas.backtest.assumptions import Assumptions
from midas.costs import Conditions, Cost, of_day
from midas.domain.market import Bar

LEAST = 20  # bars, before anything is said of volatility and volume
NORMAL = 1.0  # the volatility ratio where nobody measures it


def conditions(given: Assumptions, bars: Sequence[Bar]) -> Conditions:
    """Impact is charged once there are bars enough to know a day's volume and volatility."""
    if not given.impact or len(bars) < LEAST:
        return Conditions(spread_bps=given.spread_bps, volatility_ratio=NORMAL)
    volatility, volume = of_day(bars)
    return Conditions(
        spread_bps=given.spread_bps, volatility_ratio=NORMAL, volatility_day=volatility, volume_day=volume
    )


def taking(given: Assumptions) -> Cost:
    """What taking costs but for impact: the fee, and its part of the assumed spread."""
    return given.costs.expected(0.0, False, Conditions(spread_bps=given.spread_bps, volatility_ratio=NORMAL))
