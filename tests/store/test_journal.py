"""The journal: order, group commits, and a disk that takes no more."""

from __future__ import annotations

import asyncio
import os
import re
import resource
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import midas.ports.journal as port
from midas.errors import StoreError, StoreFull
from midas.store.evidence import read_records
from midas.store.head import read_head
from midas.store.integrity import verify
from midas.store.journal import CHECKPOINT_LATEST, COMMIT_RECORDS, Journal, logged
from tests.store.stored_sessions import fill


class FakeDisk(sqlite3.Connection):
    """A database that refuses every insert while `full` is set, and counts those that it takes."""

    full = False
    error = sqlite3.OperationalError("database or disk is full")
    busy: threading.Event | None = None  # until it is set, an insert waits
    commits = 0

    def execute(self, sql: str, *parameters: object) -> sqlite3.Cursor:
        if sql.startswith("INSERT"):
            if (busy := type(self).busy) is not None:
                busy.wait(60)
            if type(self).full:
                raise type(self).error
            type(self).commits += 1
        return super().execute(sql, *parameters)  # type: ignore[arg-type]


@pytest.fixture
def disk() -> type[FakeDisk]:
    """A fresh fake disk."""
    return type("Disk", (FakeDisk,), {})


async def test_the_journal_is_the_one_that_the_runner_asks_for(tmp_path: Path) -> None:
    journal: port.Journal = await Journal.open(tmp_path / "session")
    journal.append(0, "session.started", 5, b"")
    await journal.barrier()
    await journal.close()
    assert verify(tmp_path / "session").sealed


async def test_records_come_back_in_the_order_and_with_the_bytes_they_were_appended(tmp_path: Path) -> None:
    directory = tmp_path / "session"
    journal = await Journal.open(directory)
    journal.append(0, "session.started", 5, b"")
    journal.append(7, "order.intent", 6, b"\x00\xff" * 5_000)
    journal.append(7, "fill", 4, b"two records may share a sequence")
    await journal.close()
    rows = [(row.record, row.sequence, row.kind, row.at, row.body) for row in read_records(directory)]
    assert rows == [
        (0, 0, "session.started", 5, b""),
        (1, 7, "order.intent", 6, b"\x00\xff" * 5_000),
        (2, 7, "fill", 4, b"two records may share a sequence"),
    ]


async def test_a_barrier_returns_only_after_its_records_are_on_disk(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "session")
    for number in range(5):
        journal.append(number, "order.intent", 0, b"intent")
        await journal.barrier()
        assert [row.sequence for row in read_records(tmp_path / "session")] == list(range(number + 1))
        assert read_head(tmp_path / "session").head.record == number
    await journal.close()


async def test_barriers_that_wait_together_share_a_commit(tmp_path: Path, disk: type[FakeDisk]) -> None:
    journal = await Journal.open(tmp_path / "session", factory=disk)

    async def intent(number: int) -> None:
        journal.append(number, "order.intent", 0, b"intent")
        await journal.barrier()

    await asyncio.gather(*(intent(number) for number in range(200)))
    assert disk.commits <= 2  # the first one takes what was there, the second one everybody else
    assert journal.committed == 200
    await journal.close()


async def test_records_that_nobody_waits_for_are_committed_soon(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "session")
    journal.append(1, "timer", 0, b"tick")
    for number in range(2, 2 * COMMIT_RECORDS + 40):
        journal.append(number, "timer", 0, b"tick")
    async with asyncio.timeout(30):
        while journal.committed < journal.records:
            await asyncio.sleep(0.01)
    assert len(list(read_records(tmp_path / "session"))) == 2 * COMMIT_RECORDS + 39
    await journal.close()


async def test_a_cancelled_barrier_harms_neither_the_records_nor_the_others_that_wait(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "session")
    journal.append(1, "order.intent", 0, b"one")
    gone = asyncio.create_task(journal.barrier())
    await asyncio.sleep(0)
    journal.append(2, "order.intent", 0, b"two")
    gone.cancel()
    await journal.barrier()
    await journal.close()
    assert verify(tmp_path / "session").records == 2


