"""Positions with their stops, orders and their fills."""

from __future__ import annotations

import msgspec

ENDED_KEPT = 100  # closed orders, and fills: a list that is full has forgotten older ones


class StopView(msgspec.Struct, frozen=True):
    """What closes one open position, and where that stands."""

    strategy: str
    instrument: str
    quantity: float  # whole lots
    entry: float
    level: float  # NaN: none yet
    kind: str  # protective, trailing, break-even, none
    distance: float  # from the mark down to it, as a fraction
    resident: float  # of the quantity, what a stop at the venue sells
    naked: float  # quote currency that nothing at the venue protects
    risk: float  # quote currency lost from the mark if it is hit
    trouble: str  # why it isn't at the venue; empty: it is, or shouldn't be


class PositionView(msgspec.Struct, frozen=True):
    """One strategy's position in one instrument (a `strategy` of "all" is the sum)."""

    instrument: str
    strategy: str
    quantity: float
    average_price: float
    mark: float
    value: float  # quote currency
    unrealised: float
    unrealised_share: float  # of the cost, a fraction
    realised: float  # this session, fees included; all rows make `AccountView.realised`
    fees: float  # this session
    opened_at: int  # of what is held now; 0 where that is nothing, or dust
    dust: bool = False  # too little for the venue to take an order of it: left over, not a position
    sellable: tuple[float, ...] = ()  # 25, 50, 75 and 100 % of what no order offers yet, in whole lots
    whole: float = 0.0  # `quantity` in whole lots, rounded towards zero: what closing it would trade
    realised_ever: float = 0.0  # since the account's first session
    gone: float = 0.0  # of `quantity`, what isn't in the account any more; below 0: sold outside midas


class OrderView(msgspec.Struct, frozen=True):
    """A working order."""

    client_id: str
    short_id: str
    instrument: str
    strategy: str
    side: str
    type: str
    price: float
    quantity: float
    filled: float
    status: str  # UNKNOWN, PENDING_CANCEL, PENDING_REPLACE, PARTIAL, OPEN, INFLIGHT, QUEUED
    purpose: str
    created_at: int
    reason: str
    life: tuple[str, ...] = ()  # "+0.041s  WORKING (answer)", oldest first
    amendable: bool = False  # a person's own order
    unknown_since: int = 0  # wall time from which on its fate isn't known; 0: it is
    unknown_cause: str = ""


EXTERNAL = "EXTERNAL"  # the status of an order that isn't ours


class ClosedOrderView(msgspec.Struct, frozen=True):
    """An order of this session that is over."""

    client_id: str
    short_id: str
    instrument: str
    strategy: str
    side: str
    type: str
    price: float
    quantity: float
    filled: float
    average_price: float  # NaN without fills
    status: str  # FILLED, CANCELED, EXPIRED, REJECTED, NEVER_SENT
    purpose: str
    reason: str
    created_at: int
    closed_at: int
    ack_ms: float  # from the first byte to the venue's word; NaN where it never left
    life: tuple[str, ...] = ()
    ending: str = ""  # why it ended so, in words: who cancelled it, what the venue had against it


class FillView(msgspec.Struct, frozen=True, gc=False):
    """One execution of ours."""

    at: int
    instrument: str
    strategy: str
    side: str
    price: float
    quantity: float
    fee: float
    fee_asset: str
    maker: bool
    realised: float
    short_id: str
