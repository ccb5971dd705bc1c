"""Input lines: the filter at the foot of the screen, and the dialog of a price alert."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Static

from tui.screens.dialogs import Question
from tui.screens.modal import Modal
from tui.widgets.input_line import InputLine


class FilterLine(Modal[None]):
    """What is typed filters at once; Enter keeps it, Esc clears it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "clear", "clear", show=False)]

    def __init__(self, needle: str, changed: Callable[[str], None]) -> None:
        super().__init__()
        self._needle = needle
        self._changed = changed

    def compose(self) -> ComposeResult:
        """One line: what it is, what is typed, how to leave."""
        with Horizontal(id="foot"):
            yield Static(" only events with / ", markup=False)
            yield InputLine(self._needle, id="filter", compact=True, max_length=60)
            yield Static(" Enter keeps it  Esc clears it ", markup=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what is left."""
        self._changed(event.value)

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        """Keep it."""
        self.dismiss(None)

    def action_clear(self) -> None:
        """All lines again."""
        self._changed("")
        self.dismiss(None)


Check = Callable[[str], str]  # what was typed; returns what is wrong with it, or nothing


class AlertDialog(Question):
    """The price of a new alert; it stays open until it can be sent or is given up."""

    def __init__(self, text: str, price: str, check: Check) -> None:
        super().__init__("New price alert", text, "price, or symbol and price, then Enter")
        self._price = price
        self._check = check

    def on_mount(self) -> None:
        """The price of the book's cursor stands there already."""
        self.query_one(Input).value = self._price
        self.hint("Enter: set the alert   Esc: leave it")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """A line that is no alert is said so."""
        problem = self._check(event.value)
        if problem:
            self.hint(problem)
        else:
            self.dismiss(event.value)
