"""The newest sweep of a home as the console shows it, read again only where it went on."""

from __future__ import annotations

from math import prod
from pathlib import Path

from midas.backtest.kept_lines import decoded, written
from midas.backtest.sweep.space import grid
from midas.backtest.sweep.storage import FOLDER, TRIALS, names, plan_of
from midas.backtest.sweep.trial import Plan, Trial, ranked
from midas.errors import StoreError
from midas.reports.shelf import Board, Place

SHOWN = 200  # places
LARGE = 20_000  # combinations: to count those that the rules leave would hold the console up


class SweepBoard:
    """Remembers what it read, and reads on from there: a long sweep has megabytes of trials."""

    def __init__(self) -> None:
        self._name = ""
        self._plan: Plan | None = None
        self._of = 0
        self._forget()

    def _forget(self) -> None:
        self._seen = self._at = 0  # bytes of the file when it was read, and of whole lines in it
        self._numbers: set[int] = set()
        self._best: list[Trial] = []

    def newest(self, home: Path) -> Board | None:
        """The sweep that was written to last; None where there is none, or it can't be read."""
        known = names(home)
        if not known:
            return None
        path = home / FOLDER / known[-1] / TRIALS
        try:
            if known[-1] != self._name or path.stat().st_size < self._at:
                self._forget()
            if known[-1] != self._name:
                self._name, self._plan = known[-1], None
            if self._plan is None:
                self._plan = plan_of(path.parent)
                self._of = _size(self._plan)
            self._read_on(path)
            return self._board(self._plan, written(path))
        except (OSError, StoreError):
            return None

    def _read_on(self, path: Path) -> None:
        with path.open("rb") as file:
            file.seek(self._at)
            body = file.read()
        if self._at + len(body) == self._seen:
            return
        found, whole = decoded(body, Trial)
        self._seen = self._at + len(body)
        self._at += whole
        self._numbers.update(trial.number for trial in found)
        self._best = ranked([*self._best, *found])[:SHOWN]
        if not found and b"\n" in body:  # begun anew since, and longer already: the next look reads all
            self._forget()

    def _board(self, plan: Plan, running: bool) -> Board:
        places = tuple(
            Place(t.number, t.parameters, t.value, t.total_return, t.fall, t.fills, t.reason)
            for t in self._best
        )
        return Board(
            self._name, plan.strategy, plan.objective, plan.method, len(self._numbers), self._of, running,
            places,
        )  # fmt: skip


def _size(plan: Plan) -> int:
    """How many trials there are to be; 0 where that isn't told quickly."""
    every = prod(len(axis.values) for axis in plan.axes)
    if plan.trials or not plan.rules:
        return plan.trials or every
    return len(grid(plan.axes, plan.rules)) if every <= LARGE else 0
