"""Events of one instrument at prices that a test says; each call moves both clocks on by 100 ms."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np

from midas.domain.event import Event
from midas.domain.instrument import Instrument
from midas.domain.market import Bar, BookDelta, BookSnapshot, Quote, Trade
from midas.domain.time import SECOND
from tests.fakes.desk import BTC

NOON = 1_767_960_000 * SECOND
STEP = SECOND // 10
LEVELS = 10


class ScriptedMarket:
    """A book of ten levels a side, one tick apart, one tick wide."""

    def __init__(self, instrument: Instrument = BTC, bid: int = 6_000_000, start: int = NOON) -> None:
        self.instrument = instrument
        self.bid = bid
        self.now = start
        self.step = STEP  # how far a call moves the clocks
        self._update_id = 1
        self._trade_id = 0

    def history(self, count: int = 400) -> list[Bar]:
        """Bars that no market printed: a narrow random walk up to the present price, the same every time."""
        rng, prices = random.Random(1), [(self.bid + 0.5) * self.instrument.tick]
        for _ in range(count):
            prices.insert(0, prices[0] * (1.0 + rng.gauss(0.0, 2e-5)))
        first = self.now - count * SECOND
        return [
            self._bar(first + (i + 1) * SECOND, prices[i], prices[i + 1], synthetic=True)
            for i in range(count)
        ]

    def begin(self, bid_lots: int = 100_000, ask_lots: int = 100_000) -> list[Event]:
        """A whole book and its quote."""
        self._turn()
        rows = [*self._side(self.bid, -1, bid_lots), *self._side(self.bid + 1, 1, ask_lots)]
        levels = np.array(rows, np.int64).tobytes()
        book = BookSnapshot(self.instrument.id, self.now, self.now, self._update_id, LEVELS, levels)
        return [book, self._quote(bid_lots, ask_lots)]

    def move(self, ticks: int = 0, bid_lots: int = 100_000, ask_lots: int = 100_000) -> list[Event]:
        """The book walks by `ticks`; then its quote."""
        self._turn()
        gone = [*self._side(self.bid, -1, 0), *self._side(self.bid + 1, 1, 0)]
        self.bid += ticks
        new = [*self._side(self.bid, -1, bid_lots), *self._side(self.bid + 1, 1, ask_lots)]
        rows = [*gone[:LEVELS], *new[:LEVELS], *gone[LEVELS:], *new[LEVELS:]]
        first, self._update_id = self._update_id + 1, self._update_id + 2
        levels = np.array(rows, np.int64).tobytes()
        delta = BookDelta(self.instrument.id, self.now, self.now, first, self._update_id, 2 * LEVELS, levels)
        return [delta, self._quote(bid_lots, ask_lots)]

    def gap(self) -> BookDelta:
        """A diff that doesn't continue the book."""
        self._turn()
        self._update_id += 10
        return BookDelta(self.instrument.id, self.now, self.now, self._update_id, self._update_id, 0, b"")

    def trade(self, sold: bool = False, lots: int = 1_000) -> Trade:
        """Somebody takes at the touch."""
        self._turn()
        self._trade_id += 1
        price = self.bid if sold else self.bid + 1
        return Trade(self.instrument.id, self.now, self.now, price, lots, sold, self._trade_id)

    def bar(self, close: float | None = None) -> Bar:
        """The candle that ends now, a second after the one before."""
        self.now = (self.now // SECOND + 1) * SECOND
        mid = (self.bid + 0.5) * self.instrument.tick
        return self._bar(self.now, mid, close if close is not None else mid)

    def walk(self, seconds: int, seed: int = 1) -> Iterator[Event]:
        """A random walk whose drift changes now and then, and whose book and prints lean with it."""
        rng, lean = random.Random(seed), 0
        yield from self.begin()
        for second in range(seconds):
            lean = rng.choice((-1, 0, 1)) if second % 20 == 0 else lean
            for _ in range(8):
                pressure = lean + rng.gauss(0.0, 0.6)
                lots = [int(100_000 * 3.0**pressure) + 1, int(100_000 * 3.0**-pressure) + 1]
                yield from self.move(round(25 * (0.5 * lean + rng.gauss(0.0, 1.0))), *lots)
                yield self.trade(sold=rng.random() > 0.5 + 0.4 * lean)
            yield self.bar()

    def _quote(self, bid_lots: int, ask_lots: int) -> Quote:
        return Quote(
            self.instrument.id,
            self.now,
            self.now,
            self.bid,
            bid_lots,
            self.bid + 1,
            ask_lots,
            self._update_id,
        )

    def _bar(self, time: int, opened: float, close: float, synthetic: bool = False) -> Bar:
        high, low = max(opened, close) * 1.00001, min(opened, close) * 0.99999
        return Bar(self.instrument.id, time, time, SECOND, opened, high, low, close, 1.0, 10, synthetic)

    def _side(self, best: int, sign: int, lots: int) -> list[tuple[int, int]]:
        return [(best + sign * depth, lots) for depth in range(LEVELS)]

    def _turn(self) -> None:
        self.now += self.step
