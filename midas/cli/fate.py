"""How the engine of a home ended, or that it hasn't: one small file, written by whoever knows it first."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from midas.domain.unreadable import UNREADABLE
from midas.store.durable import write_durably

FATE_FILE = "engine.fate.json"


class Fate(msgspec.Struct, frozen=True):
    """What became of one engine process."""

    pid: int
    up_at: int  # wall nanoseconds since which it trades; 0: it never came up
    ended_at: int = 0  # 0: it runs, or nobody saw it end
    code: int = 0  # exit code; negative: the signal that ended it
    why: str = ""  # one sentence
    wanted: bool = False  # a person, its duration or its recording asked for the end

    @property
    def sentence(self) -> str:
        """`exit 1: the engine failed at ...`, `killed (SIGKILL)`."""
        if not self.ended_at:
            return "without a word: killed, or the machine stopped"
        if self.code < 0:
            return signalled(self.code)
        return f"exit {self.code}: {self.why}" if self.why else f"exit {self.code}"


def signalled(code: int) -> str:
    """A negative exit code in words."""
    try:
        return f"killed ({signal.Signals(-code).name})"
    except ValueError:
        return f"killed (signal {-code})"


def read_fate(home: Path) -> Fate | None:
    """The newest engine's; None where none ever ran, or the file can't be read."""
    try:
        return msgspec.json.decode((home / FATE_FILE).read_bytes(), type=Fate)
    except (OSError, *UNREADABLE):
        return None


def write_fate(home: Path, fate: Fate) -> None:
    """Keep it; a disk that refuses must not end an engine."""
    with suppress(OSError):
        write_durably(home / FATE_FILE, msgspec.json.encode(fate))


class Telling:
    """An engine's own account of itself while it runs."""

    def __init__(self, home: Path, pid: int) -> None:
        self._home = home
        self._fate = Fate(pid, 0)

    def up(self) -> None:
        """It trades."""
        self._tell(up_at=time.time_ns())

    def asked(self, why: str) -> None:
        """Somebody wants it to end: whatever happens from here on, it isn't started again."""
        self._tell(why=why, wanted=True)

    def closed(self, code: int, why: str) -> None:
        """It came to an orderly end, which somebody or something asked for."""
        self._tell(ended_at=time.time_ns(), code=code, why=why, wanted=True)

    def failed(self, code: int, why: str) -> None:
        """Its last word before it breaks off."""
        self._tell(ended_at=time.time_ns(), code=code, why=why)

    def _tell(self, **changed: object) -> None:
        self._fate = msgspec.structs.replace(self._fate, **changed)
        write_fate(self._home, self._fate)
