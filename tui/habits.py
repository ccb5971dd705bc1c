"""What the person has set for this console (`[console]` of the configuration)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Habits(NamedTuple):
    """Looks and keys; nothing of it reaches the engine."""

    palette: str = "western"
    theme: str = "dark"
    link: str = "auto"  # lan, slow, auto: how much the line to the terminal carries
    keys: Mapping[str, str] = {}  # action -> key, where somebody has moved one
    exports: Path | None = None  # where files for the person go
    newcomer: bool = False  # nobody has used a console in this home yet
