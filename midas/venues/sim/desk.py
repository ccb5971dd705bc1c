"""One listed symbol: its matcher, its candles, its trades."""

from __future__ import annotations

from decimal import Decimal

from midas.domain.time import MINUTE
from midas.venues.sim.charts import Charts
from midas.venues.sim.filters import AVERAGE_MINUTES, Filters
from midas.venues.sim.klines import Candle
from midas.venues.sim.market import Listing, Print
from midas.venues.sim.matcher import Matcher
from midas.venues.sim.scale import Scale
from midas.venues.sim.tape import Tape
from midas.venues.sim.triggers import Triggers

TRADING = "TRADING"


class Desk:
    """What the exchange keeps of one symbol."""

    def __init__(self, listing: Listing, start: int, lateness: int, seed: int) -> None:
        self.instrument = listing.instrument
        self.symbol = listing.instrument.symbol
        self.scale = Scale.of(listing.instrument)
        self.filters = Filters(listing.instrument)
        self.matcher = Matcher()
        self.matcher.snapshot(listing.last_id, listing.bids, listing.asks)
        self.triggers = Triggers(listing.first_tick)
        self.time = start
        self.status = TRADING
        self.tape = Tape(listing.first_trade_id, lateness)
        self.last_tick = listing.first_tick
        self.last_trade_id = listing.first_trade_id - 1
        self.charts = Charts(listing, start, lateness, seed)

    def advance(self, time: int) -> list[tuple[str, Candle]]:
        """Market time is now `time`; the candles that this closes."""
        if time <= self.time:
            return []
        self.time = time
        self.tape.settle(time)
        return list(self.charts.advance(time))

    def printed(self, event: Print) -> None:
        """A public trade."""
        self.last_tick = event.tick
        self.last_trade_id = event.trade_id
        self.charts.add(event)
        self.tape.add(event)

    def average(self) -> Decimal:
        """The volume-weighted mean price of the last minutes; the last price where nothing traded."""
        return self.mean(self.since(self.time - (AVERAGE_MINUTES - 1) * MINUTE))

    def mean(self, candle: Candle) -> Decimal:
        """The volume-weighted mean price of `candle`; the last price where nothing traded."""
        if candle.lots == 0:
            return self.instrument.price(self.last_tick)
        return self.instrument.tick_size * candle.value / candle.lots

    def since(self, start: int) -> Candle:
        """Everything since the minute of `start` as one candle."""
        return self.charts.window(start, self.last_tick)
