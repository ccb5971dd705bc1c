"""Quotes and prints as columns, and as the events that an engine is stepped with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, repeat

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.backtest.series import Bars, Floats, Times
from midas.domain.instrument import Instrument
from midas.domain.market import Bar, BookDelta, BookSnapshot, Quote, Trade
from midas.errors import UsageError

CHUNK = 4_096  # made at once: few enough to stay in the processor's cache
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
TickEvent = Quote | Trade | BookDelta | BookSnapshot | Bar


class Ticks(msgspec.Struct, frozen=True, kw_only=True):
    """Of one instrument, oldest first. Prices in ticks, sizes in lots, `time` is the venue's.

    Each row holds the touch that stands then; a row of `printed` lots is also a trade, at `price`.
    """

    instrument: Instrument
    time: Times
    bid: Ints
    bid_lots: Ints
    ask: Ints
    ask_lots: Ints
    price: Ints
    printed: Ints  # 0: the row is a quote
    sold: Flags  # the one who took sold

    def __len__(self) -> int:
        """How many rows."""
        return len(self.time)

    @property
    def begins(self) -> int:
        """Time of the first one."""
        return int(self.time[0])

    @property
    def books(self) -> bool:
        """No: the touch alone."""
        return False

    @property
    def prints(self) -> bool:
        """Whether any row is a trade."""
        return bool(self.printed.any())

    def between(self, begin: int, end: int) -> Ticks:
        """Those from `begin` until `end`. Raises UsageError where there are none."""
        first, last = np.searchsorted(self.time, [begin, end], side="left")
        if first == last:
            raise UsageError(f"no tick of {self.instrument.symbol} between --from and --to")
        columns = {name: getattr(self, name)[first:last] for name in self.__struct_fields__[1:]}
        return msgspec.structs.replace(self, **columns)

    def events(self, delay: int = 0) -> Iterator[TickEvent]:
        """Each as an event that is heard `delay` after it happened."""
        return chain.from_iterable(self._made(n, delay) for n in range(0, len(self), CHUNK))

    def _made(self, first: int, delay: int) -> Iterable[TickEvent]:
        name, rows = self.instrument.id, slice(first, first + CHUNK)
        trades = self.printed[rows] > 0
        number = np.arange(first, first + len(trades)) + 1
        quotes = iter(self._quotes(name, rows, ~trades, number, delay))
        prints = iter(self._prints(name, rows, trades, number, delay))
        return (next(prints) if is_trade else next(quotes) for is_trade in trades.tolist())

    def _quotes(self, name: str, rows: slice, which: Flags, number: Ints, delay: int) -> Iterable[Quote]:
        time = self.time[rows][which]
        touch = (self.bid, self.bid_lots, self.ask, self.ask_lots)
        columns = [column[rows][which].tolist() for column in touch]
        ids = number[which].tolist()
        return map(Quote, repeat(name), time.tolist(), (time + delay).tolist(), *columns, ids)

    def _prints(self, name: str, rows: slice, which: Flags, number: Ints, delay: int) -> Iterable[Trade]:
        time = self.time[rows][which]
        columns = [column[rows][which].tolist() for column in (self.price, self.printed, self.sold)]
        ids = number[which].tolist()
        return map(Trade, repeat(name), time.tolist(), (time + delay).tolist(), *columns, ids)

    def marks(self, period: int) -> Bars:
        """The mid at the end of each period in which anything happened, for a curve."""
        ends = (self.time // period + 1) * period
        last = np.flatnonzero(np.append(ends[1:] != ends[:-1], True)) if len(ends) else np.empty(0, np.int64)
        mid = np.asarray(self.bid[last] + self.ask[last], np.float64) * (0.5 * self.instrument.tick)
        return marks(self.instrument, period, ends[last], mid)


def marks(instrument: Instrument, period: int, time: Times, mid: Floats) -> Bars:
    """Candles from each mid to the next, without volume; the first one knows nothing before it."""
    opened = np.append(mid[:1], mid[:-1])
    return Bars(
        instrument=instrument, period=period, time=time, open=opened, high=np.maximum(opened, mid),
        low=np.minimum(opened, mid), close=mid, volume=np.zeros(len(time)),
    )  # fmt: skip


def reaching(known: Bars, moment: int) -> Bars:
    """The same; the newest mid still stands at the end of the period of `moment` where that comes later."""
    if not len(known) or moment < known.time[-1]:
        return known
    end = (moment // known.period + 1) * known.period
    return marks(
        known.instrument, known.period, np.append(known.time, end), np.append(known.close, known.close[-1])
    )


class Candles:
    """Makes candles of prints, as a venue would: where nobody traded, there is none."""

    def __init__(self, instrument: Instrument, period: int) -> None:
        self._instrument = instrument
        self._period = period
        self.made = 0
        self._end = 0
        self._prices: tuple[int, int, int, int] | None = None
        self._lots = self._count = 0

    def woven(self, events: Iterable[TickEvent], delay: int = 0) -> Iterator[TickEvent]:
        """The events, and each candle before the first event that is heard after its end."""
        for event in events:
            if event.time >= self._end:
                if self._prices is not None:
                    yield self._closed(delay)
                self._end = (event.time // self._period + 1) * self._period
            if type(event) is Trade:
                self._add(event)
            yield event

    def _add(self, trade: Trade) -> None:
        price, known = trade.price, self._prices
        if known is None:
            self._prices = price, price, price, price
        else:
            self._prices = known[0], max(known[1], price), min(known[2], price), price
        self._lots += trade.lots
        self._count += 1

    def _closed(self, delay: int) -> Bar:
        assert self._prices is not None
        tick, volume = self._instrument.tick, self._lots * self._instrument.lot
        opened, high, low, close = (price * tick for price in self._prices)
        end, count = self._end, self._count
        self._prices, self._lots, self._count = None, 0, 0
        self.made += 1
        name, period = self._instrument.id, self._period
        return Bar(name, end, end + delay, period, opened, high, low, close, volume, count)
