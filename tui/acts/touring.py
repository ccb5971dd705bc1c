"""The tour as a part of the application: offered once, never in the way."""

from __future__ import annotations

from midas.domain.mode import Mode
from tui.core import Core
from tui.entry import Entry
from tui.tour import Sight, Tour

REHEARSALS = ("SIM", "PAPER")  # environments in which a halt costs nobody anything
OFFER = "first time here? press : and type tour - six small steps. ? shows every key"


class Touring(Core):
    """Looks once a beat whether the person did what the step asked for."""

    _tour: Tour | None = None

    def entries(self) -> list[Entry]:
        """Begin and end."""
        return [
            *super().entries(),
            Entry("tour", "six small steps through this console", lambda _: self._begin()),
            Entry("tour end", "no more of it", lambda _: self._end()),
        ]

    def offer_tour(self) -> None:
        """Say that there is one."""
        self.say(OFFER)

    def watch_tour(self) -> None:
        """Move on, or end."""
        if self._tour is None:
            return
        self._tour.look(self._sight())
        self.stage.guide = self._tour.line
        if self._tour.ended and self.screen is self.stage:  # where the last word is seen
            self._end()
            self.say(f"that was the tour: {self._back()}")

    def _back(self) -> str:
        """How things are as it was before."""
        snapshot = self.newest
        mode = snapshot.mode.mode if snapshot is not None else Mode.NORMAL.value
        if mode == Mode.NORMAL.value:
            return "what makes you safer acts at once, all else asks"
        return f"the mode is {mode}; F5, a reason and y: back to NORMAL"

    def _begin(self) -> None:
        self._tour = Tour()
        self.stage.guide = self._tour.line

    def _end(self) -> None:
        self._tour = None
        self.stage.guide = ""

    def _sight(self) -> Sight:
        snapshot, pane = self.newest, self.stage.active
        return Sight(
            focus=pane.id or "" if pane is not None else "",
            cursor=pane is not None and pane.selected is not None,
            zoomed=self.stage.zoomed,
            dialog=type(self.screen).__name__ if self.screen is not self.stage else "",
            latched=snapshot is not None and snapshot.kill.latched,
            rehearsal=snapshot is not None and snapshot.environment in REHEARSALS,
        )
