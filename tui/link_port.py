"""What the console is handed by whoever starts it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from midas.runtime.link import Link


class LinkClient(Link, Protocol):
    """A link that connects anew by itself until it is closed."""

    def close(self) -> None:
        """Leave; the engine runs on."""


Connect = Callable[[], LinkClient]  # raises NotRunning where no engine listens
Kill = Callable[[str], None]  # sends HALT over a socket of its own; the argument says who
Clock = Callable[[], int]  # wall nanoseconds
