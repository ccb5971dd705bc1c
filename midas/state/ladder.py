"""Kernels over the price ladder of an order book.

Both sides share one shape, "higher key is better": a bid's key is its tick, an ask's key the negated
tick. `window` says where a side keeps its levels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from midas.state.kernel import kernel
from midas.state.window import BEST, COUNT, EMPTY, FAR, HEAD, LOW, ROOM, WINDOW

Ints = NDArray[np.int64]
Touch = tuple[int, int, int, int, bool]  # bid, bid lots, ask, ask lots, wants re-centring


@kernel
def apply(head: Ints, cells: Ints, far: Ints, levels: Ints | bytes, bids: int) -> Touch:
    """Set each (tick, lots) of `levels`, the first `bids` of them bids; zero lots remove one."""
    flat = np.frombuffer(levels, np.int64)
    for i in range(0, 2 * bids, 2):
        set_level(head, cells, far, 0, flat[i], flat[i + 1])
    for i in range(2 * bids, len(flat), 2):
        set_level(head, cells, far, 1, -flat[i], flat[i + 1])
    return touch(head, cells, far)


@kernel
def trace(head: Ints, cells: Ints, far: Ints, updates: Ints, touches: Ints) -> Touch:
    """Set each (side, tick, lots) of `updates`; the touch after each goes to `touches`."""
    for i in range(len(updates)):
        side, tick = updates[i, 0], updates[i, 1]
        set_level(head, cells, far, side, -tick if side else tick, updates[i, 2])
        bid, ask = head[BEST], head[HEAD + BEST]
        touches[i, 0] = bid if bid != EMPTY else 0
        touches[i, 1] = -ask if ask != EMPTY else 0
    return touch(head, cells, far)


@kernel
def set_level(head: Ints, cells: Ints, far: Ints, side: int, key: int, lots: int) -> None:
    """Set the lots at `key`, keeping the count and the best key."""
    row = side * HEAD
    place = key - head[row + LOW]
    if 0 <= place < WINDOW:
        cell = side * WINDOW + place
        had = cells[cell]
        cells[cell] = lots
    else:
        had = set_far(head, far, side, key, lots)
    if lots > 0:
        if had == 0:
            head[row + COUNT] += 1
        head[row + BEST] = max(head[row + BEST], key)
    elif had > 0:
        head[row + COUNT] -= 1
        if key == head[row + BEST]:
            head[row + BEST] = next_best(head, cells, far, side, key)


@kernel
def set_far(head: Ints, far: Ints, side: int, key: int, lots: int) -> int:
    """Set the lots of a level outside the window; what it had before."""
    count = head[side * HEAD + FAR]
    keys, values = far[side, 0], far[side, 1]
    i = search(keys, count, key)
    if i < count and keys[i] == key:
        had: int = values[i]
        if lots > 0:
            values[i] = lots
        else:
            for j in range(i, count - 1):
                keys[j] = keys[j + 1]
                values[j] = values[j + 1]
            head[side * HEAD + FAR] = count - 1
        return had
    if lots > 0:
        for j in range(count, i, -1):
            keys[j] = keys[j - 1]
            values[j] = values[j - 1]
        keys[i] = key
        values[i] = lots
        head[side * HEAD + FAR] = count + 1
    return 0


@kernel
def search(keys: Ints, count: int, key: int) -> int:
    """The first of `count` ascending `keys` that is not below `key`."""
    low, high = 0, count
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def next_best(head: Ints, cells: Ints, far: Ints, side: int, key: int) -> int:
    """The best key that is worse than `key`, or EMPTY."""
    row = side * HEAD
    low: int = head[row + LOW]
    count: int = head[row + FAR]
    keys = far[side, 0]
    if key > low + WINDOW:
        i = search(keys, count, key) - 1
        if i >= 0 and keys[i] >= low + WINDOW:
            found: int = keys[i]
            return found
        key = low + WINDOW
    if head[row + COUNT] > count:
        for cell in range(side * WINDOW + key - low - 1, side * WINDOW - 1, -1):
            if cells[cell] > 0:
                return cell - side * WINDOW + low
    i = search(keys, count, min(key, low)) - 1
    if i < 0:
        return EMPTY
    found = keys[i]
    return found


@kernel
def lots_at(head: Ints, cells: Ints, far: Ints, side: int, key: int) -> int:
    """The lots resting at `key`; none is 0."""
    row = side * HEAD
    place: int = key - head[row + LOW]
    lots: int = 0
    if 0 <= place < WINDOW:
        lots = cells[side * WINDOW + place]
    else:
        i = search(far[side, 0], head[row + FAR], key)
        if i < head[row + FAR] and far[side, 0, i] == key:
            lots = far[side, 1, i]
    return lots


@kernel
def touch(head: Ints, cells: Ints, far: Ints) -> Touch:
    """Best prices and lots, and whether the window should be laid anew around them."""
    bid, ask = head[BEST], head[HEAD + BEST]
    bid_lots = lots_at(head, cells, far, 0, bid)
    ask_lots = lots_at(head, cells, far, 1, ask)
    drift = abs(window_low(bid, ask)[0] - head[LOW]) if bid_lots + ask_lots > 0 else 0
    crowded = max(head[FAR], head[HEAD + FAR]) + ROOM > far.shape[2]
    return (
        bid if bid_lots > 0 else 0, bid_lots,
        -ask if ask_lots > 0 else 0, ask_lots,
        crowded or drift > WINDOW // 4,
    )  # fmt: skip


@kernel
def window_low(bid: int, ask: int) -> tuple[int, int]:
    """Each side's lowest key of a window centred on the touch `bid`, `ask` (keys)."""
    if bid == EMPTY and ask == EMPTY:
        centre = 0
    elif ask == EMPTY:
        centre = bid
    elif bid == EMPTY:
        centre = -ask
    else:
        centre = (bid - ask) >> 1
    base = centre - WINDOW // 2
    return base, -(base + WINDOW - 1)


