"""A table of candles as a market: trades that make exactly those candles, in a synthetic book around them.

Each candle becomes a path through its open, high, low and close. Between the trades the book breathes, so
that depth keeps coming; where the table has a hole, nothing happens at all. One seed, one market.
"""

from __future__ import annotations

import heapq
import logging
import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice, pairwise
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.domain.instrument import Instrument
from midas.domain.time import SECOND
from midas.domain.unreadable import UNREADABLE
from midas.errors import StoreDamaged
from midas.venues.sim.levels.scale import WIRE
from midas.venues.sim.source.candle_path import Bar, Tick, path
from midas.venues.sim.source.candle_source import candle_files, refuse_without_volume
from midas.venues.sim.source.candle_table import CandleTable, read_candles
from midas.venues.sim.source.market import BestQuote, DepthChange, Listing, MarketEvent, Print
from midas.venues.sim.source.survey import NOTIONAL_MIN, ONE_BP, QUANTITY_MAX, QUOTES, VOLATILITY_MAX

FIRST_UPDATE_ID = 1_000_000
FIRST_TRADE_ID = 100_000
LEVELS = 25  # of each side
BREATHS = 3_600  # of the book, in a candle
BREATH_MIN = SECOND
SPACING = 1e-5  # of the price, between levels
DRAWN = 4_096  # random numbers at a time

log = logging.getLogger(__name__)


class Candles:
    """The market of a table or of a folder of tables."""

    lateness = 0
    waits = False

    def __init__(self, source: Path, seed: int, symbol: str = "") -> None:
        tables = read_candles(source, symbol=symbol)
        for file in candle_files(source):
            refuse_without_volume(file)
        self.name = str(source)
        self.start = min(table.times[0] for table in tables)
        self._candles = sum(len(table.times) for table in tables)
        self._stocks = [_Stock(table, seed) for table in tables]
        self._events = heapq.merge(*(stock.events() for stock in self._stocks), key=lambda event: event.at)
        self._handed_out = 0
        log.info("%s: %d candles of %s", source, self._candles, ", ".join(table.symbol for table in tables))

    def listings(self) -> list[Listing]:
        """The instruments, in the order of the table."""
        return [stock.listing() for stock in self._stocks]

    def events(self) -> Iterator[MarketEvent]:
        """The market from the first candle to the end of the last."""
        for event in self._events:
            self._handed_out += 1
            yield event

    def save(self) -> bytes:
        """How far the table was played."""
        return msgspec.json.encode(_Position(events=self._handed_out, candles=self._candles))

    def restore(self, state: bytes) -> None:
        """Play up to where it was saved, at once. Raises StoreDamaged for another table's position."""
        try:
            position = msgspec.json.decode(state, type=_Position)
        except UNREADABLE:
            position = _Position(events=0, candles=-1)
        if position.candles != self._candles:
            raise StoreDamaged(
                f"{self.name}: the saved position is of another table; start the exchange anew", self.name, 0
            )
        for event in islice(self.events(), position.events):
            self.start = max(self.start, event.time)


class _Position(msgspec.Struct):
    """Events handed out, of a table of so many candles."""

    events: int
    candles: int


