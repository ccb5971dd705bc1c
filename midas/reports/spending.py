"""What trading took: fees as booked, spread as assumed, impact as far as the prices paid go beyond it."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, sqrt

import msgspec
import numpy as np

from midas.backtest.assumptions import Assumptions
from midas.backtest.conditions import LEAST, NORMAL, taking
from midas.backtest.outcome import Outcome
from midas.backtest.series import Bars
from midas.costs import BPS, Conditions
from midas.domain.decision import FillBooked
from midas.domain.order import Purpose
from midas.domain.time import DAY
from midas.reports.sheet import Costs
from midas.state.market import BARS_KEPT


def spent(outcome: Outcome, series: Sequence[Bars], given: Assumptions) -> Costs:
    """Of a run; over ticks spread and impact are what the quotes and books that it met took."""
    found = costs(outcome.fills, series, given)
    return msgspec.structs.replace(
        found, spread=found.spread + outcome.spread, impact=found.impact + outcome.impact,
        funding=outcome.funding,
    )  # fmt: skip


def costs(fills: Sequence[FillBooked], series: Sequence[Bars], given: Assumptions) -> Costs:
    """Only what takes pays spread and impact; a stop's impact isn't told apart from the fall that woke it."""
    known = {bars.instrument.id: bars for bars in series}
    part = taking(given).spread_bps
    models = {name: _Model(bars, given) for name, bars in known.items()}
    spread, impact, against = [], [], _Against()
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
            model = models[fill.instrument]
            against.add(amount, beyond, amount * model.bps(float(fill.quantity), fill.market_time) / BPS)
    return Costs(
        compared=against.fills, expected_bps=against.bps(against.expected),
        realised_bps=against.bps(against.paid),
        fees=float(sum(fill.fee for fill in fills)), spread=fsum(spread), impact=fsum(impact),
        traded=fsum(float(fill.price * fill.quantity) for fill in fills),
    )  # fmt: skip


class _Model:
    """What the cost model expects of an order in one instrument, from the bars before it alone."""

    def __init__(self, bars: Bars, given: Assumptions) -> None:
        moves = np.diff(np.log(bars.close), prepend=np.log(bars.close[:1]))
        self._squares = np.concatenate([[0.0], np.cumsum(moves * moves)])
        self._volumes = np.concatenate([[0.0], np.cumsum(bars.volume)])
        self._bars, self._given, self._days = bars, given, DAY / bars.period

    def bps(self, quantity: float, at: int) -> float:
        """Spread and impact of taking so many base units, without fees."""
        last = int(np.searchsorted(self._bars.time, at, side="right"))
        first = max(0, last - BARS_KEPT)
        now = Conditions(spread_bps=self._given.spread_bps, volatility_ratio=NORMAL)
        if last - first >= LEAST:
            squares = float(self._squares[last] - self._squares[first + 1]) / (last - first - 1)
            volume = float(self._volumes[last] - self._volumes[first]) / (last - first) * self._days
            now = msgspec.structs.replace(
                now, volatility_day=sqrt(max(squares, 0.0) * self._days), volume_day=volume
            )
        cost = self._given.costs.expected(quantity, False, now)
        return cost.spread_bps + cost.impact_bps


class _Against:
    """Sums over fills, in the account's currency."""

    def __init__(self) -> None:
        self.fills, self.paid, self.expected, self._traded = 0, 0.0, 0.0, 0.0

    def add(self, amount: float, paid: float, expected: float) -> None:
        """One more."""
        self.fills += 1
        self.paid, self.expected, self._traded = (
            self.paid + paid,
            self.expected + expected,
            self._traded + amount,
        )

    def bps(self, money: float) -> float:
        """Of what was traded."""
        return money / self._traded * BPS if self._traded else 0.0


def _before(bars: Bars, at: int) -> float:
    """The price that an order met: the opening, and later in a bar the line from there to the close."""
    place = min(int(np.searchsorted(bars.time, at, side="right")), len(bars) - 1)
    opens = int(bars.time[place]) - bars.period
    opened, closed = float(bars.open[place]), float(bars.close[place])
    return opened + (closed - opened) * min(max(at - opens, 0) / bars.period, 1.0)
