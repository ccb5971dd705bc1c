"""Bytes of a Binance market stream to market events: typed, exact, or refused with a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.market import Bar, BookDelta, BookSnapshot, Quote, Trade
from midas.domain.unreadable import UNREADABLE
from midas.errors import MalformedMessage
from midas.venues.binance.candles import bar_of_candle
from midas.venues.binance.payloads import (
    AggregateTrade,
    BookTicker,
    Depth,
    DepthSnapshot,
    Envelope,
    Kline,
    PublicTrade,
    Unrouted,
)
from midas.venues.binance.prices import Grid
from midas.venues.binance.stamps import instant

_PREFIX = b'{"stream":"'
_UNROUTED = msgspec.json.Decoder(Unrouted)
DEPTH = "depth"
SHUTDOWN = "serverShutdown"
_KINDS = {"depthUpdate": DEPTH}  # where an event and its stream have different names
_SNAPSHOT = msgspec.json.Decoder(DepthSnapshot)


Decoded = BookDelta | Quote | Trade | Bar


class _Reader(NamedTuple):
    """How one kind of stream is read: its payload's type, and what makes an event of it."""

    payload: Any
    read: Callable[..., Decoded | None]


class Route:
    """One stream of one instrument: how to read its messages, and when the last one came."""

    __slots__ = (
        "bare", "enveloped", "grid", "head", "instrument", "kind", "last_at", "middle", "read", "start",
        "symbol",
    )  # fmt: skip

    def __init__(self, stream: bytes, instrument: Instrument, kind: str, reader: _Reader, grid: Grid) -> None:
        self.instrument = instrument.id
        self.symbol = instrument.symbol
        self.kind = kind
        self.grid = grid
        self.bare = msgspec.json.Decoder(reader.payload)
        self.enveloped = msgspec.json.Decoder(Envelope[reader.payload])  # type: ignore[name-defined]
        self.read = reader.read
        self.last_at = 0
        # A depth message in the usual layout begins with `head` and the event time, then comes `middle`.
        self.head = b'%s%s","data":{"e":"depthUpdate","E":' % (_PREFIX, stream)
        self.start = len(self.head)
        self.middle = b',"s":"%s","U":' % instrument.symbol.encode()


