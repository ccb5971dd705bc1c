"""Results on disk, a line each, appended and synced before they count.

A line begins with the checksum of the rest, so that a torn or damaged tail is seen and cut off: what was in
it is made again, and comes out the same. One process writes, anybody reads.
"""

from __future__ import annotations

import fcntl
import os
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Generic, TypeVar

import msgspec

from midas.errors import AlreadyRunning

LOOKED_S, LOOKS = 0.005, 200
Kept = TypeVar("Kept", bound=msgspec.Struct)


class KeptLines(Generic[Kept]):
    """The lines of one file, open for more of them."""

    def __init__(self, path: Path, kind: type[Kept], busy: str, *, fresh: bool = False) -> None:
        """What another version wrote is cut off, `fresh` cuts all. Raises AlreadyRunning(`busy`), OSError."""
        self._file = path.open("ab")
        self._lock(busy)
        if fresh:
            self._file.truncate(0)
        body = path.read_bytes()
        self.found, whole = decoded(body, kind)
        if whole < len(body):
            self._file.truncate(whole)

    def add(self, made: Iterable[Kept]) -> None:
        """On disk when it returns. Raises OSError."""
        self._file.write(b"".join(map(_line, made)))
        self.sync()

    def sync(self) -> None:
        """What was written is on the disk. Raises OSError."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Somebody else may go on."""
        self._file.close()

    def _lock(self, busy: str) -> None:
        for _ in range(LOOKS):
            if _locked(self._file, fcntl.LOCK_EX):
                return
            if not _locked(self._file, fcntl.LOCK_SH):
                break
            time.sleep(LOOKED_S)  # somebody only asks whether it is `written`, and is gone in a moment
        self._file.close()
        raise AlreadyRunning(busy)


def written(path: Path) -> bool:
    """Whether a process has the lines of that file open for more of them. Raises OSError."""
    with path.open("rb") as file:
        return not _locked(file, fcntl.LOCK_SH)


def _locked(file: IO[bytes], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def decoded(body: bytes, kind: type[Kept]) -> tuple[list[Kept], int]:
    """What stands before the first line that isn't whole or of this version, and its length in bytes."""
    decode = msgspec.json.Decoder(kind).decode
    found: list[Kept] = []
    at = 0
    while (end := body.find(b"\n", at)) >= 0:
        checksum, _, text = body[at:end].partition(b" ")
        if checksum != b"%08x" % zlib.crc32(text):
            break
        try:
            found.append(decode(text))
        except msgspec.MsgspecError:
            break
        at = end + 1
    return found, at


def _line(made: msgspec.Struct) -> bytes:
    body = msgspec.json.encode(made)
    return b"%08x %s\n" % (zlib.crc32(body), body)
