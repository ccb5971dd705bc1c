"""The order book as drawn: levels with their sums and averages, coarser ladders, what closing would cost."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from midas.domain.order import Phase, Side
from midas.domain.time import SECOND
from midas.state.market import InstrumentMarket
from midas.state.order import Order
from midas.state.views.market import BookView, LadderView, LevelView, WalkView

LEVELS = 50  # of each ladder, a side
REACH = 2_000  # levels of the book that the coarse ladders and a walk may use
COARSE = (10, 100)  # ticks to one level of the coarser ladders
COARSE_EVERY = SECOND // 4
FIRST = np.zeros(1, np.int64)
NAN = float("nan")
Rows = NDArray[np.int64]  # tick, lots; best first
ByTick = dict[int, float]


class DepthPainter:
    """Keeps, for each order of ours, the least that its level ever held: no more stands before it."""

    def __init__(self) -> None:
        self._ahead: dict[str, dict[str, float]] = {}  # by instrument and client id
        self._coarse: dict[str, tuple[int, tuple[LadderView, ...]]] = {}  # by instrument, with when

    def book(self, market: InstrumentMarket, orders: Iterable[Order], holding: float, now: int) -> BookView:
        """The book of one instrument; `holding` is what we hold of it, in signed base units.

        A stop whose price hasn't come stands in no book, though the venue has it.
        """
        book = market.book
        if not book.valid:
            return BookView(False, book.reason, (), (), NAN, NAN, NAN, NAN, market.book_changed_at)
        mine = [order for order in orders if order.intent.price is not None and not order.dormant]
        drawn_at, ladders = self._coarse.get(market.instrument.id, (0, ()))
        due = not 0 <= now - drawn_at < COARSE_EVERY  # what lies further out moves slower
        rows = book.top(REACH if due or mine or holding else LEVELS)
        ahead = self._queues(market, mine, rows)
        sides = [
            _Side(market, side_rows, _own(market, mine, side), ahead, sign)
            for side_rows, side, sign in ((rows[0], Side.BUY, -1), (rows[1], Side.SELL, 1))
        ]
        bids, asks = sides
        if due:
            ladders = tuple(LadderView(t, bids.coarse(t), asks.coarse(t)) for t in COARSE)
            self._coarse[market.instrument.id] = now, ladders
        spread = NAN
        if book.best_bid_lots and book.best_ask_lots:
            spread = (book.best_ask - book.best_bid) * market.tick
        return BookView(
            True, "", bids.fine(), asks.fine(), spread, spread / market.book_mid * 1e4, market.imbalance(5),
            market.microprice(), market.book_changed_at, ladders,
            (bids if holding > 0 else asks).walk(holding),
        )  # fmt: skip

    def _queues(self, market: InstrumentMarket, orders: list[Order], sides: tuple[Rows, Rows]) -> ByTick:
        """By tick, the most that can stand before the last of our orders there."""
        instrument = market.instrument
        before, known = self._ahead.get(instrument.id, {}), dict[str, float]()
        ahead: ByTick = {}
        for order in orders:
            if order.phase is not Phase.WORKING:
                continue
            place, key = _tick(market, order), order.intent.client_id
            rows = sides[order.intent.side is Side.SELL]
            here = float(rows[rows[:, 0] == place, 1].sum()) * instrument.lot
            known[key] = min(before.get(key, here), here)
            ahead[place] = max(ahead.get(place, 0.0), known[key])
        self._ahead[instrument.id] = known
        return ahead


class _Side:
    """One side of a book on its way to the screen; `sign` is +1 where prices rise away from the touch."""

    def __init__(self, market: InstrumentMarket, rows: Rows, own: ByTick, ahead: ByTick, sign: int) -> None:
        self._market, self._rows, self._own, self._ahead, self._sign = market, rows, own, ahead, sign
        self._mid = market.book_mid
        self._lots = rows[:, 1].cumsum()
        self._worth = (rows[:, 0].astype(float) * rows[:, 1]).cumsum()  # ticks times lots

    def fine(self) -> tuple[LevelView, ...]:
        """The nearest prices that hold something, and those of our orders: further out too, or unseen."""
        known, sign = self._rows, self._sign
        rows = known[:LEVELS]
        last = int(known[-1, 0]) * sign if len(known) else 0
        if self._own:
            ours = np.isin(known[:, 0], list(self._own))
            rows = known[(np.arange(len(known)) < LEVELS) | ours]
            shown = set(rows[:, 0].tolist())
            missing = [t for t in self._own if t not in shown and (t * sign <= last or not len(known))]
            if missing:
                rows = np.concatenate([rows, np.array([(tick, 0) for tick in missing], np.int64)])
                rows = rows[np.argsort(rows[:, 0] * sign, kind="stable")]
        # A level of ours alone adds nothing to the sums.
        ends = np.searchsorted(known[:, 0] * sign, rows[:, 0] * sign, side="right") - 1
        levels = self._levels(rows[:, 0], rows[:, 1], ends, self._own, self._ahead)
        further = sorted(t for t in self._own if t * sign > last and len(known))
        tick = self._market.tick  # of what lies beyond the known book nothing is known but our own order
        return (*levels, *(LevelView(t * tick, NAN, NAN, self._own[t]) for t in further[::sign]))

    def coarse(self, ticks: int) -> tuple[LevelView, ...]:
        """The book in steps of `ticks`: bids rounded down, asks up."""
        rows, sign = self._rows, self._sign
        if not len(rows):
            return ()
        steps = sign * -(-sign * rows[:, 0] // ticks)
        turns = (steps[1:] != steps[:-1]).nonzero()[0]
        starts = np.concatenate((FIRST, turns + 1))
        ends = np.concatenate((turns, FIRST + (len(rows) - 1)))
        if len(rows) == REACH:  # what lies further out isn't counted, so the last step isn't whole
            starts, ends = starts[:-1], ends[:-1]
        starts, ends = starts[:LEVELS], ends[:LEVELS]
        own: ByTick = {}
        for tick, quantity in self._own.items():
            place = sign * -(-sign * tick // ticks) * ticks
            own[place] = own.get(place, 0.0) + quantity
        lots = self._lots[ends]
        lots[1:] -= lots[:-1].copy()
        return self._levels(steps[starts] * ticks, lots, ends, own, {})

    def walk(self, holding: float) -> WalkView | None:
        """What selling (or buying back) the whole holding would fetch at once; None where we are flat."""
        rows, market = self._rows, self._market
        quantity = abs(holding)
        if not quantity or not len(rows):
            return None
        sizes, prices = rows[:, 1] * market.instrument.lot, rows[:, 0] * market.tick
        taken = np.minimum(sizes, np.maximum(quantity - (np.cumsum(sizes) - sizes), 0.0))
        filled = float(taken.sum())
        average = float((taken * prices).sum()) / filled
        side = "SELL" if holding > 0 else "BUY"
        return WalkView(side, quantity, average, self._slip(average), filled >= quantity * (1 - 1e-9))

    def _levels(
        self, ticks: Rows, lots: Rows, ends: Rows, own: ByTick, ahead: ByTick
    ) -> tuple[LevelView, ...]:
        """Column by column: a loop over a thousand levels would cost the engine milliseconds a second."""
        market, keys = self._market, ticks.tolist()
        tick, lot = market.tick, market.instrument.lot
        if len(self._rows):
            total = np.where(ends >= 0, self._lots[ends], 0)
            worth = self._worth[ends]
        else:
            total, worth = np.zeros(len(ends), np.int64), np.zeros(len(ends))
        average = np.where(total > 0, worth / np.maximum(total, 1) * tick, NAN)
        slip = (average / self._mid - 1.0) * (self._sign * 1e4)
        ours = map(own.get, keys, repeat(0.0)) if own else repeat(0.0)
        before = map(ahead.get, keys, repeat(NAN)) if ahead else repeat(NAN)
        columns = ((ticks * tick).tolist(), (lots * lot).tolist(), (total * lot).tolist())
        return tuple(map(LevelView, *columns, ours, average.tolist(), slip.tolist(), before))

    def _slip(self, average: float) -> float:
        """How much worse than the mid, in basis points."""
        return (average / self._mid - 1.0) * self._sign * 1e4


def _own(market: InstrumentMarket, orders: list[Order], side: Side) -> ByTick:
    own: ByTick = {}
    for order in orders:
        if order.intent.side is side:
            place = _tick(market, order)
            own[place] = own.get(place, 0.0) + float(order.leaves)
    return own


def _tick(market: InstrumentMarket, order: Order) -> int:
    assert order.intent.price is not None
    return int(order.intent.price / market.instrument.tick_size)
