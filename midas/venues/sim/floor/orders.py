"""Orders as the exchange keeps them."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from midas.domain.money import ZERO
from midas.domain.order import Side, TimeInForce
from midas.venues.sim.floor.matcher import SelfTrade
from midas.venues.sim.floor.triggers import Stop


class Kind(Enum):
    """The venue's order types: two ways to meet the book, at once or when a price is reached."""

    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    MARKET = "MARKET"
    STOP_LOSS = "STOP_LOSS"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"

    @property
    def waits(self) -> bool:
        """Whether it waits for a price first."""
        return self.stops or self.profits

    @property
    def stops(self) -> bool:
        """Whether it waits for a price worse than the market's."""
        return self in (Kind.STOP_LOSS, Kind.STOP_LOSS_LIMIT)

    @property
    def profits(self) -> bool:
        """Whether it waits for a price better than the market's."""
        return self in (Kind.TAKE_PROFIT, Kind.TAKE_PROFIT_LIMIT)

    @property
    def priced(self) -> bool:
        """Whether it has a limit price."""
        return self not in (Kind.MARKET, Kind.STOP_LOSS, Kind.TAKE_PROFIT)

    @property
    def forced(self) -> bool:
        """Whether it takes a time in force."""
        return self.priced and self is not Kind.LIMIT_MAKER


class Status(Enum):
    """Where an order stands, in the venue's words."""

    NEW = "NEW"
    PENDING_NEW = "PENDING_NEW"  # waits for another order of its list to fill
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"

    @property
    def open(self) -> bool:
        """Whether the order can still be executed or cancelled."""
        return self in (Status.NEW, Status.PENDING_NEW, Status.PARTIALLY_FILLED)


class Change(Enum):
    """What just happened to an order: the venue's execution types."""

    NEW = "NEW"
    TRADE = "TRADE"
    CANCELED = "CANCELED"
    REPLACED = "REPLACED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    TRADE_PREVENTION = "TRADE_PREVENTION"


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for. Exactly one of `quantity` and `quote_quantity` is given."""

    symbol: str
    side: Side
    type: Kind
    time_in_force: TimeInForce = TimeInForce.GTC
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    trailing_delta: int | None = None
    iceberg: Decimal | None = None
    self_trade: SelfTrade = SelfTrade.EXPIRE_MAKER
    strategy_id: int | None = None
    strategy_type: int | None = None
    client_id: str = ""

    @property
    def rises(self) -> bool:
        """Whether its stop price lies above the market."""
        return (self.side is Side.BUY) == self.type.stops


class Deal(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of one order."""

    trade_id: int
    symbol: str
    order_id: int
    list_id: int
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


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A trade of an account with itself that was prevented, as one of its two orders saw it."""

    match_id: int
    symbol: str
    other_id: int
    taker: bool
    price: Decimal
    quantity: Decimal
    time: int


class Amendment(msgspec.Struct, frozen=True, kw_only=True):
    """One reduction of an order that kept its place."""

    execution_id: int
    old_client_id: str
    client_id: str
    old_quantity: Decimal
    quantity: Decimal
    time: int


class Order(msgspec.Struct, kw_only=True):
    """One order from acceptance to its end."""

    order_id: int
    account: str
    ask: Ask
    client_id: str
    quantity: Decimal  # grows with the fills of an order by quote quantity
    created_at: int  # wall nanoseconds
    updated_at: int
    list_id: int = -1
    status: Status = Status.NEW
    working_at: int = 0  # when it met the book; 0: not yet
    executed: Decimal = ZERO
    value: Decimal = ZERO  # quote asset traded so far
    prevented: Decimal = ZERO  # expired because it met its own account
    locked: Decimal = ZERO  # set aside in the account for what is left
    expiry_reason: str = ""
    reject_reason: str = ""
    cancel_id: str = ""
    execution_id: int = 0  # of the last thing that happened to it
    stop: Stop | None = None  # while and after it waits for a price
    deals: list[Deal] = []
    matches: list[Match] = []
    amendments: list[Amendment] = []

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
        return self.quantity - self.executed - self.prevented
