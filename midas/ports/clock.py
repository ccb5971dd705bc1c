"""Time as it is passed in."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Wall time and a monotonic time, separately, so that each can fail in a test."""

    def now(self) -> int:
        """Wall nanoseconds, UTC."""

    def monotonic(self) -> int:
        """Nanoseconds since some moment; never goes back."""
