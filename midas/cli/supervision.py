"""What the supervisor of a home says of itself, for consoles and commands that look for it."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import msgspec

from midas.domain.unreadable import UNREADABLE
from midas.store.durable import write_durably
from midas.store.lock import InstanceLock

LOCK = "supervisor.lock"
FILE = "supervisor.json"


class Supervision(msgspec.Struct, frozen=True):
    """One supervisor: what it runs, and what it waits for."""

    pid: int
    since: int  # wall nanoseconds
    flags: tuple[str, ...]  # what the engine is started with
    engine: int = 0  # process that runs now; 0: none
    crashes: int = 0  # so far
    next_at: int = 0  # wall nanoseconds of the next start; 0: none is planned
    gave_up: bool = False


def supervision(home: Path) -> Supervision | None:
    """The newest supervisor's word, whether it still runs or not."""
    try:
        return msgspec.json.decode((home / FILE).read_bytes(), type=Supervision)
    except (OSError, *UNREADABLE):
        return None


def supervisor(home: Path) -> Supervision | None:
    """The supervisor that runs; None where none does."""
    lock = InstanceLock(home / LOCK)
    try:
        owner = lock.owner() if lock.held() else None
    except OSError:
        return None  # somebody else's home
    if owner is None:
        return None
    word = supervision(home)
    return word if word is not None and word.pid == owner else Supervision(owner, 0, ())


def tell(home: Path, word: Supervision) -> None:
    """Keep it; a disk that refuses must not end a supervisor."""
    with suppress(OSError):
        write_durably(home / FILE, msgspec.json.encode(word))


def hurry(found: Supervision) -> None:
    """Start the engine now, not after the pause."""
    with suppress(ProcessLookupError):
        os.kill(found.pid, signal.SIGUSR1)
