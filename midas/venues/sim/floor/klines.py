"""Candles, and the series that trades or finer candles make of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import takewhile

import msgspec

from midas.domain.time import DAY, MILLISECOND
from midas.venues.intervals import INTERVALS
from midas.venues.sim.levels.scale import Scale

MONTH = "1M"
KLINES = (*INTERVALS, MONTH)  # every interval that the venue serves
WEEK_OFFSET = 4 * DAY  # 1970-01-01 was a Thursday; the venue's weeks begin on Mondays
KEPT = 10_100  # closed candles kept per interval: seven days of minutes and some

_EPOCH = date(1970, 1, 1).toordinal()


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
        """One more trade; the first one is the candle's open."""
        if self.trades == 0:
            self.open = self.high = self.low = tick
        elif tick > self.high:
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

    def fold(self, later: Candle) -> None:
        """Take in a later candle."""
        if later.trades == 0:
            return
        if self.trades == 0:
            self.open, self.high, self.low = later.open, later.high, later.low
        self.high, self.low = max(self.high, later.high), min(self.low, later.low)
        self.close = later.close
        self.first_id = later.first_id if self.first_id < 0 else self.first_id
        self.last_id = max(self.last_id, later.last_id)
        self.lots += later.lots
        self.value += later.value
        self.trades += later.trades
        self.taker_lots += later.taker_lots
        self.taker_value += later.taker_value
        self.synthetic = self.synthetic or later.synthetic


def flat(start: int, end: int, tick: int) -> Candle:
    """A candle in which nothing traded."""
    return Candle(start, end, tick, tick, tick, tick)


def span(interval: str, time: int, offset: int = 0) -> tuple[int, int]:
    """Start and end of the candle that holds `time`, where clocks show `offset` more than UTC."""
    if interval == MONTH:
        first = date.fromordinal((time + offset) // DAY + _EPOCH).replace(day=1)
        following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        start, end = ((day.toordinal() - _EPOCH) * DAY - offset for day in (first, following))
        return start, end
    period = INTERVALS[interval]
    origin = (WEEK_OFFSET if interval == "1w" else 0) - offset
    start = (time - origin) // period * period + origin
    return start, start + period


class Series:
    """Candles of a fixed period made of trades: closed ones, and those that late trades may join.

    `past` tells those from before the first one; it is asked when somebody looks, not at the start.
    """

    __slots__ = ("_closed", "_lateness", "_open", "_past", "period")

    def __init__(
        self, interval: str, first: Candle, lateness: int, past: Callable[[], list[Candle]] = list
    ) -> None:
        self.period = INTERVALS[interval]
        self._past: Callable[[], list[Candle]] | None = past
        self._closed: deque[Candle] = deque(maxlen=KEPT)
        self._open: deque[Candle] = deque([first])
        self._lateness = lateness

    @property
    def closed(self) -> deque[Candle]:
        """The closed candles, oldest first."""
        if self._past is not None:
            self._closed = deque([*self._past(), *self._closed], maxlen=KEPT)
            self._past = None
        return self._closed

    @property
    def current(self) -> Candle:
        """The newest open candle."""
        return self._open[-1]

    def open(self) -> list[Candle]:
        """The open candles, oldest first."""
        return list(self._open)

    def restore(self, closed: Iterable[Candle], running: Iterable[Candle]) -> None:
        """Go on with candles that were kept."""
        self._closed.extend(closed)
        self._open = deque(running)

    def fresh(self, since: int) -> list[Candle]:
        """Closed candles that began at `since` or later, newest first."""
        return list(takewhile(lambda candle: candle.start >= since, reversed(self._closed)))

    def add(self, time: int, tick: int, lots: int, buyer_is_maker: bool, trade_id: int) -> None:
        """One more trade; a later candle opens where its time asks for it."""
        self._reach(time)
        for candle in reversed(self._open):
            if candle.start <= time:
                break
        late = candle is not self._open[-1]
        candle.add(tick, lots, buyer_is_maker, trade_id)
        if late and self._open[-1].trades == 0:
            self._open[-1] = flat(self._open[-1].start, self._open[-1].end, tick)

    def advance(self, time: int) -> Iterator[Candle]:
        """Close and yield every candle that no trade can join any more at market time `time`."""
        if time < self._open[0].end:
            return
        self._reach(time)
        while len(self._open) > 1 and self._open[0].end + self._lateness <= time:
            candle = self._open.popleft()
            self._closed.append(candle)
            yield candle

    def _reach(self, time: int) -> None:
        while self._open[-1].end <= time:
            last = self._open[-1]
            self._open.append(flat(last.end, last.end + self.period, last.close))


class Folded:
    """Candles of a longer interval, made of minutes as these close. `past` tells those from before it."""

    __slots__ = ("_closed", "_interval", "_offset", "_open", "_past")

    def __init__(self, interval: str, offset: int, first: Candle, past: Callable[[], list[Candle]]) -> None:
        self._interval = interval
        self._offset = offset
        self._past: Callable[[], list[Candle]] | None = past
        self._closed: deque[Candle] = deque(maxlen=KEPT)
        self._open = first

    def add(self, minute: Candle) -> Candle | None:
        """One more closed minute; the candle that it closes."""
        self._open.fold(minute)
        if minute.end < self._open.end:
            return None
        done = self._open
        self._closed.append(done)
        self._open = flat(*span(self._interval, minute.end, self._offset), done.close)
        return done

    def restore(self, closed: Iterable[Candle], running: Candle) -> None:
        """Go on with candles that were kept."""
        self._closed.extend(closed)
        self._open = running

    def running(self) -> Candle:
        """The open candle, without the minutes that are open."""
        return self._open

    def fresh(self, since: int) -> list[Candle]:
        """Closed candles that began at `since` or later, newest first."""
        return list(takewhile(lambda candle: candle.start >= since, reversed(self._closed)))

    def closed(self) -> list[Candle]:
        """The closed candles, oldest first; their past is made when somebody asks for it."""
        if self._past is not None:
            self._closed = deque([*self._past(), *self._closed], maxlen=KEPT)
            self._past = None
        return list(self._closed)

    def open(self, minutes: Iterable[Candle]) -> list[Candle]:
        """The open candles with what the open `minutes` hold, oldest first."""
        made = [msgspec.structs.replace(self._open)]
        for minute in minutes:
            if minute.start >= made[-1].end:
                made.append(flat(*span(self._interval, minute.start, self._offset), made[-1].close))
            made[-1].fold(minute)
        return made


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
