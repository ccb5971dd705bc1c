"""A recorded stream as the engine sees it: real decoder and assembler, bars from the exchange's candles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from midas.domain.event import Event
from midas.domain.instrument import Instrument
from midas.domain.market import Bar, BookDelta, Trade
from midas.domain.time import SECOND
from midas.venues.binance.codec import MarketCodec
from midas.venues.binance.depth import DepthAssembler
from midas.venues.recording import read_recording
from midas.venues.sim.floor import history
from midas.venues.sim.floor.klines import Candle, Series, span
from midas.venues.sim.source.market import Listing
from midas.venues.sim.source.recording import LATENESS, Recording

SNAPSHOT = b'{"lastUpdateId"'


class RecordedMarket:
    """One recording: its instrument, made-up bars from before it, and its events in file order."""

    def __init__(self, path: Path, period: str = "1s", speed: float = 1.0) -> None:
        source = Recording(path)
        self.listing: Listing = source.listings()[0]
        self.instrument: Instrument = self.listing.instrument
        self.start = source.start
        self._path = path
        self._period = period
        self._speed = speed

    def history(self, count: int) -> list[Bar]:
        """The last `count` bars before the recording, marked synthetic."""
        past = history.Past(history.walks(self.listing, self.start, seed=1))
        *closed, _ = past.candles(self._period, self.start)
        return [self._bar(candle, self.start) for candle in closed[-count:]]

    def events(self) -> Iterator[Event]:
        """Every market event, stamped with the recorder's clock run at `speed`."""
        codec, assembler = MarketCodec([self.instrument]), DepthAssembler(self.instrument.id)
        series = self._series()
        first = 0
        for line in read_recording(self._path):
            first = first or line.ns
            at = self.start + int((line.ns - first) / self._speed)
            if line.payload.startswith(SNAPSHOT):
                yield from assembler.on_snapshot(codec.snapshot(self.instrument.symbol, line.payload, at))
                continue
            event = codec.decode(line.payload, at)
            if isinstance(event, BookDelta):
                yield from assembler.on_diff(event)
            elif event is not None:
                yield event
            if isinstance(event, Trade):
                series.add(event.time, event.price, event.lots, event.buyer_is_maker, event.trade_id)
            for candle in series.advance(codec.market_time):
                yield self._bar(candle, at)

    def _series(self) -> Series:
        start = span("1s", self.start)[0]
        tick = self.listing.first_tick
        return Series(self._period, Candle(start, start + SECOND, tick, tick, tick, tick), LATENESS)

    def _bar(self, candle: Candle, at: int) -> Bar:
        tick, lot = self.instrument.tick, self.instrument.lot
        return Bar(
            self.instrument.id, candle.end, at, candle.end - candle.start, candle.open * tick,
            candle.high * tick, candle.low * tick, candle.close * tick, candle.lots * lot, candle.trades,
            candle.synthetic,
        )  # fmt: skip
