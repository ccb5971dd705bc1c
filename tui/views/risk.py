"""Screen 5 in six sections: limits, losses, exposure, modes, breakers and the tail."""

from __future__ import annotations

from textual.geometry import Region

from tui.layout import Regions, Tiers
from tui.present import (
    breakers,
    calibration,
    controls,
    correlation,
    covers,
    equity,
    exposure,
    limits,
    modes,
    refusals,
    stops,
    stress,
    tail,
    triggers,
)
from tui.views.view import View
from tui.widgets.pane import COMMON, PaneKind

LIMITS = (
    PaneKind("limits", COMMON, limits.table, limits.keys, limits.oldest_held),
    PaneKind("refused", COMMON, refusals.pane, refusals.keys),
)
LOSSES = (
    PaneKind("equity", COMMON, equity.curve, market=limits.oldest_held),
    PaneKind("covers", COMMON, covers.pane, covers.keys, limits.oldest_held),
)
EXPOSURE = (
    PaneKind("exposure", COMMON, exposure.table, market=limits.oldest_held),
    PaneKind("correlation", 1, correlation.pane),
)
MODES = (
    PaneKind("modes", 1, modes.table),
    PaneKind("triggers", COMMON, triggers.pane),
    PaneKind("changes", 1, modes.changes, modes.keys),
)
BREAKERS = (
    PaneKind("breakers", 1, breakers.pane, breakers.keys),
    PaneKind("stops", 1, stops.overview),
    PaneKind("controls", COMMON, controls.pane),
)
TAIL = (
    PaneKind("tail", 1, tail.pane),
    PaneKind("stress", 1, stress.pane, stress.keys),
    PaneKind("calibration", 1, calibration.pane, calibration.keys),
)


def _columns(area: Region, *columns: tuple[float, tuple[tuple[str, float], ...]]) -> Regions:
    """Columns from left to right, each a share of the width, with panes of a share of its height."""
    regions: Regions = {}
    x = area.x
    for number, (share, panes) in enumerate(columns):
        width = round(area.width * share) if number < len(columns) - 1 else area.right - x
        y = area.y
        for place, (name, part) in enumerate(panes):
            height = round(area.height * part) if place < len(panes) - 1 else area.bottom - y
            regions[name] = Region(x, y, width, height)
            y += height
        x += width
    return regions


def _limits_compact(area: Region, _instruments: int) -> Regions:
    return _columns(area, (1, (("limits", 0.69), ("refused", 0.31))))


def _limits_wide(area: Region, _instruments: int) -> Regions:
    """Losses are limits too: with room they stand beside them."""
    left, right = (("limits", 0.56), ("exposure", 0.44)), (("refused", 0.47), ("equity", 0.53))
    return _columns(area, (0.58, left), (0.42, right))


def _limits_ultra(area: Region, _instruments: int) -> Regions:
    left, right = (("limits", 0.45), ("refused", 0.55)), (("exposure", 0.5), ("controls", 0.5))
    return _columns(area, (0.42, left), (0.3, (("equity", 0.5), ("covers", 0.5))), (0.28, right))


def _losses_compact(area: Region, _instruments: int) -> Regions:
    return _columns(area, (1, (("equity", 0.55), ("covers", 0.45))))


def _losses_ultra(area: Region, _instruments: int) -> Regions:
    return _columns(
        area, (0.55, (("equity", 0.5), ("covers", 0.5))), (0.45, (("limits", 0.5), ("exposure", 0.5)))
    )


def _exposure_compact(area: Region, _instruments: int) -> Regions:
    return _columns(area, (0.58, (("exposure", 1),)), (0.42, (("correlation", 1),)))


def _exposure_wide(area: Region, _instruments: int) -> Regions:
    return _columns(area, (0.55, (("exposure", 1),)), (0.45, (("correlation", 0.5), ("covers", 0.5))))


def _modes_compact(area: Region, _instruments: int) -> Regions:
    top, left = min(11, area.height - 7), area.width * 50 // 100
    below = area.height - top
    return {
        "modes": Region(area.x, area.y, area.width, top),
        "triggers": Region(area.x, area.y + top, left, below),
        "changes": Region(area.x + left, area.y + top, area.width - left, below),
    }


def _modes_wide(area: Region, _instruments: int) -> Regions:
    left, right = (("modes", 0.42), ("changes", 0.58)), (("triggers", 0.42), ("stops", 0.58))
    return _columns(area, (0.54, left), (0.46, right))


def _breakers_compact(area: Region, _instruments: int) -> Regions:
    top, left = max(11, round(area.height * 0.42)), area.width * 52 // 100
    below = area.height - top
    return {
        "breakers": Region(area.x, area.y, area.width, top),
        "stops": Region(area.x, area.y + top, left, below),
        "controls": Region(area.x + left, area.y + top, area.width - left, below),
    }


def _tail_compact(area: Region, _instruments: int) -> Regions:
    top, left = round(area.height * 0.5), area.width * 42 // 100
    below = area.height - top
    return {
        "tail": Region(area.x, area.y, area.width, top),
        "stress": Region(area.x, area.y + top, left, below),
        "calibration": Region(area.x + left, area.y + top, area.width - left, below),
    }


def _tail_wide(area: Region, _instruments: int) -> Regions:
    return _columns(area, (0.54, (("tail", 0.62), ("stress", 0.38))), (0.46, (("calibration", 1),)))


def _section(name: str, kinds: tuple[PaneKind, ...], tiers: Tiers, *lacks: str) -> View:
    return View("5", "Risk", kinds, tiers, kinds[0].name, lacks, name)


VIEWS = (
    _section("Limits", LIMITS, Tiers(_limits_compact, _limits_wide, _limits_ultra)),
    _section("Losses", LOSSES, Tiers(_losses_compact, _losses_compact, _losses_ultra)),
    _section("Exposure", EXPOSURE, Tiers(_exposure_compact, _exposure_wide, _exposure_wide)),
    _section("Modes", MODES, Tiers(_modes_compact, _modes_wide, _modes_wide)),
    _section("Breakers", BREAKERS, Tiers(_breakers_compact, _breakers_compact, _breakers_compact)),
    _section("Tail", TAIL, Tiers(_tail_compact, _tail_wide, _tail_wide)),
)
PANES = tuple(kind.name for view in VIEWS for kind in view.kinds)
