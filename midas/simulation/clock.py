"""The Clock port on virtual time: a wall clock that can be wrong, and a monotonic one that never is."""

from __future__ import annotations

from midas.domain.time import SECOND
from midas.simulation.loop import SimLoop

EPOCH = 1_767_960_000 * SECOND  # wall time at virtual second 0


class TrueClock:
    """What time it is in this world; the venue's clock."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop

    def now(self) -> int:
        """Wall nanoseconds, UTC."""
        return EPOCH + int(self._loop.now * SECOND)

    def monotonic(self) -> int:
        """Nanoseconds since the world began."""
        return int(self._loop.now * SECOND)


class MachineClock(TrueClock):
    """The desk's machine: its wall clock jumps and drifts as the plan says, over all its lives."""

    def __init__(self, loop: SimLoop) -> None:
        super().__init__(loop)
        self._zero = EPOCH  # its time at virtual second 0, but for the drift since the last change
        self._rate = 0.0  # nanoseconds gained a virtual second
        self._since = 0.0

    def now(self) -> int:
        """Wall nanoseconds, UTC, as this machine believes."""
        now = int(self._loop.now * SECOND) + self._zero
        return now + int((self._loop.now - self._since) * self._rate) if self._rate else now

    def jump(self, span: int) -> None:
        """The wall clock is set `span` nanoseconds forward (or back)."""
        self._zero += span

    def drift(self, parts_per_million: float) -> None:
        """From now on it gains so much."""
        self._zero += int((self._loop.now - self._since) * self._rate)
        self._since, self._rate = self._loop.now, parts_per_million * 1e-6 * SECOND

    def mend(self) -> None:
        """Set right, as a time service does at last."""
        self._zero, self._rate, self._since = EPOCH, 0.0, self._loop.now
