"""What is left of a journal: whole, torn at its end as a crash tears it, or damaged with good records behind.

A torn journal is continued from its last good record: what a crash cut off is fetched from the venue. A
damaged one isn't, before a person has seen it: something else than a crash has changed it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import msgspec

from midas.errors import StoreDamaged
from midas.store.chain import Record, holds
from midas.store.evidence import opened, parse
from midas.store.head import BEFORE_FIRST, Head, read_head
from midas.store.integrity import attributed, chained, check_reach
from midas.store.wal import WAL, scan

_UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)
_SELECT = "SELECT record, sequence, kind, at, body, hash FROM record WHERE record = ?"


class Condition(Enum):
    """What a start may do with a journal."""

    WHOLE = "whole"
    TORN = "torn"  # goes on from the last good record
    DAMAGED = "damaged"  # refused: `midas repair`


class Survey(msgspec.Struct, frozen=True):
    """How far a journal is what was written, and what is wrong behind it."""

    session: str
    condition: Condition
    records: int  # good ones, from the first on
    sequence: int  # of the last good one
    proven: int  # records that the head vouches for
    file: str = ""
    what: str = ""  # a sentence
    at: int = 0  # wall time of the last good one
    sealed: bool = False  # it was ended, and didn't just stop

    @property
    def lost(self) -> int:
        """Records that were on the disk and are not good any more; at least so many."""
        return max(0, self.proven - self.records)


class Reading:
    """Reads the good records of a session once; `survey` says afterwards what came behind them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._damage: StoreDamaged | None = None
        self._last: Record | None = None
        self._headless: StoreDamaged | None = None
        try:
            self.head = read_head(directory).head
        except StoreDamaged as damage:
            self.head, self._headless = Head(), damage

    @property
    def last(self) -> Record | None:
        """The last good record so far."""
        return self._last

    @property
    def begun(self) -> bool:
        """Whether anything was ever committed, as far as head or database know."""
        if self._headless is not None or self.head.record != BEFORE_FIRST:
            return True
        try:  # no commit waits for its head: a power loss may have taken that alone
            with opened(self._directory) as connection:
                return _highest(connection) != BEFORE_FIRST
        except StoreDamaged:
            return False

    def records(self) -> Iterator[Record]:
        """The good ones, from the first on; never raises StoreDamaged. Raises SchemaNewer."""
        try:
            for record in chained(self._directory, self.head):
                self._last = record
                yield record
            if self._headless is None:
                check_reach(self.head, self._last)
        except StoreDamaged as damage:
            guilty = damage if self._headless else attributed(self._directory, self.head, damage)
            self._damage = guilty
            if self._last is not None and damage.last_good < self._last.sequence:
                self._last = None  # a history that its head disowns

    def survey(self) -> Survey:
        """The verdict, once `records` has been read to its end."""
        damage = self._damage or self._headless
        if damage is not None and not self.begun:
            damage = None  # its start broke off
        last = self._last
        return Survey(
            self._directory.name,
            Condition.WHOLE if damage is None else self._condition(),
            last.record + 1 if last else 0,
            last.sequence if last else 0,
            self.head.record + 1,
            damage.file if damage else "",
            str(damage) if damage else "",
            last.at if last else 0,
            self.head.sealed,
        )

    def _condition(self) -> Condition:
        """A crash takes the end and nothing else: it leaves no good record behind a bad one."""
        log = self._directory / WAL
        deleted = not log.exists() and self._damage is not None
        if self._headless is not None or self.head.sealed or deleted:
            return Condition.DAMAGED
        last = self._last.record if self._last is not None else BEFORE_FIRST
        behind = (log.exists() and scan(log).beyond) or self._good_behind(last)
        return Condition.DAMAGED if behind else Condition.TORN

    def _good_behind(self, last: int) -> bool:
        """Two records in a row that follow from each other, somewhere behind the last good one."""
        before: Record | None = None
        try:
            with opened(self._directory) as connection:
                for number in range(last + 1, max(self.head.record, _highest(connection)) + 1):
                    record = _row(connection, number)
                    if before is not None and record is not None and holds(before.hash, record):
                        return True
                    before = record
        except StoreDamaged:
            return True  # no table at all: what a crash cuts off is behind it
        return False


def survey(directory: Path) -> Survey:
    """The verdict on one session. Raises SchemaNewer."""
    reading = Reading(directory)
    for _ in reading.records():
        pass
    return reading.survey()


def _row(connection: sqlite3.Connection, number: int) -> Record | None:
    try:
        row = connection.execute(_SELECT, (number,)).fetchone()
        return None if row is None else parse(row, 0)
    except (*_UNREADABLE, StoreDamaged):
        return None


def _highest(connection: sqlite3.Connection) -> int:
    try:
        (highest,) = connection.execute("SELECT max(record) FROM record").fetchone()
    except _UNREADABLE:
        return BEFORE_FIRST
    return highest if isinstance(highest, int) else BEFORE_FIRST
