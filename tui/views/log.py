"""Screen 8: what is abnormal now, the price alerts, and all that happened."""

from __future__ import annotations

from textual.geometry import Region

from tui.layout import Regions, Tiers
from tui.present import alerts, events
from tui.views.view import View
from tui.widgets.pane import PaneKind

KINDS = (
    PaneKind("log", 2, events.log, events.keys),
    PaneKind("alarms", 1, alerts.alarms, alerts.alarm_keys),
    PaneKind("alerts", 2, alerts.alerts, alerts.alert_keys),
)


def _stacked(area: Region, _instruments: int) -> Regions:
    """Alarms and alerts side by side, the log under them."""
    top = max(7, area.height * 31 // 100)
    left = area.width * 47 // 100
    return {
        "alarms": Region(area.x, area.y, left, top),
        "alerts": Region(area.x + left, area.y, area.width - left, top),
        "log": Region(area.x, area.y + top, area.width, area.height - top),
    }


def _ultra(area: Region, _instruments: int) -> Regions:
    left = area.width * 40 // 100
    top = area.height * 45 // 100
    return {
        "alarms": Region(area.x, area.y, left, top),
        "alerts": Region(area.x, area.y + top, left, area.height - top),
        "log": Region(area.x + left, area.y, area.width - left, area.height),
    }


VIEW = View("8", "Log", KINDS, Tiers(_stacked, _stacked, _ultra), "log")
