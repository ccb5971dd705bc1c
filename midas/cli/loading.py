"""Ctrl+C while modules are loaded.

A KeyboardInterrupt in the middle of an import may be swallowed by what is imported, and come back as an error
of a half-loaded module. Nothing has begun by then, so that the process may simply end.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130  # what a shell expects of a program ended by Ctrl+C
_ERASE = b"\r\x1b[K"


@contextmanager
def ended_by_ctrl_c() -> Iterator[None]:
    """In this block Ctrl+C ends the process at once; who is deaf to it stays so."""
    plain = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not plain or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(_number: int, _frame: object) -> None:
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), _ERASE)  # of what is shown meanwhile
    os._exit(INTERRUPTED)
