"""The life of our orders: four independent parts (phase, pending cancel, certainty, fills) and their transitions.

The table is in docs/ARCHITECTURE.md, "Life of an order". What it doesn't list changes nothing and is
returned as an Anomaly. Silence is UNKNOWN, never "rejected"; fills go before status; terminals absorb.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from midas.domain.carry import OrderCarried
from midas.domain.decision import Anomaly, OrderMoved
from midas.domain.money import ZERO
from midas.domain.order import CloseReason, Fill, OrderIntent, OrderReport, Phase, Purpose, Side

Change = OrderMoved | Anomaly
CLOSED_KEPT = 1_000  # late fills and cancels of older orders are looked up at the venue instead
ABSENCE_GAP = 2_000_000_000  # two "not found" answers must lie this far apart


class Order:
    """One order of ours; mutable, owned by `Orders`."""

    __slots__ = (
        "absent_at",
        "cancel_sent_at",
        "cancels",
        "close_reason",
        "closed_at",
        "cost",
        "dead_at",
        "fills",
        "filled",
        "intent",
        "pending_cancel",
        "phase",
        "reported_close",
        "reported_filled",
        "sent_at",
        "touched_at",
        "unknown_cause",
        "unknown_since",
        "venue_id",
    )

    def __init__(self, intent: OrderIntent) -> None:
        self.intent = intent
        self.phase = Phase.QUEUED
        self.close_reason: CloseReason | None = None
        self.venue_id = ""
        self.filled = ZERO
        self.cost = ZERO
        self.fills = 0
        self.sent_at = 0
        self.dead_at = 0
        self.closed_at = 0
        self.touched_at = intent.created_at
        self.pending_cancel = False
        self.cancel_sent_at = 0
        self.cancels = 0
        self.unknown_since = 0
        self.unknown_cause = ""
        self.absent_at = 0
        self.reported_close: CloseReason | None = None
        self.reported_filled = ZERO

    @property
    def leaves(self) -> Decimal:
        """What may still trade; zero once closed."""
        return ZERO if self.phase is Phase.CLOSED else max(ZERO, self.intent.quantity - self.filled)

    @property
    def unknown(self) -> bool:
        """True: the venue may or may not have it in the state we think."""
        return self.unknown_since > 0

    @property
    def increases_risk(self) -> bool:
        """True for orders that a halt cancels."""
        return self.intent.purpose is Purpose.ENTRY

    @property
    def status(self) -> str:
        """One word for a person; UNKNOWN goes before everything else."""
        if self.phase is Phase.CLOSED:
            return self.close_reason.value if self.close_reason else "CLOSED"
        if self.unknown:
            return "UNKNOWN"
        if self.pending_cancel:
            return "PENDING_CANCEL"
        if self.filled > 0:
            return "PARTIAL"
        return {Phase.QUEUED: "QUEUED", Phase.INFLIGHT: "INFLIGHT", Phase.WORKING: "OPEN"}[self.phase]


class Orders:
    """All orders of ours that are open, and the most recent closed ones."""

    def __init__(self) -> None:
        self.open: dict[str, Order] = {}
        self.closed: dict[str, Order] = {}
        self.planned_at: list[int] = []  # wall times of recent intents, for the order rate

    def get(self, client_id: str) -> Order | None:
        """The order, open or recently closed."""
        return self.open.get(client_id) or self.closed.get(client_id)

    def working(self, strategy: str, instrument: str) -> list[Order]:
        """Open orders of one sleeve, oldest first."""
        return [o for o in self.open.values() if o.intent.strategy == strategy and o.intent.instrument == instrument]

    def of_instrument(self, instrument: str) -> Iterator[Order]:
        """Open orders in one instrument."""
        return (o for o in self.open.values() if o.intent.instrument == instrument)

    def leaves(self, instrument: str, side: Side) -> Decimal:
        """Everything that may still trade on one side, UNKNOWN orders included."""
        return sum((o.leaves for o in self.of_instrument(instrument) if o.intent.side is side), ZERO)

    @property
    def unknown(self) -> list[Order]:
        """Orders whose fate isn't known, oldest doubt first."""
        return sorted((o for o in self.open.values() if o.unknown), key=lambda o: o.unknown_since)

    def rate(self, now: int, window: int) -> int:
        """Intents planned in the last `window` ns."""
        recent = self.planned_at
        while recent and recent[0] <= now - window:
            recent.pop(0)
        return len(recent)

    # transitions, in the order of a life

    def plan(self, intent: OrderIntent) -> Order:
        """A new intent; its exposure is reserved from here on."""
        assert intent.client_id not in self.open and intent.client_id not in self.closed
        order = Order(intent)
        self.open[intent.client_id] = order
        self.planned_at.append(intent.created_at)
        return order

    def restore(self, carried: OrderCarried, at: int) -> None:
        """An order of the last session. What was queued or in flight may have been sent: UNKNOWN."""
        order = Order(carried.intent)
        order.venue_id, order.filled = carried.venue_id, carried.filled
        order.sent_at, order.dead_at = carried.sent_at, carried.dead_at
        order.phase = Phase.WORKING if carried.phase == Phase.WORKING.value else Phase.INFLIGHT
        order.unknown_since, order.unknown_cause = at, "engine restarted"
        self.open[carried.intent.client_id] = order

    def sent(self, client_id: str, at: int, dead_at: int) -> list[Change]:
        """Bytes went to the transport."""
        order = self.open.get(client_id)
        if order is None or order.sent_at:
            return [Anomaly("sent_twice", client_id, "a second send of one intent was reported")]
        order.sent_at, order.dead_at, order.touched_at = at, dead_at, at
        return self._move(order, Phase.INFLIGHT, "") if order.phase is Phase.QUEUED else []

    def never_sent(self, client_id: str, at: int, reason: str) -> list[Change]:
        """The intent stayed here."""
        order = self.open.get(client_id)
        if order is None or order.phase is not Phase.QUEUED:
            return [Anomaly("late_not_sent", client_id, reason)]
        return self._close(order, CloseReason.NEVER_SENT, at, reason)

    def accepted(self, client_id: str, venue_id: str, at: int) -> list[Change]:
        """The venue has it."""
        order = self.get(client_id)
        if order is None:
            return [Anomaly("unknown_order", client_id, f"venue order {venue_id} accepted, never planned here")]
        order.venue_id = order.venue_id or venue_id
        if order.phase is Phase.CLOSED:
            return []
        before = order.status
        order.touched_at = at
        self._settle(order)
        if order.phase is not Phase.WORKING:
            order.phase = Phase.WORKING
        return self._moved(order, before, "")

    def rejected(self, client_id: str, reason: str, at: int) -> list[Change]:
        """A definite no, which only an order without any other evidence may take."""
        order = self.open.get(client_id)
        if order is None:
            return []
        if order.phase is Phase.WORKING or order.filled > 0:
            return [Anomaly("reject_after_accept", client_id, reason)]
        return self._close(order, CloseReason.REJECTED, at, reason)

    def uncertain(self, client_id: str, cause: str, at: int) -> list[Change]:
        """Silence: exposure stays reserved until there is evidence."""
        order = self.open.get(client_id)
        if order is None or order.phase is Phase.WORKING and not order.pending_cancel:
            return []
        before = order.status
        order.phase = Phase.INFLIGHT if order.phase is Phase.QUEUED else order.phase
        order.unknown_since, order.unknown_cause, order.touched_at = order.unknown_since or at, cause, at
        return self._moved(order, before, cause)

    def filled(self, client_id: str, fill: Fill, at: int) -> list[Change]:
        """An execution that the ledger hasn't seen before; applied whatever the phase."""
        order = self.get(client_id)
        if order is None:
            return [Anomaly("unknown_order", client_id, f"trade {fill.trade_id} of an order never planned here")]
        before, changes = order.status, list[Change]()
        order.filled += fill.quantity
        order.cost += fill.quantity * fill.price
        order.fills += 1
        order.touched_at = at
        if order.filled > order.intent.quantity:
            changes.append(Anomaly("overfill", client_id, f"{order.filled} of {order.intent.quantity}"))
        if order.phase is Phase.CLOSED:
            if order.close_reason is not CloseReason.FILLED and order.filled >= order.intent.quantity:
                order.close_reason = CloseReason.FILLED
            return [*changes, Anomaly("late_fill", client_id, f"trade {fill.trade_id} after {before}")]
        self._settle(order)
        order.phase = Phase.WORKING
        if order.filled >= order.intent.quantity:
            return changes + self._close(order, CloseReason.FILLED, at, "", before)
        if order.reported_close is not None and order.filled >= order.reported_filled:
            return changes + self._close(order, order.reported_close, at, "", before)
        return changes + self._moved(order, before, "")

    def closed_by_venue(self, client_id: str, reason: CloseReason, filled: Decimal, at: int) -> list[Change]:
        """The venue says it's over; believed only once every fill it counts is here."""
        order = self.open.get(client_id)
        if order is None:
            return []
        order.touched_at = at
        if filled > order.filled:
            order.reported_close, order.reported_filled = reason, filled
            return [Anomaly("fills_missing", client_id, f"closed with {filled}, fills known {order.filled}")]
        return self._close(order, reason, at, "")

    def cancel_sent(self, client_id: str, at: int) -> list[Change]:
        """A cancel left; the phase stays."""
        order = self.open.get(client_id)
        if order is None:
            return []
        before = order.status
        order.pending_cancel, order.cancel_sent_at = True, at
        order.cancels += 1
        return self._moved(order, before, "") if order.cancels == 1 else []

    def cancel_rejected(self, client_id: str, reason: str, at: int) -> list[Change]:
        """Too late or unknown: never read as cancelled, looked up instead."""
        order = self.open.get(client_id)
        if order is None:
            return []
        before = order.status
        order.pending_cancel = False
        order.unknown_since, order.unknown_cause = order.unknown_since or at, f"cancel refused: {reason}"
        order.touched_at = at
        return self._moved(order, before, reason)

    def reported(self, report: OrderReport, at: int) -> list[Change]:
        """A line of the open-order list or the answer to a look-up (fills were applied before)."""
        order = self.get(report.client_id)
        if order is None:
            return [Anomaly("foreign_order", report.client_id, f"{report.side.value} {report.quantity} @ {report.price}")]
        order.venue_id = order.venue_id or report.venue_id
        if not report.open:
            reason = report.close_reason or CloseReason.CANCELED
            return self.closed_by_venue(report.client_id, reason, report.filled, at)
        if order.phase is Phase.CLOSED:
            return self._resurrect(order, at)
        if order.unknown or order.phase is not Phase.WORKING:
            before = order.status
            self._settle(order)
            order.pending_cancel = False  # whatever was asked before is asked again if still wanted
            order.phase = Phase.WORKING
            return self._moved(order, before, "confirmed by the venue")
        return []

    def absent(self, client_id: str, as_of: int, at: int) -> list[Change]:
        """The venue, asked successfully, doesn't know it. Proof needs two such answers after `dead_at`."""
        order = self.open.get(client_id)
        if order is None or order.phase is Phase.QUEUED or as_of <= order.dead_at:
            return []
        if not order.absent_at:
            order.absent_at = as_of
            return []
        if as_of - order.absent_at < ABSENCE_GAP:
            return []
        return self._close(order, CloseReason.REJECTED, at, "proven never to have arrived")

    # helpers

    def _resurrect(self, order: Order, at: int) -> list[Change]:
        before = order.status
        self.closed.pop(order.intent.client_id, None)
        self.open[order.intent.client_id] = order
        order.phase, order.close_reason, order.touched_at = Phase.WORKING, None, at
        anomaly = Anomaly("resurrected", order.intent.client_id, f"{before} here, open at the venue")
        return [anomaly, *self._moved(order, before, "")]

    def _settle(self, order: Order) -> None:
        order.unknown_since, order.unknown_cause, order.absent_at = 0, "", 0

    def _move(self, order: Order, phase: Phase, detail: str) -> list[Change]:
        before = order.status
        order.phase = phase
        return self._moved(order, before, detail)

    def _moved(self, order: Order, before: str, detail: str) -> list[Change]:
        after = order.status
        return [OrderMoved(order.intent.client_id, before, after, detail)] if after != before else []

    def _close(
        self, order: Order, reason: CloseReason, at: int, detail: str, before: str | None = None
    ) -> list[Change]:
        before = before or order.status
        complete = order.filled >= order.intent.quantity
        order.phase, order.close_reason = Phase.CLOSED, CloseReason.FILLED if complete else reason
        order.closed_at = order.touched_at = at
        self._settle(order)
        order.pending_cancel = False
        self.open.pop(order.intent.client_id, None)
        self.closed[order.intent.client_id] = order
        while len(self.closed) > CLOSED_KEPT:
            del self.closed[next(iter(self.closed))]
        return self._moved(order, before, detail)
