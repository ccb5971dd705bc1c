"""Which transitions of an order and which faults the worlds have really met.

What a simulation never does, it never tests. A long campaign fails where a pair of the required list stayed
untouched, so that a harness that has become tame is noticed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from midas.domain.event import (
    AccountReported,
    CancelRejected,
    CancelSent,
    Event,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderNotSent,
    OrderRejected,
    OrderSent,
    OrderUncertain,
)
from midas.domain.order import Phase
from midas.simulation.plan import HANDS, KINDS
from midas.state.order import Order
from midas.state.state import State

SEEDS_MIN = 2_000  # fewer seeds may leave something out by chance

_OF_ONE = (
    OrderSent, OrderNotSent, OrderAccepted, OrderRejected, OrderUncertain, OrderFilled, OrderClosed,
    CancelSent, CancelRejected,
)  # fmt: skip

# By state before the event: what has to happen to an order in it. UNKNOWN is told with the phase below it.
REQUIRED: dict[str, tuple[str, ...]] = {
    "QUEUED": ("order.sent", "order.not_sent"),
    "INFLIGHT": (
        "order.accepted", "order.rejected", "order.uncertain", "order.filled",
    ),
    "OPEN": ("order.accepted", "order.filled", "order.closed", "cancel.sent", "report.open", "report.closed"),
    "PARTIAL": ("order.filled", "fill.known", "order.closed", "cancel.sent", "report.open"),
    "PENDING_CANCEL": (
        "cancel.sent", "cancel.rejected", "order.uncertain", "order.filled", "order.closed", "report.open",
    ),
    "UNKNOWN/INFLIGHT": (
        "order.accepted", "order.uncertain", "order.filled", "report.open", "report.closed",
        "absent",
    ),
    "UNKNOWN/WORKING": (
        "order.filled", "order.closed", "cancel.sent", "cancel.rejected", "order.uncertain", "report.open",
        "report.closed",
    ),
    "FILLED": ("order.accepted", "fill.known", "order.closed", "cancel.rejected", "order.uncertain"),
    "CANCELED": ("order.accepted", "order.closed", "cancel.rejected", "fill.known"),
    "REJECTED": ("order.accepted",),
}  # fmt: skip
# Why some of the order table can't be met here; each is shown by tests of the table itself (tests/state).
IMPOSSIBLE: dict[str, str] = {
    "PENDING_REPLACE": "an amendment is a cancel and a new order on Binance Spot",
    "order.triggered": "no strategy and no command of a person places a stop yet",
    "order.busted": "Binance Spot never takes a trade back",
    "DENIED": "what risk refuses never becomes an order",
    "INFLIGHT order.closed": "the venue announces an order before it ends it: once in thousands of seeds",
    "UNKNOWN/INFLIGHT order.closed": "the same",
    "INFLIGHT report.open": "its answer, or the doubt about it, comes before any list: as rare",
    "CANCELED order.filled": "the venue tells fills before it closes, and closing waits for them",
}

NOBODYS: Mapping[str, int] = {}  # hands: what they did where nobody asked for them


class Coverage:
    """What one life of a desk met; fed after each recorded event and each audit."""

    def __init__(self, state: State, pairs: Counter[str]) -> None:
        self._state = state
        self._pairs = pairs
        self._labels: dict[str, str] = {}
        self._live: set[str] = set()

    def before(self, client_id: str) -> str:
        """The state of an order as it was when last looked at."""
        return self._labels.get(client_id, "none")

    def after(self, event: Event) -> None:
        """Count what the event met, then look again."""
        if isinstance(event, _OF_ONE):
            label = str(type(event).__struct_config__.tag)
            if isinstance(event, OrderFilled) and self._known(event):
                label = "fill.known"
            self._pairs[f"{self.before(event.client_id)} {label}"] += 1
        elif isinstance(event, AccountReported):
            for report in (*event.open_orders, *event.queried):
                told = "report.open" if report.open else "report.closed"
                self._pairs[f"{self.before(report.client_id)} {told}"] += 1
            for client_id in event.absent:
                self._pairs[f"{self.before(client_id)} absent"] += 1
        self.look()

    def look(self) -> None:
        """Remember where every order stands."""
        orders = self._state.orders
        if orders.open:
            self._live.update(orders.open)
        if not self._live:
            return
        for client_id in sorted(self._live):
            order = orders.get(client_id)
            if order is None:
                self._live.discard(client_id)
                continue
            self._labels[client_id] = _label(order)
            if order.phase is Phase.CLOSED:
                self._live.discard(client_id)

    def _known(self, event: OrderFilled) -> bool:
        """Whether this fill was booked before: looked at afterwards, it moved nothing."""
        order = self._state.orders.get(event.client_id)
        first = order.fills.get(event.fill.trade_id) if order is not None else None
        return first is not event.fill


def untouched(
    pairs: Mapping[str, int], faults: Mapping[str, int], hands: Mapping[str, int] = NOBODYS
) -> list[str]:
    """What had to be met and wasn't, in order: pairs of state and event, kinds of fault, acts of hands.

    Hands that did nothing at all were never asked for.
    """
    missing = [
        f"{state} {event}" for state, events in REQUIRED.items() for event in events
        if not pairs.get(f"{state} {event}")
    ]  # fmt: skip
    idle = [f"hands {kind}" for kind in HANDS if not hands.get(kind)] if any(hands.values()) else []
    return [*missing, *(f"fault {kind}" for kind in KINDS if not faults.get(kind)), *idle]


def _label(order: Order) -> str:
    status = order.status
    return f"UNKNOWN/{order.phase.value}" if status == "UNKNOWN" else status
