"""Turns what happens on the desks into messages of the public streams.

A message is rendered when somebody listens, once for all who do. Cadences count market time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import msgspec

from midas.domain.time import SECOND
from midas.venues.sim.doors.streams import Hub
from midas.venues.sim.floor.charts import EAST_INTERVALS, EAST_MARK
from midas.venues.sim.floor.desk import Desk
from midas.venues.sim.floor.klines import KLINES, Candle
from midas.venues.sim.source.market import BestQuote, DepthChange, MarketEvent
from midas.venues.sim.wire import messages, tickers
from midas.venues.sim.wire.reports import Json

_ENCODE = msgspec.json.Encoder().encode
PARTIAL = (5, 10, 20)
ALL_QUOTES = "!bookTicker"
SLOW_ARRAYS = 3  # seconds of the forms `@3000ms`

Describe = Callable[[Desk, int], Json]


class _SlowDepth:
    """Depth changes of one second, merged: for `<symbol>@depth`."""

    def __init__(self, event: DepthChange) -> None:
        self.first_id = event.first_id
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.add(event)

    def add(self, event: DepthChange) -> None:
        """One more change."""
        self.last_id = event.last_id
        self.bids.update(event.bids)
        self.asks.update(event.asks)

    def message(self, desk: Desk, unit: int) -> bytes:
        """All of them as one."""
        bids, asks = sorted(self.bids.items(), reverse=True), sorted(self.asks.items())
        ids = self.first_id, self.last_id
        return _ENCODE(messages.diff(desk, ids, bids, asks, desk.time // unit))


class _Channel:
    """The streams of one desk."""

    def __init__(self, desk: Desk, hub: Hub) -> None:
        self.desk = desk
        self._hub = hub
        # Kept even while nobody listens, so that a chain holds for whoever joins in mid-second.
        self._slow: _SlowDepth | None = None
        aggregates = desk.tape.aggregates
        self._told = aggregates[-1].number if aggregates else 0  # the last aggregate that was streamed
        name = desk.symbol.lower()
        self._fast_depth, self._depth = f"{name}@depth@100ms", f"{name}@depth"
        self._fast_partial = [(count, f"{name}@depth{count}@100ms") for count in PARTIAL]
        self._partial = [(count, f"{name}@depth{count}") for count in PARTIAL]
        self._quote, self._trade, self._agg = f"{name}@bookTicker", f"{name}@trade", f"{name}@aggTrade"
        self._klines = _kline_streams(name)
        self._average = f"{name}@avgPrice"
        self._tickers = [(f"{name}{suffix}", describe) for suffix, describe in _TICKERS]

    def event(self, event: MarketEvent, closed: Iterable[tuple[str, Candle]]) -> None:
        """The market moved; `closed` are the candles that this closed."""
        desk, publish = self.desk, self._hub.publish
        self.closed(closed)
        if isinstance(event, DepthChange):
            publish(self._fast_depth, partial(messages.depth, desk, event))
            self._depth_changed(event)
        elif isinstance(event, BestQuote):
            for stream in (self._quote, ALL_QUOTES):
                publish(stream, partial(messages.best, desk, event))
        else:
            publish(self._trade, partial(messages.trade, desk, event))
        self._aggregates()

    def closed(self, closed: Iterable[tuple[str, Candle]]) -> None:
        """Candles closed: their last messages."""
        for key, candle in closed:
            self._kline(key, candle)

    def each_second(self, second: int) -> None:
        """Everything that has a cadence."""
        desk, publish = self.desk, self._hub.publish
        if self._slow is not None:
            publish(self._depth, partial(self._slow.message, desk))
            self._slow = None
        self._partial_depth(self._partial)
        for key in self._klines:
            if second % 2 == 0 or key == "1s":
                self._kline(key)
        for stream, describe in self._tickers:
            publish(stream, partial(_one, describe, desk))
        publish(self._average, partial(messages.average_price, desk))

    def _depth_changed(self, event: DepthChange) -> None:
        if self._slow is None:
            self._slow = _SlowDepth(event)
        else:
            self._slow.add(event)
        self._partial_depth(self._fast_partial)

    def _partial_depth(self, streams: list[tuple[int, str]]) -> None:
        for count, stream in streams:
            if self._hub.wants(stream):
                self._hub.publish(stream, _ENCODE(messages.depth_answer(self.desk, count)))

    def _aggregates(self) -> None:
        """What takers' trades became, once it is known."""
        desk, tape = self.desk, self.desk.tape
        if not tape.aggregates or tape.aggregates[-1].number == self._told:
            return
        for found in tape.aggregates_from(self._told + 1, len(tape.aggregates)):
            self._hub.publish(self._agg, partial(messages.aggregate_trade, desk, found))
        self._told = tape.aggregates[-1].number

    def _kline(self, key: str, closed: Candle | None = None) -> None:
        """A candle that closed, or the running one."""
        interval, streams = self._klines[key]
        for stream in streams:
            if self._hub.wants(stream):
                candle = closed or self.desk.charts.current(key)
                self._hub.publish(
                    stream, partial(messages.kline, self.desk, interval, candle, closed is not None)
                )


class Broadcast:
    """The public streams of all desks."""

    def __init__(self, desks: Mapping[str, Desk], hub: Hub) -> None:
        self._hub = hub
        self._channels = {symbol: _Channel(desk, hub) for symbol, desk in desks.items()}
        self._second = max(desk.time for desk in desks.values()) // SECOND

    def event(self, event: MarketEvent, closed: Iterable[tuple[str, Candle]]) -> None:
        """The market moved; `closed` are the candles of its symbol that this closed."""
        channel = self._channels[event.symbol]
        channel.event(event, closed)
        second = channel.desk.time // SECOND
        if second > self._second:
            self._second = second
            self._each_second(second, channel.desk.time)

    def _each_second(self, second: int, time: int) -> None:
        for channel in self._channels.values():
            channel.closed(channel.desk.advance(time))  # a quiet symbol's candles close too
            channel.each_second(second)
        for suffix, describe in _TICKERS:
            name = f"!{suffix[1:]}@arr"
            self._array(name, describe)
            self._array(f"{name}@1000ms", describe)
            if second % SLOW_ARRAYS == 0:
                self._array(f"{name}@3000ms", describe)

    def _array(self, stream: str, describe: Describe) -> None:
        desks = [channel.desk for channel in self._channels.values()]
        self._hub.publish(stream, partial(_all, describe, desks))


def _one(describe: Describe, desk: Desk, unit: int) -> bytes:
    return _ENCODE(describe(desk, unit))


def _all(describe: Describe, desks: list[Desk], unit: int) -> bytes:
    return _ENCODE([describe(desk, unit) for desk in desks])


_TICKERS: list[tuple[str, Describe]] = [
    ("@miniTicker", tickers.mini_message),
    ("@ticker", tickers.day_message),
    *((f"@ticker_{name}", partial(tickers.window_message, name)) for name in tickers.WINDOWS),
]


def _kline_streams(name: str) -> dict[str, tuple[str, list[str]]]:
    """The interval and the streams of every series; short candles are the same on both clocks."""
    made: dict[str, tuple[str, list[str]]] = {}
    for interval in KLINES:
        stream = f"{name}@kline_{interval}"
        if interval in EAST_INTERVALS:
            made[interval] = interval, [stream]
            made[interval + EAST_MARK] = interval, [stream + EAST_MARK]
        else:
            made[interval] = interval, [stream, stream + EAST_MARK]
    return made
