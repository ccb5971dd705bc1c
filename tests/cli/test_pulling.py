"""The kill switch from a process of this machine, and SIGQUIT as its shortest way."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import sys
import termios
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from midas.assembly.access import sockets
from midas.cli.pulling import halting_on_quit, pull
from midas.domain.event import LatchTripped
from midas.domain.mode import KillLevel
from midas.runtime.bell import rings
from midas.runtime.kill import KillListener
from midas.store.latch import LATCH, KillLatch
from tests.fakes.engine_process import NoVenue


@pytest.fixture
def told(tmp_path: Path) -> Iterator[list[LatchTripped]]:
    """A kill listener on the home; what it told its engine."""
    told: list[LatchTripped] = []
    latch, path = KillLatch(tmp_path / LATCH), sockets(tmp_path)[1]
    listener = KillListener(path, latch, NoVenue(), list, {}, told.append, time.time_ns)
    listener.start()
    yield told
    listener.close()


def level(home: Path) -> KillLevel | None:
    record = KillLatch(home / LATCH).read()
    return record.level if record is not None else None


def test_an_engine_that_answers_has_confirmed(tmp_path: Path, told: list[LatchTripped]) -> None:
    outcome = pull(tmp_path, "flatten", "ops")
    assert (outcome.latched, outcome.answered) == (True, True)
    assert [(trip.level, trip.by) for trip in told] == [("flatten", "ops")]
    assert level(tmp_path) is KillLevel.FLATTEN


def test_without_an_engine_the_latch_is_set_and_nobody_has_confirmed(tmp_path: Path) -> None:
    outcome = pull(tmp_path, "halt", "ops")
    assert (outcome.latched, outcome.answered) == (True, False)
    assert "no engine answers" in outcome.sentence


def test_a_home_that_takes_no_file_says_that_nothing_is_latched(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where a folder should be")
    outcome = pull(tmp_path / "home", "halt", "ops")
    assert not outcome.answered
    assert outcome.sentence


def test_sigquit_halts(tmp_path: Path, told: list[LatchTripped], capsys: pytest.CaptureFixture[str]) -> None:
    with halting_on_quit(tmp_path, "SIGQUIT"):
        os.kill(os.getpid(), signal.SIGQUIT)
        end = time.monotonic() + 30.0
        while not told and time.monotonic() < end:
            time.sleep(0.005)
    assert level(tmp_path) is KillLevel.HALT
    assert "halt latched" in capsys.readouterr().err


def test_sigquit_halts_again_where_nobody_can_be_told(
    tmp_path: Path, told: list[LatchTripped], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, gone = os.pipe()
    os.close(reads)
    with open(gone, "w") as closed, halting_on_quit(tmp_path, "SIGQUIT"):
        monkeypatch.setattr(sys, "stderr", closed)
        for number in (1, 2):
            os.kill(os.getpid(), signal.SIGQUIT)
            end = time.monotonic() + 30.0
            while len(told) < number and time.monotonic() < end:
                time.sleep(0.005)
        monkeypatch.undo()
        with contextlib.suppress(BrokenPipeError):
            closed.close()
    assert len(told) == 2


def test_a_bell_rings_while_the_main_thread_is_held(tmp_path: Path) -> None:
    rung: list[float] = []
    with rings(signal.SIGQUIT, lambda: rung.append(time.monotonic())):
        began = time.monotonic()
        os.kill(os.getpid(), signal.SIGQUIT)
        while not rung and time.monotonic() - began < 30.0:
            pass  # a loop that never turns
    assert rung


def test_a_terminal_that_was_left_raw_gets_its_chord_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    master, slave = pty.openpty()
    try:
        tty.setraw(slave)
        with os.fdopen(slave, closefd=False) as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            with halting_on_quit(tmp_path, "SIGQUIT"):
                state = termios.tcgetattr(slave)
        assert state[3] & termios.ISIG
        assert state[6][termios.VQUIT] == b"\x1c"
    finally:
        os.close(master)
        os.close(slave)
