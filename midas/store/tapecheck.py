"""The tape against what the journal says of it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from midas.errors import StoreDamaged
from midas.store.chain import Record
from midas.store.journal import hash_file
from midas.store.retention import tape_gone
from midas.store.segment import Reader
from midas.store.tape import DIRECTORY, PRUNED_KIND, SEALED_KIND, PrunedTape, SealedSegment, number, segments


class TapeFindings(msgspec.Struct, frozen=True):
    """How much tape was found whole."""

    segments: int
    records: int
    notes: tuple[str, ...]


class TapeClaims:
    """What the journal's records say of the tape."""

    def __init__(self) -> None:
        self.sealed: dict[int, SealedSegment] = {}
        self.pruned = 0

    def note(self, record: Record) -> None:
        """Keep the record if it is about the tape."""
        if record.kind == SEALED_KIND:
            segment = msgspec.json.decode(record.body, type=SealedSegment)
            self.sealed[segment.segment] = segment
        elif record.kind == PRUNED_KIND:
            self.pruned = max(self.pruned, msgspec.json.decode(record.body, type=PrunedTape).through)


def check_tape(directory: Path, claims: TapeClaims) -> TapeFindings:
    """Sealed segments by the journal's hash, the others by their blocks. Raises StoreDamaged."""
    gone = tape_gone(directory)
    if gone is not None:
        note = f"retention has given up the tape ({gone.segments} segments, {gone.size / 2**20:.1f} MB)"
        return TapeFindings(0, 0, (note,))
    present = {number(path): path for path in segments(directory / DIRECTORY)}
    newest = max([*present, *claims.sealed], default=0)
    last_good = records = 0
    notes = []
    for segment in range(claims.pruned + 1, newest + 1):
        sealed = claims.sealed.get(segment)
        path = present.get(segment)
        if path is None:
            raise _damaged(f"{segment:08d}.seg", "is missing", last_good)
        if sealed is not None:
            _check_sealed(path, sealed, last_good)
            records += sealed.records
            last_good = max(last_good, sealed.last)
            continue
        reader = Reader(path, last_good)
        for _ in reader.blocks():
            last_good = reader.last_good
        records += reader.records
        if reader.torn and segment < newest:
            raise _damaged(path.name, "breaks off in the middle of a block", last_good)
        if reader.torn:
            notes.append(f"{path.name} ends in {reader.torn} bytes of an unfinished block, as after a crash")
    return TapeFindings(len(present), records, tuple(notes))


def _check_sealed(path: Path, sealed: SealedSegment, last_good: int) -> None:
    size = path.stat().st_size
    if size == sealed.size and hash_file(path) == sealed.sha256:
        return
    reader = Reader(path, last_good)
    for _ in reader.blocks():
        last_good = reader.last_good
    what = "was changed after it was sealed"
    if size != sealed.size:
        what += f": {size} bytes instead of {sealed.size}"
    raise _damaged(path.name, what, last_good)


def _damaged(name: str, what: str, last_good: int) -> StoreDamaged:
    return StoreDamaged(
        f"Tape segment {name} {what}; the last good sequence is {last_good}.", file=name, last_good=last_good
    )
