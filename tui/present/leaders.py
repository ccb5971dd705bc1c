"""The trials of the newest sweep, the best on top; it may be running."""

from __future__ import annotations

from midas.reports import words
from midas.reports.shelf import Board, Place
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, centred
from tui.present.picture import Picture, Spot
from tui.present.table import Column, fitting, heading, row

FIRST = "no sweep has been made yet; one is made in another terminal:"
COMMAND = "midas sweep trend-following --data FILE --set average=20,60,120"


def keys(picture: Picture, _height: int) -> list[str]:
    """The trials that the cursor can stand on."""
    board = _board(picture)
    return [f"trial:{place.number}" for place in board.places] if board is not None else []


def table(picture: Picture, spot: Spot) -> Sheet:
    """A trial a row, with the parameters that make it."""
    board = _board(picture)
    title: Line = [Piece("sweep", "title")]
    if board is None:
        rows = [*centred(FIRST, spot.width, spot.height - 2), []]
        wide = max(0, (spot.width - len(COMMAND)) // 2)
        return Sheet(title, [*rows, [Piece(" " * wide), Piece(COMMAND, "strong")]])
    title += [Piece(f" {board.strategy}", "strong"), Piece(f" {board.method}", "dim")]
    columns = fitting(_columns(board), spot.width - 1)
    rows = [[Piece(" "), *heading(columns)]]
    ranked = list(enumerate(board.places, 1))
    for index in spot.rows(keys(picture, 0), max(1, spot.height - 1)):
        here = f"trial:{board.places[index].number}" == spot.selected
        rows.append([Piece("▶" if here else " ", "cursor"), *row(columns, ranked[index])])
    return Sheet(title, rows, _note(board))


def _note(board: Board) -> Line:
    of = f" of {board.of:,}" if board.of else ""
    state = "running" if board.running else "ended" if board.done >= board.of > 0 else "stopped"
    done = Piece(f"{board.done:,}{of} trials made", "strong")
    return [done, Piece(f", {state}", "own" if board.running else "dim")]


def _columns(board: Board) -> list[Column[tuple[int, Place]]]:
    return [
        Column("place", 5, 0, lambda p: Piece(f"{p[0]}", "dim")),
        Column(board.objective[:12], 12, 0, lambda p: Piece(words.number(p[1].value), "strong")),
        Column(
            "made", 8, 0, lambda p: Piece(words.percent(p[1].total), numbers.trend_ink(p[1].total or 0.0))
        ),
        Column("fall", 7, 2, lambda p: Piece(words.percent(p[1].worst))),
        Column("fills", 6, 4, lambda p: Piece(f"{p[1].fills:,}", "dim")),
        Column("trial", 6, 5, lambda p: Piece(f"{p[1].number}", "faint")),
        Column("parameters", 30, 1, lambda p: Piece(_parameters(p[1]), "text"), left=True),
        Column("", 20, 3, lambda p: Piece(p[1].said, "warn"), left=True),
    ]


def _parameters(place: Place) -> str:
    return ", ".join(
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in place.parameters.items()
    )


def _board(picture: Picture) -> Board | None:
    return picture.shelf.board if picture.shelf is not None else None
