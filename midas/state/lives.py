"""What every transition of an order is made of: settle a doubt, close, tell what moved."""

from __future__ import annotations

from collections import Counter, OrderedDict

from midas.domain.carry import OwnerCarried
from midas.domain.decision import Anomaly, OrderMoved
from midas.domain.order import CloseReason
from midas.domain.time import DAY, SECOND
from midas.state.order import CLOSED, WORKING, Order

Change = OrderMoved | Anomaly
CLOSED_KEPT = 1_000  # late fills and cancels of older orders are looked up at the venue instead
OWNERS_KEPT = 2_000  # of closed orders: whose they were
OWNED_FOR = 7 * DAY  # after that, a trade that nobody heard of is a person's to explain
SETTLING = 2 * SECOND  # clocks differ: evidence this close to a newer event may be older than it
# Where the broker told no `dead_at`: 3 s of receive window, 10 s of the venue's own time-out, and some more.
# It is counted from the venue's own time in an answer that was asked for later, never from our clock.
REQUEST_LIFE = 15 * SECOND
FILLED, NEVER_SENT = CloseReason.FILLED, CloseReason.NEVER_SENT  # asked of every order, as in `order`


class Lives:
    """Open orders and the most recent closed ones, and the steps that all transitions share."""

    def __init__(self) -> None:
        # How often a transition began: as long as it is the same, all that may still trade is the same.
        self.changes = 0
        self.open: dict[str, Order] = {}
        # Ordered ones forget their oldest at once; a plain one passes by all that it has forgotten before.
        self.closed: OrderedDict[str, Order] = OrderedDict()
        # Of closed orders, the most recent ones, over restarts too.
        self.owners: OrderedDict[str, OwnerCarried] = OrderedDict()
        self.anomalies: Counter[str] = Counter()  # by kind, in this session

    def get(self, client_id: str) -> Order | None:
        """The order, open or recently closed."""
        return self.open.get(client_id) or self.closed.get(client_id)

    def still_owned(self, now: int) -> dict[str, OwnerCarried]:
        """What a later session may still need to know."""
        return {i: owner for i, owner in self.owners.items() if now - owner.closed_at < OWNED_FOR}

    def strange(self, kind: str, subject: str, detail: str) -> Anomaly:
        """What the table doesn't list changes nothing, and is told and counted."""
        self.anomalies[kind] += 1
        return Anomaly(kind, subject, detail)

    def _unlisted(self, client_id: str, detail: str) -> list[Change]:
        """Closed orders absorb; one that nobody planned is worth a line."""
        return [] if client_id in self.closed else [self.strange("unknown_order", client_id, detail)]

    def _doubt(self, order: Order, cause: str, at: int) -> None:
        order.unknown_since, order.unknown_cause = order.unknown_since or at, cause

    def _settle(self, order: Order) -> None:
        """There is evidence; only fills that the venue has counted already can still be missing."""
        order.absent_at = 0
        if order.reported_close is None:
            order.unknown_since, order.unknown_cause = 0, ""

    def _moved(self, order: Order, before: str, detail: str) -> list[Change]:
        after = order.status
        return [OrderMoved(order.intent.client_id, before, after, detail)] if after != before else []

    def _close(
        self, order: Order, reason: CloseReason, at: int, detail: str, before: str = ""
    ) -> list[Change]:
        before = before or order.status
        intent = order.intent
        complete = order.filled >= intent.quantity
        order.phase, order.close_reason = CLOSED, FILLED if complete else reason
        order.closed_at = order.touched_at = at
        order.reported_close = None
        self._settle(order)
        order.pending.clear()
        self.open.pop(intent.client_id, None)
        self.closed[intent.client_id] = order
        while len(self.closed) > CLOSED_KEPT:
            self.closed.popitem(last=False)
        if order.close_reason is not NEVER_SENT:
            self.owners[intent.client_id] = OwnerCarried(intent.strategy, intent.purpose, at)
            if len(self.owners) > OWNERS_KEPT:
                self.owners.popitem(last=False)
        return self._moved(order, before, detail)

    def _reopen(self, order: Order, at: int) -> None:
        self.closed.pop(order.intent.client_id, None)
        self.open[order.intent.client_id] = order
        order.phase, order.close_reason, order.touched_at = WORKING, None, at
