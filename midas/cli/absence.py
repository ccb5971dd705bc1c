"""What is said where no engine runs: how the last one ended, and whether it comes back."""

from __future__ import annotations

import time
from pathlib import Path

from midas.cli.fate import read_fate
from midas.cli.supervision import supervisor
from midas.domain.time import SECOND, clock_text
from midas.errors import NotRunning
from midas.store.latch import LATCH, KillLatch


def absent(home: Path, error: NotRunning) -> str:
    """The error's own sentence, and what is known besides: how the last one ended, what halts the next."""
    return f"{_gone(home, error)}{_halted(home)}"


def _gone(home: Path, error: NotRunning) -> str:
    fate, waiting = read_fate(home), supervisor(home)
    if waiting is not None and waiting.next_at:
        left = max(0, waiting.next_at - time.time_ns())
        how = fate.sentence if fate is not None else "?"
        return f"the engine ended ({how}); its supervisor, process {waiting.pid}, restarts it in {span(left)}"
    if fate is None or not fate.ended_at:
        return str(error)
    how = fate.why if fate.wanted else fate.sentence
    return f"{error}; the last one ended {span(time.time_ns() - fate.ended_at)} ago ({how})"


def _halted(home: Path) -> str:
    record = KillLatch(home / LATCH).read()
    if record is None:
        return ""
    why = f" ({record.reason})" if record.reason else ""
    return (
        f". HALTED, level {record.level.value}, by {record.by} at {clock_text(record.at)} UTC{why}: "
        "an engine starts at that level and shows what is open; then `midas resume REASON` reviews it, "
        "and with --confirm releases it"
    )


def span(nanoseconds: int) -> str:
    """`0.4 s`, `12 s`, `5 min`, `3 h 4 min`."""
    seconds = max(0, nanoseconds) / SECOND
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
