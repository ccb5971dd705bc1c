"""What a sweep has reached, on disk: a plan, and a line for each trial, appended and synced before it counts.

A line begins with the checksum of the rest, so that a torn or damaged tail is seen and cut off; trials that
were in it are made again, and come out the same. One process writes, anybody reads.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import msgspec

from midas.backtest.sweep.trial import Plan, Trial, ranked
from midas.errors import AlreadyRunning, StoreError

FOLDER = "sweeps"
PLAN, TRIALS = "plan.json", "trials.jsonl"


class Store:
    """The trials of one sweep, open for more of them."""

    def __init__(self, folder: Path, plan: Plan, fresh: bool = False) -> None:
        """Made where it is missing; `fresh` forgets what it holds. Raises AlreadyRunning, StoreError."""
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = (folder / TRIALS).open("ab")
            self._lock()
            if fresh:
                self._file.truncate(0)
            body = (folder / TRIALS).read_bytes()
            self.trials, whole = _read(body)
            if whole < len(body):
                self._file.truncate(whole)
            if not (folder / PLAN).exists():
                _put(folder / PLAN, msgspec.json.encode(plan))
            self._sync()
        except OSError as error:
            raise StoreError(f"{folder}: the sweep can't be kept: {error.strerror or error}") from None

    def add(self, trials: Iterable[Trial]) -> None:
        """On disk when it returns. Raises StoreError."""
        made = list(trials)
        try:
            self._file.write(b"".join(map(_line, made)))
            self._sync()
        except OSError as error:
            raise StoreError(f"{self.folder}: no trial can be kept: {error.strerror or error}") from None
        self.trials.update((trial.number, trial) for trial in made)

    def close(self) -> None:
        """Somebody else may go on."""
        self._file.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise AlreadyRunning(f"{self.folder}: this very sweep runs already in another process") from None

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())


def names(home: Path) -> list[str]:
    """The sweeps of a home, the one that was written to last at the end."""
    found = [each for each in (home / FOLDER).glob("*") if (each / TRIALS).exists()]
    return [each.name for each in sorted(found, key=lambda each: (each / TRIALS).stat().st_mtime_ns)]


def read(folder: Path) -> tuple[Plan, dict[int, Trial]]:
    """Plan and trials by number; of a running sweep those until now. Raises StoreError."""
    try:
        plan = msgspec.json.decode((folder / PLAN).read_bytes(), type=Plan)
        return plan, _read((folder / TRIALS).read_bytes())[0]
    except (OSError, msgspec.MsgspecError) as error:
        raise StoreError(f"{folder} holds no sweep that can be read: {error}") from None


def leaderboard(folder: Path) -> list[Trial]:
    """The trials of a sweep, running or not, the best first."""
    return ranked(read(folder)[1].values())


def _line(trial: Trial) -> bytes:
    body = msgspec.json.encode(trial)
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _read(body: bytes) -> tuple[dict[int, Trial], int]:
    """Trials up to the first line that isn't whole, and how many bytes they take."""
    found: dict[int, Trial] = {}
    at = 0
    while (end := body.find(b"\n", at)) >= 0:
        checksum, _, text = body[at:end].partition(b" ")
        if checksum != b"%08x" % zlib.crc32(text):
            break
        try:
            trial = msgspec.json.decode(text, type=Trial)
        except msgspec.MsgspecError:
            break  # of another version: made again
        found[trial.number] = trial
        at = end + 1
    return found, at


def _put(path: Path, body: bytes) -> None:
    """Whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with part.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