class _Stock:
    """One symbol: its candles in ticks and lots, and the book as it stands."""

    def __init__(self, table: CandleTable, seed: int) -> None:
        self._table = table
        self.symbol = table.symbol
        self._tick, self._lot, self._duration = table.tick, table.lot, table.duration
        self._instrument = _instrument(table)
        self._rng = np.random.default_rng([seed, *table.symbol.encode()])
        self._lots = max(1, sum(table.volumes) // self._lot // len(table.volumes) // 60)
        self._last_id = FIRST_UPDATE_ID
        self._trade_id = FIRST_TRADE_ID
        self._price = table.prices[0] // self._tick
        self._unit = max(1, round(self._price * SPACING))
        self._uniform = _drawn(lambda: self._rng.random(DRAWN))
        self._sizes = _drawn(lambda: self._rng.lognormal(0.0, 0.8, DRAWN))
        self._book: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self._book = self._made(self._price, self._price + 1)
        self._time = table.times[0]

    def listing(self) -> Listing:
        """Where the symbol stands before its next event."""
        bids, asks = self._book
        seconds = self._duration / SECOND
        volume = sum(self._table.volumes) / WIRE / len(self._table.volumes)
        return Listing(
            instrument=self._instrument,
            last_id=self._last_id,
            bids=sorted(bids.items(), reverse=True),
            asks=sorted(asks.items()),
            first_tick=self._price,
            first_trade_id=self._trade_id,
            volatility=min(VOLATILITY_MAX, self._volatility() / seconds**0.5 or ONE_BP),
            volume=volume / seconds,
        )

    def events(self) -> Iterator[MarketEvent]:
        """Candle after candle."""
        for bar in self._bars():
            self._time = max(self._time, bar.start)
            breath = max(BREATH_MIN, bar.duration // BREATHS)
            for tick in path(bar, self._rng):
                yield from self._breathe(tick.time, breath)
                yield from self._trade(tick)
            yield from self._breathe(bar.start + bar.duration, breath)
            yield self._breath()

    def _bars(self) -> Iterator[Bar]:
        table, tick = self._table, self._tick
        for place, (start, volume) in enumerate(zip(table.times, table.volumes, strict=True)):
            opened, high, low, close = (price // tick for price in table.prices[4 * place : 4 * place + 4])
            yield Bar(start, self._duration, opened, high, low, close, volume // self._lot)

    def _breathe(self, until: int, breath: int) -> Iterator[MarketEvent]:
        """Let the sizes in the book change now and then until the next trade."""
        while self._time + breath < until:
            self._time += breath
            yield self._breath()
        self._time = until

    def _breath(self) -> DepthChange:
        """Another size at one level behind the touch."""
        bids, asks = self._book
        side = asks if len(bids) < 2 or self._chance() < 0.5 else bids
        behind = sorted(side, reverse=side is bids)[1:]
        change = {behind[int(self._chance() * len(behind))]: self._size()}
        return self._changed(self._time, *((change, {}) if side is bids else ({}, change)))

    def _trade(self, tick: Tick) -> Iterator[MarketEvent]:
        """Move the book to where the trade happens, print it, and take it from the book."""
        spread = 1 + int(self._chance() < 0.25)
        bid, ask = (
            (tick.price, tick.price + spread) if tick.buyer_is_maker else (tick.price - spread, tick.price)
        )
        if bid < 1:
            bid, ask = 1, 2
        rest = self._size()
        target = self._book
        if (max(target[0]), min(target[1])) != (bid, ask):
            target = self._made(bid, ask)
        place, touch = (0, bid) if tick.buyer_is_maker else (1, ask)
        target = (dict(target[0]), dict(target[1]))
        target[place][touch] = rest + tick.volume
        yield from self._moved(tick.time, target)
        self._price = tick.price
        yield Print(
            self.symbol, tick.time, tick.time, self._trade_id, tick.price, tick.volume, tick.buyer_is_maker
        )
        self._trade_id += 1
        target = (dict(target[0]), dict(target[1]))
        target[place][touch] = rest
        yield from self._moved(tick.time, target)

    def _moved(self, time: int, target: tuple[dict[int, int], dict[int, int]]) -> Iterator[MarketEvent]:
        """The quote and the depth change that make the book `target`."""
        bids, asks = (_difference(old, new) for old, new in zip(self._book, target, strict=True))
        if not bids and not asks:
            return
        bid, ask = max(target[0]), min(target[1])
        last_id = self._last_id + len(bids) + len(asks)
        yield BestQuote(self.symbol, time, time, last_id, (bid, target[0][bid]), (ask, target[1][ask]))
        yield self._changed(time, bids, asks)

    def _changed(self, time: int, bids: dict[int, int], asks: dict[int, int]) -> DepthChange:
        first_id = self._last_id + 1
        self._last_id += len(bids) + len(asks)
        for side, changes in zip(self._book, (bids, asks), strict=True):
            for tick, lots in changes.items():
                if lots:
                    side[tick] = lots
                else:
                    side.pop(tick, None)
        return DepthChange(
            self.symbol,
            time,
            time,
            first_id,
            self._last_id,
            sorted(bids.items(), reverse=True),
            sorted(asks.items()),
        )

    def _made(self, bid: int, ask: int) -> tuple[dict[int, int], dict[int, int]]:
        """A book with this touch; what stood behind it stays."""
        bids, asks = self._book
        behind_bid = sorted((-tick for tick in bids if tick < bid), reverse=True)
        behind_ask = sorted((tick for tick in asks if tick > ask), reverse=True)
        return (
            {-key: bids.get(-key) or self._size() for key in self._ladder(-bid, behind_bid) if key < 0},
            {key: asks.get(key) or self._size() for key in self._ladder(ask, behind_ask)},
        )

    def _ladder(self, key: int, kept: list[int]) -> Iterator[int]:
        """Keys (smaller is better) from the touch on: the nearest of those kept, else a new one."""
        for _ in range(LEVELS):
            yield key
            key += 1 + int(self._chance() * 2 * self._unit)
            if kept and kept[-1] <= key:
                key = kept.pop()

    def _size(self) -> int:
        return max(1, int(self._lots * next(self._sizes)))

    def _chance(self) -> float:
        return next(self._uniform)

    def _volatility(self) -> float:
        """Standard deviation of the log price over one candle."""
        closes = self._table.prices[3::4]
        moves = [math.log(later / earlier) for earlier, later in pairwise(closes)]
        return math.sqrt(sum(move * move for move in moves) / max(1, len(moves)))


def _drawn(draw: Callable[[], NDArray[np.float64]]) -> Iterator[float]:
    """Numbers without end: drawn many at a time, which costs a hundredth of drawing each."""
    while True:
        yield from draw().tolist()


def _difference(old: dict[int, int], new: dict[int, int]) -> dict[int, int]:
    gone = {tick: 0 for tick in old if tick not in new}
    return gone | {tick: lots for tick, lots in new.items() if old.get(tick) != lots}


def _instrument(table: CandleTable) -> Instrument:
    quote = next((quote for quote in QUOTES if table.symbol.endswith(quote)), table.symbol[-3:])
    lot = Decimal(table.lot) / WIRE
    return Instrument(
        venue="binance",
        symbol=table.symbol,
        base=table.symbol[: -len(quote)],
        quote=quote,
        tick_size=Decimal(table.tick) / WIRE,
        lot_size=lot,
        quantity_min=lot,
        quantity_max=max(QUANTITY_MAX, lot * 1_000_000),
        notional_min=NOTIONAL_MIN,
    )
