"""What every trial on the same candles shares: the touch after each, what an order pays in it, and its days.

Prices are the arithmetic of `state.market` and `backtest.venue`, so the same bits. An order counts as
certain only where its limit holds by a margin that no rounding reaches; see `docs/ARCHITECTURE.md`.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.backtest.assumptions import Assumptions
from midas.backtest.compiled import kernels
from midas.backtest.series import Bars, Floats
from midas.costs import BPS, Conditions
from midas.domain.time import DAY, SECOND
from midas.engine.config import EngineConfig
from midas.ports.strategy import Columns
from midas.risk.calendar import Calendar
from midas.state.market import WIDE

Ints = NDArray[np.int64]
Codes = NDArray[np.uint8]

DOUBTS = {
    kernels.GAP: "opens so far from the close before it that an order's limit could miss it",
    kernels.VOLUME: "has too little volume to fill an order whole",
    kernels.LATE: "closes before an order of the one before it has arrived and is answered",
    kernels.SMALL: "follows a price at which the venue could find an order too small",
    kernels.COLLAR: "follows a price at which an order's limit could lie beyond the price collar",
    kernels.WIDE: "follows a spread so wide that a position is worth its last price",
}


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """Arrays by candle; prices of orders in ticks. An order decided after candle i - 1 meets candle i."""

    bars: Bars
    columns: Columns
    units: float
    latency: int  # from an order until the venue has it
    mark: Floats  # the mid after each
    buying: Floats  # ticks paid by an order that buys in it
    selling: Floats
    offered: Floats  # the most that the limit of an order that buys in it may be, quote units
    buyable: Codes  # one of DOUBTS, or 0: an order that buys in it fills at once and whole
    sellable: Codes
    closes: Ints  # place of the last candle of each UTC day that has any
    carried: Ints  # how many UTC days there are from it to the next such day
    days: Ints  # place of the first candle of each day of the account, after the one it was opened in
    reach: tuple[Floats, Floats]  # lowest and highest mark before the first of `days`, and of each of them
    numbers: Ints  # (day, week, month) that runs at the opening and from each of `days` on, from 1970


def ground(config: EngineConfig, bars: Bars, given: Assumptions) -> Ground:
    """Worked out once for all trials on these candles."""
    instrument, units = bars.instrument, config.strategies[0].units
    assert units is not None and config.bar_spread is not None
    tick, count = instrument.tick, len(bars)
    mark, offered, buying, selling = (np.empty(count) for _ in range(4))
    orders = buying, selling, np.empty(count, np.uint8), np.empty(count, np.uint8)
    take, collar = config.execution.take_collar_bps / BPS, config.limits.price_collar_bps / BPS
    least = max(float(instrument.notional_min) / float(units) / tick * kernels.SLACK, 0.5)
    rules = tick, 0.5 * config.bar_spread, take, collar, least, WIDE * (1.0 - 1e-9)
    kernels.limits(bars.close, rules, mark, offered, orders)
    cost = given.costs.expected(instrument.lot, False, Conditions(spread_bps=given.spread_bps))
    lots = float(units / instrument.lot_size)
    of_venue = (
        bars.period, given.order_latency, given.answer_latency, tick, instrument.lot, given.volume_share,
        lots, (cost.spread_bps + cost.impact_bps) / BPS,
    )  # fmt: skip
    kernels.paid(bars.time, bars.open, bars.close, bars.volume, of_venue, orders)
    days, numbers = _days(bars, config.triggers.zone)
    closes, carried = _closes(bars)
    return Ground(
        bars=bars, columns=columns(bars), units=float(units),
        latency=given.order_latency, mark=mark, buying=buying, selling=selling, offered=offered,
        buyable=orders[2], sellable=orders[3], closes=closes, carried=carried, days=days, numbers=numbers,
        reach=kernels.extremes(mark, days),
    )  # fmt: skip


def columns(bars: Bars) -> Columns:
    """As a strategy is shown them: nobody changes what the others read."""
    found = [getattr(bars, name).view() for name in ("open", "high", "low", "close", "volume")]
    for each in found:
        each.flags.writeable = False
    return Columns(*found)


def _closes(bars: Bars) -> tuple[Ints, Ints]:
    """Where each UTC day ends that has candles, and how many days it is to the next such one."""
    first, last = ((int(bars.time[place]) - 1) // DAY for place in (0, -1))
    midnights = (
        np.arange(first + 1, last + 1, dtype=np.int64) * DAY
    )  # a close at midnight is of the day before
    ends = np.append(np.searchsorted(bars.time, midnights, side="right") - 1, len(bars) - 1)
    places, repeats = np.unique(ends, return_counts=True)
    return places.astype(np.int64), repeats.astype(np.int64)


def _days(bars: Bars, zone: str) -> tuple[Ints, Ints]:
    """Where the account's days begin, and what each is called; the guardian looks at each first candle."""
    first, last = int(bars.time[0]) - bars.period, int(bars.time[-1])
    starts = np.array(_midnights(first, last, zone), np.int64)
    places = np.unique(np.searchsorted(bars.time, starts))
    calendar = Calendar(zone)
    numbers = [calendar.periods(at) for at in (first, *(int(bars.time[place]) for place in places))]
    return places.astype(np.int64), np.array(numbers, np.int64)


def _midnights(first: int, last: int, name: str) -> list[int]:
    """When the days of an account begin, nanoseconds, after `first` and until `last`."""
    zone = ZoneInfo(name)
    found: list[int] = []
    day = datetime.fromtimestamp(first // SECOND, UTC).astimezone(zone).date()
    while True:
        day += timedelta(days=1)
        begins = int(datetime.combine(day, time(), zone).timestamp()) * SECOND
        if begins > last:
            return found
        found.append(begins)
