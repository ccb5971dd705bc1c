"""One engine per home and per account: locks that the system lets go of however their process dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from midas.errors import AlreadyRunning, StoreFull
from midas.store.durable import write_all

GUARD_LOCK = "guard.lock"  # in the home, held by its guard
LEFT_S = 0.1  # an owner that is leaving may be gone by then
LOOKED_S = 5.0  # whoever only looks whether the lock is held holds it himself: as long as he isn't let run


class InstanceLock:
    """The lock file of a home, with the owner's process id in it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Become the owner; raises AlreadyRunning naming the process that is, StoreFull."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._unwritten(error) from error
        if not _taken(descriptor):
            os.close(descriptor)
            raise AlreadyRunning(self._refusal(str(self.owner() or "unknown")))
        try:
            _overwrite(descriptor, self._content())
        except OSError as error:
            os.close(descriptor)
            raise self._unwritten(error) from error
        self._descriptor = descriptor

    def release(self) -> None:
        """Let the next engine in; the file stays, since deleting it would let two of them in."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                _overwrite(self._descriptor, b"\n")  # never empty: the next owner finds room on a full disk
            os.close(self._descriptor)
            self._descriptor = None

    def _unwritten(self, error: OSError) -> StoreFull:
        return StoreFull(
            f"{self._path} can't be written ({error.strerror}): free space, or mend the disk or its "
            "permissions"
        )

    def _refusal(self, owner: str) -> str:
        return (
            f"Another engine (process {owner}) owns {self._path.parent}: "
            "`midas attach` shows it, `midas stop` ends it."
        )

    def _content(self) -> bytes:
        return f"{os.getpid()}\n".encode()

    def owner(self) -> int | None:
        """The process id in the file; None when nobody wrote one, or it isn't ours to read."""
        try:
            text = self._path.read_text(errors="replace").partition("\n")[0]
        except OSError:
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


class AccountLock(InstanceLock):
    """The lock of one account on this machine; the owner's home stands in it, too."""

    def __init__(self, path: Path, account: str, home: Path) -> None:
        super().__init__(path)
        self._account = account
        self._home = home
        self._folder: int | None = None

    def acquire(self) -> None:
        """As that of a home; raises AlreadyRunning naming the other home."""
        super().acquire()
        while not self._there():  # whoever had it has just let go of it, and taken the name along
            super().release()
            super().acquire()
        # Who tidies /tmp (systemd-tmpfiles) leaves a locked folder alone, and deletes old files of others.
        self._folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._folder, fcntl.LOCK_SH)

    def release(self) -> None:
        """Let another home in; accounts of simulated exchanges come and go, and so do their files."""
        if self._descriptor is not None:
            self._path.unlink(missing_ok=True)
        super().release()
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    def _refusal(self, owner: str) -> str:
        _, _, home = self._path.read_text(errors="replace").partition("\n")
        where = home.strip() or "another home"
        return (
            f"the engine of {where} (process {owner}) trades {self._account} already, and two would undo "
            f"each other's orders: `MIDAS_HOME={where} midas stop` ends it, or give this home its own key"
        )

    def _there(self) -> bool:
        """Whether what is locked is still what the name leads to."""
        try:
            return self._descriptor is not None and os.path.samestat(
                os.fstat(self._descriptor), self._path.stat()
            )
        except FileNotFoundError:
            return False

    def _content(self) -> bytes:
        return super()._content() + os.fsencode(self._home) + b"\n"


def _overwrite(descriptor: int, content: bytes) -> None:
    """In place, since a full disk may give back no room that was let go."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    write_all(descriptor, content)
    os.ftruncate(descriptor, len(content))


def _taken(descriptor: int) -> bool:
    """Whether the lock is ours now; one that is only looked at is free a moment later."""
    began = time.monotonic()
    while not _locked(descriptor, fcntl.LOCK_EX):
        looked_at = _locked(descriptor, fcntl.LOCK_SH)
        if looked_at:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        if time.monotonic() - began > (LOOKED_S if looked_at else LEFT_S):
            return False
        time.sleep(LEFT_S / 20)
    return True


def _locked(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
