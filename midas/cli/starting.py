"""Starts the engine of a home as a process of its own, under its supervisor, and tells each step of it."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from subprocess import Popen
from typing import TextIO

from midas.assembly.access import sockets
from midas.cli.processes import failure, spawn, stop_process
from midas.cli.running import ENGINE_LOG, LOCK
from midas.cli.supervision import hurry, supervisor
from midas.errors import NotRunning, Unreachable
from midas.store.lock import InstanceLock

LOOK_S = 0.02
_SPINNER = "|/-\\"


class Steps:
    """The steps of a start on the normal screen: one line each, the last one alive."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._alive = stream.isatty()
        self._began = self._since = time.monotonic()
        self._text = ""

    def step(self, text: str) -> None:
        """The next one; the one before is done."""
        self._finish()
        self._text, self._since = text, time.monotonic()
        self.turn()

    def turn(self) -> None:
        """Show that it goes on, and for how long."""
        if self._alive and self._text:
            lasted = time.monotonic() - self._since
            mark = _SPINNER[int(lasted * 8) % len(_SPINNER)]
            self._write(f"\r{mark} {self._text} {lasted:.1f} s\x1b[K")

    def done(self) -> None:
        """All are."""
        self._finish()
        self._text = ""

    def _finish(self) -> None:
        if not self._text:
            return
        line = f"{self._text} ({time.monotonic() - self._since:.1f} s)"
        self._write(f"\r- {line}\x1b[K\n" if self._alive else f"midas: {line}\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def start_engine(
    home: Path, workspace: Path, flags: list[str], patience: float, steps: Steps | None = None
) -> None:
    """Until the engine answers. Raises what it says where it can't, Unreachable after `patience` seconds."""
    log = home / ENGINE_LOG
    steps = steps or Steps(StringIO())
    steps.step("starting the engine")
    child = _begin(home, workspace, flags, log)
    lines = _new_lines(log)
    end = time.monotonic() + patience
    try:
        while time.monotonic() < end:
            if child is not None and child.poll() is not None:
                if supervisor(home) is None:
                    raise failure(log, child.returncode, "the engine")
                child = None  # two started at once, and the other one is it
            if child is None and not (supervisor(home) or InstanceLock(home / LOCK).held()):
                raise NotRunning(f"the engine of {home} has ended; `midas` starts it again")
            for line in next(lines):
                steps.step(line)
            if answers(sockets(home)[0]):
                return
            steps.turn()
            time.sleep(LOOK_S)
    finally:
        steps.done()
    if child is not None:
        stop_process(child.pid)
    raise Unreachable(f"the engine didn't come up within {patience:.0f} s; its log is {log}")


def answers(path: Path) -> bool:
    """A socket left by a crash is a name, and nobody answers there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(path)) == 0


def _begin(home: Path, workspace: Path, flags: list[str], log: Path) -> Popen[bytes] | None:
    """A supervisor with its engine; None where one is at it already."""
    waiting = supervisor(home)
    if waiting is not None:
        hurry(waiting)
        return None
    if InstanceLock(home / LOCK).held():
        return None  # somebody starts it by hand, or it ends
    return spawn([sys.executable, "-m", "midas", "supervise", *flags], log, home, workspace)


def _new_lines(log: Path) -> Iterator[list[str]]:
    """What was said since the last look."""
    read, rest = 0, ""
    while True:
        try:
            with log.open("rb") as file:
                file.seek(read)
                data = file.read()
        except OSError:
            data = b""
        read += len(data)
        *lines, rest = (rest + data.decode(errors="replace")).split("\n")
        yield [line.removeprefix("midas: ") for line in lines if line.startswith("midas: ")]
