"""One desk and one console on a real terminal, for pressing the kill switch in every state of both."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from midas.assembly.access import sockets
from midas.cli.running import running
from midas.domain.command import Resume
from midas.errors import MidasError
from midas.runtime.kill import KillRequest, pull_kill
from midas.runtime.link import SocketLink
from midas.store.latch import LATCH, KillLatch
from tests.e2e.desk import REPOSITORY, until
from tests.e2e.eyes import Eyes

CHORD = b"\x1c"
SIZE = (120, 40)
PATIENCE_S = 20.0  # for what must come, on a busy machine too
AT_ONCE_S = 1.5  # for the latch to be on the disk while a console stands still for three
MAIN = "HALT ^"  # in the banner of the main screen


@contextlib.contextmanager
def a_lane() -> Iterator[Lane]:
    """A lane whose home is gone afterwards; its path is short, since sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="midas-lane-") as folder:
        lane = Lane(Path(folder) / "l")
        try:
            yield lane
        finally:
            lane.close()


class Lane:
    """Its own home, so that lanes can run beside one another."""

    def __init__(self, home: Path, real: bool = False, size: tuple[int, int] = SIZE) -> None:
        self.home = home
        self.real = real
        self.size = size
        home.mkdir(parents=True, exist_ok=True)
        command = ["-m", "midas", "--no-ui", "--market", "synthetic", "--speed", "5", "--seed", "7"]
        command = command if real else ["-m", "tests.fakes.engine_process", str(home)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MIDAS_")}
        self.environ = kept | {"MIDAS_HOME": str(home)}
        self.engine = subprocess.Popen(
            [sys.executable, *command], cwd=REPOSITORY, env=self.environ,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.latch = KillLatch(home / LATCH)
        self.console: Eyes | None = None
        until(self._answers, "the engine's start", 90.0)

    def open(self) -> Eyes:
        """The console, opened where none is, at its main screen."""
        if self.console is None:
            self.console = Eyes(["-m", "tests.e2e.slow_console"], self.size, self.home, REPOSITORY)
            self.console.until(MAIN)
            self.console.look(0.5)
        return self.console

    def press(self, data: bytes) -> None:
        """Bytes of a key, in one write."""
        os.write(self.open().fd, data)

    def settle(self) -> None:
        """Nothing halted, no dialogue open."""
        self.release()
        if self.console is None:
            return
        for _ in range(8):
            self.console.look(0.2)
            if not self.panel_open and "Esc" not in self.console.text:
                return
            self.console.key("esc")
            self.console.look(0.2)  # an Esc is one only after a silence

    def sees_panel(self, seconds: float) -> bool:
        """Whether the panel comes to the screen, where there is a console at all."""
        end = time.monotonic() + seconds
        while self.console is not None and not self.panel_open and time.monotonic() < end:
            self.console.look(0.05)
        return self.console is None or self.panel_open

    @property
    def panel_open(self) -> bool:
        """Whether the kill panel stands on the screen."""
        return self.console is not None and "Further, in two steps" in self.console.text

    def latched_since(self, moment: int, patience: float = PATIENCE_S) -> float | None:
        """Milliseconds from `moment` (wall ns) until the latch held a pull made after it."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            record = self.latch.read()
            if record is not None and max(record.at, record.repeated_at) >= moment:
                return (time.time_ns() - moment) / 1e6
            time.sleep(0.001)
        return None

    def level(self) -> str:
        """What is latched; empty: nothing."""
        record = self.latch.read()
        return record.level.value if record is not None else ""

    def halt(self) -> None:
        """A halt by the kill socket, and the panel that opens on it."""
        pull_kill(sockets(self.home)[1], KillRequest("halt", "matrix", "", time.time_ns()))
        self.open()
        assert self.sees_panel(PATIENCE_S), "no panel opened on a halt by the kill socket"
        self.open().look(0.3)

    def release(self) -> None:
        """Resume, in its two steps, until the latch is gone."""
        if not self.latch.is_set:
            return
        link = SocketLink(sockets(self.home)[0], 0.0)
        link.start()
        try:
            end = time.monotonic() + 10.0
            while self.latch.is_set and time.monotonic() < end:
                for confirmed in (False, True):
                    link.ask(Resume("matrix", confirmed), "matrix")
                time.sleep(0.02)
        finally:
            link.close()
        assert not self.latch.is_set, "the latch could not be released"

    def midas(self, *arguments: str) -> None:
        """A command in another shell, to its end."""
        subprocess.run(
            [sys.executable, "-m", "midas", *arguments], cwd=REPOSITORY, env=self.environ, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip

    def forget_console(self) -> None:
        """kill -9, and away with it."""
        if self.console is not None:
            self.console.close()
            self.console = None

    def close(self) -> None:
        """Leave no process behind."""
        self.forget_console()
        if self.real:
            self.midas("stop", "--exchange")
        self.engine.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.engine.wait(10)
        if self.engine.poll() is None:
            self.engine.send_signal(signal.SIGKILL)
            self.engine.wait()

    def _answers(self) -> bool:
        assert self.engine.poll() is None, "the engine has ended at its start"
        with contextlib.suppress(MidasError):
            running(self.home)
            return sockets(self.home)[1].exists()
        return False
