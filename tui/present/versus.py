"""Two marked runs side by side."""

from __future__ import annotations

from midas.reports import told
from midas.reports.compare import Differs, compared
from tui.present.growth import area, dates
from tui.present.lines import Line, Piece, Sheet, centred, clip, width_of
from tui.present.picture import Picture, Spot
from tui.present.shelf import marked, missing

NAME, VALUE = 24, 16
HOW = "x marks a run on the list (section Runs); two marked ones stand here side by side"


def pane(picture: Picture, spot: Spot) -> Sheet:
    """What was made differently, then the figures of both and what lies between them."""
    title: Line = [Piece("compare", "title")]
    both = marked(picture)
    if len(both) < 2 or picture.shelf is None:
        one = f"A is {both[0]}; one more. " if both else ""
        return Sheet(title, centred(f"{one}{HOW}", spot.width, spot.height))
    sheets = [picture.shelf.sheets.get(run) for run in both]
    first, second = sheets
    if first is None or second is None:
        return missing(picture, spot, "compare")
    found = compared(first, second)
    value = min(VALUE, max(9, (spot.width - NAME) // 3))
    rows: list[Line] = [
        [Piece(f"{letter}  ", "strong"), Piece(clip(f"{sheet.id}  {told.heading(sheet)}", spot.width - 3))]
        for letter, sheet in (("A", first), ("B", second))
    ]
    rows += [line for differs in found.made for line in _made(differs, spot.width)]
    if not found.made:
        rows.append([Piece("both were made the same way", "dim")])
    if found.other_data:
        rows.append([Piece("the data differ: these figures answer two questions", "warn")])
    rows.append([Piece(f"{'':{NAME}}{'A':>{value}}{'B':>{value}}{'B less A':>{value}}", "faint")])
    rows += [
        [Piece(f"{p.name:{NAME}}", "dim"), Piece(f"{p.first:>{value}}"), Piece(f"{p.second:>{value}}"),
         Piece(f"{p.apart:>{value}}", "strong")]
        for p in found.figures
    ]  # fmt: skip
    return Sheet(title, rows)


def _made(differs: Differs, width: int) -> list[Line]:
    """`enter  0.03 → 0.04`; one below the other where both have no room beside each other."""
    name, room = Piece(f"{differs.name[: NAME - 1]:{NAME}}", "dim"), width - NAME
    both = f"{differs.first} → {differs.second}"
    if width_of([Piece(both)]) <= room:
        return [[name, Piece(both, "own")]]
    told = [Piece(clip(text, room), "own") for text in (differs.first, f"→ {differs.second}")]
    return [[name, told[0]], [Piece(" " * (NAME - 2)), told[1]]]


def curves(picture: Picture, spot: Spot) -> Sheet:
    """The equity of both, one over the other, each on its own scale."""
    title: Line = [Piece("equity of both", "title")]
    shelf, both = picture.shelf, marked(picture)
    sheets = [shelf.sheets[run] for run in both if run in shelf.sheets] if shelf is not None else []
    if len(sheets) < 2:
        return Sheet(
            title, centred("two marked runs draw their curves here", spot.width, spot.height, "faint")
        )
    each = max(2, (spot.height - 2) // 2)
    columns = max(2, spot.width - 10)
    rows: list[Line] = []
    for letter, sheet in zip("AB", sheets, strict=True):
        drawn = area(sheet.curve.equity or (sheet.cash, sheet.cash), columns, each - 1, spot.width)
        rows += [*drawn, [Piece(f"{letter} ", "strong"), *dates(sheet.begins, sheet.ends, columns - 2)]]
    return Sheet(title, rows, [Piece("each on its own scale", "dim")])
