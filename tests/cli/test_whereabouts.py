"""What a console is told of the processes of its home."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
import pytest

from midas.cli.exchange import RUN_FILE
from midas.cli.fate import Fate, write_fate
from midas.cli.guard_word import GuardWord
from midas.cli.guard_word import tell as write_word
from midas.cli.processes import KEPT, KeptExchange
from midas.cli.running import LOCK
from midas.cli.supervision import LOCK as SUPERVISOR_LOCK
from midas.cli.supervision import Supervision, tell
from midas.cli.whereabouts import HomeWatch
from midas.domain.mode import KillLevel
from midas.errors import ProcessEnded
from midas.store.latch import LATCH, KillLatch
from midas.store.lock import GUARD_LOCK, InstanceLock
from midas.venues.sim import runfile
from midas.venues.sim.runfile import RunFile

ME = os.getpid()


def watch(home: Path, now: int = 50) -> HomeWatch:
    """One that looks when it is told to."""
    return HomeWatch(home, lambda flags: None, lambda: now)


def test_a_living_engine_is_named_and_known_to_have_come_up(tmp_path: Path) -> None:
    with InstanceLock(tmp_path / LOCK):
        assert (watch(tmp_path).seen().engine, watch(tmp_path).seen().up) == (ME, False)
        write_fate(tmp_path, Fate(ME, 7))
        assert watch(tmp_path).seen().up


@pytest.mark.parametrize(
    ("fate", "at", "told", "wanted"),
    [
        (Fate(9, 1, 40, -9), 40, "killed (SIGKILL)", False),
        (Fate(9, 1, 40, 0, "asked to stop", wanted=True), 40, "asked to stop", True),
        (Fate(9, 1), 50, "without a word: killed, or the machine stopped", False),
    ],
)
def test_how_the_last_one_ended_is_told(tmp_path: Path, fate: Fate, at: int, told: str, wanted: bool) -> None:
    write_fate(tmp_path, fate)
    where = watch(tmp_path).seen()
    assert (where.engine, where.ended_at, where.ended, where.wanted) == (0, at, told, wanted)


def test_a_guard_is_told_of_while_it_lives(tmp_path: Path) -> None:
    write_word(tmp_path, GuardWord(ME, 1, 20.0, "flatten", "hung", 7, "2 orders cancelled"))
    assert watch(tmp_path).seen().guard == 0
    with InstanceLock(tmp_path / GUARD_LOCK):
        where = watch(tmp_path).seen()
    assert (where.guard, where.guard_level, where.guard_patience_s) == (ME, "flatten", 20.0)
    assert (where.guard_sees, where.guard_acted_at, where.guard_outcome) == ("hung", 7, "2 orders cancelled")


def test_the_kill_latch_is_told_as_it_lies_on_the_disk(tmp_path: Path) -> None:
    assert watch(tmp_path).seen().latched == ""
    KillLatch(tmp_path / LATCH).trip(KillLevel.ALL, "ann", "news", 1)
    seen = watch(tmp_path).seen()
    assert (seen.latched, seen.latched_by) == ("all", "ann")


def test_a_supervisor_s_plans_are_told_while_it_lives(tmp_path: Path) -> None:
    tell(tmp_path, Supervision(ME, 1, (), crashes=1, next_at=70))
    assert watch(tmp_path).seen().next_at == 0
    with InstanceLock(tmp_path / SUPERVISOR_LOCK):
        assert watch(tmp_path).seen().next_at == 70
        tell(tmp_path, Supervision(ME, 1, (), engine=9, crashes=1))
        assert watch(tmp_path).seen().next_at == 50, "it begins, and has no lock yet"
    tell(tmp_path, Supervision(ME, 1, (), crashes=5, gave_up=True))
    assert watch(tmp_path).seen().gave_up


def test_an_exchange_that_left_cleanly_is_still_known_to_have_been_started_by_hand(tmp_path: Path) -> None:
    found = RunFile(
        pid=ME, instance="abc", http="http://127.0.0.1:9", ws="", market="synthetic", speed=1.0, seed=1,
        started_at=1, api_key="", api_secret="",
    )  # fmt: skip
    runfile.write(tmp_path / RUN_FILE, found)
    looking = watch(tmp_path)
    assert (looking.seen().exchange, looking.seen().exchange_by_hand) == (ME, True)
    (tmp_path / RUN_FILE).unlink()
    assert (looking.seen().exchange, looking.seen().exchange_by_hand) == (0, True)
    (tmp_path / KEPT).write_bytes(msgspec.json.encode(KeptExchange("abc")))
    runfile.write(tmp_path / RUN_FILE, found)
    assert not looking.seen().exchange_by_hand


def test_an_engine_is_started_with_what_it_was_started_with_before(tmp_path: Path) -> None:
    flags: list[list[str]] = []
    tell(tmp_path, Supervision(ME, 1, ("--speed", "5")))
    looking = HomeWatch(tmp_path, flags.append, lambda: 1)
    looking.start()
    _until_settled(looking)
    assert flags == [["--speed", "5"]]


@pytest.mark.parametrize("error", [ProcessEnded("port 1 is in use"), OSError("port 1 is in use")])
def test_a_start_that_fails_leaves_its_sentence(tmp_path: Path, error: Exception) -> None:
    def start(flags: list[str]) -> None:
        raise error

    looking = HomeWatch(tmp_path, start, lambda: 1)
    looking.start()
    _until_settled(looking)
    assert looking.seen().failed == "port 1 is in use"


def _until_settled(looking: HomeWatch) -> None:
    end = time.monotonic() + 30.0
    while looking.seen().starting and time.monotonic() < end:
        time.sleep(0.01)
