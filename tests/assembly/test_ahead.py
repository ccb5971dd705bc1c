"""The old journal, read by another process: what it finds is what would have been found here, or nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from pathlib import Path

import msgspec
import pytest

from midas.assembly.ahead import PATIENCE_S, Ahead, read_ahead
from midas.assembly.inherit import Left, inherited, left_by
from midas.domain.event import Event, Ticked
from midas.errors import AlreadyRunning, RepairNeeded
from midas.runtime.records import Marks
from midas.store import sessions
from midas.store.head import NAME as HEAD
from midas.store.journal import DATABASE
from midas.store.lock import InstanceLock
from midas.store.wal import WAL
from tests.assembly.test_inherit import OTHER, OURS, crashed, opened, rich, store
from tests.fakes.nouns import BTC, START, desk, hold, intent

NAME = "20260101-000000-0001"
MARKS = Marks(1e300 / 7, 19_000, 0.1 + 0.2, "DEFENSIVE")


def stored(home: Path, account: str = OURS, *, sealed: bool = True, name: str = NAME) -> Path:
    """A session with a position, an open order and marks that aren't short numbers."""
    before = desk(BTC)
    hold(before, "1.50")
    before.plan(intent("carried"))
    events: list[Event] = [opened(name, account, before.carried()), rich(1_000), Ticked(START, 0)]
    return asyncio.run(store(home, name, account, events, marks=MARKS, sealed=sealed))


def read(home: Path) -> Left | None:
    with read_ahead(home, worth=0) as reader:
        return reader.take() if reader is not None else None


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize("account", [OURS, OTHER])
def test_what_another_process_reads_is_what_would_be_read_here(
    tmp_path: Path, account: str, sealed: bool
) -> None:
    directory = stored(tmp_path, account, sealed=sealed)
    left = read(tmp_path)
    assert left is not None
    assert left == left_by(directory)
    assert msgspec.json.encode(left) == msgspec.json.encode(left_by(directory))
    assert left.carried.equity_peak == MARKS.equity_peak
    assert left.carried.orders
    assert inherited(tmp_path, OURS, ahead=left) == inherited(tmp_path, OURS)


def test_a_torn_end_is_cut_by_the_engine_not_by_the_reader(tmp_path: Path) -> None:
    directory = asyncio.run(crashed(tmp_path, 0.7))
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    left = read(tmp_path)
    assert left is not None
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before
    carried, [told] = inherited(tmp_path, OURS, ahead=left)
    assert "a crash tore its journal" in told
    assert inherited(tmp_path, OURS) == (carried, []), "the second start finds a whole journal"


def test_damage_that_the_reader_finds_refuses_the_start(tmp_path: Path) -> None:
    directory = stored(tmp_path)
    content = (directory / DATABASE).read_bytes()
    (directory / DATABASE).write_bytes(content.replace(b"DEFENSIVE", b"OFFENSIVE"))
    left = read(tmp_path)
    assert left is not None
    with pytest.raises(RepairNeeded) as found:
        inherited(tmp_path, OURS, ahead=left)
    with pytest.raises(RepairNeeded, match="midas repair") as here:
        inherited(tmp_path, OURS)
    assert str(found.value) == str(here.value)


def test_of_a_session_that_cannot_be_continued_the_reader_says_nothing(tmp_path: Path) -> None:
    directory = stored(tmp_path)
    directory.rename(directory.with_name("20260101-000000-0002"))
    assert read(tmp_path) is None, "it is a copy"


def test_a_session_that_never_began_is_passed_over(tmp_path: Path) -> None:
    stored(tmp_path)
    later = asyncio.run(store(tmp_path, "20260101-000000-0002", OURS, []))
    (later / DATABASE).unlink()
    (later / HEAD).unlink()
    left = read(tmp_path)
    assert left is not None
    assert left.found.session == NAME


def test_what_was_read_of_one_session_is_not_taken_for_another(tmp_path: Path) -> None:
    stored(tmp_path)
    left = read(tmp_path)
    stored(tmp_path, name="20260101-000000-0002")
    assert inherited(tmp_path, OURS, ahead=left)[0].from_session == "20260101-000000-0002"


def test_a_first_start_and_a_small_journal_need_no_reader(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    stored(tmp_path)
    with read_ahead(tmp_path) as reader:
        assert reader is None


def held_up(home: Path) -> Path:
    """A session whose reader waits for ever."""
    directory = home / sessions.SESSIONS / NAME
    stored(home)
    os.mkfifo(directory / WAL)
    return directory


@pytest.mark.parametrize("killed", [0, 1])
def test_a_reader_that_is_killed_says_nothing_and_leaves_nothing(tmp_path: Path, killed: int) -> None:
    held_up(tmp_path)
    with read_ahead(tmp_path, worth=0) as reader:
        assert isinstance(reader, Ahead)
        processes = reader.processes
        os.kill(processes[killed], signal.SIGKILL)
        assert reader.take() is None
        assert reader.take() is None
    for process in processes:
        with pytest.raises(ChildProcessError):
            os.waitpid(process, os.WNOHANG)  # it is nobody's child any more


def test_a_start_that_is_stopped_waits_for_no_reader(tmp_path: Path) -> None:
    held_up(tmp_path)

    async def start(reader: Ahead) -> None:
        waiting = asyncio.create_task(reader.taken())
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    began = time.monotonic()
    with read_ahead(tmp_path, worth=0) as found:
        assert found is not None
        asyncio.run(start(found))  # which ends with its threads
    assert time.monotonic() - began < PATIENCE_S / 2


def test_a_start_that_fails_takes_its_reader_along(tmp_path: Path) -> None:
    held_up(tmp_path)
    with pytest.raises(AlreadyRunning), read_ahead(tmp_path, worth=0) as reader:
        assert isinstance(reader, Ahead)
        processes = reader.processes
        raise AlreadyRunning("while it was read")
    for process in processes:
        with pytest.raises(ChildProcessError):
            os.waitpid(process, os.WNOHANG)  # it is nobody's child any more


@pytest.mark.parametrize("killed", [False, True])
def test_a_reader_that_is_ended_leaves_no_copy_of_a_journal_behind(
    tmp_path: Path, killed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    held_up(tmp_path)
    with read_ahead(tmp_path, worth=0) as reader:
        assert reader is not None
        end = time.monotonic() + 30.0
        while not list(scratch.glob("**/midas-journal-*")):
            assert time.monotonic() < end
            time.sleep(0.005)
        if killed:
            os.kill(reader.processes[0], signal.SIGKILL)
            assert reader.take() is None
    assert not list(scratch.iterdir())


def test_a_reader_that_outlives_its_engine_holds_no_lock(tmp_path: Path) -> None:
    held_up(tmp_path)
    lock = InstanceLock(tmp_path / "engine.lock")
    lock.acquire()
    with read_ahead(tmp_path, worth=0) as reader:
        assert reader is not None
        lock.release()
        end = time.monotonic() + 30.0
        while True:  # it lets go of everything right after its birth
            try:
                lock.acquire()
                break
            except AlreadyRunning:
                assert time.monotonic() < end
    lock.release()
