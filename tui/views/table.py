"""All screens, in the order of their numbers."""

from __future__ import annotations

from tui.views import log, orders, risk, system, trade
from tui.views.view import View
from tui.widgets.pane import PaneKind

VIEWS: tuple[View, ...] = (trade.VIEW, orders.VIEW, risk.VIEW, log.VIEW, system.VIEW)


def kinds() -> list[PaneKind]:
    """Every pane of every screen, once."""
    return [kind for view in VIEWS for kind in view.kinds]


def numbered(number: str) -> View | None:
    """The screen of that key."""
    return next((view for view in VIEWS if view.number == number), None)
