"""How the shell itself does: loop lag, barrier times, event rate. Percentiles over the last minute or so."""

from __future__ import annotations

from collections import deque

import msgspec


class Vitals(msgspec.Struct, frozen=True):
    """What the venue's side knows about itself, gathered by the assembly."""

    feed_age_ns: int = 0
    feed_latency_ms: float = float("nan")
    clock_offset_ms: float = float("nan")
    weight_used: int = 0
    weight_limit: int = 0
    stream_ages: dict[str, int] = {}  # of each regular market stream


class Window:
    """The last measurements of one latency, in nanoseconds."""

    def __init__(self, size: int = 600) -> None:
        self._values: deque[int] = deque(maxlen=size)

    def add(self, value: int) -> None:
        """One more measurement."""
        self._values.append(value)

    def p99_ms(self) -> float:
        """99th percentile in milliseconds; NaN without measurements."""
        if not self._values:
            return float("nan")
        ordered = sorted(self._values)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] / 1e6


class Rate:
    """Events a second over the last full second."""

    def __init__(self) -> None:
        self._since = 0
        self._count = 0
        self.value = 0.0

    def mark(self, now: int, count: int) -> None:
        """`count` is the running total at `now`."""
        if now - self._since >= 1_000_000_000:
            if self._since:
                self.value = (count - self._count) * 1e9 / (now - self._since)
            self._since, self._count = now, count
