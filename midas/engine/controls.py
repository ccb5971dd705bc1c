"""What limits a single order, and which strategies the throttle has switched off, as the doors see it."""

from __future__ import annotations

from midas.domain.limits import Limits
from midas.engine.throttle import BY
from midas.risk.limits import RATE_WINDOW
from midas.state.state import State
from midas.state.views.risk import ControlsView

UNLIMITED = 1_000_000  # what a journal of a time before the throttle says: no limit


def controls(state: State, limits: Limits) -> ControlsView:
    """The order controls with their present figures."""
    throttled = limits.repeats_max < UNLIMITED
    return ControlsView(
        rate=state.orders.rate(state.now, RATE_WINDOW),
        rate_max=limits.order_rate_max,
        notional_max=limits.order_notional_max,
        collar_bps=limits.price_collar_bps,
        duplicate_ns=limits.duplicate_window,
        repeats_max=limits.repeats_max if throttled else 0,
        repeats_ns=limits.repeats_window if throttled else 0,
        large_share=limits.fat_finger_share if limits.fat_finger_share < 1.0 else 0.0,
        large_multiple=limits.fat_finger_multiple if limits.fat_finger_multiple < UNLIMITED else 0.0,
        stopped=tuple(gate.scope for gate in state.control.gates.values() if gate.by == BY),
        quantity_max=tuple(sorted(limits.order_quantity_max.items())),
    )
