"""The life of our orders: phase, pending cancel, certainty and fills, and the transitions of all four.

The table is in docs/ARCHITECTURE.md, "Life of an order". What it doesn't list changes nothing and is
returned as an Anomaly. Silence is UNKNOWN, never "rejected"; fills go before status; terminals absorb.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from midas.domain.carry import OrderCarried
from midas.domain.decision import Anomaly, OrderMoved
from midas.domain.money import ZERO
from midas.domain.order import CloseReason, Fill, OrderIntent, OrderReport, Phase, Side
from midas.domain.time import SECOND
from midas.state.order import Order

Change = OrderMoved | Anomaly
CLOSED_KEPT = 1_000  # late fills and cancels of older orders are looked up at the venue instead
ABSENCE_GAP = 2 * SECOND  # two "not found" answers must lie this far apart
SETTLING = 2 * SECOND  # clocks differ: evidence this close to a newer event may be older than it
# Where the broker told no `dead_at`: 3 s of receive window and 10 s of the venue's own time-out. It is
# counted from our clock and compared with the venue's, so the rest is for a venue ahead of us.
REQUEST_LIFE = 15 * SECOND


class Orders:
    """All orders of ours that are open, and the most recent closed ones."""

    def __init__(self) -> None:
        self.open: dict[str, Order] = {}
        self.closed: dict[str, Order] = {}
        self.foreign: dict[str, OrderReport] = {}  # open on the account, not ours: they count as exposure
        self.planned_at: list[int] = []  # wall times of recent intents, for the order rate
        self.overfills = 0

    def get(self, client_id: str) -> Order | None:
        """The order, open or recently closed."""
        return self.open.get(client_id) or self.closed.get(client_id)

    def working(self, strategy: str, instrument: str) -> list[Order]:
        """Open orders of one sleeve, oldest first."""
        return [
            o
            for o in self.open.values()
            if o.intent.strategy == strategy and o.intent.instrument == instrument
        ]

    def of_instrument(self, instrument: str) -> Iterator[Order]:
        """Open orders in one instrument."""
        return (o for o in self.open.values() if o.intent.instrument == instrument)

    def leaves(self, instrument: str, side: Side, without: str = "") -> Decimal:
        """Everything that may still trade on one side, UNKNOWN and foreign orders included.

        `without`: an order that is closed before what is asked for could be sent.
        """
        standing = (o for o in self.of_instrument(instrument) if o.intent.client_id != without)
        ours = sum((o.leaves for o in standing if o.intent.side is side), ZERO)
        theirs = (f for f in self.foreign.values() if f.instrument == instrument and f.side is side)
        return ours + sum((f.quantity - f.filled for f in theirs), ZERO)

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
        order.sent_at = carried.sent_at
        order.phase = Phase.WORKING if carried.phase == Phase.WORKING.value else Phase.INFLIGHT
        order.dead_at = carried.dead_at or at + REQUEST_LIFE
        order.unknown_since, order.unknown_cause = at, "engine restarted"
        self.open[carried.intent.client_id] = order

    def sent(self, client_id: str, at: int, dead_at: int) -> list[Change]:
        """Bytes went to the transport."""
        order = self.get(client_id)
        if order is None:
            return [Anomaly("unknown_order", client_id, "sent, never planned here")]
        if order.sent_at or order.close_reason is CloseReason.NEVER_SENT:
            return [
                Anomaly("sent_twice", client_id, f"a send was reported of an order that is {order.status}")
            ]
        order.sent_at, order.dead_at, order.touched_at = at, dead_at, max(at, order.touched_at)
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
            return [
                Anomaly("unknown_order", client_id, f"venue order {venue_id} accepted, never planned here")
            ]
        order.venue_id = order.venue_id or venue_id
        if order.phase is Phase.CLOSED:
            return []
        if order.phase is Phase.WORKING:
            return []  # an ack says nothing about a doubt that came later, as that of a refused cancel
        before = order.status
        order.touched_at = at
        self._settle(order)
        order.phase = Phase.WORKING
        return self._moved(order, before, "")

    def rejected(self, client_id: str, reason: str, at: int) -> list[Change]:
        """A definite no, which only an order without any other evidence may take."""
        order = self.open.get(client_id)
        if order is None:
            return self._unlisted(client_id, f"rejected: {reason}")
        if order.phase is Phase.WORKING or order.filled > 0 or order.reported_close is not None:
            return [Anomaly("reject_after_accept", client_id, reason)]
        return self._close(order, CloseReason.REJECTED, at, reason)

    def uncertain(self, client_id: str, cause: str, at: int) -> list[Change]:
        """Silence: exposure stays reserved until there is evidence."""
        order = self.open.get(client_id)
        if order is None or (order.phase is Phase.WORKING and not order.pending_cancel):
            return []
        before = order.status
        order.phase = Phase.INFLIGHT if order.phase is Phase.QUEUED else order.phase
        order.dead_at = order.dead_at or at + REQUEST_LIFE
        order.touched_at = at
        self._doubt(order, cause, at)
        return self._moved(order, before, cause)

    def filled(self, client_id: str, fill: Fill, at: int) -> list[Change]:
        """An execution that the ledger hasn't seen before; applied whatever the phase."""
        order = self.get(client_id)
        if order is None:
            return [
                Anomaly("unknown_order", client_id, f"trade {fill.trade_id} of an order never planned here")
            ]
        before, changes = order.status, list[Change]()
        order.filled += fill.quantity
        order.cost += fill.quantity * fill.price
        order.fills[fill.trade_id] = fill
        order.touched_at = at
        if order.filled > order.intent.quantity:
            self.overfills += 1
            changes.append(Anomaly("overfill", client_id, f"{order.filled} of {order.intent.quantity}"))
        if order.phase is Phase.CLOSED:
            return changes + self._filled_late(order, fill, before)
        order.phase = Phase.WORKING
        if order.filled >= order.intent.quantity:
            return changes + self._close(order, CloseReason.FILLED, at, "", before)
        if order.reported_close is not None and order.filled >= order.reported_filled:
            return changes + self._close(order, order.reported_close, at, "", before)
        self._settle(order)
        return changes + self._moved(order, before, "")

    def repeated(self, client_id: str, fill: Fill) -> list[Change]:
        """An execution that is booked already: nothing, unless the two tellings differ."""
        order = self.get(client_id)
        first = order.fills.get(fill.trade_id) if order is not None else None
        if first is None or _terms(first) == _terms(fill):
            return []
        told = [f"{f.quantity} @ {f.price} fee {f.fee} {f.fee_asset}" for f in (first, fill)]
        return [Anomaly("fill_conflict", client_id, f"trade {fill.trade_id} was {told[0]}, now {told[1]}")]

    def closed_by_venue(self, client_id: str, reason: CloseReason, filled: Decimal, at: int) -> list[Change]:
        """The venue says it's over; believed only once every fill it counts is here."""
        order = self.open.get(client_id)
        if order is None:
            return self._unlisted(client_id, f"closed: {reason.value}")
        before = order.status
        order.touched_at = at
        if filled > order.filled:
            known = order.reported_close is not None
            order.reported_close, order.reported_filled = reason, filled
            self._doubt(order, "fills missing", at)
            detail = f"closed with {filled}, fills known {order.filled}"
            anomaly = [] if known else [Anomaly("fills_missing", client_id, detail)]
            return [*anomaly, *self._moved(order, before, "fills missing")]
        return self._close(order, reason, at, "")

    def cancel_sent(self, client_id: str, at: int, reason: str = "") -> list[Change]:
        """A cancel left; the phase stays."""
        order = self.open.get(client_id)
        if order is None:
            return []
        before = order.status
        order.pending_cancel, order.cancel_sent_at = True, at
        order.cancels += 1
        return self._moved(order, before, reason)

    def cancel_rejected(self, client_id: str, reason: str, at: int) -> list[Change]:
        """Too late or unknown: never read as cancelled, looked up instead."""
        order = self.open.get(client_id)
        if order is None:
            return []
        before = order.status
        order.pending_cancel = False
        order.touched_at = at
        self._doubt(order, f"cancel refused: {reason}", at)
        return self._moved(order, before, reason)

    def reported(self, report: OrderReport, as_of: int, at: int) -> list[Change]:
        """A line of the open-order list or the answer to a look-up (fills were applied before).

        The venue was asked at `as_of`; what is older than the newest event may not take it back.
        """
        order = self.get(report.client_id)
        if order is None:
            return []
        order.venue_id = order.venue_id or report.venue_id
        if not report.open:
            reason = report.close_reason or CloseReason.CANCELED
            return self.closed_by_venue(report.client_id, reason, report.filled, at)
        if order.phase is Phase.CLOSED:
            return self._resurrect(order, at) if as_of > order.touched_at + SETTLING else []
        order.absent_at = 0
        changes = self._adopt(order, report)
        before = order.status
        if order.phase is not Phase.WORKING or as_of > order.unknown_since > 0:
            self._settle(order)
            order.phase = Phase.WORKING
            order.pending_cancel = False  # whatever was asked before is asked again if still wanted
        return changes + self._moved(order, before, "confirmed by the venue")

    def found_foreign(self, reports: tuple[OrderReport, ...]) -> list[Change]:
        """The open orders of the account that aren't ours, as of now; each is told once."""
        foreign = {r.client_id: r for r in reports if r.open and self.get(r.client_id) is None}
        new = [r for i, r in foreign.items() if i not in self.foreign]
        self.foreign = foreign
        return [
            Anomaly("foreign_order", r.client_id, f"{r.side.value} {r.quantity} {r.instrument} @ {r.price}")
            for r in new
        ]

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
        if order.phase is Phase.INFLIGHT:
            return self._close(order, CloseReason.REJECTED, at, "proven never to have arrived")
        # It stood there once, so "rejected" would be a lie; the venue no longer tells what became of it.
        gone = Anomaly("vanished", client_id, f"{order.status} here, unknown at the venue")
        return [gone, *self._close(order, CloseReason.CANCELED, at, "inferred: gone at the venue")]

    # helpers

    def _resurrect(self, order: Order, at: int) -> list[Change]:
        before = order.status
        self.closed.pop(order.intent.client_id, None)
        self.open[order.intent.client_id] = order
        order.phase, order.close_reason, order.touched_at = Phase.WORKING, None, at
        anomaly = Anomaly("resurrected", order.intent.client_id, f"{before} here, open at the venue")
        return [anomaly, *self._moved(order, before, "")]

    def _adopt(self, order: Order, report: OrderReport) -> list[Change]:
        """The venue's price and quantity are the true ones."""
        intent = order.intent
        if report.quantity == intent.quantity and intent.price in (None, report.price):
            return []
        detail = f"{intent.quantity} @ {intent.price} here, {report.quantity} @ {report.price} at the venue"
        order.intent = msgspec.structs.replace(intent, quantity=report.quantity, price=report.price)
        return [Anomaly("order_differs", intent.client_id, detail)]

    def _filled_late(self, order: Order, fill: Fill, before: str) -> list[Change]:
        if order.close_reason is CloseReason.FILLED:
            return []  # the overfill has been told
        if order.filled >= order.intent.quantity:
            order.close_reason = CloseReason.FILLED
        late = Anomaly("late_fill", order.intent.client_id, f"trade {fill.trade_id} after {before}")
        return [late, *self._moved(order, before, "late fill")]

    def _unlisted(self, client_id: str, detail: str) -> list[Change]:
        """Closed orders absorb; one that nobody planned is worth a line."""
        return [] if client_id in self.closed else [Anomaly("unknown_order", client_id, detail)]

    def _doubt(self, order: Order, cause: str, at: int) -> None:
        order.unknown_since, order.unknown_cause = order.unknown_since or at, cause

    def _settle(self, order: Order) -> None:
        """There is evidence; only fills that the venue has counted already can still be missing."""
        order.absent_at = 0
        if order.reported_close is None:
            order.unknown_since, order.unknown_cause = 0, ""

    def _move(self, order: Order, phase: Phase, detail: str) -> list[Change]:
        before = order.status
        order.phase = phase
        return self._moved(order, before, detail)

    def _moved(self, order: Order, before: str, detail: str) -> list[Change]:
        after = order.status
        return [OrderMoved(order.intent.client_id, before, after, detail)] if after != before else []

    def _close(
        self, order: Order, reason: CloseReason, at: int, detail: str, before: str = ""
    ) -> list[Change]:
        before = before or order.status
        complete = order.filled >= order.intent.quantity
        order.phase, order.close_reason = Phase.CLOSED, CloseReason.FILLED if complete else reason
        order.closed_at = order.touched_at = at
        order.reported_close = None
        self._settle(order)
        order.pending_cancel = False
        self.open.pop(order.intent.client_id, None)
        self.closed[order.intent.client_id] = order
        while len(self.closed) > CLOSED_KEPT:
            del self.closed[next(iter(self.closed))]
        return self._moved(order, before, detail)


def _terms(fill: Fill) -> tuple[Decimal, Decimal, Decimal, str]:
    """What two tellings of one execution must agree on; sources differ in the rest."""
    return fill.price, fill.quantity, fill.fee, fill.fee_asset
