"""One listed symbol: its matcher, its candles, its trades."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from midas.domain.time import MINUTE
from midas.venues.sim.floor.charts import Charts
from midas.venues.sim.floor.filters import AVERAGE_MINUTES, Filters
from midas.venues.sim.floor.klines import Candle
from midas.venues.sim.floor.matcher import Matcher
from midas.venues.sim.floor.tape import Aggregate, Tape, TapeStand
from midas.venues.sim.floor.triggers import Triggers
from midas.venues.sim.levels.outside import BookStand
from midas.venues.sim.levels.scale import Scale
from midas.venues.sim.source.market import Listing, Print

TRADING = "TRADING"


class DeskStand(msgspec.Struct, frozen=True, kw_only=True):
    """A saved desk, without our orders, its closed candles and its trades."""

    time: int
    last_tick: int
    last_trade_id: int
    last_seen: int  # by the stops that wait
    book: BookStand
    tape: TapeStand
    running: dict[str, list[Candle]]


class Desk:
    """What the exchange keeps of one symbol."""

    def __init__(
        self, listing: Listing, start: int, lateness: int, seed: int, charts: Charts | None = None
    ) -> None:
        """`charts`: other candles than those of this market."""
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
        self.charts = charts or Charts(listing, start, lateness, seed)

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

    def save(self) -> DeskStand:
        """Where the desk stands."""
        return DeskStand(
            time=self.time,
            last_tick=self.last_tick,
            last_trade_id=self.last_trade_id,
            last_seen=self.triggers.last,
            book=self.matcher.book.save(),
            tape=self.tape.save(),
            running=self.charts.running(),
        )

    def restore(
        self,
        stand: DeskStand,
        closed: Mapping[str, list[Candle]],
        trades: list[Print],
        aggregates: list[Aggregate],
    ) -> None:
        """Go on where `save` stood, with the candles and trades that were kept apart."""
        self.time, self.last_tick, self.last_trade_id = stand.time, stand.last_tick, stand.last_trade_id
        self.triggers.last = stand.last_seen
        self.matcher.book.restore(stand.book)
        self.tape.restore(stand.tape, trades, aggregates)
        self.charts.restore(closed, stand.running)

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
