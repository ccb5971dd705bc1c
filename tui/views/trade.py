"""Screen 1: everything a trader watches, on one page."""

from __future__ import annotations

from textual.geometry import Region

from tui.layout import Regions, Tiers
from tui.present import account, book, chart, desk, events, levels, orders, risk, signals, tape
from tui.present.limits import oldest_held
from tui.views.view import View
from tui.widgets.pane import COMMON, PaneKind

KINDS = (
    PaneKind("chart", COMMON, chart.chart, market=lambda p: p.instrument),
    PaneKind(
        "book",
        8,
        lambda p, s: book.ladder(p, p.instrument, s),
        levels.keys,
        lambda p: p.instrument,
        walk=levels.walked,
    ),
    PaneKind("book2", COMMON, lambda p, s: book.ladder(p, p.other, s), market=lambda p: p.other),
    PaneKind("tape", COMMON, tape.prints, market=lambda p: p.instrument),
    PaneKind("signals", 1, signals.feed, signals.keys),
    PaneKind("desk", COMMON, desk.holdings, desk.keys, oldest_held),
    PaneKind("risk", 2, risk.limits, market=oldest_held),
    PaneKind("events", 1, events.log, events.keys),
    PaneKind("account", COMMON, account.account, market=oldest_held),
    PaneKind("machine", 1, account.machine),
    PaneKind("summary", COMMON, risk.summary, market=oldest_held),
    PaneKind("working", COMMON, orders.table, orders.keys),
)

SECOND_BOOK = 190  # columns from which on another instrument's book has room
MACHINE, RISK = 14, 13  # rows


def _compact(area: Region, _instruments: int) -> Regions:
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


def _wide(area: Region, _instruments: int) -> Regions:
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


def _ultra(area: Region, instruments: int) -> Regions:
    bottom = max(12, area.height // 5)
    top = area.height - bottom
    right, book = 36, 40
    books = 2 if instruments > 1 and area.width >= SECOND_BOOK else 1
    chart = area.width - book * books - right
    signals = max(10, top // 4)
    machine = MACHINE if top >= MACHINE + RISK + 10 else 0
    tape = top - machine - RISK
    edge = area.x + area.width - right
    desk = area.width * 56 // 100
    regions = {
        "chart": Region(area.x, area.y, chart, top - signals),
        "book": Region(area.x + chart, area.y, book, top),
    }
    if books == 2:
        regions["book2"] = Region(area.x + chart + book, area.y, book, top)
    regions |= {
        "tape": Region(edge, area.y, right, tape),
        "risk": Region(edge, area.y + tape, right, RISK),
        "signals": Region(area.x, area.y + top - signals, chart, signals),
        "desk": Region(area.x, area.y + top, desk, bottom),
        "events": Region(area.x + desk, area.y + top, area.width - desk - right, bottom),
        "account": Region(edge, area.y + top, right, bottom),
    }
    if machine:
        regions["machine"] = Region(edge, area.y + top - machine, right, machine)
    return regions


VIEW = View("1", "Trade", KINDS, Tiers(_compact, _wide, _ultra), "book", ("chart", "tape"))
