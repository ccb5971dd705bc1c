"""The guard beside a supervised engine: started once the engine had time to come up, and kept running."""

from __future__ import annotations

import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from midas.errors import UsageError

COMMAND = (sys.executable, "-m", "midas", "guard", "--supervised")
AFTER_S = 5.0  # the start of an engine needs the processors for itself
ENDING_S = 3.0
PAUSE_MAX_S = 300.0
LIVED_S = 600.0  # one that lasted so long was well: its end starts a new row of pauses


def guard_command(args: Namespace) -> tuple[str, ...]:
    """Of a guard that reads the same configuration as the engine, keys and environment included."""
    profile = ("--profile", args.profile) if args.profile else ()
    return (*COMMAND, *profile, *(("--live",) if args.live else ()))


class GuardKeeper:
    """One guard; `tend` whenever anything happens, and once `due_s` is over."""

    def __init__(
        self, log: Path, command: tuple[str, ...] = COMMAND, after_s: float = AFTER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._log = log
        self._command = command
        self._after_s = after_s
        self._clock = clock
        self._due = clock() + after_s
        self._child: subprocess.Popen[bytes] | None = None
        self._pause_s = after_s
        self._began = 0.0
        self._wanted = True

    @property
    def runs(self) -> bool:
        """Whether it does now."""
        return self._child is not None and self._child.poll() is None

    @property
    def due_s(self) -> float | None:
        """Seconds until it has to be started; None while it runs, or isn't wanted."""
        if self._child is not None or not self._wanted:
            return None
        return max(0.0, self._due - self._clock())

    def tend(self) -> None:
        """Start it where it is due; one that died is started again, one that ended by itself isn't.

        Ever more seldom, but for as long as there is an engine: what kills guards may pass.
        """
        code = self._child.poll() if self._child is not None else None
        if code is not None:
            lived = self._clock() - self._began
            self._pause_s = self._after_s if lived > LIVED_S else self._pause_s
            self._child = None
            self._postpone()
            self._wanted = self._wanted and code not in (0, UsageError.exit_code)
        if self.due_s == 0.0:
            self._began = self._clock()
            try:
                self._child = self._started()
            except OSError:  # no room for its log, or no process to be had
                self._postpone()

    def _started(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as output:
            return subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    def _postpone(self) -> None:
        self._due = self._clock() + self._pause_s
        self._pause_s = min(PAUSE_MAX_S, self._pause_s * 2)

    def end(self) -> None:
        """Ask it to end; one that is acting finishes that first, on its own."""
        self._wanted = False
        if self._child is None:
            return
        self._child.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(ENDING_S)
