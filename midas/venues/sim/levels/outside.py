"""The market outside: what others display, less what our accounts took from it.

Keys order both sides the same way: an ask's key is its tick, a bid's key is minus its tick, so the
best price always has the smallest key.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator

import msgspec

from midas.domain.order import Side

Level = tuple[int, int]  # tick, lots
NOTHING: dict[int, int] = {}
Taken = Callable[[Side, int, int], None]  # who took, at which tick, how many lots


class SideStand(msgspec.Struct, frozen=True):
    """A saved side."""

    levels: list[Level]
    taken: list[Level]
    touch: Level | None


class BookStand(msgspec.Struct, frozen=True):
    """A saved book."""

    last_id: int
    bids: SideStand
    asks: SideStand
    quote: tuple[int, Level, Level] | None


class OutsideSide:
    """One side: levels as of the last depth change, and the touch where a quote is newer."""

    __slots__ = (
        "_keys", "_levels", "_taken", "_touch", "_touch_lots", "heard", "moved", "moved_to", "sign", "told",
    )  # fmt: skip

    def __init__(self, sign: int) -> None:
        self.sign = sign  # +1 asks, -1 bids
        self._levels: dict[int, int] = {}
        self._keys: list[int] = []
        self._taken: dict[int, int] = {}
        self._touch: int | None = None
        self._touch_lots = 0
        self.told: Taken | None = None  # a market that answers
        self.heard: Taken | None = None  # whoever keeps a record
        # Where less may be available than before, for who waits there; whoever looks clears it.
        self.moved: set[int] = set()
        self.moved_to: int | None = None  # and at every better key up to this one

    def displayed(self, key: int) -> int:
        """Lots shown at `key`."""
        if self._touch is not None and key <= self._touch:
            return self._touch_lots if key == self._touch else 0
        return self._levels.get(key, 0)

    def available(self, key: int) -> int:
        """Lots shown at `key` that our accounts have not taken yet."""
        return max(0, self.displayed(key) - self._taken.get(key, 0)) if self._taken else self.displayed(key)

    @property
    def taken(self) -> bool:
        """Whether our accounts took anything that the market hasn't replaced."""
        return bool(self._taken)

    def take(self, key: int, lots: int) -> None:
        """Remember that our accounts took `lots`, until the market shows another size there."""
        if lots:
            self.moved.add(key)
            self._taken[key] = self._taken.get(key, 0) + lots
            if self.heard is not None:
                self.heard(Side.BUY if self.sign > 0 else Side.SELL, key * self.sign, lots)
            if self.told is not None:
                self.told(Side.BUY if self.sign > 0 else Side.SELL, key * self.sign, lots)

    def prices(self) -> Iterator[int]:
        """Keys with displayed lots, best first."""
        start = 0
        if self._touch is not None:
            yield self._touch
            start = bisect_right(self._keys, self._touch)
        yield from self._keys[start:]

    def best(self) -> Level | None:
        """Tick and displayed lots of the best price."""
        if self._touch is not None:
            return self._touch * self.sign, self._touch_lots
        return (self._keys[0] * self.sign, self._levels[self._keys[0]]) if self._keys else None

    def top(self, count: int) -> list[Level]:
        """The `count` best levels of the depth as last published, without the quote's touch."""
        return [(key * self.sign, self._levels[key]) for key in self._keys[:count]]

    def change(self, levels: Iterable[Level], touch: Level | None = None) -> None:
        """Set levels of the depth; zero lots remove one. `touch`: a quote that is newer still."""
        shown = self._shown() if self._taken else NOTHING
        if self._touch is not None:
            self._move_to(self._touch)
            self._touch = None
        standing, keys, sign, moved = self._levels, self._keys, self.sign, self.moved.add
        for tick, lots in levels:
            key = tick * sign
            moved(key)
            if not lots:
                if standing.pop(key, None) is not None:
                    del keys[bisect_left(keys, key)]
            else:
                if key not in standing:
                    insort(keys, key)
                standing[key] = lots
        if self.told is not None:
            # A market that answers has taken what we took out of its book by the next depth change; a
            # quote on the way may be older than that.
            self._taken.clear()
        if touch is not None:
            self._lay(touch)
        if shown:
            self._forget(shown)

    def quote(self, tick: int, lots: int) -> None:
        """A best price newer than the depth."""
        shown = self._shown()
        self._lay((tick, lots))
        self._forget(shown)

    def replace(self, levels: Iterable[Level]) -> None:
        """Start again from a snapshot."""
        if self._keys:
            self._move_to(self._keys[-1])
        self._levels = {tick * self.sign: lots for tick, lots in levels if lots}
        self._keys = sorted(self._levels)
        self._taken.clear()
        self._touch = None

    def save(self) -> SideStand:
        """Everything that `restore` needs."""
        touch = None if self._touch is None else (self._touch, self._touch_lots)
        levels = [(key * self.sign, self._levels[key]) for key in self._keys]
        return SideStand(levels, list(self._taken.items()), touch)

    def restore(self, stand: SideStand) -> None:
        """Go on where `save` stood."""
        self.replace(stand.levels)
        self._taken = dict(stand.taken)
        if stand.touch is not None:
            self._touch, self._touch_lots = stand.touch

    def _shown(self) -> dict[int, int]:
        return {key: self.displayed(key) for key in self._taken}

    def _lay(self, touch: Level) -> None:
        self._move_to(self._touch)
        self._touch, self._touch_lots = touch[0] * self.sign, touch[1]
        self._move_to(self._touch)

    def seen(self) -> None:
        """Whoever waits here has looked."""
        self.moved.clear()
        self.moved_to = None

    def _move_to(self, key: int | None) -> None:
        if key is not None:
            self.moved_to = key if self.moved_to is None else max(self.moved_to, key)

    def _forget(self, shown: dict[int, int]) -> None:
        """What we took counts until the market shows another size there."""
        if self.told is not None:
            return
        for key, lots in shown.items():
            if self.displayed(key) != lots:
                del self._taken[key]


