"""The palette: `verb [symbol] [arguments]`, found by any letters of it, with the key that does the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.fuzzy import FuzzySearch
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.entry import Entry, found, offered
from tui.present.lines import Line, Piece, clip, fit
from tui.present.picture import window
from tui.theme import Inks
from tui.widgets.canvas import Canvas


class Palette(ModalScreen[str | None]):
    """Returns the line to run. What can't be undone asks again afterwards; Enter alone never does it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "close", show=False, priority=True),
        Binding("down,ctrl+n", "step(1)", "down", show=False, priority=True),
        Binding("up", "step(-1)", "up", show=False, priority=True),
        Binding("tab", "complete", "complete", show=False, priority=True),
    ]

    def __init__(
        self, entries: Sequence[Entry], inks: Inks, history: Sequence[str], line: str = "", problem: str = ""
    ) -> None:
        super().__init__()
        self._entries = entries
        self._history = history
        self._line = line
        self._problem = problem
        self._place = 0
        self._search = FuzzySearch()
        self._list = Canvas(inks, "commands")

    def compose(self) -> ComposeResult:
        """A line to type in, what fits it, and what is wrong."""
        with Vertical(classes="box palette") as box:
            box.border_title = "Commands"
            box.border_subtitle = "↑↓ choose · Tab complete · Enter run · Esc"
            yield Input(self._line, placeholder="mode, halt, buy, alert, palette ...", id="line")
            yield self._list
            yield Static(self._problem, id="hint", markup=False)

    def on_mount(self) -> None:
        """The keyboard to the line."""
        line = self.query_one(Input)
        line.focus()
        line.cursor_position = len(self._line)

    def on_resize(self, _event: events.Resize) -> None:
        """Draw for the new size."""
        self.call_after_refresh(self._draw)

    def on_input_changed(self, _event: Input.Changed) -> None:
        """Another line, another list."""
        self._place = 0
        self._draw()

    def action_step(self, steps: int) -> None:
        """Choose another entry."""
        count = len(self._rows())
        self._place = min(max(self._place + steps, 0), max(0, count - 1))
        self._draw()

    def action_complete(self) -> None:
        """Take the chosen entry or argument into the line."""
        rows = self._rows()
        if rows:
            self._take(rows[self._place][0] + " ")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Run what the line names; else what was chosen, if it needs nothing more."""
        rows = self._rows()
        named = found(self._entries, event.value)
        if self._place == 0 and named is not None and (named[1] or not named[0].asks):
            self.dismiss(event.value.strip())
            return
        if not rows:
            self.query_one("#hint", Static).update("nothing is called that; Esc closes this")
            return
        text = rows[self._place][0]
        chosen = found(self._entries, text)
        if chosen is not None and chosen[0].asks and not chosen[1]:
            self._take(text + " ")
        else:
            self.dismiss(text)

    def _take(self, text: str) -> None:
        line = self.query_one(Input)
        line.value = text
        line.cursor_position = len(text)

    def _rows(self) -> list[tuple[str, str, str]]:
        """(line, explanation, key) of everything on offer now."""
        typed = self.query_one(Input).value
        if not typed.strip() and self._history:
            recent = [(line, "again", "") for line in self._history]
            return [*recent, *(self._row(e) for e in self._entries)]
        named = found(self._entries, typed)
        if named is not None and (choices := named[0].choices) is not None:
            entry, rest = named
            words = [w for w in choices() if w.lower().startswith(rest.lower())]
            if (words and typed.endswith(" ")) or (rest and words and words != [rest]):
                return [(f"{entry.verb} {word}", entry.help, entry.key) for word in words]
        return [self._row(e) for e in offered(self._entries, typed, self._search)]

    @staticmethod
    def _row(entry: Entry) -> tuple[str, str, str]:
        return entry.verb, entry.help, entry.key

    def _draw(self) -> None:
        width, height = self._list.size
        if not width or not height:
            return
        rows = self._rows()
        usage = {e.verb: e.usage for e in self._entries}
        shown: list[Line] = []
        for index in window(len(rows), self._place, height):
            text, told, key = rows[index]
            shown.append(_line(text, usage.get(text, ""), told, key, index == self._place, width))
        if not rows:
            shown.append([Piece(" nothing is called that", "warn")])
        shown += [[Piece(" " * width)]] * (height - len(shown))
        self._list.put(shown)


def _line(text: str, usage: str, told: str, key: str, here: bool, width: int) -> Line:
    room = min(36, width // 2)
    label = clip(f"{text} {usage}".rstrip(), room)
    name = label[: len(text)]
    line: Line = [
        Piece("▶ " if here else "  ", "cursor"),
        Piece(name, "strong" if here else "text"),
        Piece(label[len(name) :], "dim"),
        Piece(" " * (room - len(label) + 1)),
        Piece(clip(told, max(0, width - room - len(key) - 5)), "dim"),
    ]
    used = sum(len(piece.text) for piece in line)
    gap = max(1, width - used - len(key) - 1)
    return fit([*line, Piece(" " * gap), Piece(key, "key")], width)