@kernel
def fill(head: Ints, cells: Ints, far: Ints, side: int, low: int, rows: Ints) -> None:
    """Lay `rows` of (key, lots), ascending by key, into an empty side whose window starts at `low`."""
    row = side * HEAD
    head[row + LOW] = low
    for i in range(len(rows)):
        set_level(head, cells, far, side, rows[i, 0], rows[i, 1])


@kernel
def best(head: Ints, cells: Ints, far: Ints, side: int, rows: Ints) -> int:
    """Write the best levels of a side to `rows` as (tick, lots), best first; how many there were."""
    count: int = min(len(rows), head[side * HEAD + COUNT])
    key = head[side * HEAD + BEST]
    for i in range(count):
        if i > 0:
            key = next_best(head, cells, far, side, key)
        rows[i, 0] = -key if side else key
        rows[i, 1] = lots_at(head, cells, far, side, key)
    return count


@kernel
def all_levels(head: Ints, cells: Ints, far: Ints, side: int) -> Ints:
    """Every level of a side as (key, lots), ascending by key."""
    rows = np.empty((head[side * HEAD + COUNT], 2), np.int64)
    best(head, cells, far, side, rows)
    if side:
        rows[:, 0] *= -1
    return rows[::-1].copy()


@kernel
def lots_of_best(head: Ints, cells: Ints, far: Ints, side: int, levels: int) -> int:
    """The lots of the `levels` best levels of a side."""
    key = head[side * HEAD + BEST]
    total = lots_at(head, cells, far, side, key)
    for _ in range(1, min(levels, head[side * HEAD + COUNT])):
        key = next_best(head, cells, far, side, key)
        total += lots_at(head, cells, far, side, key)
    return total


@kernel
def lots_within(head: Ints, cells: Ints, far: Ints, side: int, ticks: int) -> int:
    """The lots that rest at most `ticks` behind the best price of a side."""
    key = head[side * HEAD + BEST]
    worst = key - ticks
    total: int = 0
    for i in range(head[side * HEAD + COUNT]):
        if i > 0:
            key = next_best(head, cells, far, side, key)
        if key < worst:
            break
        total += lots_at(head, cells, far, side, key)
    return total
