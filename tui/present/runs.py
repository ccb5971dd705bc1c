"""The list of kept back-tests, newest on top."""

from __future__ import annotations

from midas.reports import words
from midas.reports.sheet import Head
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet
from tui.present.picture import Picture, Spot
from tui.present.shelf import chosen, first, heads, key_of, marked, missing
from tui.present.table import Column, fitting, heading, row
from tui.present.viewport import Key

_DAY, _SECONDS = (
    4,
    13,
)  # of 261122-083504-ea5 stands 22-083504: two of one minute are told apart, and called by it


def keys(picture: Picture, _height: int) -> list[str]:
    """The runs that the cursor can stand on."""
    return [key_of(head.id) for head in heads(picture)]


def walk(picture: Picture, selected: Key | None, steps: int) -> Key:
    """From the run that the reports are about, which is marked without a cursor, too."""
    known = keys(picture, 0)
    here = selected if selected in known else key_of(chosen(picture))
    return known[min(max(known.index(str(here)) + steps, 0), len(known) - 1)]


def table(picture: Picture, spot: Spot) -> Sheet:
    """A run a row: when, of what, what it made, how far it fell."""
    found = heads(picture)
    if not found:
        known = picture.shelf is not None and picture.shelf.looked
        return Sheet([Piece("runs", "title")], first(spot)) if known else missing(picture, spot, "runs")
    title: Line = [Piece("runs ", "title"), Piece(f"{len(found)}", "strong")]
    both, here = marked(picture), chosen(picture)
    columns = fitting(_columns(), spot.width - 3)
    rows: list[Line] = [[Piece("   "), *heading(columns)]]
    selected = spot._replace(selected=key_of(here)) if spot.selected is not None else spot
    for index in selected.rows(keys(picture, 0), max(1, spot.height - 1)):
        head = found[index]
        cursor = "▶" if head.id == here else " "
        mark = "AB"[both.index(head.id)] if head.id in both else " "
        rows.append([Piece(cursor, "cursor"), Piece(f"{mark} ", "strong"), *row(columns, head)])
    note: Line = (
        [Piece(" and ".join(f"{'AB'[n]} {run}" for n, run in enumerate(both)), "dim")] if both else []
    )
    return Sheet(title, rows, note, [Piece("x marks two to compare", "dim")] if spot.focused else [])


def _columns() -> list[Column[Head]]:
    return [
        Column("run", 9, 2, lambda h: Piece(h.id[_DAY:_SECONDS], "dim"), left=True),
        Column("made", 8, 0, lambda h: Piece(words.percent(h.total), numbers.trend_ink(h.total or 0.0))),
        Column("fall", 7, 5, lambda h: Piece(words.percent(h.worst), "text")),
        Column("Sharpe", 6, 6, lambda h: Piece(words.number(h.sharpe), "text")),
        Column("trades", 6, 8, lambda h: Piece(f"{h.closed:,}", "dim")),
        Column("strategy", 15, 0, lambda h: Piece(h.strategy, "strong"), left=True),
        Column("on", 9, 3, lambda h: Piece(", ".join(h.instruments), "text"), left=True),
        Column("bars", 4, 4, lambda h: Piece(words.period(h.period), "dim"), left=True),
        Column("from", 10, 7, lambda h: Piece(words.day(h.begins), "dim"), left=True),
        Column("parameters", 10, 1, lambda h: Piece(_parameters(h), "dim"), left=True),
    ]


def _parameters(head: Head) -> str:
    told = ", ".join(f"{name} {value}" for name, value in head.parameters.items())
    return f"interrupted {told}".strip() if head.interrupted else told
