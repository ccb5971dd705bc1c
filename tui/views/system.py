"""Screen 9: feeds, latencies, rates, processes, this console and the session."""

from __future__ import annotations

from textual.geometry import Region

from tui.layout import Regions, Tiers
from tui.present import latency, system
from tui.views.view import View
from tui.widgets.pane import PaneKind

KINDS = (
    PaneKind("streams", 2, system.streams),
    PaneKind("latency", 1, latency.histograms),
    PaneKind("rates", 1, system.rates),
    PaneKind("processes", 1, system.processes),
    PaneKind("console", 1, system.console),
    PaneKind("session", 1, system.session),
)


def _compact(area: Region, _instruments: int) -> Regions:
    left = area.width // 2
    right, edge = area.width - left, area.x + left
    streams = area.height * 9 // 20
    latency, processes = area.height * 10 // 20, 5
    return {
        "streams": Region(area.x, area.y, left, streams),
        "latency": Region(edge, area.y, right, latency),
        "rates": Region(area.x, area.y + streams, left, area.height - streams),
        "processes": Region(edge, area.y + latency, right, processes),
        "console": Region(edge, area.y + latency + processes, right, area.height - latency - processes),
    }


def _wide(area: Region, _instruments: int) -> Regions:
    left = area.width // 2
    right, edge = area.width - left, area.x + left
    streams = max(9, area.height * 9 // 35)
    rates = max(11, area.height * 11 // 35)
    latency = max(14, area.height * 18 // 35)
    processes = 7
    console = area.height - latency - processes
    return {
        "streams": Region(area.x, area.y, left, streams),
        "latency": Region(edge, area.y, right, latency),
        "rates": Region(area.x, area.y + streams, left, rates),
        "processes": Region(edge, area.y + latency, right, processes),
        "session": Region(area.x, area.y + streams + rates, left, area.height - streams - rates),
        "console": Region(edge, area.y + latency + processes, right, console),
    }


def _ultra(area: Region, _instruments: int) -> Regions:
    left = area.width * 28 // 100
    middle = area.width * 46 // 100
    right = area.width - left - middle
    second, third = area.x + left, area.x + left + middle
    streams, rates, processes, console, session = 14, 13, 8, 9, 15
    events, alarms = area.height - streams - rates, area.height - processes - console - session
    return {
        "streams": Region(area.x, area.y, left, streams),
        "latency": Region(second, area.y, middle, area.height),
        "processes": Region(third, area.y, right, processes),
        "rates": Region(area.x, area.y + streams, left, rates),
        "log": Region(area.x, area.y + streams + rates, left, events),
        "console": Region(third, area.y + processes, right, console),
        "session": Region(third, area.y + processes + console, right, session),
        "alarms": Region(third, area.y + processes + console + session, right, alarms),
    }


VIEW = View("9", "System", KINDS, Tiers(_compact, _wide, _ultra), "streams", ("session",))
