"""The journal: an append-only, hash-chained record, committed in groups with full sync.

`append` only buffers. `barrier` returns once everything appended before it is on disk; barriers that
wait at the same time share one commit. Whatever nobody waits for is committed after 50 ms or 1,000
records. Only order intents wait for a barrier.

When the disk takes no more, each barrier raises StoreFull, the records stay buffered in order, and the
next barrier or the next 50 ms tries again. At `buffer_max` records `append` itself raises StoreFull and
doesn't take the record: what isn't recorded must not happen, so the engine has to halt.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Self

import msgspec

from midas.errors import StoreDamaged, StoreError, StoreFull
from midas.store import schema
from midas.store.chain import GENESIS, link
from midas.store.committer import Committer, create
from midas.store.durable import make_directory
from midas.store.head import BEFORE_FIRST, Head, HeadFile

DATABASE = "journal.db"
COMMIT_SECONDS = 0.05
COMMIT_RECORDS = 1_000
# A commit of a record or two writes whole pages, so the log grows by five times of what the records take. A
# checkpoint of 4 MiB takes 5 to 15 ms, as a slow commit does, and waits for a moment without barriers.
CHECKPOINT_BYTES = 4 << 20
CHECKPOINT_LATEST = 4  # times as much: then it waits no longer
PAGE, PAGES_MORE = 4096, 2  # of the database; what a commit writes besides the pages of its records
RECORD_BYTES = 80  # of a record besides its body
BUFFER_MAX = 200_000
STALL_SECONDS = 2.0  # an intent that waited so long is stale when it may leave

_DISK = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_NOMEM,
}


class Journal:
    """The journal of one session, open for writing. Made by `Journal.open`, ended by `close`."""

    def __init__(
        self,
        directory: Path,
        connection: sqlite3.Connection,
        head_file: HeadFile,
        bounds: tuple[int, float, int],
    ) -> None:
        self._directory = directory
        self._connection = connection
        self._head_file = head_file
        self._buffer_max, self._stall_seconds, self._checkpoint_bytes = bounds  # records, seconds, bytes
        self._buffer: list[object] = []  # flat: six values a record, as the statement takes them
        self._next = 0
        self._hash = GENESIS
        self._head = Head()
        self._in_flight = 0  # values that the committer has; -1 while it does a checkpoint
        self._submitted = 0.0  # loop time of the commit in flight
        self._unchecked = 0  # bytes of the log since the last checkpoint, about
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._failure: StoreError | None = None
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._committer = Committer(connection, self._loop, self._ended)

    @classmethod
    async def open(
        cls,
        directory: Path,
        factory: type[sqlite3.Connection] = sqlite3.Connection,
        buffer_max: int = BUFFER_MAX,
        stall_seconds: float = STALL_SECONDS,
        checkpoint_bytes: int = CHECKPOINT_BYTES,
    ) -> Self:
        """Start the journal of a new session; an existing one is evidence and is never written again."""
        path = directory / DATABASE
        if path.exists():
            raise StoreError(f"Session {directory.name} already has a journal: choose another name.")
        try:
            make_directory(directory)
            head_file = HeadFile(directory)
            connection = await asyncio.to_thread(create, path, factory, schema.CREATE)
            return cls(directory, connection, head_file, (buffer_max, stall_seconds, checkpoint_bytes))
        except (sqlite3.OperationalError, OSError) as error:
            raise StoreFull(
                f"The journal of session {directory.name} can't be created ({error}): "
                "free space or mend the disk."
            ) from error

    @property
    def records(self) -> int:
        """How many records were appended."""
        return self._next

    @property
    def committed(self) -> int:
        """How many records are on disk."""
        return self._head.record + 1

    @property
    def failure(self) -> StoreError | None:
        """Why the last commit failed; None once one succeeds again."""
        return self._failure

    @property
    def trouble(self) -> str:
        """Why what is appended doesn't become durable: refused, or the disk has been busy for long."""
        if self._failure is not None:
            return str(self._failure)
        waited = self._loop.time() - self._submitted if self._in_flight > 0 else 0.0
        return f"the disk has not written for {waited:.0f} s" if waited > self._stall_seconds else ""

    def append(self, sequence: int, kind: str, at: int, body: bytes) -> None:
        """Put one record at the end; durable after the next barrier."""
        assert not self._closed, "the journal is closed: nothing may happen any more"
        record = self._next
        held = record - self._head.record
        if held > self._buffer_max:
            raise StoreFull(
                f"The journal holds {held - 1:,} records that the disk refuses "
                f"({self._failure or 'it is too slow'}): the record {kind!r} was not taken."
            )
        self._hash = link(self._hash, (record, sequence, at), kind.encode(), body)
        self._buffer += (record, sequence, kind, at, body, self._hash)
        self._next = record + 1
        if self._timer is None:
            self._arm()
        if held >= COMMIT_RECORDS and self._failure is None:
            self._commit()

    async def barrier(self) -> None:
        """Return once everything appended so far is on disk. Raises StoreFull."""
        if self._head.record >= self._next - 1:
            return
        done: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append((self._next - 1, done))
        self._commit()
        await done

    async def close(self) -> None:
        """Write out, checkpoint, close and seal. Without a seal the session counts as crashed."""
        try:
            await self.barrier()
        finally:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()
            await asyncio.to_thread(self._finish)

    def _finish(self) -> None:
        self._committer.stop()
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._connection.close()
            if self._head.record == self._next - 1:
                digest = hash_file(self._directory / DATABASE)
                self._head_file.seal(msgspec.structs.replace(self._head, sealed=True, database=digest))
        except (sqlite3.OperationalError, OSError) as error:
            self._connection.close()
            raise StoreFull(f"Session {self._directory.name} could not be sealed: {error}.") from error
        finally:
            self._head_file.close()

    def _arm(self) -> None:
        self._timer = self._loop.call_later(COMMIT_SECONDS, self._due)

    def _due(self) -> None:
        self._timer = None
        self._commit()

    def _commit(self) -> None:
        if self._in_flight or not self._buffer:
            return
        batch = self._buffer[: COMMIT_RECORDS * schema.COLUMNS]
        self._in_flight = len(batch)
        self._submitted = self._loop.time()
        self._committer.submit(schema.insert(len(batch) // schema.COLUMNS), batch)

    def _ended(self, error: sqlite3.DatabaseError | None) -> None:
        values, self._in_flight = self._in_flight, 0
        # A failed checkpoint loses nothing: the log only grows until the next one.
        if values > 0:
            self._failure = self._named(error) if error else self._advance(values)
            self._release()
        if self._unchecked >= self._checkpoint_bytes * (CHECKPOINT_LATEST if self._waiting else 1):
            self._checkpoint()
        elif self._waiting or (len(self._buffer) >= COMMIT_RECORDS * schema.COLUMNS and not self._failure):
            self._commit()
        if self._buffer and self._timer is None and not self._closed:
            self._arm()

    def _advance(self, values: int) -> StoreError | None:
        batch = self._buffer[:values]
        del self._buffer[:values]
        self._unchecked += logged(batch)
        record, sequence, _, _, _, hash_ = batch[-schema.COLUMNS :]
        assert isinstance(record, int) and isinstance(sequence, int) and isinstance(hash_, bytes)
        started = self._head.started
        if self._head.record == BEFORE_FIRST:
            assert isinstance(batch[3], int)
            started = batch[3]
        self._head = Head(record, sequence, hash_.hex(), started)
        try:
            self._head_file.write(self._head)
        except OSError as error:
            return StoreFull(f"The disk refuses the head of the journal: {error}.")
        return None

    def _release(self) -> None:
        waiting, self._waiting = self._waiting, []
        for record, done in waiting:
            if done.done():
                continue  # its task was cancelled
            if self._failure is not None:
                done.set_exception(self._failure)
            elif record > self._head.record:
                self._waiting.append((record, done))
            else:
                done.set_result(None)

    def _checkpoint(self) -> None:
        self._unchecked = 0
        self._in_flight = -1
        self._committer.submit("PRAGMA wal_checkpoint(PASSIVE)", [])

    def _named(self, error: sqlite3.DatabaseError) -> StoreError:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_FULL) & 0xFF
        if code in _DISK:
            return StoreFull(
                f"The disk refuses the journal of session {self._directory.name} ({error}): "
                f"{self._next - self.committed:,} records wait; free space or mend the disk."
            )
        return StoreDamaged(
            f"{DATABASE} of session {self._directory.name} was damaged while it was written ({error}).",
            file=DATABASE,
            last_good=self._head.sequence,
        )


def logged(batch: Sequence[object]) -> int:
    """Bytes that a commit of these records adds to the log, about; `batch` is flat, as it is inserted."""
    bodies = batch[schema.BODY :: schema.COLUMNS]
    held = sum(len(body) + RECORD_BYTES for body in bodies if isinstance(body, bytes))
    return (held // PAGE + 1 + PAGES_MORE) * PAGE


def hash_file(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
