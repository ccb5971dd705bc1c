"""The supervisor's guard: started after a while, kept running, and asked to end. Tiny programs stand in."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from midas.cli.guard_keeper import COMMAND, PAUSE_MAX_S, GuardKeeper, guard_command


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def keeper(tmp_path: Path, program: str, after_s: float = 0.0, clock: Clock | None = None) -> GuardKeeper:
    counted = f"open({str(tmp_path / 'starts')!r}, 'a').write('x'); "
    command = (sys.executable, "-I", "-S", "-c", "import sys, time; " + counted + program)
    return GuardKeeper(tmp_path / "guard.log", command, after_s, clock or Clock())


def starts(tmp_path: Path) -> int:
    path = tmp_path / "starts"
    return path.stat().st_size if path.exists() else 0


def tended(guard: GuardKeeper, until: Callable[[], bool]) -> None:
    end = time.monotonic() + 60.0
    while not until():
        assert time.monotonic() < end
        guard.tend()
        time.sleep(0.01)


def test_it_waits_until_the_engine_has_had_its_start(tmp_path: Path) -> None:
    guard = keeper(tmp_path, "time.sleep(60)", after_s=30.0)
    guard.tend()
    assert starts(tmp_path) == 0
    assert guard.due_s == 30.0


def test_one_that_died_is_started_again_however_often_it_dies(tmp_path: Path) -> None:
    guard = keeper(tmp_path, "sys.exit(1)")
    tended(guard, lambda: starts(tmp_path) == 7)
    guard.end()


def test_the_more_often_it_dies_the_more_seldom_it_is_started_and_never_not_at_all(tmp_path: Path) -> None:
    clock = Clock()
    guard = keeper(tmp_path, "sys.exit(1)", 30.0, clock)
    pauses = []
    for _ in range(6):
        assert guard.due_s is not None
        pauses.append(guard.due_s)
        clock.now += guard.due_s
        guard.tend()
        assert guard.due_s is None
        tended(guard, lambda: guard.due_s is not None)
    assert pauses == [30.0, 30.0, 60.0, 120.0, 240.0, PAUSE_MAX_S]
    assert PAUSE_MAX_S == 300.0
    guard.end()


def test_one_that_is_not_wanted_or_refuses_is_left_alone(tmp_path: Path) -> None:
    for code in (0, 2):
        guard = keeper(tmp_path, f"sys.exit({code})")
        tended(guard, lambda guard=guard: guard.due_s is None and not guard.runs)  # type: ignore[misc]
    assert starts(tmp_path) == 2


def test_it_is_asked_to_end(tmp_path: Path) -> None:
    guard = keeper(tmp_path, "time.sleep(60)")
    tended(guard, lambda: starts(tmp_path) == 1)
    assert guard.runs
    guard.end()
    assert not guard.runs
    guard.tend()
    assert not guard.runs and guard.due_s is None
    assert starts(tmp_path) == 1


def test_it_reads_the_configuration_that_the_engine_reads() -> None:
    assert guard_command(Namespace(profile=None, live=False)) == COMMAND
    assert guard_command(Namespace(profile="desk", live=True)) == (*COMMAND, "--profile", "desk", "--live")


def test_a_disk_that_refuses_its_log_ends_no_supervisor(tmp_path: Path) -> None:
    clock = Clock()
    (tmp_path / "guard.log").mkdir()
    guard = keeper(tmp_path, "time.sleep(60)", 0.0, clock)
    guard.tend()
    assert starts(tmp_path) == 0
    (tmp_path / "guard.log").rmdir()
    clock.now += PAUSE_MAX_S
    tended(guard, lambda: starts(tmp_path) == 1)
    guard.end()
