"""The correlation matrix: a cell is a number on a shade, and what moves together too much has a mark."""

from __future__ import annotations

from itertools import combinations
from math import isfinite

from midas.state.views.risk import CorrelationView
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, centred, clean, detail
from tui.present.picture import Picture, Spot

SHADES = " ░▒▓█"  # how strongly it moves with the other; what moves against it has a sign
CELL = 5  # blank, mark or sign or shade, three for the number
TIGHT = 4  # the same without the blank
NAME = 6


def pane(picture: Picture, spot: Spot) -> Sheet:
    """The matrix, and in words what the limit says of it."""
    view = picture.snapshot.correlations
    title: Line = [Piece("correlation", "title"), Piece(" raw", "dim")]
    if len(view.names) < 2:
        return Sheet(title, centred(_none(view), spot.width, spot.height))
    room = spot.width - NAME
    cell = CELL if len(view.names) * CELL <= room else TIGHT
    fits = max(2, min(len(view.names), room // cell, spot.height - 2))
    names = [_short(name) for name in view.names]
    rows: list[Line] = [
        [Piece(" " * NAME), *(Piece(f"{name[: cell - 1]:>{cell}}", "faint") for name in names[:fits])]
    ]
    for line, name in enumerate(names[:fits]):
        held = view.held[line] if line < len(view.held) else False
        mark = Piece(f"{'●' if held else ' '}{name[:4]:<{NAME - 1}}", "strong" if held else "text")
        rows.append([mark, *(_cell(view, line, column, cell) for column in range(fits))])
    left = spot.height - len(rows)
    for text, ink in _words(view, len(view.names) - fits + view.more):
        told = detail(text, spot.width, ink, "")
        if len(told) <= left:
            rows += told
            left -= len(told)
    return Sheet(title, rows, [Piece(_limit(view), "dim")])


def _none(view: CorrelationView) -> str:
    if not view.names:
        return "no instrument is known yet; the matrix begins with the first picture of the engine"
    return "one instrument alone moves with nobody; the matrix begins with a second one"


def _short(name: str) -> str:
    return clean(name).partition("-")[0]


def _limit(view: CorrelationView) -> str:
    return (
        f"one position above {numbers.probability(view.maximum)}"
        if isfinite(view.maximum)
        else "no limit on it"
    )


def _cell(view: CorrelationView, line: int, column: int, width: int) -> Piece:
    value = view.rows[line][column]
    if line == column:
        return Piece(f"{'·':>{width}}", "faint")
    if not isfinite(value):
        return Piece(f"{'-':>{width}}", "faint")
    over = value > view.maximum
    mark = "!" if over else "-" if value < 0.0 else SHADES[min(4, int(value * 5))]
    ink = "alarm" if over else "text" if abs(value) >= 0.4 else "dim"
    return Piece(f"{mark + numbers.probability(abs(value)):>{width}}", ink)


def _words(view: CorrelationView, hidden: int) -> list[tuple[str, str]]:
    said: list[tuple[str, str]] = []
    unknown = any(not isfinite(cell) for row in view.rows for cell in row)
    pairs = [(view.rows[a][b], a, b) for a, b in combinations(range(len(view.names)), 2)]
    over = sorted((p for p in pairs if p[0] > view.maximum), reverse=True)
    for value, a, b in over[:3]:
        both = view.held[a] and view.held[b]
        counts = "count as one position" if both else "would count as one position"
        names = f"{_short(view.names[a])} and {_short(view.names[b])}"
        said.append((f"! {names} {numbers.probability(value)}: {counts}", "alarm" if both else "warn"))
    if unknown and view.bars < view.needed:
        said.append(
            (f"- not known before {view.needed} candles of both; the youngest has {view.bars}", "dim")
        )
    elif unknown:
        said.append(("- not known: the two have too few candles in common, or one stood still", "dim"))
    if not over and not unknown:
        said.append(("nothing moves together so much that it counts as one position", "dim"))
    if hidden:
        said.append(
            (f"+{hidden} more: z" if hidden > view.more else f"{hidden} smaller ones left out", "dim")
        )
    said.append(("● held or being bought", "faint"))
    return said