class OutsideBook:
    """Both sides and the update id they are as of."""

    __slots__ = ("_quote", "asks", "bids", "last_id")

    def __init__(self) -> None:
        self.bids = OutsideSide(-1)
        self.asks = OutsideSide(+1)
        self.last_id = 0
        self._quote: tuple[int, Level, Level] | None = None

    def tell(self, taken: Taken) -> None:
        """From now on `taken` hears of everything that our accounts take."""
        self.bids.told = self.asks.told = taken

    def record(self, heard: Taken) -> None:
        """From now on `heard` hears of everything that our accounts take, before the market does."""
        self.bids.heard = self.asks.heard = heard

    def take(self, side: Side, tick: int, lots: int) -> None:
        """One of our accounts (`side` is its own) took lots, as it was recorded."""
        taken = self.asks if side is Side.BUY else self.bids
        taken.take(tick * taken.sign, lots)

    def save(self) -> BookStand:
        """Everything that `restore` needs."""
        return BookStand(self.last_id, self.bids.save(), self.asks.save(), self._quote)

    def restore(self, stand: BookStand) -> None:
        """Go on where `save` stood."""
        self.last_id, self._quote = stand.last_id, stand.quote
        self.bids.restore(stand.bids)
        self.asks.restore(stand.asks)

    def snapshot(self, last_id: int, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Start from the whole visible book as of `last_id`."""
        self.last_id = last_id
        self.bids.replace(bids)
        self.asks.replace(asks)
        self._quote = None

    def change(self, last_id: int, bids: Iterable[Level], asks: Iterable[Level]) -> bool:
        """Apply one depth change; False where the book already holds it."""
        if last_id <= self.last_id:
            return False
        self.last_id = last_id
        newer = self._quote if self._quote is not None and self._quote[0] > last_id else None
        self.bids.change(bids, None if newer is None else newer[1])
        self.asks.change(asks, None if newer is None else newer[2])
        return True

    def quote(self, last_id: int, bid: Level, ask: Level) -> bool:
        """Lay a best bid and ask over the depth; False where the depth is newer."""
        if last_id <= self.last_id:
            return False
        self._quote = (last_id, bid, ask)
        self.bids.quote(*bid)
        self.asks.quote(*ask)
        return True
