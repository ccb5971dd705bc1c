"""The guard beside a supervised engine: started once the engine had time to come up, and kept running."""

from __future__ import annotations

import subprocess
import sys
import time
from argparse import Namespace
from contextlib import suppress
from pathlib import Path

from midas.errors import UsageError

COMMAND = (sys.executable, "-m", "midas", "guard", "--supervised")
AFTER_S = 5.0  # the start of an engine needs the processors for itself
ENDING_S = 3.0
DEATHS_MAX = 5


def guard_command(args: Namespace) -> tuple[str, ...]:
    """Of a guard that reads the same configuration as the engine, keys and environment included."""
    profile = ("--profile", args.profile) if args.profile else ()
    return (*COMMAND, *profile, *(("--live",) if args.live else ()))


class GuardKeeper:
    """One guard; `tend` whenever anything happens, and once `due_s` is over."""

    def __init__(self, log: Path, command: tuple[str, ...] = COMMAND, after_s: float = AFTER_S) -> None:
        self._log = log
        self._command = command
        self._after_s = after_s
        self._due = time.monotonic() + after_s
        self._child: subprocess.Popen[bytes] | None = None
        self._deaths = 0
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
        return max(0.0, self._due - time.monotonic())

    def tend(self) -> None:
        """Start it where it is due; one that died is started again, one that ended by itself isn't."""
        code = self._child.poll() if self._child is not None else None
        if code is not None:
            self._child, self._due = None, time.monotonic() + self._after_s
            self._deaths += 1
            self._wanted = code not in (0, UsageError.exit_code) and self._deaths < DEATHS_MAX
        if self.due_s == 0.0:
            with self._log.open("ab") as output:
                self._child = subprocess.Popen(
                    self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                    start_new_session=True,
                )  # fmt: skip

    def end(self) -> None:
        """Ask it to end; one that is acting finishes that first, on its own."""
        self._wanted = False
        if self._child is None:
            return
        self._child.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(ENDING_S)
