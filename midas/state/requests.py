"""Requests about an open order, a cancel or a replacement: what their answers and their silence change.

None of them moves the phase: an order works until the venue says that it doesn't.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.domain.order import CloseReason, Phase, Replacement
from midas.domain.time import SECOND
from midas.state.lives import Change, Lives
from midas.state.order import Order, Pending

CANCEL_AGAIN = SECOND // 2  # after a refused cancel; twice as long after each further one
CANCEL_AGAIN_MAX = 8 * SECOND


class Requests(Lives):
    """The part of `Orders` that follows cancels and replacements."""

    def cancel_sent(self, client_id: str, at: int, reason: str = "") -> list[Change]:
        """A cancel left; sent again it is the same request."""
        self.changes += 1
        order = self.open.get(client_id)
        if order is None:
            return []
        before = order.status
        order.pending = [p for p in order.pending if p.replacement is not None]
        order.pending.append(Pending(f"{client_id}/cancel", at))
        order.cancel_sent_at = at
        order.cancels += 1
        return self._moved(order, before, reason)

    def cancel_left(self, client_id: str, at: int) -> list[Change]:
        """The bytes of a cancel left: no crash takes back that the order isn't wanted."""
        self.changes += 1
        if client_id in self.open:
            self.open[client_id].withdrawn = True
        return self.cancel_sent(client_id, at)

    def cancel_rejected(self, client_id: str, reason: str, at: int, gone: bool = True) -> list[Change]:
        """`gone`: too late or unknown, which is never read as cancelled but looked up. Else it just stays."""
        self.changes += 1
        order = self.open.get(client_id)
        if order is None:
            return []
        before = order.status
        order.pending = [p for p in order.pending if p.replacement is not None]
        order.cancel_after = at + min(CANCEL_AGAIN << min(order.refused_cancels, 10), CANCEL_AGAIN_MAX)
        order.refused_cancels += 1
        order.touched_at = at
        if gone:
            self._doubt(order, f"cancel refused: {reason}", at)
        return self._moved(order, before, reason)

    def cancel_anew(self) -> None:
        """A kill: no refusal of before it makes a cancel wait."""
        for order in self.open.values():
            order.cancel_after = order.refused_cancels = 0

    def replace_wanted(self, client_id: str, replacement: Replacement, at: int) -> list[Change]:
        """One replacement at a time: it is sent now or waits, in the place of one that waits already."""
        self.changes += 1
        order = self.open.get(client_id)
        if order is None or order.phase is Phase.QUEUED or order.pending_cancel or order.unknown:
            status = order.status if order is not None else "not open"
            return [self.strange("replace_refused", client_id, f"an order that is {status}")]
        before = order.status
        order.pending = [p for p in order.pending if p.replacement is None or p.sent_at]
        sent_at = 0 if order.replacing is not None else at
        order.pending.append(Pending(replacement.request, sent_at, 0, replacement))
        return self._moved(order, before, "")

    def replace_sent(self, client_id: str, replacement: Replacement, at: int, dead_at: int) -> list[Change]:
        """A replacement left; whatever the venue makes of it is reserved from here on."""
        self.changes += 1
        order = self.open.get(client_id)
        if order is None:
            return self._unlisted(client_id, f"replacement {replacement.request} sent")
        before, told = order.status, list[Change]()
        known = next((p for p in order.pending if p.request == replacement.request), None)
        if known is not None and known.sent_at and known.replacement != replacement:
            detail = f"{replacement.request} left for {known.replacement}, told again as {replacement}"
            return [self.strange("replace_sent_twice", client_id, detail)]
        out = order.replacing
        if out is not None and out.request != replacement.request:
            detail = f"{replacement.request} left while {out.request} wasn't answered"
            told.append(self.strange("second_replace", client_id, detail))
        order.pending = [p for p in order.pending if p.request != replacement.request]
        order.pending.append(Pending(replacement.request, at, dead_at, replacement))
        return [*told, *self._moved(order, before, "")]

    def replaced(
        self, client_id: str, request: str, quantity: Decimal, price: Decimal | None, at: int,
        sequence: int = 0,
    ) -> list[Change]:  # fmt: skip
        """The venue changed the order. Less than what has filled can't be: then it is full."""
        self.changes += 1
        order = self.open.get(client_id)
        if order is None:
            return self._unlisted(client_id, f"replaced by {request or 'somebody'}")
        before, stale = order.status, 0 < sequence < order.terms_sequence
        asked = self._answered(order, request)
        self._send_waiting(order, at)
        if stale:
            return self._moved(order, before, "")
        told = [] if asked else [self.strange("replaced_unasked", client_id, f"{quantity} @ {price}")]
        self._become(order, quantity, price, sequence)
        order.touched_at = at
        if order.phase is Phase.INFLIGHT:
            order.phase = Phase.WORKING  # what was changed has arrived
        if order.filled >= order.most:
            return [*told, *self._close(order, CloseReason.FILLED, at, "replaced by what has filled", before)]
        self._settle(order)
        return [*told, *self._moved(order, before, f"replaced by {request}" if request else "replaced")]

    def replace_rejected(
        self, client_id: str, request: str, reason: str, at: int, gone: bool = False
    ) -> list[Change]:
        """The order stays what it was; where it is said to be gone, it is looked up."""
        self.changes += 1
        order = self.open.get(client_id)
        if order is None:
            return self._unlisted(client_id, f"replacement {request} refused: {reason}")
        before = order.status
        if not self._answered(order, request):
            return [self.strange("unasked_refusal", client_id, f"of replacement {request}: {reason}")]
        order.touched_at = at
        if order.filled >= order.most:
            return self._close(order, CloseReason.FILLED, at, "", before)
        if gone:
            self._doubt(order, f"replacement refused: {reason}", at)
        else:
            self._send_waiting(order, at)
        return self._moved(order, before, reason)

    def uncertain(self, client_id: str, cause: str, at: int) -> list[Change]:
        """Silence: exposure stays reserved until there is evidence."""
        self.changes += 1
        order = self.open.get(client_id)
        if order is None or (order.phase is Phase.WORKING and not order.pending):
            return []
        before = order.status
        order.phase = Phase.INFLIGHT if order.phase is Phase.QUEUED else order.phase
        order.touched_at = at
        self._doubt(order, cause, at)
        return self._moved(order, before, cause)

    def _become(self, order: Order, quantity: Decimal, price: Decimal | None, sequence: int) -> None:
        intent = order.intent
        order.terms_sequence = max(order.terms_sequence, sequence)
        order.intent = msgspec.structs.replace(
            intent, quantity=max(quantity, order.filled), price=intent.price if price is None else price
        )

    def _answered(self, order: Order, request: str) -> bool:
        """Take the replacement that this answers off the list; False where none was asked for."""
        out = order.replacing
        found = next((p for p in order.pending if p.request == request), None) if request else out
        if found is not None:
            order.pending.remove(found)
        return found is not None

    def _send_waiting(self, order: Order, at: int) -> None:
        """Its turn: whoever asked for it sends it now, and it counts as out from here on."""
        following = order.waiting
        if following is not None and order.replacing is None:
            order.pending.remove(following)
            order.pending.append(msgspec.structs.replace(following, sent_at=at))
