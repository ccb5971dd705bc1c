"""Orders as the exchange keeps them."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from midas.domain.money import ZERO
from midas.domain.order import OrderType, Side, TimeInForce


class Status(Enum):
    """Where an order stands, in the venue's words."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"

    @property
    def open(self) -> bool:
        """Whether the order can still be executed or cancelled."""
        return self in (Status.NEW, Status.PARTIALLY_FILLED)


class Change(Enum):
    """What just happened to an order: the venue's execution types."""

    NEW = "NEW"
    TRADE = "TRADE"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    TRADE_PREVENTION = "TRADE_PREVENTION"


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for. Exactly one of `quantity` and `quote_quantity` is given."""

    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce = TimeInForce.GTC
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    client_id: str = ""


class Deal(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of one order."""

    trade_id: int
    symbol: str
    order_id: int
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    maker: bool
    time: int  # wall nanoseconds

    @property
    def value(self) -> Decimal:
        """Price times quantity, in the quote asset."""
        return self.price * self.quantity


class Order(msgspec.Struct, kw_only=True):
    """One order from acceptance to its end."""

    order_id: int
    account: str
    ask: Ask
    client_id: str
    quantity: Decimal  # grows with the fills of an order by quote quantity
    created_at: int  # wall nanoseconds
    updated_at: int
    status: Status = Status.NEW
    executed: Decimal = ZERO
    value: Decimal = ZERO  # quote asset traded so far
    locked: Decimal = ZERO  # set aside in the account for what is left
    expiry_reason: str = ""
    cancel_id: str = ""
    resting: bool = False
    deals: list[Deal] = []

    @property
    def symbol(self) -> str:
        """The instrument's name at the venue."""
        return self.ask.symbol

    @property
    def side(self) -> Side:
        """Which way it trades."""
        return self.ask.side

    @property
    def left(self) -> Decimal:
        """What is still to be executed."""
        return self.quantity - self.executed
