"""Orders as we ask for them, fills, and what a venue reports about both. Times are wall time."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec


class Side(Enum):
    """Which way an order trades."""

    __hash__ = object.__hash__  # Enum hashes the name, in Python; a member is equal to itself alone

    BUY = "BUY"
    SELL = "SELL"

    def __init__(self, word: str) -> None:
        self.sign = 1 if word == "BUY" else -1  # kept, as it is asked for many times an order


class OrderType(Enum):
    """How an order meets the book."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"  # refused by the venue where it would take
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"  # becomes LIMIT once the market trades at its stop price


class TimeInForce(Enum):
    """How long an order rests."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


GUARDS = "md-guard-"  # how the orders of the guard begin: ours, and in no journal


class Purpose(Enum):
    """Why an order exists; what a halt cancels and what it keeps depends on it."""

    ENTRY = "ENTRY"  # increases risk
    EXIT = "EXIT"  # only reduces
    FLATTEN = "FLATTEN"  # the kill switch closing a position
    STOP = "STOP"  # rests at the venue and only reduces: what is left of us if we die

    __hash__ = object.__hash__  # as they are compared; Enum's own is Python, and looked up for every order


class Phase(Enum):
    """Where an order stands in its life: one of four independent parts of its state."""

    QUEUED = "QUEUED"  # intent decided, not yet given to the transport
    INFLIGHT = "INFLIGHT"  # bytes given to the transport
    WORKING = "WORKING"
    CLOSED = "CLOSED"


class CloseReason(Enum):
    """Why a closed order is closed."""

    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"
    NEVER_SENT = "NEVER_SENT"


class OrderIntent(msgspec.Struct, frozen=True, kw_only=True):
    """One order we decided on. It is durable before its first byte leaves, and sent at most once."""

    client_id: str
    instrument: str
    strategy: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce | None
    quantity: Decimal
    price: Decimal | None
    purpose: Purpose
    decision: int  # sequence of the event that led to it
    mode: str
    regime: str
    market_time: int  # of the data it was decided on
    created_at: int
    reason: str
    ticket: str = ""  # of the person who asked for it; empty: the engine's own
    replaces: str = ""  # the order that it takes the place of, closed before this one is sent
    stop_price: Decimal | None = None  # of a stop: the price that wakes it


class Replacement(msgspec.Struct, frozen=True):
    """What an open order is asked to become."""

    request: str  # its own id, unique within the order
    quantity: Decimal  # in all: what has filled counts
    price: Decimal | None = None  # None: as it is


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One execution, identified by the venue's trade id within its instrument."""

    trade_id: int
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    maker: bool
    time: int


class OrderReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue says an order is (answer to a query or a line of the open-order list)."""

    client_id: str
    venue_id: str
    instrument: str
    side: Side
    type: OrderType
    price: Decimal
    quantity: Decimal
    filled: Decimal
    open: bool
    close_reason: CloseReason | None
    time: int  # of its last change, by the venue's clock
    untriggered: bool = False  # a stop that waits for its price


class TradeReport(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the venue's list of our trades."""

    instrument: str
    venue_id: str  # of the order
    client_id: str  # empty where the list doesn't carry it
    side: Side
    fill: Fill


class BalanceReport(msgspec.Struct, frozen=True):
    """What the venue says we own of one asset."""

    asset: str
    free: Decimal
    locked: Decimal

    @property
    def total(self) -> Decimal:
        """Free plus locked."""
        return self.free + self.locked
