"""The newest sweep of a home as the console shows it, read again only where it went on."""

from __future__ import annotations

import time
from math import prod
from pathlib import Path

from midas.backtest.sweep.space import grid
from midas.backtest.sweep.storage import FOLDER, TRIALS, names, read
from midas.backtest.sweep.trial import Plan, Trial, ranked
from midas.errors import StoreError
from midas.reports.shelf import Board, Place

SHOWN = 200  # places
LARGE = 20_000  # combinations: to count those that the rules leave would hold the console up
QUIET_NS = 10_000_000_000  # without a trial for so long a sweep doesn't run


class SweepBoard:
    """Remembers what it read, and how long the file was then."""

    def __init__(self) -> None:
        self._seen: tuple[str, int] = ("", 0)
        self._of: dict[str, int] = {}
        self._board: Board | None = None

    def newest(self, home: Path) -> Board | None:
        """The sweep that was written to last; None where there is none, or it can't be read."""
        known = names(home)
        if not known:
            return None
        folder = home / FOLDER / known[-1]
        try:
            found = (folder / TRIALS).stat()
            if (known[-1], found.st_size) != self._seen:
                plan, trials = read(folder)
                self._seen = known[-1], found.st_size
                self._board = self._of_plan(plan, known[-1], list(trials.values()))
        except (OSError, StoreError):
            return None
        board = self._board
        if board is None:
            return None
        quiet = time.time_ns() - found.st_mtime_ns > QUIET_NS
        return board._replace(running=not quiet and (board.done < board.of or not board.of))

    def _of_plan(self, plan: Plan, name: str, trials: list[Trial]) -> Board:
        if name not in self._of:
            self._of[name] = _size(plan)
        places = tuple(
            Place(t.number, t.parameters, t.value, t.total_return, t.fall, t.fills, t.reason)
            for t in ranked(trials)[:SHOWN]
        )
        return Board(
            name, plan.strategy, plan.objective, plan.method, len(trials), self._of[name], False, places
        )


def _size(plan: Plan) -> int:
    """How many trials there are to be; 0 where that isn't told quickly."""
    every = prod(len(axis.values) for axis in plan.axes)
    if plan.trials or not plan.rules:
        return plan.trials or every
    return len(grid(plan.axes, plan.rules)) if every <= LARGE else 0
