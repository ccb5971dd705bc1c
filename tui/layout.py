"""Where panes stand: a view is a plan, a pure function of the size, and one screen serves them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from textual.geometry import Offset, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

FOOTER = 2
COMPACT_WIDTH, COMPACT_HEIGHT = 80, 24
WIDE_WIDTH, WIDE_HEIGHT = 100, 32
ULTRA_WIDTH, ULTRA_HEIGHT = 160, 44

Regions = dict[str, Region]
Arrange = Callable[[Region, int], Regions]  # the middle of the screen, how many instruments there are


class Tiers(NamedTuple):
    """How one view stands in a small, an ordinary and a large terminal."""

    compact: Arrange
    wide: Arrange
    ultra: Arrange


class Plan(NamedTuple):
    """The regions of everything visible, panes in the order in which Tab visits them."""

    regions: Regions

    @property
    def tabs(self) -> list[str]:
        """The panes that can have the keyboard."""
        return [name for name in self.regions if name not in ("banner", "footer")]


def banner_height(width: int, height: int) -> int:
    """Two lines; a third, with the names of the screens, where there is room."""
    return 3 if width >= WIDE_WIDTH and height >= WIDE_HEIGHT else 2


def plan(
    tiers: Tiers, width: int, height: int, zoomed: str | None = None, instruments: int = 2,
    strip: bool = False,
) -> Plan:  # fmt: skip
    """The screen at that size. Below 80x24 only banner, position and the kill hint remain.

    `strip`: the banner has one more line, with the sections of the screen.
    """
    top = banner_height(width, height)
    regions = {"banner": Region(0, 0, width, min(top, height))}
    if width < COMPACT_WIDTH or height < COMPACT_HEIGHT:
        room = max(0, height - top)
        return Plan(regions | ({"summary": Region(0, top, width, room)} if room >= 3 else {}))
    if strip:
        top += 1
        regions["banner"] = Region(0, 0, width, top)
    middle = Region(0, top, width, max(0, height - top - FOOTER))
    if zoomed is not None:
        regions[zoomed] = middle
    elif width < WIDE_WIDTH or height < WIDE_HEIGHT:
        regions |= tiers.compact(middle, instruments)
    elif width < ULTRA_WIDTH or height < ULTRA_HEIGHT:
        regions |= tiers.wide(middle, instruments)
    else:
        regions |= tiers.ultra(middle, instruments)
    return Plan(regions | {"footer": Region(0, height - FOOTER, width, FOOTER)})


class DeckLayout(Layout):
    """Lets Textual place the children of the deck by a plan; children without a region are not shown."""

    name = "deck"

    def __init__(self, tiers: Tiers) -> None:
        self.tiers = tiers
        self.zoomed: str | None = None
        self.instruments = 2
        self.strip = False  # the present view is one section of several

    def plan(self, width: int, height: int) -> Plan:
        """The plan of the present view at that size."""
        return plan(self.tiers, width, height, self.zoomed, self.instruments, self.strip)

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        """One placement for every child that the plan knows."""
        parent.pre_layout(self)
        regions = self.plan(size.width, size.height).regions
        return [
            WidgetPlacement(regions[child.id], Offset(0, 0), Spacing(), child)
            for child in children
            if child.id is not None and child.id in regions
        ]
