"""The halt panel: opens by itself when the engine is halted, by whatever door."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from midas.runtime.whereabouts import Whereabouts
from tui.export import named
from tui.halter import Halter
from tui.link_port import Clock
from tui.present.halt import LETTERS, Stage, describes, panel
from tui.present.kill_report import document, scroll_limit
from tui.present.lines import frame
from tui.present.picture import Picture
from tui.screens.modal import Modal
from tui.theme import Inks
from tui.widgets.canvas import Canvas

FOLLOWS_HZ = 8
Save = Callable[[str, str], Path]  # name and text; raises OSError


class HaltCanvas(Canvas, can_focus=True):
    """The one pane of the panel; it has the keyboard, and takes no key itself."""


class HaltPanel(Modal[str | None]):
    """Engine truth, never a frozen or filtered view. Esc disarms, then closes; the halt stays."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "disarm, close", show=False),
        *(Binding(letter, f"arm('{letter}')", level.value, show=False) for letter, level in LETTERS.items()),
        Binding("R", "dismiss('resume')", "resume", show=False),
        Binding("E", "export", "export", show=False),
        Binding("j,down", "scroll(-1)", "down", show=False),
        Binding("k,up", "scroll(1)", "up", show=False),
    ]

    def __init__(
        self, inks: Inks, truth: Callable[[], Picture | None], where: Callable[[], Whereabouts | None],
        halter: Halter, clock: Clock, save: Save,
    ) -> None:  # fmt: skip
        super().__init__()
        self._truth = truth
        self._where = where
        self._halter = halter
        self._clock = clock
        self._save = save
        self._shown = halter.now()
        self._scroll = 0
        self._said = ""
        self._canvas = HaltCanvas(inks, "halt")

    def compose(self) -> ComposeResult:
        """One pane."""
        yield self._canvas

    def on_mount(self) -> None:
        """Follow the engine."""
        self._canvas.focus()
        self.call_after_refresh(self.follow)
        self.set_interval(1 / FOLLOWS_HZ, self.follow)

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.call_after_refresh(self.follow)

    def on_unmount(self) -> None:
        """A closed panel fires nothing."""
        self._halter.arming.disarm()

    def dye(self, inks: Inks) -> None:
        """Other colours."""
        self._canvas.dye(inks)

    def follow(self) -> None:
        """Draw what the engine says now, and where the two steps stand."""
        picture, size = self._truth(), self._canvas.size
        if not size.width or not size.height:
            return
        sheet = panel(picture, self._stage(), size.width - 2, size.height - 2)
        self._canvas.put(frame(sheet, size.width, size.height, heavy=True))

    def action_back(self) -> None:
        """Esc: first whatever is armed, then the panel."""
        if not self._halter.arming.esc():
            self.dismiss(None)
        self.follow()

    def action_arm(self, letter: str) -> None:
        """A letter arms its level; the chord, and nothing else, fires it."""
        picture = self._truth()
        halted = picture is not None and picture.snapshot.kill.latched
        if not halted and self._halter.pending is None:
            self._said = "nothing is halted: ^\\ first, which halts; then a letter"
        else:
            self._said = ""
            self._halter.arm(LETTERS[letter], letter, self._shown)
        self.follow()

    def action_scroll(self, steps: int) -> None:
        """Up and down in the report."""
        picture = self._truth()
        width = self._canvas.size.width - 2
        most = scroll_limit(picture.snapshot.kill, width) if picture is not None else 0
        self._scroll = min(max(0, self._scroll + steps), most)
        self.follow()

    def action_export(self) -> None:
        """The report as a file."""
        picture = self._truth()
        kill = picture.snapshot.kill if picture is not None else None
        if picture is None or kill is None or not kill.report or not describes(kill, self._stage()):
            self._said = "there is no report of this halt to export yet"
        else:
            at = self._clock()
            try:
                path = self._save(named("kill", at, "txt"), document(picture, at))
                self._said = f"written: {path.name} in {path.parent}"
            except OSError as error:
                self._said = f"not written: {error}"
        self.follow()

    def _stage(self) -> Stage:
        halter = self._halter
        pull = halter.pending
        armed, left, share = halter.armed()
        return Stage(
            pull.level if pull is not None else None,
            pull.at if pull is not None else 0,
            halter.waited(pull) if pull is not None else 0,
            pull.outcome if pull is not None else None,
            armed,
            left,
            share,
            halter.arming.said or self._said,
            self._scroll,
            self._where(),
        )
