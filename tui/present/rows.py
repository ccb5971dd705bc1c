"""The rows behind a pane as plain values: for a copy or a file, exact where the screen rounds."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from midas.domain.time import iso
from tui.present import history, levels, orders, positions, reconciliation, signals
from tui.present.grouping import side
from tui.present.picture import Key, Picture


class Rows(NamedTuple):
    """Names of the columns, and the rows with the cursor key that stands on each."""

    names: tuple[str, ...]
    rows: list[tuple[Key, tuple[str, ...]]]


def behind(picture: Picture, pane: str) -> list[Rows]:
    """What the pane shows, a block a sort of row; empty where it shows no rows."""
    snapshot, view = picture.snapshot, picture.instrument
    held = [(positions.key_of(p), p) for p in [*positions.listed(picture), *positions.gone(picture)]]
    working = [(orders.key_of(o), o) for o in orders.listed(picture)]
    match pane:
        case "positions":
            return _blocks(held)
        case "orders" | "working":
            return _blocks(working)
        case "desk":
            return _blocks(held) + _blocks(working)
        case "closed":
            return _blocks(list(zip(history.closed_keys(picture, 0), snapshot.closed, strict=True)))
        case "fills":
            return _blocks(list(zip(history.fill_keys(picture, 0), snapshot.fills, strict=True)))
        case "signals":
            return _blocks(list(zip(signals.keys(picture, 0), snapshot.signals, strict=False)))
        case "reconciliation":
            return _blocks([(reconciliation.key_of(d), d) for d in snapshot.reconciliation.differences])
        case "tape" if view is not None:
            return _blocks(list(enumerate(view.tape, 1)))
        case "chart" if view is not None:
            return _blocks(list(enumerate(view.bars, 1)))
        case "book" if view is not None:
            bids, asks = (side(view, bids, picture.options) for bids in (True, False))
            return _blocks([(levels.key_of(view, level.price), level) for level in (*asks[::-1], *bids)])
        case _:
            return []


def as_csv(blocks: Sequence[Rows]) -> str:
    """The blocks as one file, an empty line between them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for number, block in enumerate(blocks):
        if number:
            text.write("\n")
        writer.writerow(block.names)
        writer.writerows([[_inert(cell) for cell in cells] for _, cells in block.rows])
    return text.getvalue()


def _blocks(items: Sequence[tuple[Key, msgspec.Struct]]) -> list[Rows]:
    if not items:
        return []
    names = tuple(name for name in type(items[0][1]).__struct_fields__)
    rows = [(key, tuple(_cell(name, getattr(item, name)) for name in names)) for key, item in items]
    return [Rows(names, rows)]


def _cell(name: str, value: object) -> str:
    if (
        isinstance(value, int)
        and not isinstance(value, bool)
        and (name.endswith(("_at", "time")) or name == "at")
    ):
        return iso(value) if value else ""
    if isinstance(value, tuple):
        return " | ".join(str(part) if isinstance(part, str) else _told(part) for part in value)
    return str(value)


def _told(part: object) -> str:
    """A nested row in a few words: `slope 0.41`."""
    if isinstance(part, msgspec.Struct):
        return " ".join(str(getattr(part, name)) for name in part.__struct_fields__)
    return str(part)


def _inert(cell: str) -> str:
    """A text that a spreadsheet would run as a formula gets a mark before it; numbers stay numbers."""
    if cell[:1] in ("=", "@", "\t") or (cell[:1] in ("+", "-") and not _number(cell)):
        return f"'{cell}"
    return cell


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
