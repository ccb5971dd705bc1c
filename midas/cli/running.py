"""How the running engine of a home is found."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from midas.errors import NotRunning

LOCK = "engine.lock"
RUN_FILE = "engine.json"


class EngineFile(msgspec.Struct, frozen=True):
    """How a running engine is found."""

    pid: int
    session: str
    started_at: int


def running(home: Path) -> EngineFile:
    """The engine of a home. Raises NotRunning."""
    try:
        found = msgspec.json.decode((home / RUN_FILE).read_bytes(), type=EngineFile)
        os.kill(found.pid, 0)
    except (OSError, msgspec.MsgspecError):
        raise NotRunning(f"no engine runs in {home}; `midas` or `midas --no-ui` starts one") from None
    return found
