"""The keys in words, for the help page and the guide: both are made of the table that binds them."""

from __future__ import annotations

from collections.abc import Callable

from tui.keys import GROUPS, Row
from tui.present.lines import Line, Piece, clip, spread


def page(pane: str, about: str, width: int, shown: Callable[[Row], str]) -> list[Line]:
    """The pane with the keyboard first, then a heading a group and a line a key."""
    lines: list[Line] = []
    if about:
        lines.append([Piece(f"This pane: {pane}", "title")])
        lines += [[Piece(f"  {row}", "text")] for row in _wrapped(about, width - 4)]
    own = [row for group in GROUPS.values() for row in group if pane in row.panes and row.help]
    lines += [_line(row, width, shown) for row in own]
    for group, rows in GROUPS.items():
        told = [row for row in rows if row.help and row not in own]
        if told:
            lines += [[], [Piece(group, "title")], *(_line(row, width, shown) for row in told)]
    return lines


def _line(row: Row, width: int, shown: Callable[[Row], str]) -> Line:
    where = f" (in {', '.join(row.panes)})" if row.panes else ""
    left: Line = [
        Piece(f"  {shown(row):<10} ", "key"),
        Piece(clip(row.help, width - 13), "text"),
        Piece(clip(where, max(0, width - 13 - len(row.help))), "dim"),
    ]
    return spread(left, [Piece(row.id, "faint")] if row.action else [], width)


def markdown() -> str:
    """The table of the guide."""
    lines: list[str] = []
    for group, rows in GROUPS.items():
        lines += [f"**{group}**", "", "| key | does | where | name |", "|---|---|---|---|"]
        for row in rows:
            if row.help:
                where = "everywhere" if row.anywhere else ", ".join(row.panes) or "main screens"
                lines.append(f"| `{row.shown}` | {row.help} | {where} | {row.id} |".replace("`\\`", "`\\\\`"))
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _wrapped(text: str, width: int) -> list[str]:
    rows = [""]
    for word in text.split():
        longer = f"{rows[-1]} {word}".strip()
        if len(longer) > width and rows[-1]:
            rows.append(word)
        else:
            rows[-1] = longer
    return rows
