"""Our resting orders on one side of the book: by price, first come first.

An iceberg shows a slice of its lots; the next slice comes up behind everybody else at its price.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator

import msgspec

from midas.domain.order import Side


class Resting(msgspec.Struct):
    """An order in the book. `ahead`: outside lots before it; `credit`: lots that left the level
    unexplained since the last depth change, which a trade print may still explain."""

    order_id: int
    account: str
    side: Side
    tick: int
    lots: int  # shown
    ahead: int
    credit: int = 0
    hidden: int = 0
    slice: int = 0  # how much an iceberg shows at a time

    @property
    def total(self) -> int:
        """Shown and hidden lots."""
        return self.lots + self.hidden

    def consume(self, lots: int) -> bool:
        """Take executed lots away; True where a new slice came up."""
        if lots < self.lots:
            self.lots -= lots
            return False
        beyond = lots - self.lots
        self.hidden -= beyond
        self.lots = min(self.slice - beyond % self.slice, self.hidden) if self.hidden else 0
        self.hidden -= self.lots
        return self.lots > 0

    def shrink(self, lots: int) -> None:
        """Take amended lots away, hidden ones first."""
        unseen = min(lots, self.hidden)
        self.hidden -= unseen
        self.lots -= lots - unseen


class QueuesStand(msgspec.Struct, frozen=True):
    """Our orders in a book, saved: each price first come first."""

    resting: list[Resting]
    next_match: int


class Queues:
    """The orders of one side."""

    __slots__ = ("_keys", "_queues", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self._keys: list[int] = []
        self._queues: dict[int, list[Resting]] = {}

    def add(self, order: Resting) -> None:
        """Put `order` at the end of its price."""
        key = order.tick * self.sign
        if key not in self._queues:
            insort(self._keys, key)
            self._queues[key] = []
        self._queues[key].append(order)

    def remove(self, order: Resting) -> None:
        """Take `order` out."""
        key = order.tick * self.sign
        queue = self._queues[key]
        queue.remove(order)
        if not queue:
            del self._queues[key]
            self._keys.remove(key)

    def requeue(self, order: Resting) -> None:
        """Put `order` behind the others at its price."""
        queue = self._queues[order.tick * self.sign]
        queue.remove(order)
        queue.append(order)

    def at(self, key: int) -> list[Resting]:
        """The orders at `key`, first come first (a copy, so that a fill may remove one)."""
        return list(self._queues.get(key, ()))

    def best(self) -> int | None:
        """The best price with orders."""
        return self._keys[0] if self._keys else None

    def among(self, keys: set[int], up_to: int | None) -> list[int]:
        """Prices with orders that are among `keys`, or no worse than `up_to`."""
        better = 0 if up_to is None else bisect_right(self._keys, up_to)
        worse = self._keys[better:]
        if len(worse) > len(keys):
            found = [key for key in keys if key in self._queues and (up_to is None or key > up_to)]
        else:
            found = [key for key in worse if key in keys]
        return self._keys[:better] + found

    def prices(self) -> list[int]:
        """Prices with orders, best first (a copy)."""
        return list(self._keys)

    def __iter__(self) -> Iterator[Resting]:
        for key in self.prices():
            yield from self.at(key)
