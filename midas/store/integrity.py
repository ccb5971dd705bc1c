"""The proof that a session is what was written, or the name of the file that isn't."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import starmap
from pathlib import Path
from typing import NamedTuple

import msgspec

from midas.errors import StoreDamaged
from midas.store.chain import GENESIS, Record, hold, holds
from midas.store.evidence import Row, parse, read_rows
from midas.store.head import NAME, Head, HeadReading, read_head
from midas.store.journal import DATABASE, hash_file
from midas.store.tapecheck import TapeClaims, check_tape
from midas.store.wal import WAL, scan


class IntegrityReport(msgspec.Struct, frozen=True):
    """What was checked and found whole."""

    session: str
    sealed: bool
    records: int
    last_sequence: int
    segments: int
    tape_records: int  # in the segments that are still there
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """One line for a person."""
        state = "sealed" if self.sealed else "crashed"
        return f"{self.session}: {state}, {self.records} records, {self.segments} tape segments, all whole"


def verify(directory: Path) -> IntegrityReport:
    """Check every record, the head, the seal and the tape. Raises StoreDamaged or SchemaNewer."""
    reading = read_head(directory)
    claims = TapeClaims()
    last: Record | None = None
    try:
        for last in chained(directory, reading.head):
            claims.note(last)
        check_reach(reading.head, last)
    except StoreDamaged as damage:
        raise attributed(directory, reading.head, damage) from damage
    _check_seal(directory, reading)
    tape = check_tape(directory, claims)
    notes = list(tape.notes)
    if reading.valid < 2:
        notes.append(f"one of the two slots of {NAME} is torn; the other one vouches for the journal")
    return IntegrityReport(
        directory.name,
        reading.head.sealed,
        last.record + 1 if last else 0,
        last.sequence if last else 0,
        tape.segments,
        tape.records,
        tuple(notes),
    )


def chained(directory: Path, head: Head) -> Iterator[Record]:
    """Every record that is what was written, in order. Raises StoreDamaged at the first that isn't."""
    place = _Place(0, GENESIS, 0)
    for rows in read_rows(directory):
        if hold(place.previous, place.record, rows) and not place.within(rows, head.record):
            yield from starmap(Record, rows)
        else:
            yield from _singly(rows, place, head)  # names the one that is wrong
        _, last_good, *_, previous = rows[-1]
        place = _Place(place.record + len(rows), previous, last_good)


class _Place(NamedTuple):
    """How far a chain is proven: what is due next, behind which hash, and the last good sequence."""

    record: int
    previous: bytes
    last_good: int

    def within(self, rows: Sequence[Row], record: int) -> bool:
        """Whether that record is among these, which come next."""
        return self.record <= record < self.record + len(rows)


def _singly(rows: Iterable[Row], place: _Place, head: Head) -> Iterator[Record]:
    first, previous, last_good = place
    for expected, row in enumerate(rows, first):
        record = parse(row, last_good)
        if record.record != expected:
            raise _broken(f"record {expected} is missing", last_good)
        if not holds(previous, record):
            kind = record.kind.encode("utf-8", "backslashreplace").decode()
            raise _broken(
                f"record {record.record} (sequence {record.sequence}, kind {kind!r}) was altered after it "
                "was written",
                last_good,
            )
        if record.record == head.record and record.hash.hex() != head.hash:
            raise _broken(f"the records up to {record.record} are not those that {NAME} vouches for", 0)
        previous = record.hash
        last_good = record.sequence
        yield record


def check_reach(head: Head, last: Record | None) -> None:
    """Raises StoreDamaged where the records end before their head, or go on behind their seal."""
    reached = last.record if last else -1
    if reached < head.record:
        raise _broken(
            f"it ends at record {reached} though {NAME} proves {head.record} (sequence {head.sequence}): "
            "it was truncated below its head",
            last.sequence if last else 0,
        )
    if head.sealed and reached > head.record:
        raise _broken(f"it goes on to record {reached} though it was sealed at {head.record}", head.sequence)


def _check_seal(directory: Path, reading: HeadReading) -> None:
    head = reading.head
    if not head.sealed:
        return
    if reading.valid < 2:
        raise StoreDamaged(
            f"{NAME} of session {directory.name} is damaged: one of its two sealed slots is not what was "
            "written, though every record is.",
            file=NAME,
            last_good=head.sequence,
        )
    if hash_file(directory / DATABASE) != head.database:
        raise StoreDamaged(
            f"{DATABASE} is not the file that was sealed, though every record in it is good: some byte "
            f"outside the records was changed; the last good sequence is {head.sequence}.",
            file=DATABASE,
            last_good=head.sequence,
        )


def attributed(directory: Path, head: Head, damage: StoreDamaged) -> StoreDamaged:
    """Blame the write-ahead log where its own checksums prove that it lost frames."""
    if head.sealed or damage.file != DATABASE:
        return damage
    wal = directory / WAL
    if not wal.exists() or not wal.stat().st_size:
        found = "is missing or empty though the session was never closed"
    elif (frames := scan(wal)).damaged:
        found = f"is damaged behind frame {frames.valid} ({frames.lost} frames lost)"
    else:
        return damage
    return StoreDamaged(
        f"{WAL} of session {directory.name} {found}: {damage}", file=WAL, last_good=damage.last_good
    )


def _broken(what: str, last_good: int) -> StoreDamaged:
    return StoreDamaged(
        f"{DATABASE}: {what}; the last good sequence is {last_good}.", file=DATABASE, last_good=last_good
    )
