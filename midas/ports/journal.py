"""What the runner needs of a disk: a journal, a tape and the kill latch."""

from __future__ import annotations

from typing import Protocol

import msgspec

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


class LatchRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why the latch is set; every pull makes another record of it."""

    level: KillLevel
    by: str
    reason: str
    at: int
    repeated_at: int = 0  # the newest pull that found it set at this level or a higher one
    guarded: str = ""  # the session that the guard acts instead of: nothing of it leaves
    readable: bool = True  # False: nobody knows the level, it counts as HALT and lets no exit pass
    format: int = 1  # of the file


class Latch(Protocol):
    """The kill latch on disk: while it is set nothing new may be sent."""

    @property
    def is_set(self) -> bool:
        """One question to the system; a latch that can't be read is set."""

    def read(self) -> LatchRecord | None:
        """What is set; None where nothing is. Never raises."""

    def trip(self, level: KillLevel, by: str, reason: str, at: int) -> LatchRecord:
        """Set it; on return it is on the disk. `at` names the pull: the same one twice is one."""

    def release(self, known: LatchRecord, by: str, reason: str, at: int) -> bool:
        """Clear it, keeping the history; False where something else than `known` is set."""
