"""What the console asks of its connection to the engine. No method ever blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from midas.domain.command import Answer, Command
from midas.state.snapshot import Snapshot


class LinkClient(Protocol):
    """One connection to a running engine: newest snapshot in, commands out."""

    @property
    def connected(self) -> bool:
        """False once the engine closed the connection; the console then connects anew."""
        ...

    def latest(self) -> Snapshot | None:
        """The newest snapshot received, None before the first."""
        ...

    def age_ns(self) -> int:
        """Wall nanoseconds since the last frame arrived."""
        ...

    def submit(self, command: Command, actor: str) -> str:
        """Send a command and return its id at once; the answer comes through `answers`."""
        ...

    def answers(self) -> list[Answer]:
        """The answers that arrived since the last call."""
        ...

    def close(self) -> None:
        """Leave; the engine runs on."""
        ...


Connect = Callable[[], LinkClient]  # raises LinkError or OSError while no engine answers
Kill = Callable[[str], None]  # sends HALT over a socket of its own; the argument says who
Clock = Callable[[], int]  # wall nanoseconds
