"""Lines of inked pieces, and the frame around a pane. Everything a pane draws is made of these."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size


class Piece(NamedTuple):
    """A run of text in one ink (a name of the theme) on one ground (empty: the screen's own)."""

    text: str
    ink: str = "text"
    ground: str = ""
    secret: bool = False  # an amount of ours: dots in private


Line = list[Piece]


class Sheet(NamedTuple):
    """What a pane shows inside its frame, and what the frame itself says."""

    title: Line
    rows: list[Line]
    note: Sequence[Piece] = ()  # right end of the upper edge
    foot: Sequence[Piece] = ()  # left end of the lower edge
    edge: str = ""  # ink of the frame, where it isn't an ordinary pane's


def clean(text: str) -> str:
    """`text` without control characters: a venue's message must never steer the terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "·" for c in text if unicodedata.category(c) != "Cf")


def width_of(line: Iterable[Piece]) -> int:
    """How many cells a line covers."""
    return sum([len(p.text) if p.text.isascii() else cell_len(p.text) for p in line])


def clip(text: str, width: int) -> str:
    """`text` in at most `width` cells, an ellipsis where something was cut."""
    text = clean(text)
    size = len(text) if text.isascii() else cell_len(text)
    if size <= width:
        return text
    return set_cell_size(text, max(0, width - 1)) + "…" if width > 0 else ""


def shortest(texts: Sequence[str], width: int) -> str:
    """The first of `texts`, which get shorter, that has room; where none has, the last one cut."""
    return next((text for text in texts if width_of([Piece(text)]) <= width), clip(texts[-1], width))


def fit(line: Iterable[Piece], width: int, ground: str = "") -> Line:
    """The line in exactly `width` cells: cut, or filled up with blanks."""
    fitted: Line = []
    left = width
    for piece in line:
        size = len(piece.text) if piece.text.isascii() else cell_len(piece.text)
        if size > left:
            if left:
                fitted.append(piece._replace(text=set_cell_size(piece.text, left)))
            return fitted
        fitted.append(piece)
        left -= size
    if left:
        fitted.append(Piece(" " * left, "text", ground))
    return fitted


def spread(left: Line, right: Line, width: int) -> Line:
    """`left` and `right` at the two ends; where both don't fit, the right one gives way."""
    room = width - width_of(left) - width_of(right)
    if room < 1:
        return fit(left, width)
    return [*left, Piece(" " * room), *right]


def shade(line: Line, cells: int, ground: str) -> Line:
    """The line with its last `cells` cells on `ground`: a bar behind the text."""
    start = width_of(line) - cells
    shaded: Line = []
    at = 0
    for piece in line:
        size = len(piece.text) if piece.text.isascii() else cell_len(piece.text)
        cut = min(max(start - at, 0), size)
        if cut >= size:
            shaded.append(piece)
        else:
            text, ink, under, secret = piece
            if cut:
                shaded.append(Piece(text[:cut], ink, under, secret))
            shaded.append(Piece(text[cut:], ink, ground, secret))
        at += size
    return shaded


def on(line: Line, ground: str) -> Line:
    """The whole line on one ground."""
    return [piece._replace(ground=ground) for piece in line]


def settled(line: Iterable[Piece], width: int) -> Line:
    """The line in exactly `width` cells and few pieces: blanks take their neighbour's ink.

    One pass for `fit` and joining, because every row that changed goes through here eight times a second.
    """
    joined: Line = []
    held, ink, ground = "", "text", ""
    left = width
    for text, its_ink, its_ground, _ in [*line, Piece(" " * width)]:
        size = len(text) if text.isascii() else cell_len(text)
        if size > left:
            text, size = set_cell_size(text, left), left
        if not text:
            continue
        left -= size
        if its_ground == ground and (its_ink == ink or text.isspace()):
            held += text
        elif its_ground == ground and held.isspace():
            held, ink = held + text, its_ink
        else:
            if held:
                joined.append(Piece(held, ink, ground))
            held, ink, ground = text, its_ink, its_ground
        if not left:
            break
    if held:
        joined.append(Piece(held, ink, ground))
    return joined


def faded(line: Line) -> Line:
    """The line as old news: one quiet ink, no ground."""
    return [Piece(piece.text, "faint", "", piece.secret) for piece in line]


def wrapped(text: str, width: int) -> list[str]:
    """`text` in rows of at most `width` characters, broken at blanks; a longer word is cut up."""
    width = max(1, width)
    rows = [""]
    for word in clean(text).split():
        longer = f"{rows[-1]} {word}".strip()
        if len(longer) <= width:
            rows[-1] = longer
            continue
        pieces = [word[at : at + width] for at in range(0, len(word), width)]
        rows[-1:] = pieces if not rows[-1] else [rows[-1], *pieces]
    return rows


def centred(text: str, width: int, height: int, ink: str = "dim") -> list[Line]:
    """A sentence in the middle of an otherwise empty pane, wrapped at blanks."""
    rows = wrapped(text, width - 2)
    above: list[Line] = [[] for _ in range(max(0, (height - len(rows)) // 2))]
    return above + [[Piece(f"{row:^{width}}", ink)] for row in rows]


def detail(text: str, width: int, ink: str = "text", indent: str = "  ") -> list[Line]:
    """A sentence over as many rows as it needs, set off from what stands above."""
    return [[Piece(f"{indent}{row}", ink)] for row in wrapped(text, width - len(indent))]


def frame(sheet: Sheet, width: int, height: int, heavy: bool) -> list[Line]:
    """The sheet in a box of `width` by `height`: heavy where the pane has the keyboard."""
    edge = sheet.edge or ("focus" if heavy else "edge")
    corners, bar, side = ("┏┓┗┛", "━", "┃") if heavy else ("┌┐└┘", "─", "│")
    inner = width - 2
    rows = [fit(row, inner) for row in sheet.rows[: height - 2]]
    rows += [[Piece(" " * inner)]] * (height - 2 - len(rows))
    upper = _edge(sheet.title, sheet.note, inner, Piece(bar, edge))
    lower = _edge(sheet.foot, (), inner, Piece(bar, edge))
    return [
        [Piece(corners[0], edge), *upper, Piece(corners[1], edge)],
        *[[Piece(side, edge), *row, Piece(side, edge)] for row in rows],
        [Piece(corners[2], edge), *lower, Piece(corners[3], edge)],
    ]


def _edge(left: Sequence[Piece], right: Sequence[Piece], width: int, bar: Piece) -> Line:
    blank, dash = Piece(" ", bar.ink), Piece(bar.text, bar.ink)
    start: Line = [dash, blank, *left, blank] if left else []
    end: Line = [blank, *right, blank, dash] if right else []
    room = width - width_of(start) - width_of(end)
    if room < 0:  # the right one gives way
        left_over = max(0, width - width_of(start))
        return [*fit(start, width - left_over), Piece(bar.text * left_over, bar.ink)]
    return [*start, Piece(bar.text * room, bar.ink), *end]
