"""The journal as the runner needs it."""

from __future__ import annotations

from typing import Protocol


class Journal(Protocol):
    """An append-only, hash-chained record of everything that isn't market data."""

    def append(self, sequence: int, kind: str, at: int, body: bytes) -> None:
        """Put one record at the end; durable after the next barrier."""

    async def barrier(self) -> None:
        """Return once everything appended so far is on disk. Raises StoreFull."""

    async def close(self) -> None:
        """Write out, checkpoint and seal."""
