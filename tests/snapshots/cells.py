"""A screen as text: its characters, then which ink each cell has.

The picture of a screen as SVG takes 60 to 300 kB, this 4 to 20: hundreds can be kept and compared by eye.
"""

from __future__ import annotations

import itertools
import string
from pathlib import Path

from rich.style import Style
from textual.app import App
from textual.strip import Strip

FOLDER = Path(__file__).with_name("__cells__")
LETTERS = string.ascii_lowercase + string.ascii_uppercase + string.digits


def cells(app: App[int]) -> str:
    """The screen of a running app."""
    strips: list[Strip] = app.screen._compositor.render_strips()
    legend: dict[str, str] = {}
    rows, inks = [], []
    for strip in strips:
        rows.append(f"|{strip.text}|")
        runs = [(_letter(legend, segment.style), segment.cell_length) for segment in strip]
        grouped = itertools.groupby(runs, key=lambda run: run[0])
        inks.append(" ".join(f"{letter}{sum(size for _, size in group)}" for letter, group in grouped))
    named = [f"{letter} = {style}" for style, letter in legend.items()]
    return "\n".join([*rows, "", *inks, "", *named, ""])


def _letter(legend: dict[str, str], style: Style | None) -> str:
    name = str(style) if style is not None else "none"
    if name not in legend:
        place = len(legend)
        legend[name] = (
            LETTERS[place] if place < len(LETTERS) else f"{LETTERS[place // 62 - 1]}{LETTERS[place % 62]}."
        )
    return legend[name]


def compare(name: str, seen: str, update: bool) -> None:
    """The screen must be the kept one; where it is not, say the first rows that differ."""
    path = FOLDER / f"{name}.txt"
    if update:
        FOLDER.mkdir(exist_ok=True)
        path.write_text(seen, encoding="utf-8")
        return
    assert path.exists(), (
        f"no screen is kept as {name}: look at it, then pytest tests/snapshots --snapshot-update"
    )
    kept = path.read_text(encoding="utf-8")
    if kept != seen:
        pairs = itertools.zip_longest(kept.splitlines(), seen.splitlines(), fillvalue="")
        rows = [f"{n}:\n  kept {a}\n  seen {b}" for n, (a, b) in enumerate(pairs) if a != b]
        raise AssertionError(
            f"{name} looks different in {len(rows)} lines; the first:\n" + "\n".join(rows[:6])
        )
