"""All orders of ours and the transitions of their lives.

The table is in docs/ARCHITECTURE.md, "Life of an order". What it doesn't list changes nothing, is counted and
returned as an Anomaly. Silence is UNKNOWN, never "rejected"; fills go before status; terminals absorb.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from midas.domain.carry import OrderCarried
from midas.domain.money import ZERO
from midas.domain.order import CloseReason, Fill, OrderIntent, OrderReport, Side
from midas.domain.time import SECOND
from midas.state.lives import CLOSED_KEPT, REQUEST_LIFE, SETTLING, Change
from midas.state.order import CLOSED, INFLIGHT, QUEUED, WORKING, Order, Pending
from midas.state.requests import Requests

__all__ = ["CLOSED_KEPT", "REQUEST_LIFE", "SETTLING", "Change", "Orders"]

ABSENCE_GAP = 2 * SECOND  # two "not found" answers must lie this far apart


class Orders(Requests):
    """All orders of ours that are open, and the most recent closed ones."""

    def __init__(self) -> None:
        super().__init__()
        # Open on the account, not ours: they count as exposure. A client id is unique in its instrument only.
        self.foreign: dict[tuple[str, str], OrderReport] = {}
        self.planned_at: list[int] = []  # wall times of recent intents, for the order rate
        self.overfills = 0

    def working(self, strategy: str, instrument: str) -> list[Order]:
        """Open orders of one sleeve, oldest first."""
        if not self.open:
            return []
        found = []
        for order in self.open.values():
            intent = order.intent
            if intent.strategy == strategy and intent.instrument == instrument:
                found.append(order)
        return found

    def exits(self, strategy: str, instrument: str) -> list[Order]:
        """Open orders that sell of one sleeve, but for its stop."""
        return [
            o for o in self.working(strategy, instrument) if o.intent.side is Side.SELL and not o.protects
        ]

    def stop(self, strategy: str, instrument: str) -> Order | None:
        """What protects one sleeve at the venue, or is on its way there."""
        return next((o for o in self.working(strategy, instrument) if o.protects), None)

    def of_instrument(self, instrument: str) -> Iterator[Order]:
        """Open orders in one instrument."""
        return (o for o in self.open.values() if o.intent.instrument == instrument)

    def leaves(self, instrument: str, side: Side, without: str = "") -> Decimal:
        """Everything that may still trade on one side, UNKNOWN and foreign orders included.

        `without`: an order that is closed before what is asked for could be sent.
        """
        standing = (o for o in self.of_instrument(instrument) if o.intent.client_id != without)
        ours = sum((o.reserved for o in standing if o.intent.side is side), ZERO)
        theirs = (f for f in self.foreign.values() if f.instrument == instrument and f.side is side)
        return ours + sum((f.quantity - f.filled for f in theirs), ZERO)

    @property
    def unknown(self) -> list[Order]:
        """Orders whose fate isn't known, oldest doubt first."""
        doubts = [o for o in self.open.values() if o.unknown_since > 0]
        return sorted(doubts, key=lambda o: o.unknown_since) if doubts else doubts

    def rate(self, now: int, window: int) -> int:
        """Intents planned in the last `window` ns."""
        recent = self.planned_at
        if recent and recent[-1] > now:  # our clock was set back: they count for one window from here on
            recent[:] = [min(at, now) for at in recent]
        while recent and recent[0] <= now - window:
            recent.pop(0)
        return len(recent)

    # transitions, in the order of a life

    def plan(self, intent: OrderIntent) -> Order:
        """A new intent; its exposure is reserved from here on."""
        self.changes += 1
        assert intent.client_id not in self.open and intent.client_id not in self.closed
        order = Order(intent)
        self.open[intent.client_id] = order
        if not order.protects:  # a stop that rises is no runaway, nor takes an order's turn
            self.planned_at.append(intent.created_at)
        return order

    def restore(self, carried: OrderCarried, at: int) -> None:
        """An order of the last session. What was queued or in flight may have been sent: UNKNOWN."""
        self.changes += 1
        order = Order(carried.intent)
        order.venue_id, order.sequence = carried.venue_id, carried.sequence
        order.filled, order.cost, order.busted = carried.filled, carried.cost, carried.busted
        order.untriggered, order.sent_at = carried.untriggered, carried.sent_at
        order.withdrawn = carried.withdrawn
        order.pending = [Pending(r.request, at, 0, r) for r in carried.replacements]
        order.phase = WORKING if carried.phase == WORKING.value else INFLIGHT
        order.dead_at, order.absent_at = carried.dead_at, carried.absent_at
        # A doubt is as old as it is: a desk that restarts often would never escalate it. Our clock may have
        # been set back meanwhile.
        order.unknown_since = min(carried.unknown_since or at, at)
        order.unknown_cause = carried.unknown_cause or "engine restarted"
        self.open[carried.intent.client_id] = order

    def sent(self, client_id: str, at: int, dead_at: int) -> list[Change]:
        """Bytes went to the transport."""
        self.changes += 1
        order = self.get(client_id)
        if order is None:
            return [self.strange("unknown_order", client_id, "sent, never planned here")]
        if order.sent_at or order.close_reason is CloseReason.NEVER_SENT:
            return [
                self.strange(
                    "sent_twice", client_id, f"a send was reported of an order that is {order.status}"
                )
            ]
        order.sent_at, order.dead_at, order.touched_at = at, dead_at, max(at, order.touched_at)
        if order.phase is not QUEUED:
            return []
        before, order.phase = order.status, INFLIGHT
        return self._moved(order, before, "")

    def never_sent(self, client_id: str, at: int, reason: str) -> list[Change]:
        """The intent stayed here."""
        self.changes += 1
        order = self.open.get(client_id)
        if order is None or order.phase is not QUEUED:
            return [self.strange("late_not_sent", client_id, reason)]
        return self._close(order, CloseReason.NEVER_SENT, at, reason)

    def accepted(self, client_id: str, venue_id: str, at: int, untriggered: bool = False) -> list[Change]:
        """The venue has it; `untriggered`: as a stop that waits for its price."""
        self.changes += 1
        order = self.get(client_id)
        if order is None:
            return [
                self.strange(
                    "unknown_order", client_id, f"venue order {venue_id} accepted, never planned here"
                )
            ]
        order.venue_id = order.venue_id or venue_id
        if order.phase is CLOSED:
            return []
        if order.phase is WORKING:
            return []  # an ack says nothing about a doubt that came later, as that of a refused cancel
        before = order.status
        order.touched_at = at
        self._settle(order)
        order.phase, order.untriggered = WORKING, untriggered
        return self._moved(order, before, "")

    def triggered(self, client_id: str, at: int) -> list[Change]:
        """A stop is in the book now; the phase stays."""
        self.changes += 1
        order = self.open.get(client_id)
        if order is None:
            return self._unlisted(client_id, "triggered")
        moved = self.accepted(client_id, "", at)
        order.untriggered, order.touched_at = False, at
        return moved

    def rejected(self, client_id: str, reason: str, at: int) -> list[Change]:
        """A definite no, which only an order without any other evidence may take."""
        self.changes += 1
        order = self.open.get(client_id)
        if order is None:
            return self._unlisted(client_id, f"rejected: {reason}")
        if order.phase is WORKING or order.filled > 0 or order.reported_close is not None:
            return [self.strange("reject_after_accept", client_id, reason)]
        return self._close(order, CloseReason.REJECTED, at, reason)

    def filled(self, client_id: str, fill: Fill, at: int) -> list[Change]:
        """An execution that the ledger hasn't seen before; applied whatever the phase."""
        self.changes += 1
        order = self.get(client_id)
        if order is None:
            return [
                self.strange(
                    "unknown_order", client_id, f"trade {fill.trade_id} of an order never planned here"
                )
            ]
        changes: list[Change] = []
        before, order.untriggered = order.status, False
        order.filled += fill.quantity
        order.cost += fill.quantity * fill.price
        order.fills[fill.trade_id] = fill
        order.touched_at = at
        most = order.most
        if order.filled > most:
            self.overfills += 1
            changes.append(self.strange("overfill", client_id, f"{order.filled} of {order.intent.quantity}"))
        if order.phase is CLOSED:
            return changes + self._filled_late(order, fill, before)
        order.phase = WORKING
        if order.filled >= most:
            return changes + self._close(order, CloseReason.FILLED, at, "", before)
        if order.reported_close is not None and order.filled + order.busted >= order.reported_filled:
            return changes + self._close(order, order.reported_close, at, "", before)
        if order.replacing is None:  # a fill doesn't tell what became of a replacement
            self._settle(order)
        return changes + self._moved(order, before, "")

    def busted(self, client_id: str, fill: Fill, at: int) -> list[Change]:
        """The venue took back an execution that was booked: what is filled falls, by nothing else.

        A full order isn't full any more; whether the rest works again is asked.
        """
        self.changes += 1
        order = self.get(client_id)
        told: list[Change] = [
            self.strange("trade_bust", client_id, f"trade {fill.trade_id}: {fill.quantity} @ {fill.price}")
        ]
        if order is None:
            return told
        before = order.status
        order.fills.pop(fill.trade_id, None)
        order.filled = max(ZERO, order.filled - fill.quantity)
        order.cost = max(ZERO, order.cost - fill.quantity * fill.price)
        order.busted += fill.quantity
        order.touched_at = at
        if order.close_reason is CloseReason.FILLED and order.filled < order.intent.quantity:
            self._reopen(order, at)
            self._doubt(order, f"trade {fill.trade_id} was busted", at)
        return told + self._moved(order, before, f"trade {fill.trade_id} busted")

    def repeated(self, client_id: str, fill: Fill, side: Side | None = None) -> list[Change]:
        """A booked execution told again: nothing, unless the tellings differ, which is said once."""
        order = self.get(client_id)
        first = order.fills.get(fill.trade_id) if order is not None else None
        if order is None or first is None or fill.trade_id in order.conflicts:
            return []
        if (first is fill or _terms(first) == _terms(fill)) and side in (None, order.intent.side):
            return []
        order.conflicts.add(fill.trade_id)
        told = [f"{f.quantity} @ {f.price} fee {f.fee} {f.fee_asset}" for f in (first, fill)]
        detail = f"trade {fill.trade_id} was {order.intent.side.value} {told[0]}, now "
        detail += f"{side.value} {told[1]}" if side is not None else told[1]
        return [self.strange("fill_conflict", client_id, detail)]

    def take_back(self, order: Order, fill: Fill) -> None:
        """A fill of this session turns out to be another one: what was counted of it isn't any more."""
        self.changes += 1
        if order.fills.pop(fill.trade_id, None) is not None:
            order.filled -= fill.quantity
            order.cost -= fill.quantity * fill.price

    def closed_by_venue(self, client_id: str, reason: CloseReason, filled: Decimal, at: int) -> list[Change]:
        """The venue says it's over; believed only once every fill it counts is here."""
        self.changes += 1
        order = self.open.get(client_id)
        if order is None:
            return self._unlisted(client_id, f"closed: {reason.value}")
        before = order.status
        order.touched_at = at
        if filled > order.filled + order.busted:
            known = order.reported_close is not None
            order.reported_close, order.reported_filled = reason, filled
            self._doubt(order, "fills missing", at)
            detail = f"closed with {filled}, fills known {order.filled}"
            anomaly = [] if known else [self.strange("fills_missing", client_id, detail)]
            return [*anomaly, *self._moved(order, before, "fills missing")]
        return self._close(order, reason, at, "")

    def reported(self, report: OrderReport, asked_at: int, at: int, venue_time: int = 0) -> list[Change]:
        """A line of the open-order list or the answer to a look-up (fills were applied before).

        The venue was asked at `asked_at` of our clock, when its own was at `venue_time`; what is older than
        the newest event may not take it back.
        """
        self.changes += 1
        order = self.get(report.client_id)
        if order is None:
            return []
        order.venue_id = order.venue_id or report.venue_id
        if not report.open:
            reason = report.close_reason or CloseReason.CANCELED
            return self.closed_by_venue(report.client_id, reason, report.filled, at)
        order.touched_at = min(order.touched_at, at)  # our clock may have been set back meanwhile
        order.unknown_since = min(order.unknown_since, at)
        if order.phase is CLOSED:
            overtaken = 0 < report.time < order.sequence  # the venue itself has told of a later change
            late = overtaken or asked_at <= order.touched_at + SETTLING
            return [] if late else self._resurrect(order, at)
        order.absent_at = 0
        before = order.status
        stale = 0 < report.time < order.terms_sequence
        changes = [] if stale else self._adopt(order, report, venue_time or asked_at, at)
        if order.phase is not WORKING or asked_at > order.unknown_since > 0:
            order.phase = WORKING
            order.pending = [p for p in order.pending if p.replacement is not None]  # a cancel is asked again
            if order.replacing is None:
                self._settle(order)
        return changes + self._moved(order, before, "confirmed by the venue")

    def found_foreign(self, reports: tuple[OrderReport, ...]) -> list[Change]:
        """The open orders of the account that aren't ours, as of now; each is told once."""
        self.changes += 1
        strangers = (r for r in reports if r.open and self.get(r.client_id) is None)
        foreign = {(r.instrument, r.venue_id): r for r in strangers}
        new = [r for i, r in foreign.items() if i not in self.foreign]
        self.foreign = foreign
        return [
            self.strange(
                "foreign_order", r.client_id, f"{r.side.value} {r.quantity} {r.instrument} @ {r.price}"
            )
            for r in new
        ]

    def absent(self, client_id: str, as_of: int, at: int, until: int = 0) -> list[Change]:
        """The venue, asked successfully, doesn't know it. Proof needs two such answers after `dead_at`.

        It was asked between `as_of` and `until` of its own time; the latest of the first answer and the
        earliest of the second have to lie apart, or a slow pass and a fast one could be one moment.
        """
        self.changes += 1
        order = self.open.get(client_id)
        if order is None or order.phase is QUEUED:
            return []
        order.dead_at = order.dead_at or as_of + REQUEST_LIFE
        if as_of <= order.dead_at:
            return []
        if not order.absent_at:
            order.absent_at = max(as_of, until)
            return []
        if as_of - order.absent_at < ABSENCE_GAP:
            return []
        if order.phase is INFLIGHT:
            return self._close(order, CloseReason.REJECTED, at, "proven never to have arrived")
        # It stood there once, so "rejected" would be a lie; the venue no longer tells what became of it.
        gone = self.strange("vanished", client_id, f"{order.status} here, unknown at the venue")
        return [gone, *self._close(order, CloseReason.CANCELED, at, "inferred: gone at the venue")]

    # helpers

    def _resurrect(self, order: Order, at: int) -> list[Change]:
        before = order.status
        self._reopen(order, at)
        told = self.strange("resurrected", order.intent.client_id, f"{before} here, open at the venue")
        return [told, *self._moved(order, before, "")]

    def _adopt(self, order: Order, report: OrderReport, venue_time: int, at: int) -> list[Change]:
        """The venue's price and quantity are the true ones, and may be those of a replacement."""
        order.untriggered = order.untriggered and report.untriggered
        intent, out = order.intent, order.replacing
        asked = out.replacement if out is not None else None
        arrived = asked is not None and asked.quantity == report.quantity
        arrived = arrived and asked is not None and asked.price in (None, report.price)
        if out is not None and not out.dead_at:
            order.pending.remove(out)
            out = msgspec.structs.replace(out, dead_at=venue_time + REQUEST_LIFE)
            order.pending.append(out)
        if out is not None and (arrived or venue_time > out.dead_at):
            order.pending.remove(out)
            self._send_waiting(order, at)
        if report.quantity == intent.quantity and intent.price in (None, report.price):
            return []
        self._become(order, report.quantity, report.price, report.time)
        if arrived:
            return []
        detail = f"{intent.quantity} @ {intent.price} here, {report.quantity} @ {report.price} at the venue"
        return [self.strange("order_differs", intent.client_id, detail)]

    def _filled_late(self, order: Order, fill: Fill, before: str) -> list[Change]:
        if order.close_reason is CloseReason.FILLED:
            return []  # the overfill has been told
        if order.filled >= order.intent.quantity:
            order.close_reason = CloseReason.FILLED
        late = self.strange("late_fill", order.intent.client_id, f"trade {fill.trade_id} after {before}")
        return [late, *self._moved(order, before, "late fill")]


def _terms(fill: Fill) -> tuple[Decimal, Decimal, Decimal, str]:
    """What two tellings of one execution must agree on; sources differ in the rest."""
    return fill.price, fill.quantity, fill.fee, fill.fee_asset
