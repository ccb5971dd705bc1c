"""The engine's heartbeat: a few bytes in memory which say that its loop turns and that it steps.

They lie on a file system in memory where there is one, so that neither a full disk nor a slow one can
hold up a beat and pass for a hung engine. A beat is written once a second by the step itself: a process
that lives, or a loop that turns without stepping, writes none.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from zlib import crc32

import msgspec

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


def beat_file(home: Path, memory: Path = MEMORY) -> Path:
    """Where the engine of this home beats."""
    if not (memory.is_dir() and os.access(memory, os.W_OK)):
        return home / NAME
    mark = hashlib.blake2b(str(home.absolute()).encode(), digest_size=8).hexdigest()
    return memory / f"midas-{os.getuid()}-{mark}.beat"


class Pulse:
    """Writes beats to `path`; one that can't be written is lost, and costs the engine nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            if os.fstat(descriptor).st_uid == os.getuid():
                self._descriptor = descriptor
                self._write(b"")
            else:
                os.close(descriptor)

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


def read_beat(path: Path) -> Beat | None:
    """The newest beat; None where there is none, or one that is being written this moment."""
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
    except (OSError, msgspec.MsgspecError):
        return None
    finally:
        os.close(descriptor)
