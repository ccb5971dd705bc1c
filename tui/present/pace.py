"""How the screen itself does."""

from __future__ import annotations

from typing import NamedTuple


class Pace(NamedTuple):
    """What the console knows of its own work."""

    fps: float
    dropped: int  # frames not painted because the terminal did not read
    bytes_per_second: float = 0.0  # written to the terminal
    profile: str = ""  # lan, slow; what an automatic choice has come to
