"""What trading took: fees as booked, spread as assumed, impact as far as the prices paid go beyond it."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

import numpy as np

from midas.backtest.assumptions import Assumptions
from midas.backtest.conditions import NORMAL
from midas.backtest.series import Bars
from midas.costs import BPS, Conditions
from midas.domain.decision import FillBooked
from midas.domain.order import Purpose
from midas.reports.sheet import Costs


def costs(fills: Sequence[FillBooked], series: Sequence[Bars], given: Assumptions) -> Costs:
    """Only what takes pays spread and impact; a stop's impact isn't told apart from the fall that woke it."""
    known = {bars.instrument.id: bars for bars in series}
    part = given.costs.expected(
        0.0, False, Conditions(spread_bps=given.spread_bps, volatility_ratio=NORMAL)
    ).spread_bps
    spread, impact = [], []
    for fill in fills:
        if fill.maker:
            continue
        amount = float(fill.price * fill.quantity)
        spread.append(amount * part / BPS)
        bars = known.get(fill.instrument)
        if given.impact and bars is not None and fill.purpose is not Purpose.STOP:
            reference = _before(bars, fill.market_time)
            beyond = (float(fill.price) - reference) * fill.side.sign * float(fill.quantity)
            impact.append(max(0.0, beyond - spread[-1]))
    return Costs(
        fees=float(sum(fill.fee for fill in fills)), spread=fsum(spread), impact=fsum(impact),
        traded=fsum(float(fill.price * fill.quantity) for fill in fills),
    )  # fmt: skip


def _before(bars: Bars, at: int) -> float:
    """The price that an order met: the opening, and later in a bar the line from there to the close."""
    place = min(int(np.searchsorted(bars.time, at, side="right")), len(bars) - 1)
    opens = int(bars.time[place]) - bars.period
    opened, closed = float(bars.open[place]), float(bars.close[place])
    return opened + (closed - opened) * min(max(at - opens, 0) / bars.period, 1.0)
