"""What a sweep has reached, on disk: a plan, and a line for each trial."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from midas.backtest.kept_lines import KeptLines, decoded
from midas.backtest.sweep.trial import Plan, Trial, ranked
from midas.errors import StoreError

FOLDER = "sweeps"
PLAN, TRIALS = "plan.json", "trials.jsonl"


class Store:
    """The trials of one sweep, open for more of them."""

    def __init__(self, folder: Path, plan: Plan, fresh: bool = False) -> None:
        """Made where it is missing; `fresh` forgets what it holds. Raises AlreadyRunning, StoreError."""
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            busy = f"{folder}: this very sweep runs already in another process"
            self._lines = KeptLines(folder / TRIALS, Trial, busy, fresh=fresh)
            self.trials = {trial.number: trial for trial in self._lines.found}
            if not (folder / PLAN).exists():
                _put(folder / PLAN, msgspec.json.encode(plan))
            self._lines.sync()
        except OSError as error:
            raise StoreError(f"{folder}: the sweep can't be kept: {error.strerror or error}") from None

    def add(self, trials: Iterable[Trial]) -> None:
        """On disk when it returns. Raises StoreError."""
        made = list(trials)
        try:
            self._lines.add(made)
        except OSError as error:
            raise StoreError(f"{self.folder}: no trial can be kept: {error.strerror or error}") from None
        self.trials.update((trial.number, trial) for trial in made)

    def close(self) -> None:
        """Somebody else may go on."""
        self._lines.close()


def names(home: Path) -> list[str]:
    """The sweeps of a home, the one that was written to last at the end."""
    found = [each for each in (home / FOLDER).glob("*") if (each / TRIALS).exists()]
    return [each.name for each in sorted(found, key=lambda each: (each / TRIALS).stat().st_mtime_ns)]


def read(folder: Path) -> tuple[Plan, dict[int, Trial]]:
    """Plan and trials by number; of a running sweep those until now. Raises StoreError."""
    plan = plan_of(folder)
    try:
        found, _ = decoded((folder / TRIALS).read_bytes(), Trial)
        return plan, {trial.number: trial for trial in found}
    except OSError as error:
        raise StoreError(f"{folder} holds no sweep that can be read: {error}") from None


def plan_of(folder: Path) -> Plan:
    """What was asked of a sweep. Raises StoreError."""
    try:
        return msgspec.json.decode((folder / PLAN).read_bytes(), type=Plan)
    except (OSError, msgspec.MsgspecError) as error:
        raise StoreError(f"{folder} holds no sweep that can be read: {error}") from None


def leaderboard(folder: Path) -> list[Trial]:
    """The trials of a sweep, running or not, the best first."""
    return ranked(read(folder)[1].values())


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
