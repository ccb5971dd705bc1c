"""Where every pane stands, for any size of terminal: a pure function of width, height and zoom."""

from __future__ import annotations

from typing import NamedTuple

from textual.geometry import Offset, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

BANNER = 2
FOOTER = 2
COMPACT_WIDTH, COMPACT_HEIGHT = 80, 24
WIDE_WIDTH, WIDE_HEIGHT = 100, 32
ULTRA_WIDTH, ULTRA_HEIGHT = 160, 44
PANES = (
    "chart",
    "book",
    "book2",
    "tape",
    "signals",
    "desk",
    "risk",
    "events",
    "account",
    "machine",
    "summary",
    "working",
)


class Plan(NamedTuple):
    """The regions of the visible panes and the order in which Tab visits them."""

    regions: dict[str, Region]

    @property
    def tabs(self) -> list[str]:
        """The panes that can have the keyboard, in reading order."""
        return [name for name in self.regions if name in PANES]


def plan(width: int, height: int, zoomed: str | None = None, instruments: int = 2) -> Plan:
    """The screen at that size. Below 80x24 only banner, position and the kill hint remain."""
    regions = {"banner": Region(0, 0, width, min(BANNER, height))}
    middle = Region(0, BANNER, width, max(0, height - BANNER - FOOTER))
    if width < COMPACT_WIDTH or height < COMPACT_HEIGHT:
        room = max(0, height - BANNER)
        return Plan(regions | ({"summary": Region(0, BANNER, width, room)} if room >= 3 else {}))
    if zoomed is not None:
        regions[zoomed] = middle
    elif width < WIDE_WIDTH or height < WIDE_HEIGHT:
        regions |= _compact(middle)
    elif width < ULTRA_WIDTH or height < ULTRA_HEIGHT:
        regions |= _wide(middle)
    else:
        regions |= _ultra(middle, instruments)
    return Plan(regions | {"footer": Region(0, height - FOOTER, width, FOOTER)})


def _compact(area: Region) -> dict[str, Region]:
    bottom = max(5, area.height * 3 // 10)
    top = area.height - bottom
    book = max(44, area.width * 55 // 100)
    side = area.width - book
    summary = max(8, top // 2 + 1)
    half = area.width // 2
    return {
        "book": Region(area.x, area.y, book, top),
        "summary": Region(area.x + book, area.y, side, summary),
        "signals": Region(area.x + book, area.y + summary, side, top - summary),
        "working": Region(area.x, area.y + top, half, bottom),
        "events": Region(area.x + half, area.y + top, area.width - half, bottom),
    }


def _wide(area: Region) -> dict[str, Region]:
    bottom = 9 if area.height >= 34 else 7
    top = area.height - bottom
    right, book = 28, 38
    chart = area.width - book - right
    signals = 8 if top >= 24 else 6
    tape = top - 13 if top >= 24 else top // 2
    desk = area.width * 59 // 100
    return {
        "chart": Region(area.x, area.y, chart, top - signals),
        "book": Region(area.x + chart, area.y, book, top),
        "tape": Region(area.x + chart + book, area.y, right, tape),
        "risk": Region(area.x + chart + book, area.y + tape, right, top - tape),
        "signals": Region(area.x, area.y + top - signals, chart, signals),
        "desk": Region(area.x, area.y + top, desk, bottom),
        "events": Region(area.x + desk, area.y + top, area.width - desk, bottom),
    }


def _ultra(area: Region, instruments: int) -> dict[str, Region]:
    bottom = max(12, area.height // 5)
    top = area.height - bottom
    right, book = 36, 40
    books = 2 if instruments > 1 else 1
    chart = area.width - book * books - right
    signals = max(10, top // 4)
    tape = max(10, top - 14 - 16)
    account = 14
    edge = area.x + area.width - right
    desk = area.width * 56 // 100
    regions = {
        "chart": Region(area.x, area.y, chart, top - signals),
        "book": Region(area.x + chart, area.y, book, top),
    }
    if books == 2:
        regions["book2"] = Region(area.x + chart + book, area.y, book, top)
    return regions | {
        "tape": Region(edge, area.y, right, tape),
        "risk": Region(edge, area.y + tape, right, top - tape - account),
        "machine": Region(edge, area.y + top - account, right, account),
        "signals": Region(area.x, area.y + top - signals, chart, signals),
        "desk": Region(area.x, area.y + top, desk, bottom),
        "events": Region(area.x + desk, area.y + top, area.width - desk - right, bottom),
        "account": Region(edge, area.y + top, right, bottom),
    }


class TradeLayout(Layout):
    """Lets Textual place the children of a deck by `plan`; children without a region are not shown."""

    name = "trade"

    def __init__(self) -> None:
        self.zoomed: str | None = None
        self.instruments = 2

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        """One placement for every child that the plan knows."""
        parent.pre_layout(self)
        regions = plan(size.width, size.height, self.zoomed, self.instruments).regions
        return [
            WidgetPlacement(regions[child.id], Offset(0, 0), Spacing(), child)
            for child in children
            if child.id is not None and child.id in regions
        ]
