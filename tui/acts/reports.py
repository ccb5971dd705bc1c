"""Acts on kept back-tests: open one, mark two, and read what a figure means. Nothing reaches the engine."""

from __future__ import annotations

from functools import partial

from tui.core import Core
from tui.entry import Entry
from tui.present import shelf, tear

MARKS = 2


class Reports(Core):
    """Only looks."""

    def entries(self) -> list[Entry]:
        """By name."""
        return [
            *super().entries(),
            Entry("backtest open", "the report of a kept back-test; alone: the newest", self._open, "[RUN]",
                  "7", self._runs, also=("report",)),
            Entry("compare", "two kept back-tests side by side", self._compare, "RUN RUN", "7 x", self._runs),
        ]  # fmt: skip

    def action_mark(self) -> None:
        """Mark the run under the cursor for a comparison, or take the mark away; a third ends the oldest."""
        picture = self.console_desk.picture()
        run = shelf.chosen(picture) if picture is not None else ""
        if picture is None or not run:
            self.say("there is no run to mark yet")
            return
        marked = shelf.marked(picture)
        if run in marked:
            kept, lost = [each for each in marked if each != run], ""
        else:
            kept, lost = [*marked, run][-MARKS:], marked[0] if len(marked) == MARKS else ""
        self.see(self.options._replace(marked=tuple(kept)))
        both = f"two runs are marked{f', {lost} no longer' if lost else ''}: section Compare shows them"
        one = f"{kept[0] if kept else run} is marked; x on another run compares the two"
        self.say(both if len(kept) == MARKS else one if kept else "no run is marked")

    def action_instrument(self, steps: int) -> None:
        """The prices of another instrument of the run."""
        self.see(self.options._replace(sheet_chart=self.options.sheet_chart + steps))

    def action_figure(self) -> None:
        """What the figure under the cursor means."""
        pane, picture = self.stage.active, self.console_desk.picture()
        if pane is None or picture is None:
            return
        if pane.selected is None:
            pane.move(1)
        found = tear.meaning(picture, str(pane.selected))
        if found is not None:
            self.read(found[0], partial(tear.meaning_lines, found[1]))

    def _runs(self) -> list[str]:
        picture = self.console_desk.picture()
        return [head.id for head in shelf.heads(picture)] if picture is not None else []

    def _named(self, text: str) -> str | None:
        """The run that a text means; None where it is none, or more than one."""
        known = self._runs()
        if not text or text == "last":
            return known[0] if known else None
        fitting = (
            [run for run in known if run == text]
            or [run for run in known if run.startswith(text)]
            or [run for run in known if text in run]
        )
        return fitting[0] if len(fitting) == 1 else None

    def _open(self, text: str) -> str | None:
        run = self._named(text.strip())
        if run is None:
            return f"no single run is called {text!r}" if self._runs() else "no back-test has been kept yet"
        self.see(self.options._replace(run=run))
        self.stage.panes["runs"].selected = shelf.key_of(run)
        self.stage.visit("report")
        return None

    def _compare(self, text: str) -> str | None:
        runs = [self._named(part) for part in text.split()]
        if len(runs) != MARKS or None in runs or runs[0] == runs[1]:
            return "two runs are needed, such as: compare 261122-0453 last"
        self.see(self.options._replace(marked=tuple(run for run in runs if run is not None)))
        self.stage.visit("versus")
        return None
