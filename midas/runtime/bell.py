"""SIGQUIT as a halt, whatever the event loop does: a handler that only rings, and a thread that hears it.

Python runs a signal's handler between two bytecodes of the main thread, where it may hold any lock; so
the handler writes one byte into a pipe and no more.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from threading import Thread


@contextlib.contextmanager
def rings(number: signal.Signals, call: Callable[[], None]) -> Iterator[None]:
    """While inside, the signal has `call` called on a thread of its own. Main thread only."""
    hears, rings_at = os.pipe()
    os.set_blocking(rings_at, False)

    def ring(*_: object) -> None:
        with contextlib.suppress(BlockingIOError):  # it rings already
            os.write(rings_at, b"!")

    def listen() -> None:
        while os.read(hears, 4096):
            call()

    listener = Thread(target=listen, name="bell", daemon=True)
    listener.start()
    before = signal.signal(number, ring)
    try:
        yield
    finally:
        signal.signal(number, before)
        os.close(rings_at)
        listener.join()
        os.close(hears)