class MarketCodec:
    """Decoder of every market stream of a set of instruments.

    `market_time` is the newest event time seen; spot quotes carry none of their own and take it.
    """

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self._instruments = {instrument.symbol: instrument for instrument in instruments}
        self._grids = {symbol: Grid(instrument) for symbol, instrument in self._instruments.items()}
        self._routes: dict[bytes, Route] = {}
        self._readers = {
            "depth": _Reader(Depth, self._depth),
            "bookTicker": _Reader(BookTicker, self._quote),
            "trade": _Reader(PublicTrade, self._trade),
            "aggTrade": _Reader(AggregateTrade, self._aggregate),
            "kline": _Reader(Kline, self._bar),
        }
        self._depth_route: Route | None = None  # of the newest depth message: most often the next one's too
        self.market_time = 0
        self.shutdowns = 0  # notices of a planned cut

    @property
    def cut(self) -> int:
        """Levels seen whose quantity held a fraction of a lot, which was cut."""
        return sum(grid.cut for grid in self._grids.values())

    def last_at(self, stream: str) -> int:
        """Wall time of the newest message of `stream`; 0 before the first."""
        route = self._routes.get(stream.encode())
        return route.last_at if route is not None else 0

    def decode(self, payload: bytes, at: int) -> Decoded | None:
        """The event in `payload`, in an envelope or bare; None where it holds nothing new.

        Nothing new are answers to requests, unfinished candles, and quotes before any message told the
        market's time. A diff's `first_id` is where the message before it ended, plus one, whichever way the
        venue chains them; its place in a book is the DepthAssembler's to find. Raises MalformedMessage.
        """
        usual = self._depth_route
        if usual is not None and payload.startswith(usual.head):
            diff = self._quick_depth(usual, payload, at)
            if diff is not None:
                return diff
        try:
            if payload.startswith(_PREFIX):
                stream = payload[11 : payload.find(b'"', 11)]
                route = self._routes.get(stream) or self._open(stream)
                if route.kind == DEPTH and payload.startswith(route.head):
                    self._depth_route = route
                    if (diff := self._quick_depth(route, payload, at)) is not None:
                        return diff
                message = route.enveloped.decode(payload).data
            else:
                found = self._find(payload)
                if found is None:
                    return None
                route, message = found
        except UNREADABLE as error:
            raise MalformedMessage(f"{error} in the message {_shown(payload)}") from None
        route.last_at = at
        if message.symbol != route.symbol:
            raise MalformedMessage(f"{route.symbol} {route.kind}: the message is about {message.symbol!r}")
        return route.read(route, message, at)

    def relist(self, instrument: Instrument) -> bool:
        """Read its prices and quantities in other steps from now on; False where they are the same."""
        symbol, known = instrument.symbol, self._instruments[instrument.symbol]
        self._instruments[symbol] = instrument
        if (known.tick_size, known.lot_size) == (instrument.tick_size, instrument.lot_size):
            return False
        grid = self._grids[symbol] = Grid(instrument, self._grids[symbol].cut)
        for route in self._routes.values():
            if route.symbol == symbol:
                route.grid = grid
        return True

    def snapshot(self, symbol: str, body: bytes, at: int) -> BookSnapshot:
        """The answer of `GET depth`. Raises MalformedMessage."""
        instrument = self._instruments[symbol]
        try:
            message = _SNAPSHOT.decode(body)
        except UNREADABLE as error:
            raise MalformedMessage(f"{symbol} depth snapshot: {error} in {_shown(body)}") from None
        bids, levels = self._grids[symbol].levels(message.bids, message.asks)
        return BookSnapshot(instrument.id, self.market_time, at, message.last_id, bids, levels)

    def _find(self, payload: bytes) -> tuple[Route, Any] | None:
        head = _UNROUTED.decode(payload)
        if head.stream:
            route = self._open(head.stream.encode())
            return route, route.bare.decode(head.data)
        if head.error is not None:
            raise MalformedMessage(f"the stream refused request {head.id}: {head.error}")
        if head.event == SHUTDOWN:
            self.shutdowns += 1
            return None
        if head.id is not None or bytes(head.notice):
            return None  # an answer to a request
        kind = _KINDS.get(head.event, head.event)
        if not kind and head.bid_quantity:
            kind = "bookTicker"  # it alone carries no event name
        route = self._open(f"{head.symbol.lower()}@{kind}".encode())
        return route, route.bare.decode(payload)

    def _open(self, stream: bytes) -> Route:
        route = self._routes.get(stream)
        if route is None:
            symbol, _, rest = stream.decode("ascii", "replace").partition("@")
            instrument = self._instruments.get(symbol.upper())
            kind = rest.partition("@")[0].partition("_")[0]
            if instrument is None or kind not in self._readers:
                raise MalformedMessage(f"unknown stream {stream[:60].decode(errors='replace')!r}")
            route = self._routes[stream] = Route(
                stream, instrument, kind, self._readers[kind], self._grids[instrument.symbol]
            )
        return route

    def _quick_depth(self, route: Route, payload: bytes, at: int) -> BookDelta | None:
        """The diff of a message in the usual layout; None where it must be read field by field."""
        found = route.grid.scan(payload, route.start, route.middle)
        if found is None:
            return None
        stamp, first, last, bids, levels = found
        route.last_at = at
        self.market_time = time = instant(stamp)
        return BookDelta(route.instrument, time, at, first, last, bids, levels)

    def _depth(self, route: Route, message: Depth, at: int) -> BookDelta:
        first, last, previous = message.first_id, message.last_id, message.previous_id
        if not 0 < first <= last:
            raise MalformedMessage(f"{route.symbol} depth: expected ids 0 < U <= u, got U={first} u={last}")
        bids, levels = route.grid.levels(message.bids, message.asks)
        time = self._saw(message.time)
        begins = previous + 1 if previous >= 0 else first
        return BookDelta(route.instrument, time, at, begins, last, bids, levels)

    def _quote(self, route: Route, message: BookTicker, at: int) -> Quote | None:
        bid, bid_lots = route.grid.level(message.bid, message.bid_quantity, "best bid")
        ask, ask_lots = route.grid.level(message.ask, message.ask_quantity, "best ask")
        if message.time:
            self._saw(message.time)
        if not self.market_time:
            return None
        return Quote(route.instrument, self.market_time, at, bid, bid_lots, ask, ask_lots, message.update_id)

    def _trade(self, route: Route, message: PublicTrade, at: int) -> Trade:
        price = route.grid.ticks(message.price, "trade price")
        lots = route.grid.lots(message.quantity, "trade quantity")
        time = instant(message.traded)
        self._saw(message.time)
        return Trade(route.instrument, time, at, price, lots, message.buyer_is_maker, message.id)

    def _aggregate(self, route: Route, message: AggregateTrade, at: int) -> Trade:
        price = route.grid.ticks(message.price, "trade price")
        lots = route.grid.lots(message.quantity, "trade quantity")
        time = instant(message.traded)
        count = message.last - message.first + 1
        if count < 1:
            raise MalformedMessage(
                f"{route.symbol} aggTrade: expected f <= l, got f={message.first} l={message.last}"
            )
        self._saw(message.time)
        return Trade(route.instrument, time, at, price, lots, message.buyer_is_maker, message.id, count)

    def _bar(self, route: Route, message: Kline, at: int) -> Bar | None:
        self._saw(message.time)
        if not message.candle.closed:
            return None
        return bar_of_candle(route.instrument, message.candle, at)

    def _saw(self, stamp: int) -> int:
        self.market_time = time = instant(stamp)
        return time


def _shown(payload: bytes) -> str:
    return repr(payload[:80].decode(errors="replace"))
