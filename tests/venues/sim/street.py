"""Two desks whose market the test moves by hand, and ears on their streams."""

from __future__ import annotations

import asyncio
import struct
from decimal import Decimal
from typing import Any

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.time import MICROSECOND, MILLISECOND, SECOND
from midas.venues.sim.doors.broadcast import Broadcast
from midas.venues.sim.doors.streams import Client, Hub
from midas.venues.sim.floor.desk import Desk
from midas.venues.sim.levels.outside import Level
from midas.venues.sim.source.market import BestQuote, DepthChange, Listing, MarketEvent, Print

START = 1_795_248_000 * SECOND  # 2026-11-21 08:00:00 UTC


def listing(symbol: str = "BTCUSDT") -> Listing:
    """A bid of 100 x 5.0 and an ask of 101 x 5.0, one tick 1, one lot 0.1."""
    instrument = Instrument(
        venue="binance",
        symbol=symbol,
        base=symbol[:-4],
        quote="USDT",
        tick_size=Decimal(1),
        lot_size=Decimal("0.1"),
        quantity_min=Decimal("0.1"),
        quantity_max=Decimal(1_000),
        notional_min=Decimal(20),
    )
    return Listing(
        instrument=instrument,
        last_id=1,
        bids=[(100, 50), (99, 100)],
        asks=[(101, 50), (102, 100)],
        first_tick=100,
        first_trade_id=1,
        volatility=1e-4,
        volume=1.0,
    )


def trade(
    after: int, trade_id: int, tick: int = 100, lots: int = 5, seller: bool = False, symbol: str = "BTCUSDT"
) -> Print:
    """A print `after` nanoseconds."""
    return Print(symbol, START + after, START + after, trade_id, tick, lots, seller, b"")


class Ear:
    """A client that keeps what it was sent."""

    def __init__(self, unit: int = MILLISECOND, combined: bool = False) -> None:
        self._pipe = _Pipe()
        self.client = Client(self._pipe, 0.0)
        self.client.unit, self.client.combined = unit, combined

    @property
    def heard(self) -> list[Any]:
        """Every message so far."""
        return [msgspec.json.decode(text) for text in _texts(b"".join(self._pipe.written))]


class Street:
    """BTCUSDT and ETHUSDT with their streams."""

    def __init__(self) -> None:
        names = ("BTCUSDT", "ETHUSDT")
        self.desks = {name: Desk(listing(name), START, 0, 1) for name in names}
        self.hub = Hub(lambda: None)
        self.broadcast = Broadcast(self.desks, self.hub)
        self._ids = dict.fromkeys(names, 1)

    def ear(self, *streams: str, micro: bool = False, combined: bool = False) -> Ear:
        """Somebody who listens to `streams`."""
        ear = Ear(MICROSECOND if micro else MILLISECOND, combined)
        self.hub.subscribe(ear.client, streams)
        return ear

    def move(self, event: MarketEvent) -> None:
        """The market does `event`."""
        desk = self.desks[event.symbol]
        closed = desk.advance(event.time)
        if isinstance(event, DepthChange):
            desk.matcher.depth(event.last_id, event.bids, event.asks)
        elif isinstance(event, BestQuote):
            desk.matcher.quote(event.last_id, event.bid, event.ask)
        else:
            desk.printed(event)
        self.broadcast.event(event, closed)
        self.hub.flush()

    def depth(self, after: int, bids: list[Level], asks: list[Level], symbol: str = "BTCUSDT") -> None:
        """A depth change of three updates, `after` nanoseconds."""
        first = self._ids[symbol] + 1
        self._ids[symbol] += 3
        time = START + after
        self.move(DepthChange(symbol, time, time, first, first + 2, bids, asks, b""))

    def quote(self, after: int, bid: Level, ask: Level, symbol: str = "BTCUSDT") -> None:
        """A best bid and ask, `after` nanoseconds."""
        time = START + after
        self.move(BestQuote(symbol, time, time, self._ids[symbol] + 1, bid, ask, b""))


class _Pipe(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))


def _texts(raw: bytes) -> list[bytes]:
    """The payloads of unmasked frames."""
    found: list[bytes] = []
    while raw:
        length, head = raw[1], 2
        if length == 126:
            length, head = struct.unpack("!H", raw[2:4])[0], 4
        elif length == 127:
            length, head = struct.unpack("!Q", raw[2:10])[0], 10
        found.append(raw[head : head + length])
        raw = raw[head + length :]
    return found
