"""Cutting a journal back to its last good record; what was there before is kept aside, nothing is deleted.

The new database and head are built in a folder of the session. Its renaming to `mended` is the moment from
which on the cut is only finished, however often a kill interrupts it; before it, nothing has happened.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from enum import Enum
from itertools import count
from pathlib import Path

import msgspec

from midas.errors import StoreFull
from midas.store import schema
from midas.store.durable import sync_directory, write_durably
from midas.store.head import NAME as HEAD
from midas.store.head import Head, HeadFile
from midas.store.journal import COMMIT_RECORDS, DATABASE
from midas.store.survey import Reading, Survey
from midas.store.wal import WAL

NOTE = "cut.json"
QUARANTINE = "quarantine"
_BUILDING, _MENDED = "mending", "mended"
_ORIGINALS = (WAL, f"{DATABASE}-shm", DATABASE, HEAD)  # no log may be left for another database


class Cause(Enum):
    """Why a journal was cut."""

    TORN = "torn"  # by a crash; found and cut at a start
    REPAIRED = "repaired"  # damaged; a person asked for it


class Cut(msgspec.Struct, frozen=True):
    """The note that a cut leaves in the session's folder."""

    cause: Cause
    at: int  # wall nanoseconds
    records: int  # that were good
    sequence: int  # of the last good one
    lost: int  # records that the head vouched for and that aren't there any more
    what: str
    quarantine: str  # the folder of the session that holds its files as they were

    @property
    def sentence(self) -> str:
        """One line for a person."""
        why = "a crash tore its journal" if self.cause is Cause.TORN else "its damaged journal was repaired"
        lost = f"at least {self.lost:,} were lost" if self.lost else "none that was promised is lost"
        return (
            f"{why}: {self.records:,} records up to sequence {self.sequence} are good, {lost}; "
            f"the files as they were lie in its folder {self.quarantine}"
        )


def cut(directory: Path, cause: Cause, now: int) -> tuple[Survey, Cut]:
    """Leave the good records in place and put the files as they were aside.

    Raises StoreFull where the disk refuses (then nothing has changed), SchemaNewer.
    """
    try:
        building = directory / _BUILDING
        shutil.rmtree(building, ignore_errors=True)  # of a cut that a kill ended before it was decided
        building.mkdir(mode=0o700)
        reading = Reading(directory)
        _rebuild(building, reading)
        found = reading.survey()
        note = Cut(
            cause, now, found.records, found.sequence, found.lost, found.what, _unused(directory)
        )  # fmt: skip
        write_durably(building / NOTE, msgspec.json.encode(note))
        os.rename(building, directory / _MENDED)
        sync_directory(directory)
        finish(directory)
    except (OSError, sqlite3.OperationalError) as error:
        raise StoreFull(f"the journal of session {directory.name} can't be cut: {error}") from error
    return found, note


def finish(directory: Path) -> None:
    """Bring a cut that was decided to its end; nothing where there is none. Raises OSError."""
    mended = directory / _MENDED
    if not mended.is_dir():
        return
    if not (mended / NOTE).exists():  # the last that was moved: only the folder is left
        shutil.rmtree(mended)
        return
    note = msgspec.json.decode((mended / NOTE).read_bytes(), type=Cut)
    aside = directory / note.quarantine
    aside.mkdir(mode=0o700, exist_ok=True)
    if not (mended / "moved").exists():
        for name in _ORIGINALS:
            if (directory / name).exists():
                os.rename(directory / name, aside / name)
        sync_directory(aside)
        sync_directory(directory)
        write_durably(mended / "moved", b"")
    for name in (HEAD, DATABASE, NOTE):
        if (mended / name).exists():
            os.replace(mended / name, directory / name)
    sync_directory(directory)
    shutil.rmtree(mended)


def finish_all(sessions: Path) -> None:
    """Every cut of a home that a kill interrupted. Raises OSError."""
    for mended in sorted(sessions.glob(f"*/{_MENDED}")):
        finish(mended.parent)


def read_cut(directory: Path) -> Cut | None:
    """The newest cut of a session; None where there was none, or its note can't be read."""
    try:
        return msgspec.json.decode((directory / NOTE).read_bytes(), type=Cut)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _rebuild(folder: Path, reading: Reading) -> None:
    """A database of the good records and a head that vouches for them; nothing where none is good."""
    path = folder / DATABASE
    with closing(sqlite3.connect(path, isolation_level=None)) as fresh:
        fresh.executescript(schema.CREATE)
        fresh.execute("PRAGMA synchronous = FULL")
        batch: list[object] = []
        started = 0
        for one in reading.records():
            started = started or one.at
            batch += (one.record, one.sequence, one.kind, one.at, one.body, one.hash)
            if len(batch) >= COMMIT_RECORDS * schema.COLUMNS:
                fresh.execute(schema.insert(len(batch) // schema.COLUMNS), batch)
                batch = []
        if batch:
            fresh.execute(schema.insert(len(batch) // schema.COLUMNS), batch)
    last = reading.last
    if last is None:
        path.unlink()
        return
    head = HeadFile(folder)
    try:
        head.seal(Head(last.record, last.sequence, last.hash.hex(), started))
    finally:
        head.close()


def _unused(directory: Path) -> str:
    return next(name for n in count(1) if not (directory / (name := f"{QUARANTINE}-{n}")).exists())
