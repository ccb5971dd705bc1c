"""The exchange's wall clock, which a fault hook can set wrong."""

from __future__ import annotations

from collections.abc import Callable


class ServerClock:
    """Wall nanoseconds, plus whatever the server's clock is wrong by."""

    def __init__(self, wall: Callable[[], int]) -> None:
        self.right = wall  # what measures how much a client asks: a jump must not lengthen or lift a ban
        self._shift = 0

    def __call__(self) -> int:
        """The server's time."""
        return self.right() + self._shift

    def shift(self, nanoseconds: int) -> None:
        """Set it forward, or back where negative."""
        self._shift += nanoseconds
