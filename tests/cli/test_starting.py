"""The steps of a start, as they are told on a terminal and elsewhere."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path

import pytest

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


def test_an_engine_that_somebody_else_starts_is_waited_for_and_its_steps_are_told(tmp_path: Path) -> None:
    log, text = tmp_path / ENGINE_LOG, io.StringIO()
    log.write_text("midas: long ago\n")

    def say() -> None:
        time.sleep(0.1)
        with log.open("a") as file:
            file.write("midas: history 1 of 2\nnot for a person\n")

    with InstanceLock(tmp_path / LOCK):
        threading.Thread(target=say).start()
        with pytest.raises(Unreachable, match="didn't come up"):
            start_engine(tmp_path, tmp_path, [], 0.4, Steps(text))
    assert "history 1 of 2" in text.getvalue()
    assert "long ago" not in text.getvalue()
    assert "not for a person" not in text.getvalue()
