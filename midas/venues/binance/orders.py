"""Orders between us and Binance's REST API: the request we make of an intent, the reports we read."""

from __future__ import annotations

import re
from collections import OrderedDict
from decimal import Decimal

import msgspec

from midas.domain.event import Event, OrderAccepted, OrderClosed, OrderFilled, OrderRejected, Source
from midas.domain.money import exact, plain
from midas.domain.order import (
    CloseReason,
    Fill,
    OrderIntent,
    OrderReport,
    OrderType,
    Side,
    TimeInForce,
    TradeReport,
)
from midas.domain.time import MILLISECOND
from midas.errors import MalformedMessage

# Binance allows more characters, but python-binance signs them unencoded and the venue then refuses.
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")

CLOSED: dict[str, CloseReason] = {
    "FILLED": CloseReason.FILLED,
    "CANCELED": CloseReason.CANCELED,
    "EXPIRED": CloseReason.EXPIRED,
    "EXPIRED_IN_MATCH": CloseReason.EXPIRED,
    "REJECTED": CloseReason.REJECTED,
}
_OPEN = frozenset({"NEW", "PARTIALLY_FILLED", "PENDING_NEW", "PENDING_CANCEL"})
STOPS = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
# What a triggered order becomes; orders of other people on this account come in these types too.
_TYPES: dict[str, OrderType] = {
    **{kind.value: kind for kind in OrderType},
    "STOP_LOSS": OrderType.MARKET,
    "TAKE_PROFIT": OrderType.MARKET,
    "TAKE_PROFIT_LIMIT": OrderType.LIMIT,
}
_KNOWN_MAX = 20_000


class PlacedFill(msgspec.Struct, frozen=True, rename="camel"):
    """One execution within the answer to an order."""

    price: str
    qty: str
    commission: str
    commission_asset: str | None
    trade_id: int


