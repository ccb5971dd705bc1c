"""Starts the engine of a home as a process of its own, under its supervisor, and tells each step of it."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from shutil import get_terminal_size
from subprocess import Popen
from typing import TextIO

from midas.assembly.access import sockets
from midas.cli.processes import failure, spawn, stop_process
from midas.cli.running import ENGINE_LOG, LOCK
from midas.cli.supervision import LOCK as SUPERVISOR_LOCK
from midas.cli.supervision import hurry, supervisor
from midas.errors import Unreachable
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
            self._write(f"\r{mark} {self._clipped()} {lasted:.1f} s\x1b[K")

    def done(self) -> None:
        """All are."""
        self._finish()
        self._text = ""

    def _finish(self) -> None:
        if not self._text:
            return
        lasted = f"({time.monotonic() - self._since:.1f} s)"
        told = f"\r- {self._clipped()} {lasted}\x1b[K\n" if self._alive else f"midas: {self._text} {lasted}\n"
        self._write(told)

    def _clipped(self) -> str:
        """So much of it that its line doesn't wrap, which no later one could take back."""
        room = max(10, get_terminal_size().columns - 14)
        return self._text if len(self._text) <= room else f"{self._text[: room - 1]}…"

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
    child, lines = _begin(home, workspace, flags, log)
    end = time.monotonic() + patience
    try:
        while time.monotonic() < end:
            if child is not None and child.poll() is not None:
                if supervisor(home) is None:
                    raise failure(log, child.returncode, "the engine")
                child = None  # two started at once, and the other one is it
            if child is None and not _somebody(home):  # it ended after all
                child, lines = _begin(home, workspace, flags, log)
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


def _begin(
    home: Path, workspace: Path, flags: list[str], log: Path
) -> tuple[Popen[bytes] | None, Iterator[list[str]]]:
    """A supervisor with its engine, None where somebody is at it already; and what is said from now on."""
    waiting = supervisor(home)
    if waiting is not None:
        hurry(waiting)
    if waiting is not None or _somebody(home):
        return None, _new_lines(log, log.stat().st_size if log.exists() else 0)
    child = spawn([sys.executable, "-m", "midas", "supervise", *flags], log, home, workspace)
    return child, _new_lines(log, 0)


def _somebody(home: Path) -> bool:
    """A supervisor, or an engine that starts or ends."""
    return InstanceLock(home / SUPERVISOR_LOCK).held() or InstanceLock(home / LOCK).held()


def _new_lines(log: Path, read: int) -> Iterator[list[str]]:
    """What was said since the last look; `read` bytes are old."""
    rest = ""
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
