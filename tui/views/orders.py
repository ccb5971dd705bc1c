"""Screen 4: what we hold, what we ask for, and what became of the rest."""

from __future__ import annotations

from textual.geometry import Region

from tui.layout import Regions, Tiers
from tui.present import history, life, orders, positions
from tui.present.limits import oldest_held
from tui.views.view import View
from tui.widgets.pane import COMMON, PaneKind

KINDS = (
    PaneKind("positions", COMMON, positions.table, positions.keys, oldest_held),
    PaneKind("orders", COMMON, orders.table, orders.keys),
    PaneKind("closed", 2, history.closed, history.closed_keys),
    PaneKind("fills", 2, history.fills, history.fill_keys),
    PaneKind("life", COMMON, life.pane, follows=("orders", "closed")),
)


def _compact(area: Region, _instruments: int) -> Regions:
    """Three rows over the whole width: no column that matters is lost. Fills: z and Tab."""
    top = max(6, area.height * 3 // 10)
    middle = max(7, area.height * 4 // 10)
    return {
        "positions": Region(area.x, area.y, area.width, top),
        "orders": Region(area.x, area.y + top, area.width, middle),
        "closed": Region(area.x, area.y + top + middle, area.width, area.height - top - middle),
    }


def _wide(area: Region, _instruments: int) -> Regions:
    """Positions over the whole width, orders on the left, what explains them on the right."""
    top = max(8, area.height * 27 // 100)
    middle = max(9, area.height * 33 // 100)
    side = max(44, area.width * 34 // 100)
    left, bottom = area.width - side, area.height - top - middle
    second, third = area.y + top, area.y + top + middle
    return {
        "positions": Region(area.x, area.y, area.width, top),
        "orders": Region(area.x, second, left, middle),
        "life": Region(area.x + left, second, side, middle),
        "closed": Region(area.x, third, left, bottom),
        "fills": Region(area.x + left, third, side, bottom),
    }


def _ultra(area: Region, _instruments: int) -> Regions:
    """As wide; the fills need more room than a life line."""
    regions = _wide(area, _instruments)
    third, bottom = regions["closed"].y, regions["closed"].height
    left = area.width * 62 // 100
    return regions | {
        "closed": Region(area.x, third, left, bottom),
        "fills": Region(area.x + left, third, area.width - left, bottom),
    }


VIEW = View("4", "Orders", KINDS, Tiers(_compact, _wide, _ultra), "orders", ("fills", "life"))
