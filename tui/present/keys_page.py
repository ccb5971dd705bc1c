"""The keys in words, for the help page and the guide: both are made of the table that binds them."""

from __future__ import annotations

from tui.keys import GROUPS, Row
from tui.present.lines import Line, Piece, clip


def page(pane: str, about: str, width: int) -> list[Line]:
    """The pane with the keyboard first, then a heading a group and a line a key."""
    lines: list[Line] = []
    if about:
        lines.append([Piece(f"This pane: {pane}", "title")])
        lines += [[Piece(f"  {row}", "text")] for row in _wrapped(about, width - 4)]
    own = [row for group in GROUPS.values() for row in group if pane in row.panes and row.help]
    lines += [_line(row, width) for row in own]
    for group, rows in GROUPS.items():
        shown = [row for row in rows if row.help and row not in own]
        if shown:
            lines += [[], [Piece(group, "title")], *(_line(row, width) for row in shown)]
    return lines


def _line(row: Row, width: int) -> Line:
    where = f" (in {', '.join(row.panes)})" if row.panes else ""
    return [
        Piece(f"  {row.shown:<10} ", "key"),
        Piece(clip(row.help, width - 13), "text"),
        Piece(clip(where, max(0, width - 13 - len(row.help))), "dim"),
    ]


def markdown() -> str:
    """The table of the guide."""
    lines: list[str] = []
    for group, rows in GROUPS.items():
        lines += [f"**{group}**", "", "| key | does | where |", "|---|---|---|"]
        for row in rows:
            if row.help:
                where = "everywhere" if row.anywhere else ", ".join(row.panes) or "main screens"
                lines.append(f"| `{row.shown}` | {row.help} | {where} |".replace("`\\`", "`\\\\`"))
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
