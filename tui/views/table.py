"""All screens with their sections, in the order of their numbers."""

from __future__ import annotations

from tui.views import log, orders, reports, risk, system, trade
from tui.views.view import View
from tui.widgets.pane import PaneKind

VIEWS: tuple[View, ...] = (trade.VIEW, orders.VIEW, *risk.VIEWS, *reports.VIEWS, log.VIEW, system.VIEW)


def screens() -> list[View]:
    """Every numbered screen once: of several sections the first."""
    return [view for view in VIEWS if numbered(view.number) is view]


def sections(view: View) -> list[View]:
    """All sections of the screen that this one belongs to; only itself where it has none."""
    return [each for each in VIEWS if each.number == view.number]


def kinds() -> list[PaneKind]:
    """Every pane of every screen, once."""
    return [kind for view in VIEWS for kind in view.kinds]


def numbered(number: str) -> View | None:
    """The screen of that key."""
    return next((view for view in VIEWS if view.number == number), None)
