"""What the guard of a home says of itself, for commands that look for it. Nothing heavy is imported."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from midas.domain.unreadable import UNREADABLE
from midas.store.durable import write_durably
from midas.store.lock import GUARD_LOCK, InstanceLock

FILE = "guard.json"
LOG = "guard.log"  # what it saw and did


class GuardWord(msgspec.Struct, frozen=True):
    """One guard: what it watches with, and what it sees."""

    pid: int
    since: int  # wall nanoseconds
    patience_s: float
    level: str
    condition: str = ""  # of the engine
    acted_at: int = 0  # wall nanoseconds of its newest act; 0: none
    outcome: str = ""  # of that act


def guard_of(home: Path) -> GuardWord | None:
    """The guard that runs; None where none does."""
    lock = InstanceLock(home / GUARD_LOCK)
    try:
        owner = lock.owner() if lock.held() else None
        word = msgspec.json.decode((home / FILE).read_bytes(), type=GuardWord) if owner else None
    except (OSError, *UNREADABLE):
        return None
    return word if word is not None and word.pid == owner else None


def tell(home: Path, word: GuardWord) -> None:
    """Keep it; a disk that refuses must not end a guard."""
    with suppress(OSError):
        write_durably(home / FILE, msgspec.json.encode(word))
