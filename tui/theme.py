"""Inks and grounds by name, in two themes and four up/down palettes.

Quiet greys carry the screen; a saturated colour means that something is not normal. Red is kept for
alarms and for LIVE; a falling price is a muted tone and always has an arrow or its side of the ladder.
"""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color
from rich.style import Style
from textual.theme import Theme

from tui.colours import nearest, shown

PALETTES = ("western", "eastern", "cvd", "mono")
THEMES = ("dark", "light")

_DARK = {
    "ground": "#101317", "text": "#c3c8cf", "strong": "#eef1f4", "dim": "#858e99", "faint": "#59616b",
    "edge": "#363d46", "focus": "#7ea6cf", "title": "#9fb0c3", "label": "#93a1b0", "own": "#6cb6ff",
    "good": "#7fb596", "warn": "#e3b341", "alarm": "#ff6b6b", "gauge": "#7b8794", "volume": "#4d5660",
    "cursor": "#f0d674", "key": "#d5dbe2", "doubt": "#c792ea",
}  # fmt: skip
_LIGHT = {
    "ground": "#f7f7f4", "text": "#2d333b", "strong": "#000000", "dim": "#656d76", "faint": "#9aa1a9",
    "edge": "#c3c9d0", "focus": "#2b6cb0", "title": "#3d4a59", "label": "#4a5766", "own": "#0b5cad",
    "good": "#2f7d52", "warn": "#8a5a00", "alarm": "#c1121f", "gauge": "#6b7681", "volume": "#a9b0b8",
    "cursor": "#7a4b00", "key": "#11161c", "doubt": "#7a2ea0",
}  # fmt: skip
# up, down, shading behind bids, shading behind asks
_SIDES = {
    ("dark", "western"): ("#6fbf8b", "#d98880", "#17291f", "#2e1e1f"),
    ("dark", "eastern"): ("#d98880", "#6fbf8b", "#2e1e1f", "#17291f"),
    ("dark", "cvd"): ("#6aa9e9", "#e39a4b", "#16263a", "#34261a"),
    ("dark", "mono"): ("#eef1f4", "#9aa2ab", "#262b31", "#262b31"),
    ("light", "western"): ("#1f7a45", "#a8443b", "#dcefe2", "#f4dfdc"),
    ("light", "eastern"): ("#a8443b", "#1f7a45", "#f4dfdc", "#dcefe2"),
    ("light", "cvd"): ("#1b5fa8", "#a85a00", "#d9e6f5", "#f6e6d3"),
    ("light", "mono"): ("#000000", "#555b62", "#dfe2e5", "#dfe2e5"),
}
# Badges and bars: ink on ground. They keep their colours in every palette; in mono they go grey, with
# the dangerous ones reversed, so that the word and the weight carry the meaning.
_BADGES = {
    "environment_quiet": ("#d5dbe2", "#3a424c"), "environment_sim": ("#dfe9f5", "#34506e"),
    "environment_paper": ("#dcf5f1", "#1f6b62"), "environment_demo": ("#f0e3fa", "#6a4392"),
    "environment_live": ("#ffffff", "#c62828"),
    "mode_normal": ("#d5dbe2", "#2c333b"), "mode_defensive": ("#1b1500", "#c9a227"),
    "mode_observation": ("#0c1a26", "#7fb2dc"), "mode_pause": ("#1f1200", "#f0a030"),
    "mode_emergency": ("#ffffff", "#d32f2f"),
    "alarm_bar": ("#ffffff", "#b3261e"), "warn_bar": ("#1b1500", "#c9a227"), "notice": ("#eef1f4", "#2c4a3a"),
    "unknown": ("#1d0f29", "#c792ea"), "kill_hint": ("#ffb4ab", "#3a1f20"), "tab": ("#101317", "#9fb0c3"),
}  # fmt: skip
_LOUD = {
    "environment_live", "mode_emergency", "mode_pause", "mode_defensive", "alarm_bar", "warn_bar", "tab",
    "unknown",
}  # fmt: skip
_BOLD = {"strong", "alarm", "title", "key", "cursor", "own", "doubt"} | set(_BADGES) - {"notice", "kill_hint"}


class Inks:
    """Looks up rich styles by ink and ground for one theme and palette."""

    def __init__(self, theme: str = "dark", palette: str = "western", deep: bool = True) -> None:
        self.theme = theme
        self.palette = palette
        self.deep = deep  # all colours; else the 256 that every terminal has, in a fifth fewer bytes
        self._colours = _colours(theme, palette) if deep else _coarse(_colours(theme, palette), theme)
        self._styles: dict[tuple[str, str], Style] = {}

    def style(self, ink: str, ground: str) -> Style:
        """The style of `ink` on `ground`; an unknown ink is plain text, never an error."""
        found = self._styles.get((ink, ground))
        if found is None:
            front = self._colours.get(ink, self._colours["text"])
            back = self._colours.get(f"on {ground}", self._colours["ground"])
            found = self._styles[ink, ground] = _style(front, back, ink in _BOLD, self.deep)
        return found

    def textual(self) -> Theme:
        """The same colours for Textual's own widgets (inputs, palette, help)."""
        colours = self._colours
        return Theme(
            name=f"midas-{self.theme}-{self.palette}{'' if self.deep else '-256'}",
            primary=colours["focus"],
            secondary=colours["own"],
            warning=colours["warn"],
            error=colours["alarm"],
            success=colours["good"],
            accent=colours["cursor"],
            foreground=colours["text"],
            background=colours["ground"],
            surface=colours["ground"],
            panel=colours["edge"],
            dark=self.theme == "dark",
        )


@lru_cache(maxsize=1024)
def _style(front: str, back: str, bold: bool, deep: bool) -> Style:
    if deep:
        return Style(color=front, bgcolor=back, bold=bold)
    return Style(color=Color.from_ansi(nearest(front)), bgcolor=Color.from_ansi(nearest(back)), bold=bold)


def _coarse(colours: dict[str, str], theme: str) -> dict[str, str]:
    """The same in 256 colours. Their only dark green and red are loud, so the bars of the book go grey."""
    bar = "#303030" if theme == "dark" else "#dadada"
    coarse = {name: shown(nearest(colour)) for name, colour in colours.items()}
    return coarse | {"on bar_bid": bar, "on bar_ask": bar}


def _colours(theme: str, palette: str) -> dict[str, str]:
    base = dict(_DARK if theme == "dark" else _LIGHT)
    up, down, bid, ask = _SIDES[theme, palette]
    base |= {
        "up": up,
        "down": down,
        "candle_up": up,
        "candle_down": down,
        "on bar_bid": bid,
        "on bar_ask": ask,
    }
    for name, (front, back) in _BADGES.items():
        if palette == "mono":
            loud = name in _LOUD
            front, back = (base["ground"], base["strong"]) if loud else (base["text"], base["edge"])
        base[name], base[f"on {name}"] = front, back
    if palette == "mono":
        base |= dict.fromkeys(("own", "warn", "alarm", "cursor", "focus", "doubt"), base["strong"])
        base |= {"good": base["text"]}
    return base
