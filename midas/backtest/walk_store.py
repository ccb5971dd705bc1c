"""What a walk forward has reached, on disk: a line for each combination, synced before it counts.

A line begins with the checksum of the rest; from the first one that isn't whole on, combinations are made
again and come out the same. The file's name hangs on all that they depend on, so nothing stale is read.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from pathlib import Path
from typing import IO

import msgspec

from midas.errors import AlreadyRunning, StoreError

FOLDER = "walks"


class Combination(msgspec.Struct, frozen=True, kw_only=True):
    """What one set of parameters did over all data."""

    parameters: dict[str, object]
    returns: list[float]  # of each period
    cash: float  # that it began with
    sharpe_day: float | None  # not annualised


class WalkStore:
    """The combinations of one walk forward, open for more of them."""

    def __init__(self, home: Path, name: str) -> None:
        """Raises AlreadyRunning, StoreError."""
        self.path = home / FOLDER / f"{name}.jsonl"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = self.path.open("ab")
            self._lock()
            body = self.path.read_bytes()
            self._known, whole = _read(body)
            self._file.truncate(whole)
        except OSError as error:
            raise StoreError(f"{self.path}: can't be kept: {error.strerror or error}") from None

    def find(self, parameters: dict[str, object]) -> Combination | None:
        """What was made before."""
        return self._known.get(_key(parameters))

    def add(self, made: Combination) -> None:
        """On disk when it returns. Raises StoreError."""
        body = msgspec.json.encode(made)
        try:
            self._file.write(b"%08x %s\n" % (zlib.crc32(body), body))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise StoreError(f"{self.path}: can't be kept: {error.strerror or error}") from None
        self._known[_key(made.parameters)] = made

    def close(self) -> None:
        """Somebody else may go on."""
        self._file.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise AlreadyRunning(f"{self.path}: this very walk runs already in another process") from None


def _key(parameters: dict[str, object]) -> bytes:
    return msgspec.json.encode(parameters, order="sorted")


def _read(body: bytes) -> tuple[dict[bytes, Combination], int]:
    """Combinations up to the first line that isn't whole, and how many bytes they take."""
    found: dict[bytes, Combination] = {}
    at = 0
    while (end := body.find(b"\n", at)) >= 0:
        checksum, _, text = body[at:end].partition(b" ")
        if checksum != b"%08x" % zlib.crc32(text):
            break
        try:
            made = msgspec.json.decode(text, type=Combination)
        except msgspec.MsgspecError:
            break  # of another version: made again
        found[_key(made.parameters)] = made
        at = end + 1
    return found, at
