"""The halt panel: opens by itself when the engine is halted, by whatever door."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from midas.domain.time import clock_text
from tui.halter import Halter
from tui.present.halt import panel
from tui.present.lines import Sheet
from tui.present.picture import Picture, Spot
from tui.theme import Inks
from tui.widgets.pane import Pane, PaneKind


class HaltPanel(ModalScreen[str | None]):
    """Engine truth, never a frozen or filtered view. Esc closes it; the halt stays."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "close", show=False),
        Binding("R", "dismiss('resume')", "resume", show=False),
    ]

    def __init__(self, inks: Inks, truth: Callable[[], Picture | None], halter: Halter) -> None:
        super().__init__()
        self._truth = truth
        self._halter = halter
        self._pane = Pane(PaneKind("halt", 4, self._draw), inks)

    def compose(self) -> ComposeResult:
        """One pane."""
        yield self._pane

    def on_mount(self) -> None:
        """Follow the engine."""
        self._pane.focus()
        self.follow()
        self.set_interval(0.25, self.follow)

    def follow(self) -> None:
        """Draw what the engine says now."""
        self._pane.show(self._truth())

    def _draw(self, picture: Picture, spot: Spot) -> Sheet:
        pressed = self._halter.pressed_at
        sent = clock_text(pressed) if pressed else ""
        if self._halter.failure:
            sent = f"{sent} FAILED ({self._halter.failure}), sent again over the link"
        return panel(picture, spot, sent)
