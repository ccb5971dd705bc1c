"""The loss budgets as gauges: how much of each is used, of those that close every position."""

from __future__ import annotations

from midas.domain.triggers import TriggerRules
from midas.risk.triggers import STOP, losses
from midas.state.state import State
from midas.state.views.risk import LimitView

UNKNOWN = "no price yet"
SHORT = {
    "drawdown": "drawdown",
    "day's loss": "day loss",
    "week's loss": "week loss",
    "month's loss": "month loss",
}


def budget_gauges(state: State, rules: TriggerRules) -> tuple[LimitView, ...]:
    """Drawdown, day, week and month, in this order."""
    equity, rows = state.equity(), []
    for reading in losses(state, rules):
        if reading.acts != STOP:
            continue
        name, title = reading.name.removesuffix("_stop"), reading.title.replace("'s", "")
        value, maximum = reading.value, reading.threshold
        if value != value:
            detail = UNKNOWN if equity != equity else ""
            rows.append(LimitView(name, title, 0.0, maximum, 0.0, "%", "flatten", False, detail))
            continue
        room = max(maximum - value, 0.0)
        used = value / maximum if maximum > 0.0 else 0.0
        rows.append(
            LimitView(
                name, title, value, maximum, used, "%", "flatten", used >= 1.0, "", room, room * equity,
                over=max(value - maximum, 0.0),
            )
        )  # fmt: skip
    return tuple(rows)
