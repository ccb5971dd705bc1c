"""How the running engine of a home is found."""

from __future__ import annotations

from pathlib import Path

import msgspec

from midas.errors import NotRunning
from midas.store.lock import InstanceLock

LOCK = "engine.lock"
RUN_FILE = "engine.json"
ENGINE_LOG = "engine.log"  # what a detached engine and its supervisor print


class EngineFile(msgspec.Struct, frozen=True):
    """How a running engine is found."""

    pid: int
    session: str
    started_at: int


def running(home: Path) -> EngineFile:
    """The engine of a home. Raises NotRunning."""
    # The lock goes with its process, however that ends; the file alone may be a crash's, its number reused.
    if InstanceLock(home / LOCK).held():
        try:
            return msgspec.json.decode((home / RUN_FILE).read_bytes(), type=EngineFile)
        except (OSError, msgspec.MsgspecError):
            raise NotRunning(f"the engine of {home} is starting or ending; try again in a moment") from None
    raise NotRunning(f"no engine runs in {home}; `midas` or `midas --no-ui` starts one")
