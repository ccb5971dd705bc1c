"""The tour: five small things to do with one's own hands, the last of them stopping everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Sight(NamedTuple):
    """What the tour looks at to see whether a step was done."""

    focus: str  # pane with the keyboard
    cursor: bool  # whether that pane has a cursor
    zoomed: bool
    dialog: str  # name of the class of the topmost dialogue; empty: none
    latched: bool
    rehearsal: bool  # nobody's money: the chord may be tried


class Step(NamedTuple):
    """What to do, and how it looks when it is done."""

    text: str
    done: Callable[[Sight], bool]


STEPS = (
    Step("Tab, or Ctrl+O and then its letter: go to the pane `signals`", lambda s: s.focus == "signals"),
    Step(
        "j and k move a cursor in `signals`: why was one made?", lambda s: s.focus == "signals" and s.cursor
    ),
    Step("z gives this pane the whole screen", lambda s: s.zoomed),
    Step("z gives it back; ? shows every key there is", lambda s: s.dialog == "Help"),
    Step("Esc closes it. Now Ctrl+\\ (or F12): HALT, from anywhere", lambda s: s.latched),
    Step("Halted stays halted. Esc, R: a reason, then the word resume", lambda s: not s.latched),
)
CHORD = 4  # the step that halts: not asked for where money is real


class Tour:
    """Where somebody is in the tour; `look` moves on by itself."""

    def __init__(self) -> None:
        self._place = 0
        self.ended = False

    def look(self, sight: Sight) -> None:
        """Move on where the step was done."""
        if not self.ended and STEPS[self._place].done(sight):
            self._place += 1
            if (self._place == CHORD and not sight.rehearsal) or self._place == len(STEPS):
                self.ended = True

    @property
    def line(self) -> str:
        """What to do now; empty once it is over."""
        if self.ended:
            return ""
        return f"tour {self._place + 1}/{len(STEPS)}: {STEPS[self._place].text}"
