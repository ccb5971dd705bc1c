"""What the console is handed by whoever starts it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from midas.domain.mode import KillOutcome
from midas.reports.shelf import Shelf
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


class Archive(Protocol):
    """Knows the kept back-tests of this home; asking it never waits."""

    def look(self, wanted: Sequence[str]) -> Shelf:
        """What was found last; `wanted` are the sheets to have."""


Connect = Callable[[], LinkClient]  # raises NotRunning where no engine listens
Kill = Callable[[str, str], KillOutcome]  # level, who: over a socket of its own; may take a second
Clock = Callable[[], int]  # nanoseconds
