"""How late market data arrives, against an estimated offset between the market's clock and ours."""

from __future__ import annotations

from collections import deque

from midas.domain.time import MINUTE

UNTOLD_MAX = 512


class Lag:
    """Lateness of messages relative to the quickest one of the last minute or two.

    The offset between the clocks is unknown (one recorded stream's event times are 1.26 s ahead of its
    local stamps), so only what varies can be seen. In a market that runs `speed` times as fast as the
    wall, market time is brought to wall pace before it is compared.
    """

    def __init__(self, speed: float = 1.0, window: int = MINUTE) -> None:
        self._speed = speed
        self._window = window
        self._first_time = 0
        self._since = 0
        self._best: int | None = None  # of this window
        self._before: int | None = None  # of the window before it
        self.latest = 0
        self._untold: deque[int] = deque(maxlen=UNTOLD_MAX)

    def begin(self) -> None:
        """A new connection: what the last one's quickest message was says nothing of this one."""
        self._best = self._before = None
        self.latest = 0

    def note(self, time: int, at: int) -> int:
        """A message stamped `time` by the market arrived at wall time `at`; its lag in nanoseconds."""
        best = self._best
        if best is None:
            self._first_time, self._since = time, at
        elapsed = time - self._first_time
        offset = at - (elapsed if self._speed == 1.0 else round(elapsed / self._speed))
        if at - self._since > self._window:
            self._before, self._since = best, at
            self._best = best = offset
        elif best is None or offset < best:
            self._best = best = offset
        self.latest = latest = offset - (best if self._before is None else min(best, self._before))
        self._untold.append(latest)
        return latest

    def taken(self) -> tuple[int, ...]:
        """The lags since the last question, at most the newest few hundred."""
        untold = tuple(self._untold)
        self._untold.clear()
        return untold
