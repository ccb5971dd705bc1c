"""What tells one screen from another."""

from __future__ import annotations

from typing import NamedTuple

from tui.layout import Tiers
from tui.widgets.pane import PaneKind


class View(NamedTuple):
    """A screen, or a section of one: its panes, where they stand, which one has the keyboard first."""

    number: str
    name: str
    kinds: tuple[PaneKind, ...]  # its own; a plan may also place panes of other views
    tiers: Tiers
    home: str
    lacks: tuple[str, ...] = ()  # panes that a small terminal leaves out, and nothing there stands for
    section: str = ""  # of the sections that share one number, the first is the one that the number shows
