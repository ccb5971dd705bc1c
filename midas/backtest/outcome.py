"""What came of a back-test: equity after every bar, worked out from the fills, and the ledger that agrees."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from decimal import Decimal

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.backtest.closings import unusual
from midas.backtest.record import Charge
from midas.backtest.series import Bars, Floats, Times
from midas.domain.decision import FillBooked
from midas.statistics.trades import Deal, Funding, Trips, round_trips

Flags = NDArray[np.bool_]


class Curve(msgspec.Struct, frozen=True):
    """Equity at each time that a bar closed, in the account's currency."""

    time: Times
    equity: Floats
    held: Flags  # whether anything was held


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Of one run."""

    bars: int
    seconds: float  # of CPU time, of stepping alone
    wall: float  # the same, by the clock on the wall
    fills: tuple[FillBooked, ...]
    curve: Curve
    cash: Decimal  # at the end, as the ledger has it
    equity: float  # at the end, as the engine has it: open positions at their last price
    audits: int
    digest: str  # of all audits: equal where two runs decided the same
    interrupted: bool = False
    charges: tuple[Charge, ...] = ()  # funding of each position
    spread: float = 0.0  # paid to quotes that were recorded, by what took: from the mid to the touch
    impact: float = 0.0  # the same, from the touch to the levels behind it
    after_gaps: int = 0  # fills in the first bar after a hole in the data: at its opening, wherever that was

    @property
    def funding(self) -> float:
        """Paid for what was held; negative where it was earned."""
        return float(-sum(charge.amount for charge in self.charges))

    def trips(self, instrument: str) -> Trips:
        """The trades of one instrument."""
        return round_trips(entries(
            [fill for fill in self.fills if fill.instrument == instrument],
            [charge for charge in self.charges if charge.instrument == instrument],
        ))  # fmt: skip


def entries(fills: Sequence[FillBooked], charges: Sequence[Charge]) -> list[Deal | Funding]:
    """Of one instrument, as round trips are made of them: fills as they were booked, each charge before the
    first fill of its moment or later."""
    found: list[Deal | Funding] = []
    left = deque(charges)
    for fill in fills:
        while left and left[0].time <= fill.market_time:
            found.append(_funding(left.popleft()))
        found.append(Deal(fill.market_time, fill.quantity * fill.side.sign, fill.price, fill.fee))
    return [*found, *map(_funding, left)]


def _funding(charge: Charge) -> Funding:
    return Funding(charge.time, charge.amount)


def curve(
    series: Sequence[Bars], fills: Sequence[FillBooked], cash: float, charges: Sequence[Charge] = ()
) -> Curve:
    """Money and holdings after each fill, valued at every close; what isn't traded yet is worth nothing.

    All instruments are quoted in the account's currency. A fill counts from the bar in which it was made;
    so does a charge.
    """
    times = series[0].time if len(series) == 1 else np.unique(np.concatenate([b.time for b in series]))
    equity, anything = np.full(len(times), cash), np.zeros(len(times), np.bool_)
    for bars in series:
        mine = [f for f in fills if f.instrument == bars.instrument.id]
        places = np.searchsorted(times, np.array([f.market_time for f in mine], np.int64), side="right")
        signed = np.array([float(f.quantity) * f.side.sign for f in mine])
        paid = np.array([float(f.quantity * f.price) * f.side.sign + float(f.fee) for f in mine])
        held, spent = np.zeros(len(times) + 1), np.zeros(len(times) + 1)
        np.add.at(held, places, signed)
        np.add.at(spent, places, paid)
        known = np.searchsorted(bars.time, times, side="right") - 1
        marks = np.where(known >= 0, bars.close[np.maximum(known, 0)], 0.0)
        position = np.cumsum(held)[:-1]
        equity += position * marks - np.cumsum(spent)[:-1]
        anything |= np.abs(position) > 0.5 * bars.instrument.lot
    flows = np.zeros(len(times) + 1)
    moments = np.array([charge.time for charge in charges], np.int64)
    np.add.at(flows, np.searchsorted(times, moments), np.array([float(charge.amount) for charge in charges]))
    return Curve(times, equity + np.cumsum(flows)[:-1], anything)


def reached(series: Sequence[Bars], until: Curve) -> list[Bars]:
    """What was stepped of each, left out where nothing was."""
    ends = int(until.time[-1]) if len(until.time) else 0
    parts = [bars.between(int(bars.time[0]) - bars.period, ends) for bars in series if len(bars)]
    return [part for part in parts if len(part)]


def exposed(held: Curve, fills: Sequence[FillBooked], period: int) -> float:
    """Share of the bars with a position: at their close, or sold inside of them; `period`: of one bar."""
    if not len(held.time):
        return 0.0
    at = np.array([fill.market_time for fill in fills], np.int64)
    places = np.minimum(np.searchsorted(held.time, at, side="right"), len(held.time) - 1)
    inside = at - (held.time[places] - period) > period // 100  # later than at its opening
    anything = held.held.copy()
    anything[places[inside]] = True
    return float(np.mean(anything))


def after_gaps(series: Sequence[Bars], fills: Sequence[FillBooked]) -> int:
    """Fills in the first bar after one or more that are missing."""
    count = 0
    for bars in series:
        before = np.array([f.market_time for f in fills if f.instrument == bars.instrument.id], np.int64)
        place = np.searchsorted(bars.time, before, side="right")
        known = (place > 0) & (place < len(bars))
        place = place[known]
        count += int(np.sum(unusual(bars.time - bars.period, bars.period)[place - 1]))
    return count
