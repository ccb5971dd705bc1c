"""Keeping a strategy from new risk, and letting it go on, by its name."""

from __future__ import annotations

from functools import partial

from midas.domain.command import Answer, SetStrategy
from tui.core import Core
from tui.entry import Entry
from tui.screens.dialogs import Confirm

USAGE = "NAME pause|resume [REASON]"


class Strategies(Core):
    """A pause is safer and needs nothing more; going on shows the engine's review and asks y."""

    def entries(self) -> list[Entry]:
        """By name."""
        told = "no new risk by it, its exits are managed; resume asks y"
        return [
            *super().entries(),
            Entry("strategy", told, self._set_strategy, USAGE, choices=self._strategy_choices),
        ]

    def _strategy_choices(self) -> list[str]:
        """What would change something."""
        strategies = self.newest.strategies if self.newest is not None else ()
        return [f"{view.name} {'resume' if view.paused else 'pause'}" for view in strategies]

    def _set_strategy(self, line: str) -> str | None:
        name, _, rest = line.partition(" ")
        act, _, reason = rest.partition(" ")
        if act not in ("pause", "resume"):
            return f"write strategy {USAGE}"
        known = {view.name.lower(): view.name for view in self.newest.strategies} if self.newest else {}
        found = known.get(name.lower())
        if found is None:
            return f"no strategy is called {name}; there are {', '.join(known.values()) or 'none'}"
        if act == "pause":
            self.console_desk.send(SetStrategy(found, False, reason), self.answered)
        else:
            self._ask_resume_of(found, reason)
        return None

    def _ask_resume_of(self, name: str, reason: str) -> None:
        command = SetStrategy(name, True, reason, confirmed=True)
        review = SetStrategy(name, True, reason)
        self.console_desk.send(review, partial(self._ask_to_go_on, command))

    def _ask_to_go_on(self, command: SetStrategy, answer: Answer) -> None:
        if not answer.accepted:
            self.answered(answer)
            return
        self.push_screen(
            Confirm(f"Let {command.name} go on?", answer.message, self.console_desk.now),
            lambda yes: self.console_desk.send(command, self.answered) if yes else None,
        )
