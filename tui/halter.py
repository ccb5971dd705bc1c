"""The kill chord: the first press does the safe thing at once, whichever thread it arrives on."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from midas.errors import MidasError
from tui.link_port import Kill

REPEAT_NS = 300_000_000  # a held key sends once


class Halter:
    """Sends HALT and remembers how that went."""

    def __init__(self, kill: Kill, clock: Callable[[], int]) -> None:
        self._kill = kill
        self._clock = clock
        self._lock = Lock()
        self.pressed_at = 0
        self.failure = ""

    def press(self, actor: str) -> bool:
        """Send HALT unless it was just sent; True when the engine's kill socket took it."""
        with self._lock:
            now = self._clock()
            if not self.failure and self.pressed_at and now - self.pressed_at < REPEAT_NS:
                return True
            self.pressed_at = now
            try:
                self._kill(actor)
            except (MidasError, OSError) as error:
                self.failure = str(error) or type(error).__name__
                return False
            self.failure = ""
            return True
