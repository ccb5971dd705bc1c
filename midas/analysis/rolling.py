"""Windows over the last n values: mean, deviation, median, highest and lowest. NaN until full.

Running sums drift, so each window is summed anew whenever its ring wraps: amortised O(1), and no
rounding error outlives n updates (quant reference, section 0).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from math import isfinite, nan, sqrt


class Rolling:
    """What every indicator shows: `value` (NaN until warm) and `ready`."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = nan

    @property
    def ready(self) -> bool:
        """Whether the window is full."""
        return self.value == self.value


class SMA(Rolling):
    """Simple moving average of the last `n` values, in their unit."""

    __slots__ = ("_place", "_ring", "_sum", "n")

    def __init__(self, n: int) -> None:
        assert n >= 1, f"a window holds at least one value, got {n}"
        super().__init__()
        self.n = n
        self._ring: list[float] = []
        self._place = 0
        self._sum = 0.0

    def update(self, value: float) -> None:
        """Take one finite value."""
        assert isfinite(value), f"expected a finite value, got {value}"
        ring = self._ring
        if len(ring) < self.n:
            ring.append(value)
            self._sum += value
            if len(ring) < self.n:
                return
        else:
            self._sum += value - ring[self._place]
            ring[self._place] = value
            self._place += 1
            if self._place == self.n:
                self._place = 0
                self._sum = sum(ring)
        self.value = self._sum / self.n


class Deviation(Rolling):
    """Mean and standard deviation of the last `n` values (sliding Welford).

    `ddof` 1 is the sample deviation that gets reported, 0 the population's (Bollinger's).
    """

    __slots__ = ("_place", "_ring", "_squares", "ddof", "mean", "n")

    def __init__(self, n: int, ddof: int = 1) -> None:
        assert n > ddof, f"a deviation needs more than {ddof} values, got {n}"
        super().__init__()
        self.n = n
        self.ddof = ddof
        self.mean = nan
        self._ring: list[float] = []
        self._place = 0
        self._squares = 0.0

    def update(self, value: float) -> None:
        """Take one finite value."""
        assert isfinite(value), f"expected a finite value, got {value}"
        ring = self._ring
        if len(ring) < self.n:
            ring.append(value)
            if len(ring) < self.n:
                return
            self._recompute()
        else:
            self._slide(value)
        self.value = sqrt(max(self._squares, 0.0) / (self.n - self.ddof))

    def _slide(self, value: float) -> None:
        oldest = self._ring[self._place]
        self._ring[self._place] = value
        self._place += 1
        if self._place == self.n:
            self._place = 0
            self._recompute()
            return
        before = self.mean
        self.mean += (value - oldest) / self.n
        self._squares += (value - oldest) * (value - self.mean + oldest - before)

    def _recompute(self) -> None:
        self.mean = sum(self._ring) / self.n
        self._squares = sum((x - self.mean) ** 2 for x in self._ring)


class Median(Rolling):
    """Median of the last `n` values: a sorted copy beside the ring, O(log n) to find, one short move."""

    __slots__ = ("_ring", "_sorted", "n")

    def __init__(self, n: int) -> None:
        assert n >= 1, f"a window holds at least one value, got {n}"
        super().__init__()
        self.n = n
        self._ring: deque[float] = deque()
        self._sorted: list[float] = []

    def update(self, value: float) -> None:
        """Take one finite value."""
        assert isfinite(value), f"expected a finite value, got {value}"
        ordered = self._sorted
        if len(ordered) == self.n:
            del ordered[bisect_left(ordered, self._ring.popleft())]
        self._ring.append(value)
        insort(ordered, value)
        if len(ordered) == self.n:
            middle = self.n // 2
            self.value = ordered[middle] if self.n % 2 else (ordered[middle - 1] + ordered[middle]) / 2


class Extreme(Rolling):
    """Highest (`sign` +1) or lowest (-1) of the last `n` values: a monotonic queue, amortised O(1)."""

    __slots__ = ("_count", "_queue", "n", "sign")

    def __init__(self, n: int, sign: int) -> None:
        assert n >= 1, f"a window holds at least one value, got {n}"
        assert sign in (1, -1), f"expected 1 for highest or -1 for lowest, got {sign}"
        super().__init__()
        self.n = n
        self.sign = sign
        self._count = 0
        self._queue: deque[tuple[int, float]] = deque()

    def update(self, value: float) -> None:
        """Take one finite value."""
        assert isfinite(value), f"expected a finite value, got {value}"
        queue = self._queue
        while queue and queue[-1][1] * self.sign <= value * self.sign:
            queue.pop()
        queue.append((self._count, value))
        if queue[0][0] <= self._count - self.n:
            queue.popleft()
        self._count += 1
        if self._count >= self.n:
            self.value = queue[0][1]
