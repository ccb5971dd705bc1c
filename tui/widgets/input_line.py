"""The line that a person types into."""

from __future__ import annotations

from textual.reactive import reactive
from textual.widgets import Input


class InputLine(Input):
    """Textual's input with a cursor that stands still: each blink would be bytes over a slow line."""

    cursor_blink = reactive(False, init=False)
