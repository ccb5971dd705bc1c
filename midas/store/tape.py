"""The tape: the market events that the engine saw, in compressed append-only segments.

`append` only buffers. `flush` (the runner calls it at least every 250 ms) writes what is buffered as one
block, so a kill loses at most the events since the last flush. A full segment is synced, hashed and
handed to `on_sealed`; the runner writes it to the journal as kind `tape.sealed`, which vouches for it.

The tape is not waited for: when the disk takes no more, blocks stay in memory in order and `flush`
raises StoreFull each time; past `backlog_max` bytes `append` raises it too and takes no more events.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import msgspec

from midas.errors import StoreFull
from midas.store.durable import sync_directory, write_all
from midas.store.segment import MAGIC, Encoder, Reader

DIRECTORY = "tape"
SEALED_KIND = "tape.sealed"
PRUNED_KIND = "tape.pruned"
SEGMENT_BYTES = 16 << 20
BLOCK_BYTES = 64 << 10
BACKLOG_MAX = 64 << 20


class SealedSegment(msgspec.Struct, frozen=True):
    """A finished segment; `encode` is the body of its journal record."""

    segment: int
    first: int
    last: int
    records: int
    size: int
    sha256: str

    def encode(self) -> bytes:
        """The body of a journal record of kind `tape.sealed`."""
        return msgspec.json.encode(self)


class PrunedTape(msgspec.Struct, frozen=True):
    """Segments up to `through` that retention gives up; `encode` is the body of its journal record."""

    through: int
    size: int

    def encode(self) -> bytes:
        """The body of a journal record of kind `tape.pruned`."""
        return msgspec.json.encode(self)


class Tape:
    """The tape of one session, open for writing."""

    def __init__(
        self,
        session: Path,
        on_sealed: Callable[[SealedSegment], None],
        segment_bytes: int = SEGMENT_BYTES,
        write: Callable[[int, bytes], None] = write_all,
        backlog_max: int = BACKLOG_MAX,
    ) -> None:
        self._directory = session / DIRECTORY
        self._directory.mkdir(parents=True, exist_ok=True)
        self._on_sealed = on_sealed
        self._segment_bytes = segment_bytes
        self._write = write
        self._backlog_max = backlog_max
        self._sequences: list[int] = []
        self._bodies: list[bytes] = []
        self._pending = 0
        self._unwritten = b""
        self._segment = 0
        self._retired: Future[None] | None = None
        self._pool = ThreadPoolExecutor(1, "tape")
        self.records = 0
        self._start()

    def append(self, sequence: int, body: bytes) -> None:
        """Put one event at the end; sequences never go back."""
        self._sequences.append(sequence)
        self._bodies.append(body)
        self._pending += len(body)
        if self._pending >= BLOCK_BYTES:
            self._cut()

    def flush(self) -> None:
        """Hand everything appended to the system. Raises StoreFull."""
        self._write_block()
        if self._retired is not None and self._retired.done():
            self._await_retired()

    def close(self) -> None:
        """Flush and seal the last segment. Raises StoreFull."""
        try:
            self._frame()
            self._put()
            self._seal()
        finally:
            self._retire()
            self._await_retired()
            self._pool.shutdown()

    def prunable(self, keep_bytes: int) -> PrunedTape | None:
        """The oldest sealed segments beyond `keep_bytes`; to be journalled and committed before `prune`."""
        given_up = None
        excess = sum(path.stat().st_size for path in segments(self._directory)) - keep_bytes
        size = 0
        for path in segments(self._directory)[:-1]:
            if excess <= size:
                break
            size += path.stat().st_size
            given_up = PrunedTape(number(path), size)
        return given_up

    def prune(self, pruned: PrunedTape) -> None:
        """Delete what `prunable` named."""
        for path in segments(self._directory)[:-1]:
            if number(path) <= pruned.through:
                path.unlink()

    def _start(self) -> None:
        self._segment += 1
        self._path = self._directory / f"{self._segment:08d}.seg"
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        sync_directory(self._directory)
        self._encoder = Encoder()
        self._digest = sha256()
        self._unwritten = MAGIC
        self._written = self._first = self._last = self._count = 0

    def _cut(self) -> None:
        if len(self._unwritten) > self._backlog_max:
            sequence = self._sequences.pop()
            self._pending -= len(self._bodies.pop())
            raise StoreFull(
                f"The tape holds {self._backlog_max:,} bytes that the disk refuses: "
                f"event {sequence} was not taken."
            )
        with suppress(StoreFull):  # the next flush says so
            self._write_block()

    def _write_block(self) -> None:
        self._frame()
        self._put()
        if self._written >= self._segment_bytes:
            self._seal()
            self._retire()
            self._start()

    def _frame(self) -> None:
        if not self._bodies:
            return
        self._unwritten += self._encoder.block(self._sequences, self._bodies)
        if not self._count:
            self._first = self._sequences[0]
        self._last = self._sequences[-1]
        self._count += len(self._bodies)
        self.records += len(self._bodies)
        self._sequences, self._bodies, self._pending = [], [], 0

    def _put(self) -> None:
        if not self._unwritten:
            return
        try:
            self._write(self._descriptor, self._unwritten)
        except OSError as error:
            # A part may have been written: the next attempt starts where this one did.
            os.ftruncate(self._descriptor, self._written)
            os.lseek(self._descriptor, self._written, os.SEEK_SET)
            reason = errno.errorcode.get(error.errno or 0, "?")
            raise StoreFull(
                f"The disk refuses tape segment {self._path.name} ({reason}): {error.strerror}."
            ) from error
        self._written += len(self._unwritten)
        self._digest.update(self._unwritten)
        self._unwritten = b""

    def _seal(self) -> None:
        digest = self._digest.hexdigest()
        self._on_sealed(
            SealedSegment(self._segment, self._first, self._last, self._count, self._written, digest)
        )

    def _retire(self) -> None:
        # Syncing a whole segment takes tens of milliseconds that the engine's loop doesn't have.
        self._retired = self._pool.submit(_sync_and_close, self._descriptor)

    def _await_retired(self) -> None:
        retired, self._retired = self._retired, None
        try:
            if retired is not None:
                retired.result()
        except OSError as error:
            raise StoreFull(f"The disk refuses a sealed tape segment: {error}.") from error


def _sync_and_close(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def segments(directory: Path) -> list[Path]:
    """The segment files of a tape directory in order."""
    return sorted(directory.glob("*.seg"), key=number)


def number(path: Path) -> int:
    """The number of a segment file."""
    return int(path.stem)


def read_tape(session: Path) -> Iterator[tuple[int, bytes]]:
    """Every event of a session's tape in order; an unfinished block at the very end is left out."""
    last_good = 0
    for path in segments(session / DIRECTORY):
        reader = Reader(path, last_good)
        for block in reader.blocks():
            yield from zip(block.sequences, block.bodies, strict=True)
        last_good = reader.last_good
