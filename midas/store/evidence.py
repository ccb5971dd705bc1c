"""Reading a journal without touching it.

A sealed database is opened read-only in place. An unsealed one has a live write-ahead log, and opening
it would recover and change it: database and log are copied away first. The shared-memory index is left
behind on purpose, because with it SQLite reads frames without checking them.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from midas.errors import StoreDamaged, StoreError
from midas.store import schema
from midas.store.chain import Record
from midas.store.journal import DATABASE
from midas.store.wal import WAL

Row = tuple[Any, ...]  # what SQLite hands us, until it is parsed

ROWS = 256  # read at a time
_ATTEMPTS = 50
_REFUSED = {
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_NOMEM,
}
# A damaged name in the schema gets into SQLite's message, which then is no text.
_UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)


def read_records(directory: Path) -> Iterator[Record]:
    """Every readable record in order; raises StoreDamaged where the reading breaks off."""
    last_good = 0
    for rows in read_rows(directory):
        for row in rows:
            record = parse(row, last_good)
            yield record
            last_good = record.sequence


def read_rows(directory: Path) -> Iterator[list[Row]]:
    """The same, unparsed and some at a time; the caller goes on only where each of them is a record."""
    last_good = 0
    rows: list[Row] = []
    with opened(directory) as connection:
        try:
            found = connection.execute(schema.SELECT)
            while True:
                rows.extend(islice(found, ROWS))  # what it has taken stays there where the next one fails
                if not rows:
                    break
                yield rows
                last_good, rows = rows[-1][1], []
        except _UNREADABLE as error:
            if rows:  # those before the one that can't be read
                yield rows
                last_good = rows[-1][1]
            raise unreadable(directory, error, last_good) from error


@contextmanager
def opened(directory: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection to the journal as it lies on disk, or to a copy while it is unsealed."""
    path = directory / DATABASE
    if not path.exists():
        raise StoreDamaged(f"{DATABASE} is missing in session {directory.name}.", file=DATABASE, last_good=0)
    with tempfile.TemporaryDirectory(prefix="midas-journal-") as scratch:
        # Read-only, or closing it would move the log into a database that nobody needs, and sync that.
        copied = _copied(directory, Path(scratch))
        place = f"{(Path(scratch) / DATABASE).as_uri()}?mode=ro"
        try:
            connection = sqlite3.connect(
                place if copied else f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True
            )
        except _UNREADABLE as error:  # a folder in its place, or a disk that doesn't even give it
            raise unreadable(directory, error, 0) from error
        # A damaged `kind` may not be UTF-8; the record must still be readable to be named.
        connection.text_factory = _text
        try:
            schema.check(connection, path)
            yield connection
        except _UNREADABLE as error:
            raise unreadable(directory, error, 0) from error
        finally:
            connection.close()


@lru_cache(64)
def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def unreadable(directory: Path, error: Exception, last_good: int) -> StoreError:
    """What a refusal of SQLite to read means here: a disk that fails says nothing about what is on it."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in _REFUSED:
        return StoreError(
            f"{DATABASE} of session {directory.name} can't be read ({error}): mend the disk or its "
            "permissions and start again; nothing was changed"
        )
    return StoreDamaged(
        f"{DATABASE} of session {directory.name} has a damaged page ({error}): "
        f"it can be read up to sequence {last_good}.",
        file=DATABASE,
        last_good=last_good,
    )


def _copied(directory: Path, scratch: Path) -> bool:
    """Copy database and log as one state, even while an engine writes them; False without a log."""
    for _ in range(_ATTEMPTS):
        before = _stamp(directory)
        if not before[2]:
            return False
        for name in (DATABASE, WAL):
            with suppress(FileNotFoundError):  # the engine closes its journal at this moment
                _copy(directory / name, scratch / name)
        # A checkpoint changes the database and a new round of the log changes its salt; appended
        # frames change neither, and a torn last frame is not recovered.
        if _stamp(directory) == before:
            return True
    raise StoreError(f"Session {directory.name} is being written too fast to be read: stop it, or try again.")


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StoreError(
            f"{source.name} of session {source.parent.name} can't be copied to {target.parent} to be read "
            f"({error.strerror}): free space there or mend the disk; nothing was changed"
        ) from error


def _stamp(directory: Path) -> tuple[int, int, bytes]:
    database = (directory / DATABASE).stat()
    log = directory / WAL
    try:
        with log.open("rb") as file:
            return database.st_mtime_ns, database.st_size, file.read(32)
    except FileNotFoundError:
        return database.st_mtime_ns, database.st_size, b""


def parse(row: Row, last_good: int) -> Record:
    """One row of the table. Raises StoreDamaged where a column has another type."""
    number, sequence, kind, at, body, hash_ = row
    if (
        type(number) is type(sequence) is type(at) is int
        and type(kind) is str
        and type(body) is type(hash_) is bytes
    ):
        return Record(number, sequence, kind, at, body, hash_)
    raise StoreDamaged(
        f"{DATABASE}: record {row[0]} has a column of the wrong type: it is not what was written; "
        f"the last good sequence is {last_good}.",
        file=DATABASE,
        last_good=last_good,
    )
