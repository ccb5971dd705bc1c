"""A page to read over the panes: it scrolls, and any of the usual keys closes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.about import PANES
from tui.keymap import Keymap
from tui.present.keys_page import page
from tui.present.lines import Line, Piece, Sheet, frame
from tui.screens.modal import Modal
from tui.theme import Inks
from tui.widgets.canvas import Canvas


class Page(Modal[None]):
    """Lines made for the width they get."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss(None)", "close", show=False),
        Binding("j,down", "scroll(1)", "down", show=False),
        Binding("k,up", "scroll(-1)", "up", show=False),
        Binding("ctrl+d", "scroll(10)", "ten lines down", show=False),
        Binding("ctrl+u", "scroll(-10)", "ten lines up", show=False),
        Binding("pagedown,space", "leaf(1)", "a page down", show=False),
        Binding("pageup", "leaf(-1)", "a page up", show=False),
        Binding("g,home", "scroll(-10000)", "top", show=False),
        Binding("G,end", "scroll(10000)", "bottom", show=False),
    ]

    def __init__(self, title: str, lines: Callable[[int], list[Line]], inks: Inks) -> None:
        super().__init__()
        self._heading = title
        self._lines = lines
        self._top = 0
        self._paper = Canvas(inks, "page")

    def compose(self) -> ComposeResult:
        """One canvas."""
        yield self._paper

    def on_mount(self) -> None:
        """Draw once there is a size."""
        self.call_after_refresh(self._draw)

    def on_resize(self, _event: events.Resize) -> None:
        """Lines are made anew for every width."""
        self.call_after_refresh(self._draw)

    def action_scroll(self, steps: int) -> None:
        """Move by so many lines."""
        self._top += steps
        self._draw()

    def action_leaf(self, pages: int) -> None:
        """Move by what is to be seen, less one line."""
        self.action_scroll(pages * max(1, self._paper.size.height - 3))

    def _draw(self) -> None:
        width, height = self._paper.size
        if width < 8 or height < 3:
            return
        lines = self._lines(width - 4)
        room = height - 2
        self._top = min(max(self._top, 0), max(0, len(lines) - room))
        shown: list[Line] = [[Piece(" "), *line] for line in lines[self._top : self._top + room]]
        more = len(lines) - self._top - room
        note = [Piece(f"{more} more lines" if more > 0 else "end", "dim")] if len(lines) > room else []
        foot = [Piece("j/k scroll  Space page  Esc close", "dim")]
        sheet = Sheet([Piece(self._heading, "title")], shown, note, foot)
        self._paper.put(frame(sheet, width, height, heavy=True))


class Help(Page):
    """All keys, those of the pane with the keyboard first, straight from the table that binds them."""

    def __init__(self, pane: str, inks: Inks, keymap: Keymap) -> None:
        super().__init__("Keys", lambda width: page(pane, PANES.get(pane, ""), width, keymap.shown), inks)
