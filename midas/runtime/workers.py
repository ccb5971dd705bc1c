"""Processes that share one long computation, and end with the one that asked for it."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.pool import Pool
from typing import Literal


def pool_of(
    processes: int, prepare: Callable[[], None] | None = None, start: Literal["spawn", "fork"] = "spawn"
) -> Pool:
    """So many processes, each of which runs `prepare` first; leaving its block ends them.

    `spawn` makes fresh ones; `fork` copies of this one, with all that it has loaded, where it has no threads
    whose locks they could miss. Ctrl+C is for this process alone: they are born deaf to it, or each would
    print a traceback of its own.
    """
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return multiprocessing.get_context(start).Pool(processes, prepare)
    finally:
        signal.signal(signal.SIGINT, before)
