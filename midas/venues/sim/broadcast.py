"""Turns what happens on the desks into messages of the public streams."""

from __future__ import annotations

import msgspec

from midas.domain.time import MILLISECOND, SECOND
from midas.venues.intervals import INTERVALS
from midas.venues.sim import klines, reports
from midas.venues.sim.desk import Desk
from midas.venues.sim.klines import Candle
from midas.venues.sim.market import BestQuote, DepthChange, MarketEvent, Print
from midas.venues.sim.outside import Level
from midas.venues.sim.streams import Hub

_ENCODE = msgspec.json.Encoder().encode
PARTIAL = (5, 10, 20)


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


class Broadcast:
    """The public streams of one desk."""

    def __init__(self, desk: Desk, hub: Hub) -> None:
        self._desk = desk
        self._hub = hub
        self._slow: _SlowDepth | None = None
        self._second = desk.time // SECOND
        name = desk.symbol.lower()
        self._name = name
        self._fast_depth, self._depth = f"{name}@depth@100ms", f"{name}@depth"
        self._quote, self._trade, self._agg = f"{name}@bookTicker", f"{name}@trade", f"{name}@aggTrade"

    def event(self, event: MarketEvent, closed: list[tuple[str, Candle]]) -> None:
        """The market moved; `closed` are the candles that this closed."""
        for interval, candle in closed:
            self._kline(interval, candle, closed=True)
        if isinstance(event, DepthChange):
            self._hub.publish(self._fast_depth, event.payload)
            self._depth_changed(event)
        elif isinstance(event, BestQuote):
            self._hub.publish(self._quote, event.payload)
        else:
            self._hub.publish(self._trade, event.payload)
            if self._hub.wants(self._agg):
                self._hub.publish(self._agg, _ENCODE(self._aggregate(event)))
        second = self._desk.time // SECOND
        if second > self._second:
            self._second = second
            self._each_second()

    def _depth_changed(self, event: DepthChange) -> None:
        if self._slow is not None:
            self._slow.add(event)
        elif self._hub.wants(self._depth):
            self._slow = _SlowDepth(event)
        for count in PARTIAL:
            stream = f"{self._name}@depth{count}@100ms"
            if self._hub.wants(stream):
                self._hub.publish(stream, _ENCODE(depth_answer(self._desk, count)))

    def _each_second(self) -> None:
        if self._slow is not None:
            self._hub.publish(self._depth, _ENCODE(self._slow_message(self._slow)))
            self._slow = None
        for count in PARTIAL:
            stream = f"{self._name}@depth{count}"
            if self._hub.wants(stream):
                self._hub.publish(stream, _ENCODE(depth_answer(self._desk, count)))
        for interval in INTERVALS:
            if self._second % 2 == 0 or interval == "1s":
                self._kline(interval, self._desk.series[interval].current, closed=False)
        if self._hub.wants(f"{self._name}@miniTicker"):
            self._hub.publish(f"{self._name}@miniTicker", _ENCODE(mini_ticker(self._desk)))
        if self._hub.wants("!miniTicker@arr"):
            self._hub.publish("!miniTicker@arr", _ENCODE([mini_ticker(self._desk)]))
        if self._hub.wants(f"{self._name}@ticker"):
            self._hub.publish(f"{self._name}@ticker", _ENCODE(ticker(self._desk)))

    def _kline(self, interval: str, candle: Candle, *, closed: bool) -> None:
        stream = f"{self._name}@kline_{interval}"
        if self._hub.wants(stream):
            desk = self._desk
            message = klines.message(desk.symbol, interval, candle, desk.scale, desk.time, closed)
            self._hub.publish(stream, _ENCODE(message))

    def _slow_message(self, slow: _SlowDepth) -> reports.Json:
        return {
            "e": "depthUpdate",
            "E": self._desk.time // MILLISECOND,
            "s": self._desk.symbol,
            "U": slow.first_id,
            "u": slow.last_id,
            "b": pairs(self._desk, sorted(slow.bids.items(), reverse=True)),
            "a": pairs(self._desk, sorted(slow.asks.items())),
        }

    def _aggregate(self, event: Print) -> reports.Json:
        symbol = {"e": "aggTrade", "E": event.time // MILLISECOND, "s": self._desk.symbol}
        return symbol | aggregate(self._desk, event)


def pairs(desk: Desk, levels: list[Level]) -> list[tuple[str, str]]:
    """Levels as the venue's pairs of strings."""
    price, quantity = desk.scale.price, desk.scale.quantity
    return [(price(tick), quantity(lots)) for tick, lots in levels]


def depth_answer(desk: Desk, count: int) -> reports.Json:
    """The best `count` levels with the id that they are as of."""
    book = desk.matcher.book
    return {
        "lastUpdateId": book.last_id,
        "bids": pairs(desk, book.bids.top(count)),
        "asks": pairs(desk, book.asks.top(count)),
    }


def aggregate(desk: Desk, event: Print) -> reports.Json:
    """A trade as an aggregate of one."""
    return {
        "a": event.trade_id,
        "p": desk.scale.price(event.tick),
        "q": desk.scale.quantity(event.lots),
        "f": event.trade_id,
        "l": event.trade_id,
        "T": event.time // MILLISECOND,
        "m": event.buyer_is_maker,
        "M": True,
    }


def mini_ticker(desk: Desk) -> reports.Json:
    """The last 24 hours, short."""
    day, scale = desk.day(), desk.scale
    return {
        "e": "24hrMiniTicker",
        "E": desk.time // MILLISECOND,
        "s": desk.symbol,
        "c": scale.price(day.last),
        "o": scale.price(day.open),
        "h": scale.price(day.high),
        "l": scale.price(day.low),
        "v": scale.quantity(day.lots),
        "q": scale.notional(day.value),
    }


_LETTERS = {
    "symbol": "s", "priceChange": "p", "priceChangePercent": "P", "weightedAvgPrice": "w",
    "prevClosePrice": "x", "lastPrice": "c", "lastQty": "Q",
    "bidPrice": "b", "bidQty": "B", "askPrice": "a", "askQty": "A",
    "openPrice": "o", "highPrice": "h", "lowPrice": "l", "volume": "v", "quoteVolume": "q", "openTime": "O",
    "closeTime": "C", "firstId": "F", "lastId": "L", "count": "n",
}  # fmt: skip


def ticker(desk: Desk) -> reports.Json:
    """The last 24 hours as a stream message: REST's fields under their letters."""
    rest = ticker_answer(desk)
    lettered: reports.Json = {letter: rest[name] for name, letter in _LETTERS.items()}
    return {"e": "24hrTicker", "E": desk.time // MILLISECOND} | lettered


def ticker_answer(desk: Desk) -> reports.Json:
    """The last 24 hours as `ticker/24hr` tells them."""
    day, scale = desk.day(), desk.scale
    change = desk.instrument.price(day.last) - desk.instrument.price(day.open)
    mean = desk.instrument.tick_size * day.value / day.lots if day.lots else desk.instrument.price(day.last)
    bid, bid_lots, ask, ask_lots = quote(desk)
    return {
        "symbol": desk.symbol,
        "priceChange": f"{change:.8f}",
        "priceChangePercent": f"{100 * (day.last - day.open) / day.open:.3f}",
        "weightedAvgPrice": f"{mean:.8f}",
        "prevClosePrice": scale.price(day.open),
        "lastPrice": scale.price(day.last),
        "lastQty": scale.quantity(desk.trades[-1].lots if desk.trades else 0),
        "bidPrice": bid,
        "bidQty": bid_lots,
        "askPrice": ask,
        "askQty": ask_lots,
        "openPrice": scale.price(day.open),
        "highPrice": scale.price(day.high),
        "lowPrice": scale.price(day.low),
        "volume": scale.quantity(day.lots),
        "quoteVolume": scale.notional(day.value),
        "openTime": day.open_time,
        "closeTime": day.close_time,
        "firstId": day.first_id,
        "lastId": day.last_id,
        "count": day.trades,
    }


def quote(desk: Desk) -> tuple[str, str, str, str]:
    """Best bid, its quantity, best ask, its quantity; zeros where a side is empty."""
    texts: list[str] = []
    for side in (desk.matcher.book.bids, desk.matcher.book.asks):
        tick, lots = side.best() or (0, 0)
        texts += [desk.scale.price(tick), desk.scale.quantity(lots)]
    return texts[0], texts[1], texts[2], texts[3]
