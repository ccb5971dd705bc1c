"""The engine's heartbeat: a few bytes in memory which say that its loop turns and that it steps.

They lie on a file system in memory where there is one with room, so that neither a full disk nor a slow
one can hold up a beat and pass for a hung engine; else in the home. A beat is written once a second by
the step itself: a process that lives, or a loop that turns without stepping, writes none.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from zlib import crc32

import msgspec

from midas.domain.unreadable import UNREADABLE

MEMORY = Path("/dev/shm")  # files there are opened without following links, and must be ours
NAME = "engine.beat"
SIZE = 512


class Beat(msgspec.Struct, frozen=True):
    """One second of a stepping engine."""

    pid: int
    session: str
    sequence: int
    at: int  # wall nanoseconds
    monotonic: int  # nanoseconds of this machine's boot
    level: str = ""  # of the kill that the engine knows of; empty: none
    ended: bool = False  # it steps no more, on purpose


def beat_files(home: Path, memory: Path = MEMORY) -> tuple[Path, ...]:
    """Where the engine of this home beats: at the first of these places that takes it."""
    if not (memory.is_dir() and os.access(memory, os.W_OK)):
        return (home / NAME,)
    mark = hashlib.blake2b(os.path.realpath(home).encode(), digest_size=8).hexdigest()
    return memory / f"midas-{os.getuid()}-{mark}.beat", home / NAME


def forget_beats(home: Path) -> None:
    """Take away what an engine that was killed left: the next one may get its number."""
    for path in beat_files(home):
        with contextlib.suppress(OSError):
            path.unlink()


class Pulse:
    """Writes beats to the first of `paths` that takes one; a lost one costs the engine nothing."""

    def __init__(self, *paths: Path) -> None:
        self._descriptor: int | None = None
        for self._path in paths:
            with contextlib.suppress(OSError):
                self._descriptor = _opened(self._path)
                return

    def __call__(self, beat: Beat) -> None:
        """Beat."""
        self._write(msgspec.json.encode(beat))

    def close(self) -> None:
        """Take the file away: an engine that ended leaves no beat behind. Idempotent."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            with contextlib.suppress(OSError):
                self._path.unlink()

    def _write(self, payload: bytes) -> None:
        if self._descriptor is None:
            return
        slot = payload + b" %08x" % crc32(payload)
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, slot.ljust(SIZE), 0)


def _opened(path: Path) -> int:
    """An empty beat there, with its room taken. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(descriptor).st_uid != os.getuid():
            raise PermissionError(f"{path} is somebody else's")
        os.pwrite(descriptor, b" " * SIZE, 0)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def read_beat(*paths: Path) -> Beat | None:
    """The newest beat of these places; None where there is none, or one that is being written this moment."""
    found = [beat for path in paths if (beat := _read(path)) is not None]
    return max(found, key=lambda beat: beat.monotonic, default=None)


def _read(path: Path) -> Beat | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if os.fstat(descriptor).st_uid != os.getuid():
            return None
        payload, _, check = os.pread(descriptor, SIZE, 0).rstrip().rpartition(b" ")
        if check != b"%08x" % crc32(payload):
            return None
        return msgspec.json.decode(payload, type=Beat)
    except (OSError, *UNREADABLE):
        return None
    finally:
        os.close(descriptor)
