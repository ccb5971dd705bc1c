"""The steps of a start, as they are told on a terminal and elsewhere."""

from __future__ import annotations

import io
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from midas.assembly.access import sockets
from midas.cli.running import ENGINE_LOG, LOCK
from midas.cli.starting import Steps, start_engine
from midas.errors import Unreachable
from midas.store.lock import InstanceLock


class Terminal(io.StringIO):
    """Says that it is one."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def test_each_step_is_a_line_that_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    screen = Terminal()
    steps = Steps(screen)
    steps.step("starting the engine")
    steps.turn()
    steps.step("a step with so long a name that it would wrap around here")
    steps.done()
    lines = [line.rpartition("\r")[2] for line in screen.getvalue().split("\n")]
    assert lines[0].startswith("- starting the engine (0.")
    assert all(len(line.removesuffix("\x1b[K")) <= 40 for line in lines)
    assert "…" in lines[1]


def test_where_nobody_watches_no_control_character_is_written() -> None:
    text = io.StringIO()
    steps = Steps(text)
    steps.step("starting the engine")
    steps.turn()
    steps.done()
    assert text.getvalue() == "midas: starting the engine (0.0 s)\n"


class Watched(Steps):
    """Steps of an engine that comes up by and by: each turn is a look of the one that waits for it."""

    def __init__(self, stream: io.StringIO, looks: dict[int, Callable[[], object]]) -> None:
        super().__init__(stream)
        self._looks = looks
        self._count = 0

    def turn(self) -> None:
        """What happens at this look."""
        super().turn()
        self._count += 1
        self._looks.pop(self._count, lambda: None)()


def test_an_engine_that_somebody_else_starts_is_waited_for_and_its_steps_are_told(short_home: Path) -> None:
    log, text = short_home / ENGINE_LOG, io.StringIO()
    log.write_text("midas: long ago\n")

    def say() -> None:
        with log.open("a") as file:
            file.write("midas: history 1 of 2\nnot for a person\n")

    with InstanceLock(short_home / LOCK), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as engine:
        engine.bind(str(sockets(short_home)[0]))
        steps = Watched(text, {2: say, 5: engine.listen})
        start_engine(short_home, short_home, [], 60.0, steps)
    assert "history 1 of 2" in text.getvalue()
    assert "long ago" not in text.getvalue()
    assert "not for a person" not in text.getvalue()


def test_one_that_does_not_come_up_is_given_up(short_home: Path) -> None:
    with InstanceLock(short_home / LOCK), pytest.raises(Unreachable, match="didn't come up"):
        start_engine(short_home, short_home, [], 0.1)


@pytest.fixture
def short_home() -> Iterator[Path]:
    """Sockets lie in it, and their paths must be short."""
    with tempfile.TemporaryDirectory(prefix="midas-") as folder:
        yield Path(folder)
