"""The palette: `verb [symbol] [arguments]`, found by any letters of it, with the key that does the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.fuzzy import FuzzySearch
from textual.widgets import Input, Static

from tui.entry import Entry, begun, found, offered
from tui.present.lines import Line, Piece, clip, fit
from tui.present.picture import window
from tui.screens.modal import Modal
from tui.theme import Inks
from tui.widgets.canvas import Canvas
from tui.widgets.input_line import InputLine


class Palette(Modal[str | None]):
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
        self._place: int | None = None  # None: nothing was chosen with the arrows
        self._search = FuzzySearch()
        self._list = Canvas(inks, "commands")

    def compose(self) -> ComposeResult:
        """A line to type in, what fits it, and what is wrong."""
        with Vertical(classes="box palette") as box:
            box.border_title = "Commands"
            box.border_subtitle = "↑↓ choose · Tab complete · Enter run · Esc"
            again = f"   ↑ again: {self._history[0]}" if self._history else ""
            yield InputLine(self._line, placeholder=f"mode, halt, buy, alert, palette ...{again}", id="line")
            yield self._list
            yield Static("", id="hint", markup=False)

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
        self._place = None
        if _event.value != self._line:
            self._problem = ""
        self._draw()

    def action_step(self, steps: int) -> None:
        """Choose another entry."""
        last = len(self._rows()) - 1
        here = self._here()
        if here is not None:
            place = here + steps
        else:  # up, from an empty line, is what was run last
            place = 0 if steps > 0 or self.query_one(Input).value.strip() else last
        self._place = min(max(place, 0), last) if last >= 0 else None
        self._draw()

    def action_complete(self) -> None:
        """Take the chosen entry or argument into the line."""
        rows = self._rows()
        if rows:
            self._take(rows[self._place or 0][0] + " ")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Run what was chosen with the arrows or what the line begins and nothing else; else complete it."""
        if self._place is not None:
            self._run(self._rows()[self._place][0])
            return
        typed = event.value.strip()
        named, starts = found(self._entries, typed), begun(self._entries, typed)
        if named is not None:
            self._run(typed)
        elif len(starts) == 1:
            self._run(starts[0].verb)
        elif starts:
            self._take(f"{typed} ")
            self._say(f"which one? ↑↓ choose: {', '.join(entry.verb for entry in starts)}")
        elif rows := self._rows() if typed else []:
            self._take(rows[0][0])
            self._say("nothing is called that; this comes near it: Enter runs it, Esc closes")

    def _run(self, line: str) -> None:
        """Unless it needs more than its verb."""
        named = found(self._entries, line)
        if named is not None and named[0].asks and not named[1]:
            self._take(f"{line} ")
        else:
            self.dismiss(line)

    def _take(self, text: str) -> None:
        line = self.query_one(Input)
        self._line = line.value = text
        line.cursor_position = len(text)

    def _say(self, problem: str) -> None:
        self._problem = problem
        self._draw()

    def _rows(self) -> list[tuple[str, str, str]]:
        """(line, explanation, key) of everything on offer now."""
        typed = self.query_one(Input).value
        if not typed.strip() and self._history:
            recent = [(line, "again", "") for line in reversed(self._history)]
            return [*(self._row(e) for e in self._entries), *recent]
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
        here = self._here()
        for index in window(len(rows), here or 0, height):
            text, told, key = rows[index]
            shown.append(_line(text, usage.get(text, ""), told, key, index == here, width))
        self._tell(rows[here] if here is not None and rows else None)
        shown += [[Piece(" " * width)]] * (height - len(shown))
        self._list.put(shown)

    def _here(self) -> int | None:
        """The row that Enter is about: the chosen one, else the first, unless several are as good."""
        typed = self.query_one(Input).value
        if self._place is not None or not typed.strip():
            return self._place
        several = found(self._entries, typed) is None and len(begun(self._entries, typed)) > 1
        return None if several else 0

    def _tell(self, row: tuple[str, str, str] | None) -> None:
        """What is wrong, else the whole text of the row that is pointed at."""
        rest = f"{row[0]}: {row[1]}" if row is not None else ""
        if not self._rows():
            rest = "nothing is called that; Esc closes this"
        hint = self.query_one("#hint", Static)
        hint.update(self._problem or rest)
        hint.set_class(not self._problem and row is not None, "told")


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
