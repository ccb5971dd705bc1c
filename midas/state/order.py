"""One order of ours: its phase, the requests that are out about it, whether it is known, its fills."""

from __future__ import annotations

from decimal import Decimal

from midas.domain.money import ZERO
from midas.domain.order import CloseReason, Fill, OrderIntent, Phase, Purpose


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
        "filled",
        "fills",
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
        self.fills: dict[int, Fill] = {}  # by trade id, those of this session
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
