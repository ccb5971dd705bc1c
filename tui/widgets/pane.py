"""A framed pane: pulls a picture at its own rate, keeps a cursor, says when it is stale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from midas.state.views.market import InstrumentView
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, centred, faded, fit, frame, width_of
from tui.present.masking import masked_sheet
from tui.present.picture import LINK_STALE_NS, MARKET_STALE_NS, Picture, Spot
from tui.present.scale import PowerScale
from tui.present.viewport import Key, Viewport
from tui.theme import Inks
from tui.widgets.canvas import Canvas

Draw = Callable[[Picture, Spot], Sheet]
Keys = Callable[[Picture, int], Sequence[Key]]
Walk = Callable[[Picture, Key | None, int], Key | None]
# What shows a price or a result pulls on the same beats, so that no two numbers contradict each other;
# only the levels of the book are faster.
COMMON = 4


class PaneKind(NamedTuple):
    """What tells one pane from another."""

    name: str
    rate: int  # pulls a second: 8, 4, 2 or 1
    draw: Draw
    keys: Keys | None = None  # where a cursor can stand
    market: Callable[[Picture], InstrumentView | None] | None = None  # whose age makes it stale
    follows: tuple[str, ...] = ()  # it has no cursor: it shows what the cursor of one of these stands on
    walk: Walk | None = None  # where the cursor goes from a key, where that isn't along `keys`
    timeless: bool = False  # it shows nothing of the engine, so nothing in it grows stale


class Pane(Canvas, can_focus=True):
    """One node of the widget tree, however much it shows."""

    def __init__(self, kind: PaneKind, inks: Inks) -> None:
        super().__init__(inks, id=kind.name)
        self.kind = kind
        self.selected: Key | None = None
        self._picture: Picture | None = None
        self._scale = PowerScale()
        self._viewport = Viewport()

    def show(self, picture: Picture | None) -> None:
        """Draw this picture; None before the first snapshot."""
        self._picture = picture
        if not self.size.width or not self.size.height:
            return
        width, height = self.size
        if picture is None:
            waiting = Sheet(
                [Piece(self.kind.name, "title")], centred("no data yet", width - 2, height - 2, "faint")
            )
            self.put(frame(waiting, width, height, self.has_focus))
            return
        spot = Spot(width - 2, height - 2, self._scale, self.has_focus, self.selected, self._viewport)
        sheet = self.kind.draw(picture, spot)
        stale = self._stale(picture)
        if picture.frozen:
            sheet = _marked(sheet, _flag("FROZEN"), width)
        elif picture.paused:
            sheet = _marked(_faded(sheet), [Piece(" PAUSED ", "label")], width)
        elif stale:
            sheet = _marked(_faded(sheet), _flag(f"STALE {numbers.duration(stale)}"), width)
        if picture.options.private:
            sheet = masked_sheet(sheet)
        self.put(frame(sheet, width, height, self.has_focus))

    def again(self) -> None:
        """Draw the last picture once more (focus, cursor or size changed)."""
        self.show(self._picture)

    def move(self, steps: int) -> None:
        """Move the cursor; from nowhere it starts at the top (in a book: at the touch)."""
        keys = self._keys()
        if not keys:
            return
        if self.kind.walk is not None and self._picture is not None:
            self.selected = self.kind.walk(self._picture, self.selected, steps)
        else:
            place = keys.index(self.selected) + steps if self.selected in keys else 0
            self.selected = keys[min(max(place, 0), len(keys) - 1)]
        self.again()

    def jump(self, last: bool) -> None:
        """Cursor to the first or last item."""
        keys = self._keys()
        if keys:
            self.selected = keys[-1 if last else 0]
            self.again()

    def release(self) -> None:
        """Take the cursor away."""
        self.selected = None
        self.again()

    def on_focus(self) -> None:
        """A heavy frame shows where the keyboard is."""
        self.again()

    def on_blur(self) -> None:
        """Back to a light frame."""
        self.again()

    def on_resize(self) -> None:
        """Draw for the new size at once."""
        self.again()

    def _keys(self) -> Sequence[Key]:
        if self.kind.keys is None or self._picture is None:
            return []
        return self.kind.keys(self._picture, self.size.height - 2)

    def _stale(self, picture: Picture) -> int:
        """How old the data is, where that is too old; else 0."""
        if self.kind.timeless:
            return 0
        if picture.link_age > LINK_STALE_NS:
            return picture.link_age
        view = self.kind.market(picture) if self.kind.market else None
        age = picture.age_of(view.updated_at) if view is not None else 0
        return age if age > MARKET_STALE_NS else 0


def _faded(sheet: Sheet) -> Sheet:
    return sheet._replace(rows=[faded(row) for row in sheet.rows])


def _marked(sheet: Sheet, mark: Line, width: int) -> Sheet:
    """The mark in the upper edge, where it is never left out: a long title gives way to it."""
    room = max(0, width - width_of(mark) - 8)  # corners, dashes and blanks
    title = list(sheet.title)
    while len(title) > 1 and width_of(title) > room:  # whole words go, the name stays
        title.pop()
    title = title if width_of(title) <= room else fit(title, room)
    return sheet._replace(title=title, note=mark)


def _flag(text: str) -> Line:
    return [Piece(f" {text} ", "warn_bar", "warn_bar")]
