"""Jump labels: a letter on every pane, and the next key gives it the keyboard."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.widgets import Static

from tui.screens.modal import Modal
from tui.theme import Inks

LETTERS = "asdfghjklqwertyuiopzxcvbnm"


class JumpLabels(Modal[str | None]):
    """Gives back the name of the chosen pane; any other key changes nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "back", show=False)]

    def __init__(self, spots: dict[str, Region], inks: Inks) -> None:
        super().__init__()
        self._spots = dict(zip(LETTERS, spots.items(), strict=False))
        self._inks = inks

    def compose(self) -> ComposeResult:
        """A badge in the upper left corner of each pane."""
        style = self._inks.style("warn_bar", "warn_bar")
        for letter, (_, region) in self._spots.items():
            badge = Static(f" {letter} ", classes="jump", markup=False)
            badge.styles.offset = (region.x, region.y)
            # Not by name: on a terminal of 256 colours that is "color(178)", which Textual can't read.
            badge.styles.background = style.bgcolor.get_truecolor().hex if style.bgcolor else None
            badge.styles.color = style.color.get_truecolor().hex if style.color else None
            yield badge

    def on_key(self, event: events.Key) -> None:
        """The letter of a pane goes there; what halts or leaves is bound above and never gets here."""
        if event.character in self._spots:
            event.stop()
            self.dismiss(self._spots[event.character][0])
        elif event.is_printable:
            event.stop()
            self.dismiss(None)