async def test_a_full_disk_fails_every_barrier_once_and_loses_nothing(
    tmp_path: Path, disk: type[FakeDisk]
) -> None:
    journal = await Journal.open(tmp_path / "session", factory=disk)
    await fill(journal, 10)
    disk.full = True
    journal.append(200, "order.intent", 0, b"while full")
    outcomes = await asyncio.gather(*(journal.barrier() for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StoreFull] * 3
    with pytest.raises(StoreFull, match="disk is full"):
        await journal.barrier()
    assert isinstance(journal.failure, StoreFull)
    disk.full = False
    journal.append(210, "order.intent", 0, b"after")
    await journal.barrier()
    assert journal.failure is None
    await journal.close()
    assert verify(tmp_path / "session").records == 12


@pytest.mark.parametrize(
    ("code", "what"),
    [
        (sqlite3.SQLITE_FULL, "database or disk is full"),
        (sqlite3.SQLITE_IOERR, "disk I/O error"),
        (sqlite3.SQLITE_READONLY, "attempt to write a readonly database"),
        (sqlite3.SQLITE_BUSY, "database is locked"),
    ],
)
async def test_whatever_the_disk_refuses_with_no_intent_is_durable_until_it_takes_them_again(
    tmp_path: Path, disk: type[FakeDisk], code: int, what: str
) -> None:
    journal = await Journal.open(tmp_path / "session", factory=disk)
    assert journal.trouble == ""
    disk.full, disk.error = True, sqlite3.OperationalError(what)
    disk.error.sqlite_errorcode = code
    journal.append(1, "order.intent", 0, b"one")
    with pytest.raises(StoreFull, match=what):
        await journal.barrier()
    assert what in journal.trouble
    disk.full = False
    await journal.barrier()
    assert (journal.trouble, journal.committed) == ("", 1)
    await journal.close()
    assert verify(tmp_path / "session").sealed


async def test_a_disk_that_takes_long_is_told_while_an_intent_waits(
    tmp_path: Path, disk: type[FakeDisk]
) -> None:
    journal = await Journal.open(tmp_path / "session", factory=disk, stall_seconds=0.02)
    disk.busy = threading.Event()
    journal.append(1, "order.intent", 0, b"one")
    waiting = asyncio.create_task(journal.barrier())
    async with asyncio.timeout(30):
        while not journal.trouble:
            await asyncio.sleep(0.01)
    assert journal.trouble.startswith("the disk has not written for ")
    assert not waiting.done()
    disk.busy.set()
    await waiting
    assert journal.trouble == ""
    await journal.close()


async def test_the_journal_tries_again_by_itself_once_space_returns(
    tmp_path: Path, disk: type[FakeDisk]
) -> None:
    journal = await Journal.open(tmp_path / "session", factory=disk)
    disk.full = True
    journal.append(1, "timer", 0, b"tick")
    with pytest.raises(StoreFull):
        await journal.barrier()
    disk.full = False
    async with asyncio.timeout(30):
        while journal.committed < 1:
            await asyncio.sleep(0.01)
    await journal.close()
    assert verify(tmp_path / "session").sealed


async def test_a_full_buffer_refuses_the_record_instead_of_forgetting_one(
    tmp_path: Path, disk: type[FakeDisk]
) -> None:
    journal = await Journal.open(tmp_path / "session", factory=disk, buffer_max=50)
    disk.full = True
    for number in range(50):
        journal.append(number, "timer", 0, b"tick")
    with pytest.raises(StoreFull, match="holds 50 records"):
        journal.append(50, "timer", 0, b"one too many")
    disk.full = False
    await journal.barrier()
    journal.append(51, "timer", 0, b"there is room again")
    await journal.close()
    assert [row.sequence for row in read_records(tmp_path / "session")] == [*range(50), 51]


async def test_closing_on_a_full_disk_says_so_and_leaves_the_session_unsealed(
    tmp_path: Path, disk: type[FakeDisk]
) -> None:
    journal = await Journal.open(tmp_path / "session", factory=disk)
    await fill(journal, 10)
    disk.full = True
    journal.append(200, "order.intent", 0, b"lost")
    with pytest.raises(StoreFull):
        await journal.close()
    assert read_head(tmp_path / "session").head.sealed is False
    assert len(list(read_records(tmp_path / "session"))) == 10


async def test_a_session_is_written_once(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "session")
    await journal.close()
    with pytest.raises(StoreError, match="already has a journal"):
        await Journal.open(tmp_path / "session")


async def test_a_closed_journal_takes_no_more_records(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "session")
    await journal.close()
    with pytest.raises(AssertionError, match="closed"):
        journal.append(1, "timer", 0, b"late")


async def test_checkpoints_keep_the_log_small_and_lose_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "session"
    journal = await Journal.open(directory)
    largest = 0
    for number in range(90_000):
        journal.append(number, "timer", 0, b"tick")
        if number % 500 == 0:
            await journal.barrier()
            await asyncio.sleep(0.0005)
            largest = max(largest, (directory / "journal.db-wal").stat().st_size)
    await journal.close()
    assert verify(directory).records == 90_000
    assert largest < (directory / "journal.db").stat().st_size


async def test_the_log_of_many_small_commits_stays_small_though_each_writes_whole_pages(
    tmp_path: Path,
) -> None:
    directory, bound = tmp_path / "session", 200_000
    journal = await Journal.open(directory, checkpoint_bytes=bound)
    largest = 0
    for number in range(200):
        journal.append(number, "timer", 0, bytes(700))
        await journal.barrier()
        if number % 10 == 0:
            await asyncio.sleep(0.002)  # a moment in which nobody waits
            largest = max(largest, (directory / "journal.db-wal").stat().st_size)
    written = 200 * logged([0, 0, "timer", 0, bytes(700), b""])
    await journal.close()
    assert written > 10 * bound
    assert largest <= 2 * bound
    assert verify(directory).records == 200


async def test_a_log_is_written_back_even_where_somebody_waits_all_the_time(tmp_path: Path) -> None:
    directory, bound = tmp_path / "session", 50_000
    journal = await Journal.open(directory, checkpoint_bytes=bound)
    ended = False

    async def ordering() -> None:
        while not ended:
            await journal.barrier()
            journal.append(journal.records, "timer", 0, bytes(100))

    orders = [asyncio.create_task(ordering()) for _ in range(3)]
    while journal.records < 300:
        await asyncio.sleep(0.001)
    ended = True
    await asyncio.gather(*orders)
    largest = (directory / "journal.db-wal").stat().st_size
    records = journal.records
    await journal.close()
    assert largest <= (CHECKPOINT_LATEST + 1) * bound
    assert verify(directory).records == records


_LIMITED = """
import asyncio, resource, sys
from pathlib import Path
from midas.errors import StoreFull
from midas.store.journal import Journal

async def main(directory):
    journal = await Journal.open(directory)
    refused = sequence = 0
    while not refused:
        journal.append(sequence, "order.intent", 0, bytes(2_000))
        sequence += 1
        try:
            await journal.barrier()
        except StoreFull:
            refused += 1
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    journal.append(sequence, "order.intent", 0, b"after")
    await journal.barrier()
    await journal.close()
    print(refused, sequence + 1)

asyncio.run(main(Path(sys.argv[1])))
"""


def test_a_system_that_really_refuses_to_write_is_survived(tmp_path: Path) -> None:
    def limit() -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))

    ended = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(tmp_path / "session")],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    refused, records = map(int, re.findall(r"\d+", ended.stdout))
    assert (refused, verify(tmp_path / "session").records) == (1, records)


