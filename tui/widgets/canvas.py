"""A widget that shows lines and repaints only the rows that changed."""

from __future__ import annotations

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.present.lines import Line, settled, width_of
from tui.theme import Inks


class Canvas(Widget):
    """Rows of inked pieces. One dirty region a row: a region a cell costs 38-86 % more bytes (measured)."""

    def __init__(self, inks: Inks, id: str) -> None:
        super().__init__(id=id)
        self.inks = inks
        self._lines: list[Line] = []  # as drawn
        self._given: list[Line] = []  # as handed in
        self._strips: dict[int, Strip] = {}  # rows as Textual wants them; it caches more inside each
        self._width = 0

    def put(self, lines: list[Line]) -> int:
        """Show these lines; returns how many rows had to be repainted."""
        width = self.size.width
        drawn, given = self._lines, self._given
        fresh: list[Line] = []
        dirty: list[Region] = []
        for y, line in enumerate(lines):
            if y < len(given) and given[y] == line and width == self._width:
                fresh.append(drawn[y])
                continue
            row = settled(line, width)
            fresh.append(row)
            start, end = changed(drawn[y], row) if y < len(drawn) and width == self._width else (0, 0)
            if start + end < width:
                dirty.append(Region(start, y, width - start - end, 1))
        dirty += [Region(0, y, width, 1) for y in range(len(lines), len(drawn))]
        for region in dirty:
            self._strips.pop(region.y, None)
        self._lines, self._given, self._width = fresh, lines, width
        if dirty:
            self.refresh(*dirty)
        return len(dirty)

    def dye(self, inks: Inks) -> None:
        """Take other colours and repaint everything."""
        self.inks = inks
        self._strips.clear()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row as a strip, exactly as wide as the widget."""
        strip = self._strips.get(y)
        if strip is None:
            strip = self._strips[y] = self._strip(y)
        return strip

    def _strip(self, y: int) -> Strip:
        style, width = self.inks.style, self.size.width
        plain = style("text", "")
        if y >= len(self._lines):
            return Strip.blank(width, plain)
        segments = [Segment(p.text, style(p.ink, p.ground)) for p in self._lines[y]]
        return Strip(segments, self._width).adjust_cell_length(width, plain)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows as they are: no border, no tint, all colours explicit, so Textual's style pass is skipped.

        It costs a third of a frame. With NO_COLOR it is needed, because it takes the colours away.
        """
        if self.app.no_color:
            return super().render_lines(crop)
        width = self.size.width
        strips = [self.render_line(y).adjust_cell_length(width) for y in crop.line_range]
        return strips if crop.width == width else [strip.crop(crop.x, crop.right) for strip in strips]


def changed(before: Line, after: Line) -> tuple[int, int]:
    """How many cells at the two ends of a row stay as they are (frames and time stamps mostly do)."""
    shared = 0
    while shared < min(len(before), len(after)) and before[shared] == after[shared]:
        shared += 1
    behind = 0
    while behind < min(len(before), len(after)) - shared and before[-1 - behind] == after[-1 - behind]:
        behind += 1
    return width_of(after[:shared]), width_of(after[len(after) - behind :])
