"""Writes recordings: compressed files that begin anew by size and by time, readable whenever we are killed.

Each file is one gzip stream, flushed to a byte boundary on demand: what was flushed can be read even where
the process dies before it could close the file. No file is ever overwritten.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

import msgspec

from midas.domain.time import HOUR, SECOND
from midas.errors import StoreFull

MEGABYTE = 1_000_000
_GZIP = 16 + zlib.MAX_WBITS
_CHUNK = 64 * 1024  # bytes that the compressor gets at once


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """When a new file begins: at `bytes_max` on the disk, and at each multiple of `period` of the clock."""

    bytes_max: int = 64 * MEGABYTE
    period: int = HOUR


class RecordingWriter:
    """Appends messages to the newest file of a folder."""

    def __init__(self, folder: Path, prefix: str, rotation: Rotation) -> None:
        self._folder = folder
        self._prefix = prefix
        self._rotation = rotation
        self._file: FileIO | None = None
        self._packer = zlib.compressobj(wbits=_GZIP)
        self._pending = bytearray()
        self._size = self._period = self._last_ns = 0
        self.files: list[Path] = []
        self.messages = self.bytes = self.disk_bytes = 0

    def write(self, ns: int, payload: bytes, whole: bool = True) -> bool:
        """Append one message; whether it is the first of a new file. Raises StoreFull.

        A file that isn't `whole` yet lacks what makes it readable by itself: it may grow past its size.
        """
        begins = self._file is None or self._full(ns, whole)
        if begins:
            self.close()
            self._begin(ns)
        self._pending += b"%d %s\n" % (ns, payload)
        self._last_ns = ns
        self.messages += 1
        self.bytes += len(payload)
        if begins:
            self.flush()  # a file that exists holds a whole line
        elif len(self._pending) >= _CHUNK:
            self._put(self._packer.compress(self._pending))
            self._pending.clear()
        return begins

    def flush(self) -> None:
        """Let everything written so far be readable. Raises StoreFull."""
        if self._file is not None and self._pending:
            packed = self._packer.compress(self._pending) + self._packer.flush(zlib.Z_SYNC_FLUSH)
            self._pending.clear()
            self._put(packed)

    def close(self) -> None:
        """End the file; idempotent. Raises StoreFull."""
        if self._file is None:
            return
        packed = self._packer.compress(self._pending) + self._packer.flush()
        self._pending.clear()
        self._put(packed)
        self._file.close()
        self._file = None

    def _full(self, ns: int, whole: bool) -> bool:
        large = whole and self._size >= self._rotation.bytes_max
        return large or ns // self._rotation.period != self._period

    def _begin(self, ns: int) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = self._create(ns)
        except OSError as error:
            raise StoreFull(
                f"{self._folder}: no new file can be made there ({_reason(error)}); make room or "
                "name another folder, then record again"
            ) from error
        self._packer = zlib.compressobj(wbits=_GZIP)
        self._size, self._period = 0, ns // self._rotation.period

    def _create(self, ns: int) -> FileIO:
        """A file that was not there before; its name tells the time and sorts by it."""
        while True:
            seconds, rest = divmod(ns, SECOND)
            stamp = datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%S")
            path = self._folder / f"{self._prefix}-{stamp}-{rest:09d}.jsonl.gz"
            with suppress(FileExistsError):
                file = FileIO(path, "x")
                self.files.append(path)
                return file
            ns += 1

    def _put(self, packed: bytes) -> None:
        """Write all of it: an unbuffered file may take less than it was given."""
        assert self._file is not None
        rest = memoryview(packed)
        try:
            while rest:
                taken = self._file.write(rest)
                self._size += taken
                self.disk_bytes += taken
                rest = rest[taken:]
        except OSError as error:
            file, self._file = self._file, None
            with suppress(OSError):
                file.close()
            raise StoreFull(
                f"{self.files[-1]}: the disk takes no more ({_reason(error)}); what was recorded until about "
                "a second before can be read. Make room, then record again"
            ) from error


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)
