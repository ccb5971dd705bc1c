"""The console over a small living engine in memory: `python -m tests.fakes.console_demo`.

With MIDAS_DEMO_LOG it writes kills, commands and the gaps of its event loop there, for the tests that
run it on a real pseudo-terminal.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from midas.domain.command import Command
from midas.domain.mode import KillOutcome
from midas.state.snapshot import Snapshot
from tests.fakes.link import LivingLink
from tui.app import run


class WatchedLink(LivingLink):
    """Notes what reaches it and how regularly the console's loop comes by (it pulls eight times a second)."""

    def __init__(self, log: Path) -> None:
        super().__init__(time.time_ns)
        self._log = log
        self._seen = 0.0
        self._gap = 0.0

    def note(self, text: str) -> None:
        """A line in the log."""
        with self._log.open("a") as file:
            file.write(f"{time.monotonic():.4f} {text}\n")

    def latest(self) -> Snapshot:
        """A pull; a gap longer than every one before is noted."""
        now = time.monotonic()
        if self._seen and now - self._seen > self._gap:
            self._gap = now - self._seen
            self.note(f"gap {self._gap:.3f}")
        self._seen = now
        return super().latest()

    def submit(self, command: Command, actor: str) -> str:
        """A command."""
        self.note(f"command {type(command).__name__}")
        return super().submit(command, actor)

    def pull(self, level: str, actor: str) -> KillOutcome:
        """The kill socket."""
        self.note(f"kill {level} {actor}")
        return super().pull(level, actor)


def main() -> int:
    """Run until the person leaves."""
    log = os.environ.get("MIDAS_DEMO_LOG")
    link = WatchedLink(Path(log)) if log else LivingLink(time.time_ns)
    code = run(lambda: link, link.pull)
    if isinstance(link, WatchedLink):
        link.note(f"left {code}")
    return code


if __name__ == "__main__":
    sys.exit(main())