_KILLED = """
import asyncio, sys
from pathlib import Path
from midas.store.journal import Journal
from midas.store.tape import Tape

async def main(directory):
    journal = await Journal.open(directory)
    seal = lambda sealed: journal.append(sealed.last, "tape.sealed", 0, sealed.encode())
    tape = Tape(directory, seal, 20_000)
    sequence = 0
    while True:
        for _ in range(sequence % 37):
            journal.append(sequence, "timer", 0, bytes(sequence % 300))
            tape.append(sequence, b"event %d" % (sequence * 2654435761))
            sequence += 1
        journal.append(sequence, "order.intent", 0, b"intent")
        sequence += 1
        await journal.barrier()
        tape.flush()
        print(sequence - 1, flush=True)

asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("lines", [1, 30, 150, 400, 900])
def test_whatever_a_barrier_promised_is_readable_after_kill_9(tmp_path: Path, lines: int) -> None:
    directory = tmp_path / "session"
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(directory)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        promised = -1
        for _ in range(lines):
            promised = int(child.stdout.readline())
        os.kill(child.pid, 9)
        promised = max([promised, *map(int, child.stdout.read().split("\n")[:-1])])
    report = verify(directory)
    assert not report.sealed
    assert "crashed" in report.sentence
    assert report.last_sequence >= promised
    assert [row.record for row in read_records(directory)] == list(range(report.records))
