"""`midas attach` whose event loop notes its longest gap: `python -m tests.e2e.probed_console FILE`.

The probe rides on the loop itself, five milliseconds a beat; whatever stops the loop stops the probe. Each
SIGUSR2 writes the longest gap since the last one (ms) into FILE.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path

from midas.cli import main

BEAT_S = 0.005


class Probe(asyncio.DefaultEventLoopPolicy):
    """Makes loops with a heartbeat."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        self._last = 0.0
        self._longest = 0.0

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """A loop that beats."""
        loop = super().new_event_loop()
        self._last = time.monotonic()
        loop.call_later(BEAT_S, self._beat, loop)
        return loop

    def write(self, *_: object) -> None:
        """The longest gap so far, the one that still lasts included."""
        longest = max(self._longest, time.monotonic() - self._last)
        self._longest = 0.0
        self._file.write_text(f"{1000 * longest:.1f}")

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.monotonic()
        self._longest = max(self._longest, now - self._last)
        self._last = now
        loop.call_later(BEAT_S, self._beat, loop)


if __name__ == "__main__":
    probe = Probe(Path(sys.argv[1]))
    asyncio.set_event_loop_policy(probe)
    signal.signal(signal.SIGUSR2, probe.write)
    sys.exit(main(["attach"]))
