"""The frame guard: a terminal that stops reading must not stop the console.

Textual writes through a thread behind a queue of 30 writes; when it is full, the next write blocks the
event loop (measured: 7.8 s for a terminal unread for 8 s). So a frame is skipped while writes are
waiting, and the whole screen is painted once when they have drained. This leans on private names of
Textual 8.2.8 (`App._display`, `Driver._writer_thread`); a test stalls a real pty.
"""

from __future__ import annotations

from textual.drivers._writer_thread import WriterThread

WAITING_MAX = 6  # a frame is up to three writes


class FrameGuard:
    """Counts what waits for the terminal and decides whether to paint."""

    def __init__(self) -> None:
        self.dropped = 0
        self.painted = 0
        self._behind = False

    def admits(self, writer: WriterThread | None) -> bool:
        """Whether a frame may be written now; a refused frame leaves the screen behind."""
        if writer is not None and writer._queue.qsize() > WAITING_MAX:
            self.dropped += 1
            self._behind = True
            return False
        self.painted += 1
        return True

    def catches_up(self, writer: WriterThread | None) -> bool:
        """True once, when the terminal reads again after frames were dropped: paint everything."""
        if self._behind and (writer is None or writer._queue.qsize() == 0):
            self._behind = False
            return True
        return False
