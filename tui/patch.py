"""The cells that changed, and the colours that change between them: the bytes of a partial frame.

Textual sends a changed row from the left edge of its pane, each run of text with all its colours and a
reset. Here it begins at the first cell that changed and names a colour only where it differs. This leans on
private names of Textual 8.2.8 (`ChopsUpdate` and its `chops`, `spans`, `chop_ends`).
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from textual._compositor import ChopsUpdate, CompositorUpdate
from textual.strip import Strip

from tui.squeeze import PLAIN, Pen, after, change


class Patch(CompositorUpdate):
    """Writes what a `ChopsUpdate` holds."""

    def __init__(self, update: ChopsUpdate) -> None:
        self._update = update

    def render_segments(self, console: Console) -> str:
        """Moves, colours and text; it ends as plain as it began."""
        update = self._update
        brush = Brush(console._color_system or ColorSystem.TRUECOLOR)
        for y, start, end in update.spans:
            for (x, strip), stop in zip(update.chops[y].items(), update.chop_ends[y], strict=False):
                if strip is not None and x < end and stop > start:
                    brush.paint(strip, y, x, max(x, start), min(stop, end))
        return brush.done()


class Brush:
    """Remembers where the terminal's cursor stands and what it draws with."""

    def __init__(self, colours: ColorSystem) -> None:
        self._colours = colours
        self._written: list[str] = []
        self._held = PLAIN
        self._place = (-1, -1)

    def paint(self, strip: Strip, y: int, x: int, start: int, end: int) -> None:
        """The cells from `start` up to `end` of a strip that stands at `x`, `y`."""
        if self._place != (start, y):
            self._written.append(f"\x1b[{y + 1};{start + 1}H")
        at = x
        for segment in strip:
            text = segment.text
            size = len(text) if text.isascii() else cell_len(text)
            behind = at + size
            if behind > start:
                if at < start or behind > end:
                    segment = _cut(segment, start - at, end - at)
                self._write(segment)
                if behind >= end:
                    break
            at = behind
        self._place = (end, y)

    def done(self) -> str:
        """All of it, and the pen laid down."""
        if self._held != PLAIN:
            self._written.append(change(self._held, PLAIN))
        return "".join(self._written)

    def _write(self, segment: Segment) -> None:
        style = segment.style
        wanted: Pen = PLAIN
        if style is not None:
            ansi = style._ansi
            wanted = after(PLAIN, Strip.render_ansi(style, self._colours) if ansi is None else ansi)
        if wanted != self._held:
            self._written.append(change(self._held, wanted))
            self._held = wanted
        self._written.append(segment.text)


def _cut(segment: Segment, start: int, end: int) -> Segment:
    """Its cells from `start` up to `end`; half of a wide character is a blank."""
    _, segment = segment.split_cells(start) if start > 0 else (segment, segment)
    segment, _ = segment.split_cells(end - max(start, 0))
    return segment
