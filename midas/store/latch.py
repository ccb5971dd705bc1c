"""The kill latch: a file that, while it exists, forbids new risk - across crashes and restarts.

Existence is the state and the content only explains it, so every failure is on the safe side: a file
that can't be read is a set latch. What was tripped and released, by whom and why, stays in a second
file beside it, one line each.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from midas.domain.mode import KillLevel
from midas.errors import StoreFull
from midas.store.durable import append_durably, read, remove_durably, sync_directory, write_durably

LATCH = "kill.latch"  # in the home
_LEVELS = list(KillLevel)


class LatchRecord(msgspec.Struct, frozen=True):
    """Why the latch is set."""

    level: KillLevel
    by: str
    reason: str
    at: int


class LatchLine(msgspec.Struct, frozen=True):
    """One line of the latch's history."""

    act: str  # tripped or released
    by: str
    reason: str
    at: int
    level: KillLevel | None = None


class KillLatch:
    """The latch at `path`; its history lies in `path` + `.history`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._history = path.with_name(path.name + ".history")

    @property
    def is_set(self) -> bool:
        """True while the latch is set, or while it can't be known: one question to the system."""
        try:
            os.stat(self._path)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return True

    def trip(self, level: KillLevel, by: str, reason: str, at: int) -> LatchRecord:
        """Set the latch; on return it is on the disk. A set latch only ever rises to a higher level."""
        standing = self.read()
        record = LatchRecord(level, by, reason, at)
        if standing is None:
            # Cancels wait for this: one durable write, and the history gets its line at the release.
            self._set(record)
            return record
        if _LEVELS.index(standing.level) >= _LEVELS.index(level):
            standing, record = record, standing
        else:
            self._set(record)
        self._note(_line("tripped", standing))
        return record

    def read(self) -> LatchRecord | None:
        """Why the latch is set; None when it isn't."""
        try:
            content = read(self._path)
            return None if content is None else msgspec.json.decode(content, type=LatchRecord)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            return LatchRecord(
                KillLevel.HALT,
                by="midas",
                reason=f"The kill latch {self._path} exists but can't be read ({error}): it counts as set; "
                "check the account, then `midas resume`.",
                at=0,
            )

    def release(self, by: str, reason: str, at: int) -> None:
        """Clear the latch; who and why is on the disk before the latch is gone."""
        standing = self.read()
        if standing is not None:
            self._note(_line("tripped", standing))
            self._note(LatchLine("released", by, reason, at, standing.level))
            remove_durably(self._path)

    def history(self) -> list[LatchLine]:
        """Every trip and release before the one that stands now, oldest first."""
        lines = []
        for line in (read(self._history) or b"").splitlines():
            try:
                lines.append(msgspec.json.decode(line, type=LatchLine))
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # a line torn by a crash; the latch doesn't depend on it
        return lines

    def _set(self, record: LatchRecord) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write_durably(self._path, msgspec.json.encode(record))
        except OSError:
            # A full disk often still takes a name without content, and the name is the latch.
            self._set_bare()

    def _set_bare(self) -> None:
        try:
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600))
            sync_directory(self._path.parent)
        except OSError as error:
            raise StoreFull(f"The kill latch {self._path} can't be written: {error}.") from error

    def _note(self, line: LatchLine) -> None:
        try:
            append_durably(self._history, msgspec.json.encode(line))
        except OSError as error:
            raise StoreFull(f"The history of the kill latch can't be written: {error}.") from error


def _line(act: str, record: LatchRecord) -> LatchLine:
    return LatchLine(act, record.by, record.reason, record.at, record.level)
