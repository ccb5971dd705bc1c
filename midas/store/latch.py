"""The kill latch: a file that, while it exists, forbids new risk - across crashes and restarts.

Existence is the state and the content only explains it, so every failure is on the safe side: a file
that can't be read is a set latch. What was tripped and released, by whom and why, stays in a second
file beside it, one line each. Whoever changes it takes a lock first, so that no release crosses a kill;
but a kill waits for nobody longer than a moment.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from midas.domain.mode import KillLevel
from midas.errors import StoreFull
from midas.ports.journal import LatchRecord
from midas.store.durable import append_durably, read, remove_durably, sync_directory, write_durably

LATCH = "kill.latch"  # in the home
FORMAT = 1
_LEVELS = list(KillLevel)
_TRIES = 50
_TRIES_SET = 1_000  # where a latch stands already, to raise it may wait longer than to set one
_TRY_S = 0.001  # the lock is held for a few writes; whoever holds it longer is hung


class LatchLine(msgspec.Struct, frozen=True):
    """One line of the latch's history."""

    act: str  # tripped or released
    by: str
    reason: str
    at: int
    level: KillLevel | None = None


class _Stamp(msgspec.Struct, frozen=True):
    """What a latch says of itself, whatever else it holds."""

    format: int = 1


class KillLatch:
    """The latch at `path`; its history lies in `path` + `.history`, its lock in `path` + `.lock`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._history = path.with_name(path.name + ".history")
        self._lock = path.with_name(path.name + ".lock")

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
        """Set the latch; on return it is on the disk. A set latch only ever rises to a higher level.

        `at` names the pull: the same one by a second way changes nothing. Raises StoreFull, also where
        the disk holds less than was asked for.
        """
        record = LatchRecord(level, by, reason, at)
        with self._alone():
            standing = self.read()
            # Cancels wait for this: one durable write, and the history gets its line at the release.
            if standing is None and self._set_first(record):
                return record
            standing = standing or self.read() or record
            return standing if _is_of(standing, record) else self._add(standing, record)

    def take_over(self, session: str, level: KillLevel, by: str, reason: str, at: int) -> LatchRecord:
        """As `trip`, and from now on nothing of that session's engine leaves. Raises StoreFull."""
        with self._alone():
            standing = self.read()
            record = LatchRecord(level, by, reason, at)
            if standing is not None and _LEVELS.index(standing.level) >= _LEVELS.index(level):
                record = msgspec.structs.replace(standing, repeated_at=at)
            kept = msgspec.structs.replace(record, guarded=session)
            if kept.readable:
                self._set(kept)
            else:
                self._set_bare()
            with contextlib.suppress(StoreFull):
                self._note(_line("tripped", LatchRecord(level, by, reason, at)))
            return kept

    def read(self) -> LatchRecord | None:
        """Why the latch is set; None when it isn't."""
        try:
            content = read(self._path)
            if content is None:
                return None
            if msgspec.json.decode(content, type=_Stamp).format > FORMAT:
                return _unread(f"The kill latch {self._path} was set by a newer midas")
            return msgspec.json.decode(content, type=LatchRecord)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            return _unread(f"The kill latch {self._path} exists but can't be read ({error})")

    def release(self, known: LatchRecord, by: str, reason: str, at: int) -> bool:
        """Clear the latch; who and why is on the disk before the latch is gone.

        False where something else than `known` is set: nobody has reviewed that one. Raises StoreFull.
        """
        with self._alone():
            standing = self.read()
            if standing is None:
                return True
            if standing != known:
                return False
            self._note(_line("tripped", standing))
            self._note(LatchLine("released", by, reason, at, standing.level))
            if self.read() != known:  # a kill that gave up waiting for this lock
                return False
            try:
                remove_durably(self._path)
            except OSError as error:
                raise StoreFull(f"The kill latch {self._path} can't be removed: {error}.") from error
            return True

    def history(self) -> list[LatchLine]:
        """Every trip and release before the one that stands now, oldest first."""
        lines = []
        for line in (read(self._history) or b"").splitlines():
            try:
                lines.append(msgspec.json.decode(line, type=LatchLine))
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # a line torn by a crash; the latch doesn't depend on it
        return lines

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """The lock, or after a moment without it: whoever holds it that long is hung, and a kill goes on."""
        try:
            self._lock.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:  # no room, or a path that is none: `_set` says so, or finds a way
            yield
            return
        try:
            for tried in range(_TRIES_SET):
                if tried >= _TRIES and not self.is_set:
                    break
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    time.sleep(_TRY_S)
                else:
                    break
            yield
        finally:
            os.close(descriptor)

    def _add(self, standing: LatchRecord, record: LatchRecord) -> LatchRecord:
        """Another pull on a set latch: rise, or keep the level and when it was pulled again."""
        if _LEVELS.index(record.level) > _LEVELS.index(standing.level):
            kept, noted = msgspec.structs.replace(record, guarded=standing.guarded), standing
        else:
            kept, noted = msgspec.structs.replace(standing, repeated_at=record.at), record
        if kept.readable:
            self._set(kept)
        else:  # what can't be read keeps its severity, and has to be there
            self._set_bare()
        with contextlib.suppress(StoreFull):  # a line less in the history is no kill that failed
            self._note(_line("tripped", noted))
        return kept

    def _set_first(self, record: LatchRecord) -> bool:
        """Where nothing is set; False where another pull, that waited for the lock no longer, has set it."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(self._path, msgspec.json.encode(record), fresh=True)
        except FileExistsError:
            return False
        except OSError:  # no room, or a file system without links
            self._set(record)
        return True

    def _set(self, record: LatchRecord) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(self._path, msgspec.json.encode(record))
        except OSError:
            # A full disk often still takes a name without content, and the name is the latch.
            self._set_bare()
            held = (self.read() or record).level
            if _LEVELS.index(held) < _LEVELS.index(record.level):
                raise StoreFull(
                    f"The disk took no kill latch of level {record.level.value}, and {held.value} stands "
                    f"there: free space, and kill at level {record.level.value} again."
                ) from None

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


def _unread(why: str) -> LatchRecord:
    """Nobody knows its level: it counts as set all the same."""
    reason = f"{why}: it counts as set; check the account, then `midas resume`."
    return LatchRecord(KillLevel.HALT, by="midas", reason=reason, at=0, readable=False)


def _is_of(standing: LatchRecord, record: LatchRecord) -> bool:
    """Whether this very pull is in force already."""
    known = record.at in (standing.at, standing.repeated_at)
    return known and _LEVELS.index(record.level) <= _LEVELS.index(standing.level)


def _line(act: str, record: LatchRecord) -> LatchLine:
    return LatchLine(act, record.by, record.reason, record.at, record.level)
