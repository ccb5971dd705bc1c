"""A real pseudo-terminal around the console of `tests.fakes.console_demo`."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


class Terminal:
    """Types into the console, reads what it draws (or refuses to), and knows whether it lives."""

    def __init__(self, log: Path, columns: int = 120, rows: int = 40, **environment: str) -> None:
        self.log = log
        self.code: int | None = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(REPOSITORY)
            os.environ.update(
                {"TERM": "xterm-256color", "COLORTERM": "truecolor", "MIDAS_DEMO_LOG": str(log)}
            )
            os.environ.update(environment)
            os.execv(sys.executable, [sys.executable, "-m", "tests.fakes.console_demo"])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds: float, until: str = "") -> str:
        """What arrives in that time, or up to `until`."""
        end = time.monotonic() + seconds
        data = b""
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([self.fd], [], [], min(left, 0.05))
            if ready:
                try:
                    data += os.read(self.fd, 65536)
                except OSError:
                    break
            if until and until.encode() in data:
                break
        return data.decode(errors="replace")

    def start(self) -> None:
        """Wait for the first full screen."""
        seen = self.read(60, "HALT")
        assert "HALT" in seen, seen[-400:]
        self.read(1.0)

    def type(self, data: bytes) -> None:
        """Send keys."""
        os.write(self.fd, data)

    def lines(self, word: str) -> list[str]:
        """The lines of the console's own log that hold the word."""
        text = self.log.read_text() if self.log.exists() else ""
        return [line for line in text.splitlines() if word in line]

    def wait_for(self, word: str, seconds: float = 30.0) -> list[str]:
        """Keep reading the screen until the log holds the word."""
        end = time.monotonic() + seconds
        while not (found := self.lines(word)) and time.monotonic() < end:
            self.read(0.05)
        return found

    def hang_up(self) -> None:
        """Close the terminal."""
        os.close(self.fd)
        self.fd = -1

    def ended(self, seconds: float = 30.0) -> bool:
        """Whether the console ends in that time."""
        end = time.monotonic() + seconds
        while self.code is None and time.monotonic() < end:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.code = os.waitstatus_to_exitcode(status)
            elif self.fd >= 0:
                self.read(0.05)
            else:
                time.sleep(0.05)
        return self.code is not None

    def close(self) -> None:
        """Leave nothing behind."""
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self.fd >= 0:
            os.close(self.fd)
