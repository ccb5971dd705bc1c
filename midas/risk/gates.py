"""Why no new risk may be opened in one place: latch, mode, gates, orders in doubt. Exits never ask here."""

from __future__ import annotations

from midas.domain.verdict import Breach
from midas.state.state import State


def entry_closed(state: State, strategy: str, instrument: str) -> Breach | None:
    """The first reason against an entry of this sleeve, whatever its size."""
    if breach := entry_forbidden(state, strategy, instrument):
        return breach
    for order in state.orders.open.values():
        if order.unknown_since and order.intent.instrument == instrument:
            return Breach("unknown order", 1.0, 0.0, f"order {order.intent.client_id} may or may not exist")
    return None


def entry_forbidden(state: State, strategy: str, instrument: str) -> Breach | None:
    """As `entry_closed`, without the orders in doubt: those settle by themselves."""
    control = state.control
    if control.latched:
        return Breach("kill latch", 1.0, 0.0, f"the kill latch is set by {control.kill_by}")
    if not control.permissions.entries:
        return Breach("mode", 0.0, 0.0, f"mode {control.mode.value} opens nothing new")
    if (why := state.stale.get(instrument)) is not None:
        return Breach("stale", 0.0, 0.0, f"{instrument.partition('.')[0]}: {why}")
    if control.gates and (gate := control.blocked(*state.scopes(strategy, instrument))):
        return Breach("gate", 0.0, 0.0, f"{gate.scope} is closed: {gate.reason}")
    return None
