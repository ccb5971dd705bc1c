"""Which order a person means, and whether anything of a person's may be sent now."""

from __future__ import annotations

from midas.domain.order import Phase, TimeInForce
from midas.errors import OrderInvalid
from midas.execution.wanted import shown
from midas.state.order import Order
from midas.state.state import State

SHORT = 4  # characters of a client id that a person reads
IDS_SHOWN = 8


def open_order(text: str, state: State) -> Order:
    """The open order of this client id, or of the end of one. Raises OrderInvalid."""
    text = text.strip().lower()
    found = _ending(text, state.orders.open)
    if len(found) == 1:
        return found[0]
    if found:
        raise OrderInvalid(f"{shown(text)} ends {len(found)} orders: give more of its id")
    if gone := _ending(text, state.orders.closed):
        raise OrderInvalid(f"order {text[-SHORT:]} isn't open: it is {gone[-1].status}")
    if _theirs(text, state):
        raise OrderInvalid(f"order {text[-SHORT:]} isn't ours: cancel or change it where it was placed")
    ids = ", ".join(client_id[-SHORT:] for client_id in list(state.orders.open)[:IDS_SHOWN])
    raise OrderInvalid(f"there is no order {shown(text)}; {f'open are {ids}' if ids else 'none is open'}")


def exit_barred(state: State, strategy: str, instrument: str) -> str:
    """Why not even an order that reduces can be sent now; empty where it can."""
    control = state.control
    if state.recovering:
        return "the account is being reconciled: nothing is sent before it is known"
    if state.closing:
        return "the session is closing"
    if control.withdraws_exits:
        return f"the kill latch is set ({control.level}) by {control.kill_by}"
    if gate := control.holds_back(*state.scopes(strategy, instrument)):
        return f"{gate.scope} is {gate.reason}"
    return ""


def amendable(order: Order) -> bool:
    """Whether this is a person's own order and rests at the venue, so that another can take its place."""
    intent = order.intent
    settled = order.phase is Phase.WORKING and not order.unknown and not order.pending_cancel
    return bool(intent.ticket) and settled and intent.time_in_force is not TimeInForce.IOC


def enters_again(strategy: str) -> str:
    """A strategy whose order or position is gone isn't a stopped one."""
    return f"{strategy} may enter again on its next signal: `strategy {strategy} pause` keeps it out"


def _theirs(text: str, state: State) -> bool:
    names = (report.client_id or report.venue_id for report in state.orders.foreign.values())
    return len(text) >= SHORT and any(name.lower().endswith(text) for name in names)


def _ending(text: str, orders: dict[str, Order]) -> list[Order]:
    if text in orders:
        return [orders[text]]
    return [o for i, o in orders.items() if i.endswith(text)] if len(text) >= SHORT else []