class Placed(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to an order or a cancel; an answer of type ACK stops after the time."""

    order_id: int
    transact_time: int
    status: str = "NEW"
    executed_qty: str = "0"
    fills: tuple[PlacedFill, ...] = ()


class OrderLine(msgspec.Struct, frozen=True, rename="camel"):
    """One order of a list or look-up."""

    symbol: str
    order_id: int
    client_order_id: str
    price: str
    orig_qty: str
    executed_qty: str
    status: str
    type: str
    side: Side
    update_time: int
    is_working: bool = True  # false while a stop waits for its price


class TradeLine(msgspec.Struct, frozen=True, rename="camel"):
    """One line of our trades."""

    id: int
    order_id: int
    price: str
    qty: str
    commission: str
    commission_asset: str | None
    time: int
    is_buyer: bool
    is_maker: bool


class KnownOrders:
    """Which client id an order of the venue has: its ids are unique within one instrument only.

    The first name stands. An amendment made elsewhere gives an order another one, by which the venue wants it
    called from then on.
    """

    def __init__(self) -> None:
        self._client_ids: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._renamed: dict[str, str] = {}

    def learn(self, instrument: str, venue_id: str, told: str) -> str:
        """Remember what it is called, and return the name that we know it by; the oldest are forgotten."""
        client_id = self._client_ids.setdefault((instrument, venue_id), told)
        if told != client_id:
            self._renamed[client_id] = told
        if len(self._client_ids) > _KNOWN_MAX:
            self._renamed.pop(self._client_ids.popitem(last=False)[1], None)
        return client_id

    def client_id(self, instrument: str, venue_id: str) -> str | None:
        """The client id, or None where we never saw the order."""
        return self._client_ids.get((instrument, venue_id))

    def name(self, client_id: str) -> str:
        """What the venue calls the order that we know by this client id."""
        return self._renamed.get(client_id, client_id)


def amount(text: str) -> Decimal:
    """A finite, non-negative number; raises MalformedMessage."""
    value = exact(text)
    if value < 0:
        raise MalformedMessage(f"expected a number that isn't negative, got {text!r}")
    return value


def traded(trade_id: int, price: str, quantity: str) -> tuple[Decimal, Decimal]:
    """Price and quantity of an execution; raises MalformedMessage where it can't be one.

    Our own ledger marks with ids below zero what no venue told: such a one would be booked at each pass.
    """
    at, much = exact(price), exact(quantity)
    if trade_id < 0 or at <= 0 or much <= 0:
        raise MalformedMessage(
            f"a trade needs a trade id, a price and a quantity above 0; got {trade_id}, {at}, {much}"
        )
    return at, much


def request(intent: OrderIntent, symbol: str) -> dict[str, str]:
    """The parameters that ask for `intent`, amounts as plain strings."""
    assert _CLIENT_ID.fullmatch(intent.client_id), f"client id {intent.client_id!r} can't be signed safely"
    parameters = {
        "symbol": symbol,
        "side": intent.side.value,
        "type": intent.type.value,
        "quantity": plain(intent.quantity),
        "newClientOrderId": intent.client_id,
        "newOrderRespType": "FULL",
    }
    if intent.type is not OrderType.MARKET:
        assert intent.price is not None, f"order {intent.client_id} has a limit type and no price"
        parameters["price"] = plain(intent.price)
    if intent.type is OrderType.STOP_LOSS_LIMIT:
        assert intent.stop_price is not None, f"stop {intent.client_id} waits for no price"
        parameters["stopPrice"] = plain(intent.stop_price)
    if intent.type in (OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT):
        parameters["timeInForce"] = (intent.time_in_force or TimeInForce.GTC).value
    return parameters


def outcome(placed: Placed, client_id: str, instrument: str, at: int, waits: bool = False) -> list[Event]:
    """The events in the answer to an order: accepted, its fills, and only then its end.

    `waits`: it is a stop; one whose price has come already is refused, so that a new one waits.
    """
    venue_id = str(placed.order_id)
    if placed.status == "REJECTED":
        return [OrderRejected(client_id, 0, "rejected by the matching engine", at)]
    untriggered = waits and placed.status == "NEW" and not placed.fills
    events: list[Event] = [OrderAccepted(client_id, venue_id, at, Source.ANSWER, untriggered)]
    for fill in placed.fills:
        done = _placed_fill(fill, placed.transact_time)
        events.append(OrderFilled(client_id, venue_id, instrument, done, at, Source.ANSWER))
    return events + ended(placed, client_id, at)


def ended(placed: Placed, client_id: str, at: int) -> list[Event]:
    """OrderClosed where the answer says that it is over, dated so that an older list can't take it back."""
    sequence = placed.transact_time * MILLISECOND
    return closing(placed.status, client_id, amount(placed.executed_qty), at, Source.ANSWER, sequence)


def closing(
    status: str, client_id: str, filled: Decimal, at: int, source: Source, sequence: int = 0
) -> list[Event]:
    """OrderClosed where `status` ends an order, else nothing; raises MalformedMessage for an unknown one."""
    if status in CLOSED:
        return [OrderClosed(client_id, CLOSED[status], filled, at, source, sequence)]
    if status not in _OPEN:
        raise MalformedMessage(f"unknown order status {status!r}")
    return []


def report(line: OrderLine, client_id: str, instrument: str) -> OrderReport:
    """What the venue says an order is; raises MalformedMessage."""
    reason = CLOSED.get(line.status)
    if reason is None and line.status not in _OPEN:
        raise MalformedMessage(f"unknown order status {line.status!r}")
    if line.type not in _TYPES:
        raise MalformedMessage(f"unknown order type {line.type!r}")
    return OrderReport(
        client_id=client_id,
        venue_id=str(line.order_id),
        instrument=instrument,
        side=line.side,
        type=_TYPES[line.type],
        price=amount(line.price),
        quantity=amount(line.orig_qty),
        filled=amount(line.executed_qty),
        open=reason is None,
        close_reason=reason,
        time=line.update_time * MILLISECOND,
        untriggered=line.type in STOPS and not line.is_working,
    )


def trade(line: TradeLine, instrument: str, client_id: str) -> TradeReport:
    """One of our trades; raises MalformedMessage."""
    price, quantity = traded(line.id, line.price, line.qty)
    return TradeReport(
        instrument=instrument,
        venue_id=str(line.order_id),
        client_id=client_id,
        side=Side.BUY if line.is_buyer else Side.SELL,
        fill=Fill(
            trade_id=line.id,
            price=price,
            quantity=quantity,
            fee=exact(line.commission),
            fee_asset=line.commission_asset or "",
            maker=line.is_maker,
            time=line.time * MILLISECOND,
        ),
    )


def _placed_fill(fill: PlacedFill, time_ms: int) -> Fill:
    """A fill in the answer to our own order has taken liquidity, so the answer doesn't say it."""
    price, quantity = traded(fill.trade_id, fill.price, fill.qty)
    return Fill(
        trade_id=fill.trade_id,
        price=price,
        quantity=quantity,
        fee=exact(fill.commission),
        fee_asset=fill.commission_asset or "",
        maker=False,
        time=time_ms * MILLISECOND,
    )
