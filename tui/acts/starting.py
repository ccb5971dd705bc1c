"""Starting an engine that has ended, from a console that is still open."""

from __future__ import annotations

from tui.core import Core
from tui.entry import Entry


class Starting(Core):
    """One act: it does nothing while an engine lives."""

    def entries(self) -> list[Entry]:
        """Start."""
        text = "start an engine that has ended, as it was started before"
        return [*super().entries(), Entry("start", text, lambda _: self.action_start(), key="S")]

    def action_start(self) -> None:
        """Ask for an engine; the banner tells what comes of it."""
        desk = self.console_desk
        where, watchdog = desk.where, desk.watchdog
        if where is None or watchdog is None:
            self.say("this console can't start an engine: `midas` in a shell does")
        elif where.engine:
            self.say(f"the engine runs, process {where.engine}")
        else:
            watchdog.start()
            self.say("starting the engine as it was started before")
