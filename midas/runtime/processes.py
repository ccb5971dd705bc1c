"""What the processes of this desk take of the machine, read from /proc where there is one."""

from __future__ import annotations

import os
from pathlib import Path

from midas.domain.time import SECOND
from midas.state.views.health import ProcessView

PROC = Path("/proc")
NAN = float("nan")
# Fields of /proc/PID/stat after the name in brackets, which may hold blanks.
USER, SYSTEM, BEGAN, PAGES = 11, 12, 19, 21


class ProcessMeter:
    """Remembers the last reading of each process: its share of a core since then."""

    def __init__(self, proc: Path = PROC) -> None:
        self._proc = proc
        self._hertz = os.sysconf("SC_CLK_TCK")
        self._page_mb = os.sysconf("SC_PAGE_SIZE") / 2**20
        self._booted_at = self._boot()
        self._before: dict[int, tuple[int, int]] = {}

    def sample(self, pids: dict[str, int], now: int) -> tuple[ProcessView, ...]:
        """Each that runs; a process that is gone, or a machine without /proc, gives nothing."""
        views, seen = [], {}
        for name, pid in pids.items():
            fields = self._fields(pid)
            if fields is None:
                continue
            ticks = int(fields[USER]) + int(fields[SYSTEM])
            before_at, before = self._before.get(pid, (0, 0))
            span = (now - before_at) / SECOND
            cpu = (ticks - before) / self._hertz / span * 100.0 if before_at and span > 0 else NAN
            seen[pid] = now, ticks
            began = self._booted_at + int(fields[BEGAN]) * SECOND // self._hertz
            views.append(ProcessView(name, pid, cpu, int(fields[PAGES]) * self._page_mb, began))
        self._before = seen
        return tuple(views)

    def _fields(self, pid: int) -> list[str] | None:
        try:
            return (self._proc / str(pid) / "stat").read_text().rpartition(") ")[2].split()
        except OSError:
            return None

    def _boot(self) -> int:
        """Wall nanoseconds."""
        try:
            lines = (self._proc / "stat").read_text().splitlines()
        except OSError:
            return 0
        return next((int(line.split()[1]) * SECOND for line in lines if line.startswith("btime")), 0)
