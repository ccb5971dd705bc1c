"""One session's parts: its name, and the tape that it gives up."""

from __future__ import annotations

import random
from pathlib import Path

from midas.assembly.session import give_up_tape, session_name
from midas.domain.time import SECOND
from midas.runtime.records import HEADER, PRUNED, SEALED
from midas.store.evidence import read_records
from midas.store.integrity import verify
from midas.store.journal import Journal
from midas.store.tape import DIRECTORY, SealedSegment, Tape, number, segments

KEEP = 40_000


async def test_tape_beyond_what_is_kept_is_deleted_after_the_journal_says_so(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path)
    journal.append(0, HEADER, 1, b"{}")

    def seal(sealed: SealedSegment) -> None:
        journal.append(sealed.last, SEALED, 1, sealed.encode())

    tape, chance = Tape(tmp_path, seal, segment_bytes=10_000), random.Random(1)
    for sequence in range(1, 200):
        tape.append(sequence, chance.randbytes(1_000))
        if sequence % 10 == 0:
            tape.flush()
            await give_up_tape(journal, tape, KEEP, (sequence, 1))
    left = segments(tmp_path / DIRECTORY)
    assert number(left[0]) > 1
    assert sum(path.stat().st_size for path in left) < KEEP + 3 * 10_000
    tape.close()
    await journal.close()
    kinds = [record.kind for record in read_records(tmp_path)]
    assert kinds.count(PRUNED) > 3
    assert verify(tmp_path).sealed


async def test_nothing_is_given_up_below_the_limit(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path)
    tape = Tape(tmp_path, lambda sealed: None)
    await give_up_tape(journal, tape, KEEP, (1, 1))
    assert journal.records == 0
    tape.close()
    await journal.close()


def test_names_of_sessions_sort_by_their_start() -> None:
    names = [session_name(second * SECOND) for second in (1_700_000_000, 1_700_000_001, 1_800_000_000)]
    assert names == sorted(names)
    assert len({session_name(0) for _ in range(20)}) > 1
