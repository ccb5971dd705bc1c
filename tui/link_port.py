"""What the console is handed by whoever starts it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from midas.domain.mode import KillOutcome
from midas.runtime.link import Link
from midas.runtime.whereabouts import Whereabouts


class LinkClient(Link, Protocol):
    """A link that connects anew by itself until it is closed."""

    def pace(self, hz: float) -> None:
        """From now on at most `hz` pictures a second."""

    def close(self) -> None:
        """Leave; the engine runs on."""


class Watchdog(Protocol):
    """Knows which processes of this desk live; asking it never waits."""

    def look(self) -> Whereabouts:
        """What was found last, at most a second ago."""

    def start(self) -> None:
        """Begin to start an engine that has ended; what comes of it is seen by looking."""


Connect = Callable[[], LinkClient]  # raises NotRunning where no engine listens
Kill = Callable[[str, str], KillOutcome]  # level, who: over a socket of its own; may take a second
Clock = Callable[[], int]  # nanoseconds
