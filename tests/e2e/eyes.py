"""A program in a real pseudo-terminal, and what a person would see of it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pyte

REPOSITORY = Path(__file__).resolve().parents[2]
KEYS = {
    "enter": b"\r", "esc": b"\x1b", "tab": b"\t", "s-tab": b"\x1b[Z", "space": b" ", "bksp": b"\x7f",
    "up": b"\x1b[A", "down": b"\x1b[B", "right": b"\x1b[C", "left": b"\x1b[D", "s-down": b"\x1b[1;2B",
    "home": b"\x1b[H",
    "f2": b"\x1bOQ", "f5": b"\x1b[15~", "f6": b"\x1b[17~", "f7": b"\x1b[18~", "f8": b"\x1b[19~",
    "f9": b"\x1b[20~", "f12": b"\x1b[24~", "chord": b"\x1c", "c-q": b"\x11", "c-l": b"\x0c", "c-p": b"\x10",
}  # fmt: skip


class Eyes:
    """Types like a person: one key at a time, with a look at the screen in between."""

    def __init__(self, command: list[str], size: tuple[int, int], home: Path, workspace: Path) -> None:
        columns, rows = size
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.code: int | None = None
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.chdir(workspace)
            os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor", "MIDAS_HOME": str(home)})
            os.environ["PYTHONPATH"] = str(REPOSITORY)  # as for every other process of a test
            # Not execv: a readline in this process has put its own COLUMNS past `os.environ`.
            kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
            os.execve(sys.executable, [sys.executable, *command], kept)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def fd(self) -> int:
        """The terminal, for bytes that are no key."""
        return self._fd

    @property
    def rows(self) -> list[str]:
        """The screen as it stands."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        """The screen in one string."""
        return "\n".join(self.rows)

    def look(self, seconds: float) -> None:
        """Read what arrives in that time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self._fd], [], [], left)[0]:
                continue
            try:
                data = os.read(self._fd, 65_536)
            except OSError as error:
                if error.errno == errno.EIO:
                    return
                raise
            if not data:
                return
            self._stream.feed(data)

    def until(self, wanted: str | Callable[[str], bool], seconds: float = 60.0) -> None:
        """Look until the text stands on the screen; fails with the screen where it doesn't come."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look(0.05)
            if wanted in self.text if isinstance(wanted, str) else wanted(self.text):
                return
        raise AssertionError(f"waited {seconds:.0f} s for {wanted!r}; the screen:\n{self.text}")

    def gone(self, text: str, seconds: float = 60.0) -> None:
        """Look until the text has left the screen."""
        self.until(lambda screen: text not in screen, seconds)

    def key(self, *keys: str) -> None:
        """Press keys by name, or single letters."""
        for key in keys:
            os.write(self._fd, KEYS.get(key, key.encode()))
            # A key right behind Esc would be Alt and that key.
            self.look(0.3 if key == "esc" else 0.06)

    def type(self, text: str) -> None:
        """Type a word, letter by letter."""
        self.key(*text)

    def ended(self, seconds: float = 30.0) -> int:
        """The exit code of the program, which must end in that time."""
        end = time.monotonic() + seconds
        while self.code is None and time.monotonic() < end:
            self.look(0.05)
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.code = os.waitstatus_to_exitcode(status)
        self.look(1.0)  # its last words, which may wait in the terminal yet; ends with them
        assert self.code is not None, f"still running after {seconds:.0f} s; the screen:\n{self.text}"
        return self.code

    def close(self) -> None:
        """Leave nothing behind."""
        if self.code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)
