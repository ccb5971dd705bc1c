"""Screen 9: whether what is shown is true, feeds, latencies, rates, processes, this console, the session."""

from __future__ import annotations

from textual.geometry import Region

from tui.layout import Regions, Tiers
from tui.present import latency, reconciliation, system
from tui.views.view import View
from tui.widgets.pane import PaneKind

KINDS = (
    PaneKind("streams", 2, system.streams),
    PaneKind("reconciliation", 2, reconciliation.pane, reconciliation.keys),
    PaneKind("latency", 1, latency.histograms),
    PaneKind("rates", 1, system.rates),
    PaneKind("processes", 1, system.processes),
    PaneKind("console", 1, system.console),
    PaneKind("session", 1, system.session),
)


def _compact(area: Region, _instruments: int) -> Regions:
    """Over the whole width what tells whether the rest is true."""
    below = 6
    left, height = area.width // 2, area.height - below
    right, edge, foot = area.width - left, area.x + left, area.y + height
    rates, processes = 5, 6
    return {
        "streams": Region(area.x, area.y, left, height - rates),
        "latency": Region(edge, area.y, right, height - processes),
        "rates": Region(area.x, foot - rates, left, rates),
        "processes": Region(edge, foot - processes, right, processes),
        "reconciliation": Region(area.x, foot, area.width, below),
    }


def _wide(area: Region, _instruments: int) -> Regions:
    low = area.height < 32
    below = 8 if low else area.height * 10 // 35
    left, height = area.width // 2, area.height - below
    right, edge, foot = area.width - left, area.x + left, area.y + height
    streams = max(8, height * 9 // 25)
    processes, console = (6, 7) if low else (7, 8)
    rates = height - streams - processes
    truth = area.width * 66 // 100
    return {
        "streams": Region(area.x, area.y, left, streams),
        "latency": Region(edge, area.y, right, height - console),
        "rates": Region(area.x, area.y + streams, left, rates),
        "processes": Region(area.x, foot - processes, left, processes),
        "console": Region(edge, foot - console, right, console),
        "reconciliation": Region(area.x, foot, truth, below),
        "session": Region(area.x + truth, foot, area.width - truth, below),
    }


def _ultra(area: Region, _instruments: int) -> Regions:
    left = area.width * 28 // 100
    middle = area.width * 46 // 100
    right = area.width - left - middle
    second, third = area.x + left, area.x + left + middle
    streams, rates, processes, console, session = 14, 13, 8, 9, 15
    truth = max(11, area.height * 25 // 100)
    events, alarms = area.height - streams - rates, area.height - processes - console - session
    return {
        "streams": Region(area.x, area.y, left, streams),
        "latency": Region(second, area.y, middle, area.height - truth),
        "reconciliation": Region(second, area.y + area.height - truth, middle, truth),
        "processes": Region(third, area.y, right, processes),
        "rates": Region(area.x, area.y + streams, left, rates),
        "log": Region(area.x, area.y + streams + rates, left, events),
        "console": Region(third, area.y + processes, right, console),
        "session": Region(third, area.y + processes + console, right, session),
        "alarms": Region(third, area.y + processes + console + session, right, alarms),
    }


VIEW = View("9", "System", KINDS, Tiers(_compact, _wide, _ultra), "streams", ("console", "session"))
