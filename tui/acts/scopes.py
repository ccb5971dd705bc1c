"""Stopping one strategy, instrument or venue by name, and letting it go on; everything else trades on."""

from __future__ import annotations

from functools import partial

from midas.domain.command import Answer, Kill, Resume
from tui.core import Core
from tui.entry import Entry
from tui.screens.dialogs import Confirm

LEVELS = ("halt", "all", "flatten")
REOPEN = "SCOPE NAME REASON"
TOLD = {
    "strategy": "halt one strategy; all, flatten: shown first, then y",
    "instrument": "halt one instrument, or all, flatten",
    "venue": "halt one venue, or all, flatten",
}


class Scopes(Core):
    """Halting is safer and needs nothing more; what withdraws exits or sells is shown first and asks y."""

    def entries(self) -> list[Entry]:
        """By scope."""
        return [
            *super().entries(),
            *(
                Entry(
                    f"kill {scope}", text, partial(self._kill, scope), "NAME [LEVEL]",
                    choices=partial(self._names, scope),
                )
                for scope, text in TOLD.items()
            ),
            Entry("reopen", "let what was killed by name trade again; asks y", self._reopen, REOPEN),
        ]  # fmt: skip

    def _names(self, scope: str) -> list[str]:
        snapshot = self.newest
        if snapshot is None:
            return []
        if scope == "strategy":
            return [view.name for view in snapshot.strategies]
        if scope == "instrument":
            return [view.name for view in snapshot.instruments]
        return [snapshot.venue]

    def _kill(self, scope: str, line: str) -> str | None:
        name, _, level = line.partition(" ")
        level = level.strip().lower() or LEVELS[0]
        if level not in LEVELS:
            return f"there is no level {level}; there are {', '.join(LEVELS)}"
        command = Kill(level, "palette", scope, name)
        if level == LEVELS[0]:
            self.console_desk.send(command, self.answered)
            return None
        title = f"kill {level}: {name}"
        preview = Kill(level, "palette", scope, name, preview=True)
        self.console_desk.send(preview, partial(self._ask, title, command))
        return None

    def _reopen(self, line: str) -> str | None:
        scope, _, rest = line.partition(" ")
        name, _, reason = rest.partition(" ")
        if scope not in TOLD or not name:
            return f"write reopen {'|'.join(TOLD)} NAME REASON"
        command = Resume(reason, True, scope, name)
        review = Resume(reason, False, scope, name)
        self.console_desk.send(review, partial(self._ask, f"Let {name} go on?", command))
        return None

    def _ask(self, title: str, command: Kill | Resume, answer: Answer) -> None:
        """What the engine says it would do; y does it."""
        if not answer.accepted:
            self.answered(answer)
            return
        self.push_screen(
            Confirm(title, answer.message, self.console_desk.now),
            lambda yes: self.console_desk.send(command, self.answered) if yes else None,
        )
