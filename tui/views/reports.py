"""Screen 7 in five sections: runs with their figures, curves, trades, two runs side by side, and a sweep."""

from __future__ import annotations

from textual.geometry import Region

from tui.layout import Regions, Tiers
from tui.present import entries, growth, leaders, runs, tear, versus
from tui.views.risk import _columns as columns
from tui.views.view import View
from tui.widgets.pane import PaneKind

RUNS = (
    PaneKind("runs", 1, runs.table, runs.keys, walk=runs.walk, timeless=True),
    PaneKind("report", 1, tear.pane, tear.figure_keys, timeless=True),
)
CURVES = (
    PaneKind("growth", 1, growth.curve, timeless=True),
    PaneKind("months", 1, growth.months, timeless=True),
)
TRADES = (
    PaneKind("entries", 1, entries.chart, timeless=True),
    PaneKind("trades", 1, entries.trades, entries.trade_keys, timeless=True),
)
COMPARE = (
    PaneKind("versus", 1, versus.pane, timeless=True),
    PaneKind("curves", 1, versus.curves, timeless=True),
)
SWEEP = (PaneKind("leaders", 1, leaders.table, leaders.keys, timeless=True),)


def _runs_compact(area: Region, _instruments: int) -> Regions:
    return columns(area, (1, (("runs", 0.32), ("report", 0.68))))


def _runs_wide(area: Region, _instruments: int) -> Regions:
    return columns(area, (0.42, (("runs", 0.55), ("growth", 0.45))), (0.58, (("report", 1),)))


def _runs_ultra(area: Region, _instruments: int) -> Regions:
    left, middle = (("runs", 0.5), ("growth", 0.5)), (("report", 1),)
    return columns(area, (0.34, left), (0.36, middle), (0.3, (("entries", 0.5), ("trades", 0.5))))


def _curves_compact(area: Region, _instruments: int) -> Regions:
    return columns(area, (1, (("growth", 0.55), ("months", 0.45))))


def _trades_compact(area: Region, _instruments: int) -> Regions:
    return columns(area, (1, (("entries", 0.62), ("trades", 0.38))))


def _compare_compact(area: Region, _instruments: int) -> Regions:
    return columns(area, (1, (("versus", 1),)))


def _compare_wide(area: Region, _instruments: int) -> Regions:
    return columns(area, (0.62, (("versus", 1),)), (0.38, (("curves", 1),)))


def _sweep(area: Region, _instruments: int) -> Regions:
    return columns(area, (1, (("leaders", 1),)))


def _section(name: str, kinds: tuple[PaneKind, ...], tiers: Tiers, *lacks: str) -> View:
    return View("7", "Reports", kinds, tiers, kinds[0].name, lacks, name)


VIEWS = (
    _section("Runs", RUNS, Tiers(_runs_compact, _runs_wide, _runs_ultra)),
    _section("Curves", CURVES, Tiers(_curves_compact, _curves_compact, _curves_compact)),
    _section("Trades", TRADES, Tiers(_trades_compact, _trades_compact, _trades_compact)),
    _section("Compare", COMPARE, Tiers(_compare_compact, _compare_wide, _compare_wide), "curves"),
    _section("Sweep", SWEEP, Tiers(_sweep, _sweep, _sweep)),
)
PANES = tuple(kind.name for view in VIEWS for kind in view.kinds)
