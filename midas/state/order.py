"""One order of ours, in four independent parts: phase, requests that are out, certainty, fills."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.domain.carry import OrderCarried
from midas.domain.event import Source
from midas.domain.money import ZERO
from midas.domain.order import CloseReason, Fill, OrderIntent, Phase, Purpose, Replacement

# Asked of every order: a look into an Enum costs more than the comparison.
QUEUED, INFLIGHT, WORKING, CLOSED = Phase.QUEUED, Phase.INFLIGHT, Phase.WORKING, Phase.CLOSED
ENTRY, STOP = Purpose.ENTRY, Purpose.STOP


class Pending(msgspec.Struct, frozen=True):
    """One request about an order that the venue hasn't answered."""

    request: str  # its own id, unique within the order
    sent_at: int  # 0: waits for the replacement before it
    dead_at: int = 0  # venue time after which it can no longer arrive; 0: not known yet
    replacement: Replacement | None = None  # None: a cancel


class Order:
    """One order of ours; mutable, owned by `Orders`."""

    __slots__ = (
        "absent_at",
        "busted",
        "cancel_after",
        "cancel_sent_at",
        "cancels",
        "close_reason",
        "closed_at",
        "conflicts",
        "cost",
        "dead_at",
        "evidence",
        "evidence_at",
        "filled",
        "fills",
        "intent",
        "pending",
        "phase",
        "refused_cancels",
        "reported_close",
        "reported_filled",
        "sent_at",
        "sequence",
        "terms_sequence",
        "touched_at",
        "unknown_cause",
        "unknown_since",
        "untriggered",
        "venue_id",
        "withdrawn",
    )

    def __init__(self, intent: OrderIntent) -> None:
        self.intent = intent
        self.phase = QUEUED
        self.untriggered = False  # works, but waits for its stop price
        self.close_reason: CloseReason | None = None
        self.venue_id = ""
        self.filled = ZERO
        self.cost = ZERO
        self.fills: dict[int, Fill] = {}  # by trade id, those of this session
        self.conflicts: set[int] = set()  # trades that two sources told differently
        self.busted = ZERO  # of what was filled, taken back by the venue
        self.sent_at = 0
        self.dead_at = 0  # venue time after which it can no longer arrive; 0: not known yet
        self.closed_at = 0
        self.touched_at = intent.created_at
        self.pending: list[Pending] = []
        self.cancel_sent_at = 0
        self.cancels = 0
        self.withdrawn = False  # a cancel of it has left, in this session or before
        self.refused_cancels = 0
        self.cancel_after = 0  # after a refusal: not asked again before
        self.unknown_since = 0
        self.unknown_cause = ""
        self.absent_at = 0
        self.reported_close: CloseReason | None = None
        self.reported_filled = ZERO
        self.sequence = 0  # the venue's highest for this order
        self.terms_sequence = 0  # the highest that told quantity and price; a fill tells neither
        self.evidence: Source | None = None  # where the newest word about it came from
        self.evidence_at = 0

    @property
    def leaves(self) -> Decimal:
        """What may still trade as the order stands; zero once closed."""
        return ZERO if self.phase is CLOSED else max(ZERO, self.intent.quantity - self.filled)

    @property
    def most(self) -> Decimal:
        """What it may fill in all: a replacement that was asked for may be the order already."""
        quantity = self.intent.quantity
        for pending in self.pending:
            if pending.replacement is not None:
                quantity = max(quantity, pending.replacement.quantity)
        return quantity

    @property
    def reserved(self) -> Decimal:
        """What may still trade at the worst; zero once closed."""
        return ZERO if self.phase is CLOSED else max(ZERO, self.most - self.filled)

    @property
    def unknown(self) -> bool:
        """True: the venue may or may not have it in the state we think."""
        return self.unknown_since > 0

    @property
    def increases_risk(self) -> bool:
        """True for orders that a halt cancels."""
        return self.intent.purpose is ENTRY

    @property
    def protects(self) -> bool:
        """True for a stop at the venue: it rests until its price comes, and gives way to any other exit."""
        return self.intent.purpose is STOP

    @property
    def dormant(self) -> bool:
        """True for a stop whose price hasn't come, as far as we know: it trades with nothing."""
        return self.protects and (self.untriggered or self.phase is not WORKING)

    @property
    def pending_cancel(self) -> bool:
        """A cancel is out."""
        return bool(self.pending) and any(p.replacement is None for p in self.pending)

    @property
    def replacing(self) -> Pending | None:
        """The replacement that is out: one at a time."""
        if not self.pending:  # asked at every fill, and hardly ever is one out
            return None
        return next((p for p in self.pending if p.replacement is not None and p.sent_at), None)

    @property
    def waiting(self) -> Pending | None:
        """The replacement that is sent once the one before it is answered."""
        return next((p for p in self.pending if p.replacement is not None and not p.sent_at), None)

    @property
    def status(self) -> str:
        """One word for a person; UNKNOWN goes before everything else that is open."""
        phase = self.phase
        if phase is CLOSED:
            return self.close_reason.value if self.close_reason is not None else "CLOSED"
        if self.unknown_since > 0:
            return "UNKNOWN"
        if self.pending:
            if self.pending_cancel:
                return "PENDING_CANCEL"
            if self.replacing is not None:
                return "PENDING_REPLACE"
        if self.filled > ZERO:
            return "PARTIAL"
        if phase is WORKING:
            return "OPEN"
        return "QUEUED" if phase is QUEUED else "INFLIGHT"

    def heard(self, source: Source, at: int, sequence: int = 0) -> None:
        """Remember where the newest word about it came from, and how far the venue's count has come."""
        if at >= self.evidence_at:
            self.evidence, self.evidence_at = source, at
        if sequence > self.sequence:
            self.sequence = sequence

    def carried(self) -> OrderCarried:
        """The order as the next session inherits it; what only waited to be sent ends with this one."""
        sent = (p.replacement for p in self.pending if p.replacement is not None and p.sent_at)
        return OrderCarried(
            intent=self.intent, phase=self.phase.value, venue_id=self.venue_id, filled=self.filled,
            sent_at=self.sent_at, dead_at=self.dead_at, cost=self.cost, busted=self.busted,
            untriggered=self.untriggered, sequence=self.sequence, replacements=tuple(sent),
            unknown_since=self.unknown_since, unknown_cause=self.unknown_cause, absent_at=self.absent_at,
            withdrawn=self.withdrawn,
        )  # fmt: skip
