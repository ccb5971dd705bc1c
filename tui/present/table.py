"""A small table that gives up its least important columns before it cuts a number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from tui.present.lines import Line, Piece, clip

Item = TypeVar("Item")


class Column(NamedTuple, Generic[Item]):
    """One column: `rank` says in which order columns give way (0 never does)."""

    heading: str
    width: int
    rank: int
    cell: Callable[[Item], Piece]
    left: bool = False


def fitting(columns: Sequence[Column[Item]], width: int) -> list[Column[Item]]:
    """The columns that fit, without those of the highest ranks; spare room goes to the one of rank 1."""
    kept = list(columns)
    while sum(c.width + 1 for c in kept) - 1 > width and any(c.rank for c in kept):
        kept.remove(max(kept, key=lambda c: c.rank))
    spare = width - sum(c.width + 1 for c in kept) + 1
    for index, column in enumerate(kept):
        if column.rank == 1 and column.left and spare > 0:
            kept[index] = column._replace(width=column.width + min(spare, 12))
            break
    return kept


def heading(columns: Sequence[Column[Item]]) -> Line:
    """The names of the columns."""
    names = [f"{c.heading:<{c.width}}" if c.left else f"{c.heading:>{c.width}}" for c in columns]
    return [Piece(" ".join(names), "faint")]


def heading_with(columns: Sequence[Column[Item]], count: str) -> Line:
    """The heading, its first names replaced by a count of what doesn't fit."""
    names = heading(columns)[0].text
    if not count:
        return [Piece(names, "faint")]
    after = names.find(" ", len(count))
    rest = names[after:] if after >= 0 else ""
    return [Piece(f"{count:<{len(names) - len(rest)}}", "warn"), Piece(rest, "faint")]


def row(columns: Sequence[Column[Item]], item: Item) -> Line:
    """One item, a piece a column."""
    line: Line = []
    for column in columns:
        piece = column.cell(item)
        text = clip(piece.text, column.width)
        text = f"{text:<{column.width}}" if column.left else f"{text:>{column.width}}"
        line += [piece._replace(text=text), Piece(" ")]
    return line[:-1]
