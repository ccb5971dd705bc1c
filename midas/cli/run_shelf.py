"""The runs of a home for the console: read by a thread, so that no disk ever holds the screen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from midas.errors import MidasError
from midas.reports import archive
from midas.reports.sheet import Head, Sheet
from midas.reports.shelf import Board, Shelf

LOOK_S = 1.0
UNREAD = 5  # looks without anybody asking, after which the thread rests


Boards = Callable[[Path], Board | None]


def _no_sweep(_home: Path) -> Board | None:
    return None


class RunShelf:
    """Looks once a second while somebody asks, at once for a sheet that isn't known."""

    def __init__(self, home: Path, boards: Boards = _no_sweep) -> None:
        """`boards` finds the newest sweep of a home."""
        self._home = home
        self._boards = boards
        self._heads: dict[str, Head] = {}
        self._sheets: dict[str, Sheet] = {}
        self._troubles: dict[str, str] = {}
        self._wanted: tuple[str, ...] = ()
        self._shelf = Shelf()
        self._asked = UNREAD
        self._wake = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._follow, name="runs", daemon=True)

    def begin(self) -> None:
        """Go on looking."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._ended = True
        self._wake.set()

    def look(self, wanted: Sequence[str]) -> Shelf:
        """What was found last; `wanted` are the sheets to have, few of them."""
        missing = any(run not in self._sheets and run not in self._troubles for run in wanted)
        fresh = tuple(wanted) != self._wanted and missing
        self._wanted, rested, self._asked = tuple(wanted), self._asked >= UNREAD, 0
        if fresh or rested:
            self._wake.set()
        return self._shelf

    def read(self) -> None:
        """One look at the disk; runs never change, so each is read once."""
        names = archive.names(self._home)
        found = {name: self._heads.get(name) or archive.head(self._home, name) for name in reversed(names)}
        self._heads = {name: head for name, head in found.items() if head is not None}
        wanted = [run for run in self._wanted if run in self._heads]
        self._sheets = {run: sheet for run, sheet in self._sheets.items() if run in wanted}
        self._troubles = {run: said for run, said in self._troubles.items() if run in wanted}
        for run in wanted:
            if run not in self._sheets and run not in self._troubles:
                self._open(run)
        self._shelf = Shelf(
            tuple(self._heads.values()), dict(self._sheets), dict(self._troubles), looked=True,
            board=self._boards(self._home),
        )  # fmt: skip

    def _open(self, run: str) -> None:
        try:
            self._sheets[run] = archive.sheet(self._home, run)
        except MidasError as error:
            self._troubles[run] = str(error)

    def _follow(self) -> None:
        while not self._ended:
            if self._asked < UNREAD:
                self._asked += 1
                self.read()
                self._wake.wait(LOOK_S)
            else:
                self._wake.wait()
            self._wake.clear()
