"""One listed symbol: its matcher, its candles, its recent trades."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

import msgspec

from midas.domain.time import MILLISECOND, MINUTE
from midas.venues.intervals import INTERVALS
from midas.venues.sim import history
from midas.venues.sim.filters import AVERAGE_MINUTES, Filters
from midas.venues.sim.klines import Candle, Series
from midas.venues.sim.market import Listing, Print
from midas.venues.sim.matcher import Matcher
from midas.venues.sim.scale import Scale

RECENT_TRADES = 1_000
DAY_MINUTES = 1_440


class Day(msgspec.Struct, frozen=True):
    """The last 24 hours in ticks and lots."""

    open_time: int
    close_time: int
    open: int
    high: int
    low: int
    last: int
    lots: int
    value: int
    trades: int
    first_id: int
    last_id: int


class Desk:
    """What the exchange keeps of one symbol."""

    def __init__(self, listing: Listing, start: int, lateness: int, seed: int) -> None:
        self.instrument = listing.instrument
        self.symbol = listing.instrument.symbol
        self.scale = Scale.of(listing.instrument)
        self.filters = Filters(listing.instrument)
        self.matcher = Matcher()
        self.matcher.snapshot(listing.last_id, listing.bids, listing.asks)
        self.time = start
        self.trades: deque[Print] = deque(maxlen=RECENT_TRADES)
        self.last_tick = listing.first_tick
        self.last_trade_id = listing.first_trade_id - 1
        self.series = _series(listing, start, lateness, seed)

    def advance(self, time: int) -> list[tuple[str, Candle]]:
        """Market time is now `time`; the candles that this closes."""
        if time <= self.time:
            return []
        self.time = time
        return [(name, candle) for name, series in self.series.items() for candle in series.advance(time)]

    def printed(self, event: Print) -> None:
        """A public trade."""
        self.trades.append(event)
        self.last_tick = event.tick
        self.last_trade_id = event.trade_id
        for series in self.series.values():
            series.add(event.time, event.tick, event.lots, event.buyer_is_maker, event.trade_id)

    def average(self) -> Decimal:
        """The volume-weighted mean price of the last minutes; the last price where nothing traded."""
        recent = self._minutes(AVERAGE_MINUTES)
        lots = sum(candle.lots for candle in recent)
        if lots == 0:
            return self.instrument.price(self.last_tick)
        return self.instrument.tick_size * sum(candle.value for candle in recent) / lots

    def day(self) -> Day:
        """The last 24 hours, to the minute."""
        minutes = self._minutes(DAY_MINUTES)
        return Day(
            open_time=minutes[0].start // MILLISECOND,
            close_time=self.time // MILLISECOND,
            open=minutes[0].open,
            high=max(candle.high for candle in minutes),
            low=min(candle.low for candle in minutes),
            last=self.last_tick,
            lots=sum(candle.lots for candle in minutes),
            value=sum(candle.value for candle in minutes),
            trades=sum(candle.trades for candle in minutes),
            first_id=next((candle.first_id for candle in minutes if candle.first_id >= 0), -1),
            last_id=self.last_trade_id,
        )

    def candles(self, interval: str) -> list[Candle]:
        """Closed candles and the open ones, oldest first."""
        series = self.series[interval]
        return [*series.closed, *series.open()]

    def _minutes(self, count: int) -> list[Candle]:
        series = self.series["1m"]
        first = self.time // MINUTE * MINUTE - (count - 1) * MINUTE
        closed = list(series.closed)[-count:]
        return [candle for candle in (*closed, *series.open()) if candle.start >= first]


def _series(listing: Listing, start: int, lateness: int, seed: int) -> dict[str, Series]:
    past = history.walks(listing, start, seed)
    made: dict[str, Series] = {}
    for interval in INTERVALS:
        *closed, current = history.candles(past, interval, start)
        made[interval] = Series(interval, current, lateness)
        made[interval].closed.extend(closed)
    return made
