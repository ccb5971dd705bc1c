"""Screen 5: how much of each limit is used, what is held, and what stops us."""

from __future__ import annotations

from textual.geometry import Region

from tui.layout import Regions, Tiers
from tui.present import equity, exposure, limits, modes, stops
from tui.views.view import View
from tui.widgets.pane import PaneKind

KINDS = (
    PaneKind("limits", 2, limits.table, limits.keys, limits.oldest_held),
    PaneKind("equity", 1, equity.curve, market=limits.oldest_held),
    PaneKind("exposure", 2, exposure.table, market=limits.oldest_held),
    PaneKind("stops", 1, stops.overview),
    PaneKind("modes", 1, modes.table),
    PaneKind("changes", 1, modes.changes, modes.keys),
)


def _compact(area: Region, _instruments: int) -> Regions:
    left = area.width * 57 // 100
    top = area.height * 12 // 20
    right = area.width - left
    return {
        "limits": Region(area.x, area.y, left, top),
        "equity": Region(area.x + left, area.y, right, top),
        "modes": Region(area.x, area.y + top, left, area.height - top),
        "stops": Region(area.x + left, area.y + top, right, area.height - top),
    }


def _wide(area: Region, _instruments: int) -> Regions:
    left = area.width * 56 // 100
    top = max(12, area.height * 43 // 100)
    bottom = max(8, area.height * 31 // 100)
    return _grid(area, left, top, area.height - top - bottom)


def _ultra(area: Region, _instruments: int) -> Regions:
    left = area.width // 2
    top = area.height * 40 // 100
    return _grid(area, left, top, area.height * 32 // 100)


def _grid(area: Region, left: int, top: int, middle: int) -> Regions:
    """Two columns of three panes."""
    right, bottom = area.width - left, area.height - top - middle
    edge, second, third = area.x + left, area.y + top, area.y + top + middle
    return {
        "limits": Region(area.x, area.y, left, top),
        "equity": Region(edge, area.y, right, top),
        "exposure": Region(area.x, second, left, middle),
        "stops": Region(edge, second, right, middle),
        "modes": Region(area.x, third, left, bottom),
        "changes": Region(edge, third, right, bottom),
    }


VIEW = View("5", "Risk", KINDS, Tiers(_compact, _wide, _ultra), "limits", ("exposure", "changes"))
