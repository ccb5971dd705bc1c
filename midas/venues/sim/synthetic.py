"""A seeded market of two instruments: the limit-order book kernel, dressed as a market source.

The kernel runs in slices of 100 ms of market time; one slice of one instrument is one call. The same
seed gives the same events in market time, however fast they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.domain.instrument import Instrument
from midas.domain.time import MILLISECOND, SECOND
from midas.venues.sim import orderflow
from midas.venues.sim.market import BestQuote, DepthChange, Listing, MarketEvent, Print
from midas.venues.sim.outside import Level
from midas.venues.sim.scale import Scale

SLICE = 100 * MILLISECOND
START = 1_767_225_600 * SECOND  # 2026-01-01T00:00:00Z: a fixed start makes equal seeds equal bytes
FIRST_UPDATE_ID = 10_000_000
FIRST_TRADE_ID = 500_000
OPENING_LEVELS = 400

_ENCODE = msgspec.json.Encoder().encode
Rows = NDArray[np.int64]


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """What makes one synthetic instrument."""

    symbol: str
    base: str
    tick_size: str
    lot_size: str
    price: int  # opening, in ticks
    order_lots: float  # mean size of an order
    ticks_a_second: float  # standard deviation of the fundamental price


PAIRS = (
    Pair(symbol="BTCUSDT", base="BTC", tick_size="1.00", lot_size="0.00001", price=60_000, order_lots=8_000.0,
         ticks_a_second=2.0),
    Pair(symbol="ETHUSDT", base="ETH", tick_size="0.05", lot_size="0.0001", price=60_000, order_lots=12_000.0,
         ticks_a_second=2.4),
)  # fmt: skip


def _instrument(pair: Pair) -> Instrument:
    lot = Decimal(pair.lot_size)
    return Instrument(
        venue="binance",
        symbol=pair.symbol,
        base=pair.base,
        quote="USDT",
        tick_size=Decimal(pair.tick_size),
        lot_size=lot,
        quantity_min=lot,
        quantity_max=Decimal(9_000),
        notional_min=Decimal(5),
    )


class _Stock:
    """One running instrument."""

    def __init__(self, pair: Pair, seed: int, place: int) -> None:
        self.instrument = _instrument(pair)
        self.symbol = pair.symbol
        self.scale = Scale.of(self.instrument)
        self.flow = orderflow.opened(
            seed * 1_000_003 + place, pair.price, pair.order_lots, pair.ticks_a_second, OPENING_LEVELS
        )
        self.last_id = FIRST_UPDATE_ID
        self.next_trade = FIRST_TRADE_ID
        self._touch = self.flow.touch()

    def listing(self, pair: Pair) -> Listing:
        """Where the instrument stands before its first event."""
        bids, asks = self.flow.levels(OPENING_LEVELS)
        return Listing(
            instrument=self.instrument,
            last_id=self.last_id,
            bids=bids,
            asks=asks,
            first_tick=pair.price,
            first_trade_id=self.next_trade,
            volatility=pair.ticks_a_second / pair.price,
            volume=2.0 * pair.order_lots * self.instrument.lot,
        )

    def slice(self, start: int) -> Iterator[MarketEvent]:
        """The events of one slice of market time, its depth change last."""
        changed: tuple[dict[int, int], dict[int, int]] = ({}, {})
        first_id = self.last_id + 1
        rows: list[list[int]] = self.flow.run(start, start + SLICE).tolist()
        for place, (time, kind, side, tick, lots, bid, bid_lots, ask, ask_lots, group) in enumerate(rows):
            if kind == orderflow.TRADE:
                yield self._trade(time, tick, lots, side == orderflow.SELL)
                continue
            self.last_id += 1
            changed[side][tick] = lots
            last_of_group = place + 1 == len(rows) or rows[place + 1][9] != group
            if last_of_group and (touch := (bid, bid_lots, ask, ask_lots)) != self._touch:
                self._touch = touch
                yield self._quote(time, touch)
        if self.last_id >= first_id:
            yield self._depth(start + SLICE, first_id, changed)

    def _trade(self, time: int, tick: int, lots: int, seller: bool) -> Print:
        trade_id = self.next_trade
        self.next_trade += 1
        stamp = time // MILLISECOND
        price, quantity = self.scale.price(tick), self.scale.quantity(lots)
        payload = (
            f'{{"e":"trade","E":{stamp},"s":"{self.symbol}","t":{trade_id},"p":"{price}","q":"{quantity}",'
            f'"T":{stamp},"m":{"true" if seller else "false"},"M":true}}'
        )
        return Print(self.symbol, time, time, trade_id, tick, lots, seller, payload.encode())

    def _quote(self, time: int, touch: tuple[int, int, int, int]) -> BestQuote:
        price, quantity = self.scale.price, self.scale.quantity
        bid, bid_lots, ask, ask_lots = touch
        payload = (
            f'{{"u":{self.last_id},"s":"{self.symbol}","b":"{price(bid)}","B":"{quantity(bid_lots)}",'
            f'"a":"{price(ask)}","A":"{quantity(ask_lots)}"}}'
        )
        return BestQuote(
            self.symbol, time, time, self.last_id, (bid, bid_lots), (ask, ask_lots), payload.encode()
        )

    def _depth(self, time: int, first_id: int, changed: tuple[dict[int, int], dict[int, int]]) -> DepthChange:
        bids = sorted(changed[orderflow.BUY].items(), reverse=True)
        asks = sorted(changed[orderflow.SELL].items())
        payload = _ENCODE(
            {
                "e": "depthUpdate",
                "E": time // MILLISECOND,
                "s": self.symbol,
                "U": first_id,
                "u": self.last_id,
                "b": self._pairs(bids),
                "a": self._pairs(asks),
            }
        )
        return DepthChange(self.symbol, time, time, first_id, self.last_id, bids, asks, payload)

    def _pairs(self, levels: list[Level]) -> list[tuple[str, str]]:
        price, quantity = self.scale.price, self.scale.quantity
        return [(price(tick), quantity(lots)) for tick, lots in levels]


class Synthetic:
    """BTC/USDT and ETH/USDT from one seed, without end."""

    name = "synthetic"
    start = START
    lateness = 0

    def __init__(self, seed: int) -> None:
        self._stocks = [_Stock(pair, seed, place) for place, pair in enumerate(PAIRS)]

    def listings(self) -> list[Listing]:
        """Both instruments."""
        return [stock.listing(pair) for stock, pair in zip(self._stocks, PAIRS, strict=True)]

    def events(self) -> Iterator[MarketEvent]:
        """The market from `start` on."""
        time = self.start
        while True:
            events = [event for stock in self._stocks for event in stock.slice(time)]
            events.sort(key=lambda event: event.at)
            yield from events
            time += SLICE
