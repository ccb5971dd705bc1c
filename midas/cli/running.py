"""How the running engine of a home is found."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from midas import __version__
from midas.errors import ConfigInvalid, NotRunning
from midas.store.lock import InstanceLock

LOCK = "engine.lock"
RUN_FILE = "engine.json"
ENGINE_LOG = "engine.log"  # what a detached engine and its supervisor print


FORMAT = 1


class EngineFile(msgspec.Struct, frozen=True):
    """How a running engine is found."""

    pid: int
    session: str
    started_at: int
    format: int = 1  # of this file
    version: str = ""  # of the midas that runs


def running(home: Path) -> EngineFile:
    """The engine of a home. Raises NotRunning."""
    # The lock goes with its process, however that ends; the file alone may be a crash's, its number reused.
    try:
        lock = InstanceLock(home / LOCK)
        held = lock.held()
    except OSError as error:
        raise NotRunning(f"{home} can't be looked into: {error.strerror}; is it a folder of yours?") from None
    if held:
        try:
            found = msgspec.json.decode((home / RUN_FILE).read_bytes(), type=EngineFile)
            if found.format > FORMAT:
                raise NotRunning(
                    f"the engine of {home}, process {found.pid}, is midas {found.version}, whose run file "
                    f"{__version__} can't read: use that one, or `midas stop` and start again"
                )
            if lock.owner() in (found.pid, None):
                return found
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            pass
        # Also where the file is that of an engine which crashed, and its successor has only the lock as yet.
        raise NotRunning(f"the engine of {home} is starting or ending; try again in a moment")
    raise NotRunning(f"no engine runs in {home}; `midas` or `midas --no-ui` starts one")


def make_home(home: Path) -> None:
    """The home, made where it is missing. Raises ConfigInvalid where it can't be written."""
    if not made(home):
        raise ConfigInvalid(f"MIDAS_HOME: {home} can't be written; name a folder of yours")


def made(folder: Path) -> bool:
    """Make the folder where it is missing; whether we can write in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        return False
