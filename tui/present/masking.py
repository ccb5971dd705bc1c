"""Privacy: our amounts of money and quantities as dots, so that a screen can be shown to others."""

from __future__ import annotations

import re

from tui.present.lines import Line, Piece, Sheet, width_of

_NUMBER = re.compile(r"(?<![A-Za-z\d])\d+(?:[.,]\d+)*(?![A-Za-z\d])")  # no id of an order
DOTS = "•••"


def secret(text: str, ink: str = "text", ground: str = "") -> Piece:
    """A piece that holds an amount of ours."""
    return Piece(text, ink, ground, True)


def concealed(rows: list[Line]) -> list[Line]:
    """Rows whose every number is ours."""
    return [[piece._replace(secret=True) for piece in row] for row in rows]


def secrets(lines: list[Line]) -> list[Line]:
    """Sentences of the engine, which may hold amounts of ours anywhere."""
    return [[piece._replace(secret=True) for piece in line] for line in lines]


def masked(line: Line) -> Line:
    """The line with its secret numbers as dots, as wide as before; how long a number was can't be told."""
    if not any(piece.secret for piece in line):
        return line
    return [_masked(piece) if piece.secret else piece for piece in line]


def masked_sheet(sheet: Sheet) -> Sheet:
    """All that a pane shows, masked."""
    return sheet._replace(
        title=masked(list(sheet.title)), rows=[masked(row) for row in sheet.rows],
        note=masked(list(sheet.note)), foot=masked(list(sheet.foot)),
    )  # fmt: skip


def _masked(piece: Piece) -> Piece:
    hidden = _NUMBER.sub(DOTS, piece.text)
    spare = width_of([piece]) - width_of([piece._replace(text=hidden)])
    if spare < 0:
        return piece._replace(text=hidden.replace(DOTS, "•")[: len(piece.text)])
    blanks = " " * spare
    right = not hidden.strip(f" {DOTS}+-%") and not piece.text[-1:].isspace()
    return piece._replace(text=blanks + hidden if right else hidden + blanks)
