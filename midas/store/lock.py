"""One engine per home: a lock that the system lets go of when its process dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from midas.errors import AlreadyRunning
from midas.store.durable import write_all

GUARD_LOCK = "guard.lock"  # in the home, held by its guard
LOOKED_S = 0.1  # whoever only looks whether the lock is held holds it himself, for microseconds


class InstanceLock:
    """The lock file of a home, with the owner's process id in it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Become the owner; raises AlreadyRunning naming the process that is."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        if not _taken(descriptor):
            os.close(descriptor)
            owner = self.owner()
            raise AlreadyRunning(
                f"Another engine (process {owner or 'unknown'}) owns {self._path.parent}: "
                "`midas attach` shows it, `midas stop` ends it."
            )
        os.ftruncate(descriptor, 0)
        write_all(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Let the next engine in; the file stays, since deleting it would let two of them in."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def owner(self) -> int | None:
        """The process id in the file; None when nobody wrote one."""
        try:
            text = self._path.read_text(errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            return None
        return int(text) if text.strip().isdecimal() else None

    def held(self) -> bool:
        """True while some process, this one included, owns the lock."""
        try:
            descriptor = os.open(self._path, os.O_RDWR)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _taken(descriptor: int) -> bool:
    """Whether the lock is ours now; one that is only looked at is free a moment later."""
    end = time.monotonic() + LOOKED_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(LOOKED_S / 20)
