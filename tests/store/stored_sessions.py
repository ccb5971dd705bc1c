"""Sessions to damage: written by the store itself, sealed or left as a crash leaves them."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from midas.store.journal import Journal
from midas.store.tape import PRUNED_KIND, SEALED_KIND, Tape

RECORDS = 300
KINDS = ("session.started", "order.intent", "fill", "timer", "mode.changed")


def body(number: int) -> bytes:
    """A body whose length differs from record to record; some are longer than a database page."""
    return f"record {number} ".encode() * (1 + number % 7) * (120 if number % 50 == 7 else 1)


async def fill(journal: Journal, records: int = RECORDS, start: int = 0) -> None:
    """Append records with sequence = 10 x their number, with a barrier now and then."""
    for number in range(start, start + records):
        kind = KINDS[0] if number == 0 else KINDS[1 + number % 4]
        journal.append(10 * number, kind, 1_000 + number, body(number))
        if number % 25 == 0:
            await journal.barrier()
    await journal.barrier()


def sealed_session(directory: Path, records: int = RECORDS) -> Path:
    """A session that ended cleanly, with a tape of several sealed segments."""

    async def write() -> None:
        journal = await Journal.open(directory)
        await fill(journal, records)
        write_tape(directory, journal)
        await journal.close()

    asyncio.run(write())
    return directory


def crashed_session(directory: Path, records: int = RECORDS, pause_at: int = 0) -> Path:
    """What a kill leaves: the files as they lie while the journal is still open.

    A pause behind 20,000 records, some 4 MB of log, gives the journal time for a checkpoint.
    """
    living = directory.with_name(directory.name + "-living")

    async def write() -> None:
        journal = await Journal.open(living, checkpoint_bytes=3 << 20)
        before = (living / "journal.db").stat().st_size
        await fill(journal, pause_at)
        while pause_at and (living / "journal.db").stat().st_size == before:
            await asyncio.sleep(0.01)  # the next commit waits for the end of the checkpoint
        await fill(journal, records - pause_at, start=pause_at)
        shutil.copytree(living, directory, ignore=shutil.ignore_patterns("*-shm"))
        await journal.close()

    asyncio.run(write())
    shutil.rmtree(living)
    return directory


def write_tape(directory: Path, journal: Journal, events: int = 4_000, keep: int | None = None) -> None:
    """A tape of small segments, each sealed by a journal record."""
    tape = Tape(directory, lambda sealed: journal.append(sealed.last, SEALED_KIND, 0, sealed.encode()), 8_000)
    for sequence in range(events):
        tape.append(sequence, event(sequence))
        if sequence % 200 == 0:
            tape.flush()
    if keep is not None and (pruned := tape.prunable(keep)):
        journal.append(events, PRUNED_KIND, 0, pruned.encode())
        tape.prune(pruned)
    tape.close()


def event(sequence: int) -> bytes:
    """A market event of some 100 bytes that doesn't compress away."""
    return f"trade {sequence} {sequence * 2654435761 % 2**32:08x} ".encode() + bytes(
        range(sequence % 40, 120)
    )


def flip(path: Path, offset: int, bit: int = 0) -> None:
    """Turn one bit of a file over."""
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ (1 << bit)]))
