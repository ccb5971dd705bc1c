"""The keys in words, for the help page and the guide: both are made of the table that binds them."""

from __future__ import annotations

from collections.abc import Callable

from tui.about import titled
from tui.keys import GROUPS, SECTIONED, Row
from tui.present.lines import Line, Piece, clip

KEY_WIDTH, NAME_WIDTH = 13, 36


def page(pane: str, about: str, width: int, shown: Callable[[Row], str]) -> list[Line]:
    """The pane with the keyboard first, then a heading a group and a line a key."""
    lines: list[Line] = []
    if about:
        lines.append([Piece(f"This pane: {titled([pane])[0]}", "title")])
        lines += [[Piece(f"  {row}", "text")] for row in _wrapped(about, width - 4)]
    own = [row for group in GROUPS.values() for row in group if pane in row.panes and row.help]
    for row in own:
        lines += _lines(row, width, shown, "")
    for group, rows in GROUPS.items():
        told = [row for row in rows if row.help and row not in own]
        if told:
            lines += [[], [Piece(group, "title")]]
        for row in told:
            where = f" (in {_where(row)})" if row.panes else ""
            lines += _lines(row, width, shown, where)
    return lines + _names(width, shown)


def _where(row: Row) -> str:
    """The panes where the key works."""
    return "the sections of screens 5 and 7" if row.panes == SECTIONED else ", ".join(titled(row.panes))


def _lines(row: Row, width: int, shown: Callable[[Row], str], where: str) -> list[Line]:
    """The key, and beside it as many lines as its explanation takes."""
    told = _wrapped(f"{row.help}{where}", width - KEY_WIDTH)
    signs = [f"  {shown(row):<{KEY_WIDTH - 3}} ", *[" " * KEY_WIDTH] * (len(told) - 1)]
    return [[Piece(sign, "key"), Piece(text, "text")] for sign, text in zip(signs, told, strict=True)]


def _names(width: int, shown: Callable[[Row], str]) -> list[Line]:
    """What moves a key in the configuration, in as many columns as there is room for."""
    named = {
        row.id: shown(row) for group in GROUPS.values() for row in group if row.action not in ("", "halt")
    }
    columns = max(1, width // NAME_WIDTH)
    cells = [(clip(f"  {sign}", KEY_WIDTH - 1), name) for name, sign in named.items()]
    lines: list[Line] = [[], [Piece("Names for [console.keys], which moves keys", "title")]]
    for first in range(0, len(cells), columns):
        line: Line = []
        for sign, name in cells[first : first + columns]:
            line += [Piece(f"{sign:<{KEY_WIDTH}}", "key"), Piece(f"{name:<{NAME_WIDTH - KEY_WIDTH}}", "dim")]
        lines.append(line)
    return lines


def markdown() -> str:
    """The table of the guide."""
    lines: list[str] = []
    for group, rows in GROUPS.items():
        lines += [f"**{group}**", "", "| key | does | where | name |", "|---|---|---|---|"]
        for row in rows:
            if row.help:
                where = "everywhere" if row.anywhere else _where(row) or "main screens"
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
