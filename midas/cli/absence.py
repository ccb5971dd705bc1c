"""What is said where no engine runs: how the last one ended, and whether it comes back."""

from __future__ import annotations

import time
from pathlib import Path

from midas.cli.fate import read_fate
from midas.cli.supervision import supervisor
from midas.domain.time import SECOND
from midas.errors import NotRunning


def absent(home: Path, error: NotRunning) -> str:
    """The error's own sentence, and what is known besides."""
    fate, waiting = read_fate(home), supervisor(home)
    if waiting is not None and waiting.next_at:
        left = max(0, waiting.next_at - time.time_ns())
        how = fate.sentence if fate is not None else "?"
        return f"the engine ended ({how}); its supervisor, process {waiting.pid}, restarts it in {span(left)}"
    if fate is None or not fate.ended_at:
        return str(error)
    how = fate.why if fate.wanted else fate.sentence
    return f"{error}; the last one ended {span(time.time_ns() - fate.ended_at)} ago ({how})"


def span(nanoseconds: int) -> str:
    """`0.4 s`, `12 s`, `5 min`, `3 h 4 min`."""
    seconds = max(0, nanoseconds) / SECOND
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
