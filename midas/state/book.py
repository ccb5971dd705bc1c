"""One instrument's order book in integer ticks and lots, valid or hidden with its reason."""

from __future__ import annotations

from functools import cache
from math import nan
from typing import TYPE_CHECKING

from midas.domain.market import BookDelta, BookSnapshot
from midas.state import window
from midas.state.lazy import when_used

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from midas.state import ladder

    Levels = NDArray[np.int64]  # shape (n, 2): tick, lots
else:  # they take a third of a second to load, and whoever folds a journal never fills a book
    np, ladder = when_used("numpy"), when_used("midas.state.ladder")

NO_SNAPSHOT = "no snapshot yet"
_CELLS, _FAR = 2 * window.WINDOW, (2, 2, 4 * window.ROOM)


class OrderBook:
    """Price levels of both sides, the touch kept at hand.

    An empty side has a touch of 0 ticks and 0 lots. An invalid book shows two empty sides and says why
    in `reason`; only a snapshot makes it valid again.
    """

    __slots__ = (
        "_cells",
        "_far",
        "_head",
        "_own",
        "best_ask",
        "best_ask_lots",
        "best_bid",
        "best_bid_lots",
        "last_id",
        "reason",
        "valid",
    )

    _head: NDArray[np.int64]
    _cells: NDArray[np.int64]
    _far: NDArray[np.int64]

    def __init__(self) -> None:
        self._own = False  # levels; until then all read the same empty ones
        self.last_id = 0
        self.best_bid = self.best_bid_lots = self.best_ask = self.best_ask_lots = 0
        self.valid = False
        self.reason = NO_SNAPSHOT

    def __getattr__(self, name: str) -> NDArray[np.int64]:
        """The ladder, made when it is first asked for: whoever folds a journal makes many books."""
        if name not in ("_head", "_cells", "_far"):
            raise AttributeError(name)
        self._head = np.zeros(2 * window.HEAD, np.int64)
        self._head[window.BEST] = self._head[window.HEAD + window.BEST] = window.EMPTY
        self._cells, self._far = _nothing()
        made: NDArray[np.int64] = object.__getattribute__(self, name)
        return made

    @property
    def crossed(self) -> bool:
        """Both sides exist and the best bid is not below the best ask."""
        return bool(self.best_bid_lots and self.best_ask_lots and self.best_bid >= self.best_ask)

    @property
    def sizes(self) -> tuple[int, int]:
        """How many levels each side holds."""
        return int(self._head[window.COUNT]), int(self._head[window.HEAD + window.COUNT])

    def apply_snapshot(self, snapshot: BookSnapshot) -> bool:
        """Replace everything by `snapshot`; False where that leaves the book crossed and hence invalid."""
        self.load(np.frombuffer(snapshot.levels, np.int64).reshape(-1, 2), snapshot.bids)
        self.last_id = snapshot.last_id
        self.valid, self.reason = True, ""
        return self._uncrossed()

    def apply_delta(self, delta: BookDelta) -> bool:
        """Apply `delta` where it continues the book; False (and invalid) after a gap or a crossing.

        A delta for an invalid book changes nothing: what it builds on is not known.
        """
        if not self.valid:
            return False
        if delta.first_id != self.last_id + 1:
            self.invalidate(f"gap: expected update {self.last_id + 1}, got {delta.first_id}")
            return False
        levels = delta.levels
        if len(levels) > window.ROOM:
            self._grow(len(levels))
        touch = ladder.apply(self._head, self._cells, self._far, levels, delta.bids)
        self.best_bid, self.best_bid_lots, self.best_ask, self.best_ask_lots, crowded = touch
        if crowded:
            self._recentre()
        self.last_id = delta.last_id
        if self.best_bid >= self.best_ask:
            return self._uncrossed()
        return True

    def invalidate(self, reason: str) -> None:
        """Hide the book until the next snapshot."""
        self.valid, self.reason = False, reason
        self._clear()

    def load(self, levels: Levels, bids: int) -> None:
        """Replace all levels by `levels`, the first `bids` of them bids, in any order."""
        self._clear()
        sides = (levels[:bids] * (1, 1), levels[bids:] * (-1, 1))
        self._place([side[np.argsort(side[:, 0])] for side in sides])

    def apply(self, levels: Levels | bytes, bids: int) -> None:
        """Set the quantity of each level, the first `bids` of them bids; zero removes one.

        `levels` is an array of shape (n, 2) or the same as little-endian bytes.
        """
        self._begin()
        if len(levels) > window.ROOM:
            self._grow(len(levels))
        self._touch(ladder.apply(self._head, self._cells, self._far, levels, bids))

    def trace(self, updates: NDArray[np.int64], touch: Levels) -> None:
        """Apply rows of (side, tick, lots), side 0 for bids and 1 for asks, in their order.

        The best bid and ask after each row are written to the same row of `touch`.
        """
        self._begin()
        if len(updates) > window.ROOM:
            self._grow(len(updates))
        self._touch(ladder.trace(self._head, self._cells, self._far, updates, touch))

    def top(self, n: int) -> tuple[Levels, Levels]:
        """The `n` best levels of each side, best first; fewer where a side has fewer."""
        return self._best(0, n), self._best(1, n)

    def cumulative(self, n: int) -> tuple[Levels, Levels]:
        """As `top`, each row's lots summed with those of all better rows."""
        bids, asks = self.top(n)
        for side in (bids, asks):
            np.cumsum(side[:, 1], out=side[:, 1])
        return bids, asks

    def depth(self, ticks: int) -> tuple[int, int]:
        """Lots on each side that rest at most `ticks` behind its best price."""
        head, cells, far = self._head, self._cells, self._far
        return ladder.lots_within(head, cells, far, 0, ticks), ladder.lots_within(head, cells, far, 1, ticks)

    def imbalance(self, levels: int) -> float:
        """(bid lots - ask lots) / (bid lots + ask lots) over the `levels` best; NaN where a side is empty."""
        if not (self.best_bid_lots and self.best_ask_lots):
            return nan
        if levels == 1:
            bid, ask = self.best_bid_lots, self.best_ask_lots
        else:
            head, cells, far = self._head, self._cells, self._far
            bid = ladder.lots_of_best(head, cells, far, 0, levels)
            ask = ladder.lots_of_best(head, cells, far, 1, levels)
        return (bid - ask) / (bid + ask)

    def microprice(self) -> float:
        """The mid weighted by the opposite side's quantity, in ticks; NaN where a side is empty."""
        bid, ask = self.best_bid_lots, self.best_ask_lots
        if not (bid and ask):
            return nan
        return (self.best_bid * ask + self.best_ask * bid) / (bid + ask)

    def _uncrossed(self) -> bool:
        if self.crossed:
            self.invalidate(f"crossed: bid {self.best_bid} ticks, ask {self.best_ask} ticks")
        return self.valid

    def _touch(self, touch: tuple[int, int, int, int, bool]) -> None:
        self.best_bid, self.best_bid_lots, self.best_ask, self.best_ask_lots, crowded = touch
        if crowded:
            self._recentre()

    def _best(self, side: int, n: int) -> Levels:
        room = np.empty((n, 2), np.int64)
        count = ladder.best(self._head, self._cells, self._far, side, room)
        return room[:count]

    def _begin(self) -> None:
        """Levels of its own, before the first of them is written."""
        if not self._own:
            self._own = True
            _ = self._head  # where nobody has asked for it yet
            self._cells, self._far = _zeros()

    def _clear(self) -> None:
        if any(self.sizes):  # an empty ladder's pages stay untouched
            self._cells[:] = 0
        self._head[:] = 0
        self._head[window.BEST] = self._head[window.HEAD + window.BEST] = window.EMPTY
        self.best_bid = self.best_bid_lots = self.best_ask = self.best_ask_lots = 0

    def _recentre(self) -> None:
        sides = [ladder.all_levels(self._head, self._cells, self._far, side) for side in (0, 1)]
        self._clear()
        self._place(sides)

    def _place(self, sides: list[Levels]) -> None:
        """Fill the empty ladder with each side's (key, lots) rows, ascending by key, around their touch."""
        self._begin()
        low = ladder.window_low(*(int(side[-1, 0]) if len(side) else window.EMPTY for side in sides))
        self._grow(max(map(len, sides)))
        for number, rows in enumerate(sides):
            ladder.fill(self._head, self._cells, self._far, number, low[number], rows[rows[:, 1] > 0])
        self._touch(ladder.touch(self._head, self._cells, self._far))

    def _grow(self, more: int) -> None:
        used = int(max(self._head[window.FAR], self._head[window.HEAD + window.FAR]))
        if used + more + window.ROOM > self._far.shape[2]:
            wider = np.zeros((2, 2, 2 * (used + more + window.ROOM)), np.int64)
            wider[:, :, :used] = self._far[:, :, :used]
            self._far = wider


@cache
def _nothing() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cells and far levels of every book that has none."""
    return _zeros()


def _zeros() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.zeros(_CELLS, np.int64), np.zeros(_FAR, np.int64)
