"""Candles of every interval, made from the trades as the market runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec

from midas.domain.time import DAY, MILLISECOND
from midas.venues.intervals import INTERVALS
from midas.venues.sim.scale import Scale

WEEK_OFFSET = 4 * DAY  # 1970-01-01 was a Thursday; the venue's weeks begin on Mondays
KEPT = 5_000  # closed candles kept per interval


class Candle(msgspec.Struct, gc=False):
    """One candle in ticks and lots; `value` and `taker_value` are sums of ticks x lots."""

    start: int
    end: int
    open: int
    high: int
    low: int
    close: int
    lots: int = 0
    value: int = 0
    trades: int = 0
    taker_lots: int = 0
    taker_value: int = 0
    first_id: int = -1
    last_id: int = -1
    synthetic: bool = False

    def add(self, tick: int, lots: int, buyer_is_maker: bool, trade_id: int) -> None:
        """One more trade."""
        if tick > self.high:
            self.high = tick
        elif tick < self.low:
            self.low = tick
        if self.first_id < 0:
            self.first_id = trade_id
        self.close = tick
        self.last_id = trade_id
        self.lots += lots
        self.value += tick * lots
        self.trades += 1
        if not buyer_is_maker:
            self.taker_lots += lots
            self.taker_value += tick * lots


def candle_start(time: int, period: int) -> int:
    """The start of the candle that holds `time`."""
    offset = WEEK_OFFSET if period == INTERVALS["1w"] else 0
    return (time - offset) // period * period + offset


class Series:
    """One interval: closed candles and the ones still open (two while late trades may come)."""

    __slots__ = ("_lateness", "_open", "closed", "interval", "period")

    def __init__(self, interval: str, first: Candle, lateness: int) -> None:
        self.interval = interval
        self.period = INTERVALS[interval]
        self.closed: deque[Candle] = deque(maxlen=KEPT)
        self._open: deque[Candle] = deque([first])
        self._lateness = lateness

    @property
    def current(self) -> Candle:
        """The newest open candle."""
        return self._open[-1]

    def open(self) -> list[Candle]:
        """The open candles, oldest first."""
        return list(self._open)

    def add(self, time: int, tick: int, lots: int, buyer_is_maker: bool, trade_id: int) -> None:
        """One more trade; a later candle opens where its time asks for it."""
        self._reach(time)
        for candle in reversed(self._open):
            if candle.start <= time:
                break
        late = candle is not self._open[-1]
        candle.add(tick, lots, buyer_is_maker, trade_id)
        if late and self._open[-1].trades == 0:
            self._open[-1] = _flat(self._open[-1].start, self.period, tick)

    def advance(self, time: int) -> Iterator[Candle]:
        """Close and yield every candle that no trade can join any more at market time `time`."""
        if time < self._open[0].end:
            return
        self._reach(time)
        while len(self._open) > 1 and self._open[0].end + self._lateness <= time:
            candle = self._open.popleft()
            self.closed.append(candle)
            yield candle

    def _reach(self, time: int) -> None:
        while self._open[-1].end <= time:
            last = self._open[-1]
            self._open.append(_flat(last.end, self.period, last.close))


def _flat(start: int, period: int, tick: int) -> Candle:
    return Candle(start, start + period, tick, tick, tick, tick)


def row(candle: Candle, scale: Scale) -> list[object]:
    """A line of REST `klines`; the venue's unused twelfth field tells what no market printed."""
    return [
        candle.start // MILLISECOND,
        scale.price(candle.open),
        scale.price(candle.high),
        scale.price(candle.low),
        scale.price(candle.close),
        scale.quantity(candle.lots),
        candle.end // MILLISECOND - 1,
        scale.notional(candle.value),
        candle.trades,
        scale.quantity(candle.taker_lots),
        scale.notional(candle.taker_value),
        "synthetic" if candle.synthetic else "0",
    ]


def message(
    symbol: str, interval: str, candle: Candle, scale: Scale, time: int, closed: bool
) -> dict[str, object]:
    """A message of the stream `<symbol>@kline_<interval>`."""
    return {
        "e": "kline",
        "E": time // MILLISECOND,
        "s": symbol,
        "k": {
            "t": candle.start // MILLISECOND,
            "T": candle.end // MILLISECOND - 1,
            "s": symbol,
            "i": interval,
            "f": candle.first_id,
            "L": candle.last_id,
            "o": scale.price(candle.open),
            "c": scale.price(candle.close),
            "h": scale.price(candle.high),
            "l": scale.price(candle.low),
            "v": scale.quantity(candle.lots),
            "n": candle.trades,
            "x": closed,
            "q": scale.notional(candle.value),
            "V": scale.quantity(candle.taker_lots),
            "Q": scale.notional(candle.taker_value),
            "B": "0",
        },
    }
