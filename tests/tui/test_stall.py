"""A terminal that stops reading, and one that goes away; `tests.e2e.console_stall` measures it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from midas.assembly.access import sockets
from midas.runtime.link import SocketLink
from tests.e2e.console_stall import GONE_S, SIZE, differing, gap, hang_up
from tests.e2e.desk import REPOSITORY, until
from tests.e2e.eyes import Eyes
from tests.e2e.kill_lane import MAIN, Lane, a_lane
from tests.e2e.slow_console import BLOCKED

STALL_S = 3.0


@pytest.fixture
def lane() -> Iterator[Lane]:
    with a_lane() as lane:
        yield lane


def test_an_unread_terminal_stops_nothing_and_shows_the_truth_afterwards(lane: Lane) -> None:
    file = lane.home / "gap"
    console = Eyes(["-m", "tests.e2e.probed_console", str(file)], SIZE, lane.home, REPOSITORY)
    console.until(MAIN)
    console.look(1.0)
    time.sleep(STALL_S)
    # Plain Textual stands still for the rest of the stall: its gap would only grow.
    until(lambda: gap(console, file) < 1000, "a loop that turns while nobody reads")
    console.look(1.0)
    assert differing(console) == 0
    before = sequence(lane)
    assert hang_up(console) < 10 * GONE_S
    until(lambda: sequence(lane) > before, "the engine goes on without its console")


@pytest.mark.long
def test_a_console_whose_loop_stands_still_ends_with_its_terminal(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BLOCKED, "20")
    console = lane.open()
    lane.console = None  # what is hung up is closed
    os.kill(console.pid, signal.SIGUSR1)
    time.sleep(0.2)
    assert hang_up(console) < 15.0


def sequence(lane: Lane) -> int:
    """Of the engine's newest picture."""
    link = SocketLink(sockets(lane.home)[0], 4.0)
    link.start()
    try:
        return link.wait_for_snapshot().sequence
    finally:
        link.close()
