"""What the runner needs of a disk: a journal, a tape and the kill latch."""

from __future__ import annotations

from typing import Protocol

from midas.domain.mode import KillLevel


class Journal(Protocol):
    """An append-only, hash-chained record of everything that isn't market data."""

    def append(self, sequence: int, kind: str, at: int, body: bytes) -> None:
        """Put one record at the end; durable after the next barrier. Raises StoreFull."""

    async def barrier(self) -> None:
        """Return once everything appended so far is on disk. Raises StoreFull."""

    async def close(self) -> None:
        """Write out, checkpoint and seal."""


class Tape(Protocol):
    """The market events as they were stepped."""

    def append(self, sequence: int, body: bytes) -> None:
        """Put one event at the end."""

    def flush(self) -> None:
        """Hand everything appended to the system. Raises StoreFull."""

    def close(self) -> None:
        """Flush and seal the last segment. Raises StoreFull."""


class Latch(Protocol):
    """The kill latch on disk: while it is set nothing new may be sent."""

    @property
    def is_set(self) -> bool:
        """One question to the system; a latch that can't be read is set."""

    def trip(self, level: KillLevel, by: str, reason: str, at: int) -> object:
        """Set it; on return it is on the disk."""

    def release(self, by: str, reason: str, at: int) -> None:
        """Clear it, keeping the history."""
