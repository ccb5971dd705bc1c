"""Is what is shown true? The reconciliation: going there, a pass at once, accepting what stands."""

from __future__ import annotations

from functools import partial

from midas.domain.command import AcceptBreak, Reconcile
from midas.state.views.reconciliation import DifferenceView
from tui.core import Core
from tui.desk import OnAnswer
from tui.entry import Entry
from tui.screens.accepting import AcceptDialog

PANE = "reconciliation"


class Reconciling(Core):
    """Nothing here accepts by itself: an `AcceptDialog` does, after the engine's review."""

    def entries(self) -> list[Entry]:
        """By name."""
        return [
            *super().entries(),
            Entry(
                PANE, "is what I see true? passes and differences", lambda _: self._visit(), key="r",
                also=("truth",),
            ),
            Entry("reconcile", "a full pass over the account at once", lambda _: self._reconcile(), key="r"),
            Entry(
                "accept", "a difference that stands, reviewed first", self._accept, "[NAME]", "a",
                self._standing_names,
            ),
        ]  # fmt: skip

    def action_truth(self) -> None:
        """To the reconciliation; there, a pass at once."""
        pane = self.stage.active
        if pane is not None and pane.id == PANE:
            self._reconcile()
        else:
            self._visit()

    def action_accept(self) -> None:
        """The review of the chosen difference; where nothing is chosen, of the only one that stands."""
        self._accept("")

    def _visit(self) -> None:
        if not self.stage.visit(PANE):
            self.say("the reconciliation has no room here: it needs 80 columns and 24 rows")

    def _reconcile(self) -> None:
        self.console_desk.send(Reconcile(), self.answered)

    def _standing(self) -> list[DifferenceView]:
        known = self.newest.reconciliation.differences if self.newest is not None else ()
        return [difference for difference in known if difference.state == "standing"]

    def _standing_names(self) -> list[str]:
        return [difference.name for difference in self._standing()]

    def _accept(self, named: str) -> str | None:
        known = self.newest.reconciliation.differences if self.newest is not None else ()
        chosen = named or self.stage.chosen("difference")
        found = next((d for d in known if chosen in (d.name, d.subject)), None)
        if named and found is None:
            there = ", ".join(d.name for d in known) or "none"
            return f"no difference is called {named!r}; there is {there}"
        standing = self._standing()
        if found is None and len(standing) == 1:
            found = standing[0]
        if found is None:
            several = "several stand: j and k choose one of them"
            self.say(several if standing else "no difference stands: there is nothing to accept")
        elif found.state != "standing":
            words = {"watching": "only watched yet: the next pass tells", "accepted": "accepted already"}
            self.say(f"{found.subject} is {words.get(found.state, found.state)}")
        else:
            dialog = AcceptDialog(found.subject, partial(self._ask_accept, found.name), self.console_desk.now)
            self.push_screen(dialog, lambda told: self.say(told, True) if told else None)
        return None

    def _ask_accept(self, name: str, reason: str, confirmed: bool, then: OnAnswer) -> None:
        self.console_desk.send(AcceptBreak(name, reason, confirmed), then)
