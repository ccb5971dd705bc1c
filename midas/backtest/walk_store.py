"""What a walk forward has reached, on disk: a line for each combination.

The file's name hangs on all that they depend on, so nothing stale is read.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from midas.backtest.kept_lines import KeptLines
from midas.errors import StoreError

FOLDER = "walks"


class Combination(msgspec.Struct, frozen=True, kw_only=True):
    """What one set of parameters did over all data."""

    parameters: dict[str, object]
    returns: list[float]  # of each period
    held: list[list[float]]  # as each period begins: what share of the money is in each instrument
    cash: float  # that it began with
    sharpe_day: float | None  # not annualised


class WalkStore:
    """The combinations of one walk forward, open for more of them."""

    def __init__(self, home: Path, name: str) -> None:
        """Raises AlreadyRunning, StoreError."""
        self.path = home / FOLDER / f"{name}.jsonl"
        busy = f"{self.path}: this very walk runs already in another process"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lines = KeptLines(self.path, Combination, busy)
        except OSError as error:
            raise StoreError(f"{self.path}: can't be kept: {error.strerror or error}") from None
        self._known = {_key(made.parameters): made for made in self._lines.found}

    def find(self, parameters: dict[str, object]) -> Combination | None:
        """What was made before."""
        return self._known.get(_key(parameters))

    def add(self, made: Combination) -> None:
        """On disk when it returns. Raises StoreError."""
        try:
            self._lines.add([made])
        except OSError as error:
            raise StoreError(f"{self.path}: can't be kept: {error.strerror or error}") from None
        self._known[_key(made.parameters)] = made

    def close(self) -> None:
        """Somebody else may go on."""
        self._lines.close()


def _key(parameters: dict[str, object]) -> bytes:
    return msgspec.json.encode(parameters, order="sorted")
