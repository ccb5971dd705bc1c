"""The journal: an append-only, hash-chained record, committed in groups with full sync.

`append` only buffers. `barrier` returns once everything appended before it is on disk; barriers that
wait at the same time share one commit. Whatever nobody waits for is committed after 50 ms or 1,000
records. A commit is one statement in autocommit: one hop to aiosqlite's thread and one step of SQLite,
so that thread asks for the interpreter lock a constant number of times however long the batch is.

When the disk takes no more, each barrier raises StoreFull, the records stay buffered in order, and the
next barrier or the next 50 ms tries again. At `buffer_max` records `append` itself raises StoreFull and
doesn't take the record: what isn't recorded must not happen, so the engine has to halt.
"""

from __future__ import annotations

import asyncio
import sqlite3
from hashlib import file_digest
from pathlib import Path
from typing import Self

import aiosqlite
import msgspec

from midas.errors import StoreDamaged, StoreError, StoreFull
from midas.store import schema
from midas.store.chain import GENESIS, link
from midas.store.durable import sync_directory
from midas.store.head import BEFORE_FIRST, Head, HeadFile

DATABASE = "journal.db"
COMMIT_SECONDS = 0.05
COMMIT_RECORDS = 1_000
CHECKPOINT_RECORDS = 20_000  # a checkpoint waits for a moment without barriers, up to ten times this
BUFFER_MAX = 200_000

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

    def __init__(self, directory: Path, connection: aiosqlite.Connection, buffer_max: int) -> None:
        self._directory = directory
        self._connection = connection
        self._buffer_max = buffer_max
        self._buffer: list[object] = []  # flat: six values a record, as the statement takes them
        self._next = 0
        self._hash = GENESIS
        self._head_file = HeadFile(directory)
        self._head = Head()
        self._unchecked = 0  # records since the last checkpoint
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._loop = asyncio.get_running_loop()
        self._wanted = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._failure: StoreError | None = None
        self._writer = self._loop.create_task(self._write(), name="journal writer")

    @classmethod
    async def open(
        cls,
        directory: Path,
        factory: type[sqlite3.Connection] = sqlite3.Connection,
        buffer_max: int = BUFFER_MAX,
    ) -> Self:
        """Start the journal of a new session; an existing one is evidence and is never written again."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / DATABASE
        if path.exists():
            raise StoreError(f"Session {directory.name} already has a journal: choose another name.")
        try:
            connection = await aiosqlite.connect(path, isolation_level=None, factory=factory)
            await connection.executescript(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
                + schema.CREATE
                + "PRAGMA wal_checkpoint(TRUNCATE);"
            )
        except sqlite3.OperationalError as error:
            raise StoreFull(f"The journal of session {directory.name} can't be created: {error}.") from error
        sync_directory(directory)
        return cls(directory, connection, buffer_max)

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

    def append(self, sequence: int, kind: str, at: int, body: bytes) -> None:
        """Put one record at the end; durable after the next barrier."""
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
        if held >= COMMIT_RECORDS:
            self._wanted.set()
        elif self._timer is None:
            self._timer = self._loop.call_later(COMMIT_SECONDS, self._wanted.set)

    async def barrier(self) -> None:
        """Return once everything appended so far is on disk. Raises StoreFull."""
        if self._head.record >= self._next - 1:
            return
        done: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append((self._next - 1, done))
        self._wanted.set()
        await done

    async def close(self) -> None:
        """Write out, checkpoint, close and seal. Without a seal the session counts as crashed."""
        try:
            await self.barrier()
        finally:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
            if self._timer is not None:
                self._timer.cancel()
            await self._finish()

    async def _finish(self) -> None:
        try:
            await self._connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
            await self._connection.close()
            if self._head.record == self._next - 1:
                digest = await asyncio.to_thread(hash_file, self._directory / DATABASE)
                self._head_file.seal(msgspec.structs.replace(self._head, sealed=True, database=digest))
        except (sqlite3.OperationalError, OSError) as error:
            await self._connection.close()
            raise StoreFull(f"The journal could not be sealed: {error}.") from error
        finally:
            self._head_file.close()

    async def _write(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            while self._buffer:
                try:
                    await self._commit()
                except StoreError as error:
                    self._fail(error)
                    break
                if self._unchecked >= CHECKPOINT_RECORDS * (10 if self._waiting else 1):
                    await self._checkpoint()

    async def _commit(self) -> None:
        batch = self._buffer[: COMMIT_RECORDS * schema.COLUMNS]
        rows = len(batch) // schema.COLUMNS
        try:
            await self._connection.execute_fetchall(schema.insert(rows), batch)
        except sqlite3.DatabaseError as error:
            raise self._named(error) from error
        del self._buffer[: len(batch)]
        self._unchecked += rows
        self._advance(batch)
        self._failure = None
        self._release()

    def _advance(self, batch: list[object]) -> None:
        record, sequence, _, _, _, link_hash = batch[-schema.COLUMNS :]
        assert isinstance(record, int) and isinstance(sequence, int) and isinstance(link_hash, bytes)
        started = self._head.started
        if self._head.record == BEFORE_FIRST:
            assert isinstance(batch[3], int)
            started = batch[3]
        self._head = Head(record, sequence, link_hash.hex(), started)
        try:
            self._head_file.write(self._head)
        except OSError as error:
            raise StoreFull(f"The disk refuses the head of the journal: {error}.") from error

    def _release(self) -> None:
        waiting, self._waiting = self._waiting, []
        for record, done in waiting:
            if record > self._head.record:
                self._waiting.append((record, done))
            elif not done.done():
                done.set_result(None)

    def _fail(self, error: StoreError) -> None:
        self._failure = error
        waiting, self._waiting = self._waiting, []
        for _, done in waiting:
            if not done.done():
                done.set_exception(error)
        if self._timer is None:
            self._timer = self._loop.call_later(COMMIT_SECONDS, self._wanted.set)

    async def _checkpoint(self) -> None:
        self._unchecked = 0
        try:
            await self._connection.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.DatabaseError as error:
            self._failure = self._named(error)

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


def hash_file(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
