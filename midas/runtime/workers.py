"""Processes that share one long computation, and end with the one that asked for it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing.pool import Pool
from typing import Literal


def pool_of(
    processes: int, prepare: Callable[[], None] | None = None, start: Literal["spawn", "fork"] = "spawn"
) -> Pool:
    """So many processes, each of which runs `prepare` first; leaving its block ends them.

    `spawn` makes fresh ones; `fork` copies of this one, with all that it has loaded, where it has no threads
    whose locks they could miss. Ctrl+C is for this process alone: they are born deaf to it, or each would
    print a traceback of its own. Where this process is killed they end at once, whatever they are at.
    """
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return multiprocessing.get_context(start).Pool(processes, partial(_begin, prepare))
    finally:
        signal.signal(signal.SIGINT, before)


def _begin(prepare: Callable[[], None] | None) -> None:
    """In a worker, once."""
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    if prepare is not None:
        prepare()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "expected to be a worker"
    parent.join()
    os._exit(1)  # its result is for nobody, and telling so would be a traceback on somebody's terminal
