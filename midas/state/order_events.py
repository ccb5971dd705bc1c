"""What each event about an order does to orders and ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from midas.domain.decision import Decision, FillBusted
from midas.domain.event import (
    CancelRejected,
    CancelSent,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderNotSent,
    OrderRejected,
    OrderReplaced,
    OrderSent,
    OrderTriggered,
    OrderUncertain,
    ReplaceRejected,
    ReplaceSent,
    TradeBusted,
)
from midas.domain.instrument import Instrument
from midas.state.ledger import Ledger
from midas.state.orders import Orders

Handler = Callable[[Any], list[Decision]]


class Books(Protocol):
    """The part of the state that order events touch."""

    orders: Orders
    ledger: Ledger
    instruments: dict[str, Instrument]

    def book_fill(self, event: OrderFilled) -> list[Decision]:
        """Book a fill of one of our orders, once."""


def order_handlers(books: Books, external: str) -> dict[type, Handler]:
    """By the type of the event; each returns what it changed.

    `external`: the sleeve of trades that no order known here explains.
    """
    orders = books.orders
    return {
        OrderSent: lambda e: [*orders.sent(e.client_id, e.at, e.dead_at)],
        OrderNotSent: lambda e: [*orders.never_sent(e.client_id, e.at, e.reason)],
        OrderAccepted: lambda e: _heard(
            orders, e, orders.accepted(e.client_id, e.venue_id, e.at, e.untriggered)
        ),
        OrderTriggered: lambda e: _heard(orders, e, orders.triggered(e.client_id, e.at)),
        OrderRejected: lambda e: [*orders.rejected(e.client_id, f"{e.code} {e.reason}", e.at)],
        OrderUncertain: lambda e: [*orders.uncertain(e.client_id, e.cause, e.at)],
        OrderFilled: lambda e: _heard(orders, e, books.book_fill(e)),
        TradeBusted: lambda e: _busted(books, e, external),
        OrderClosed: lambda e: _heard(
            orders, e, orders.closed_by_venue(e.client_id, e.reason, e.filled, e.at)
        ),
        CancelSent: lambda e: [*orders.cancel_left(e.client_id, e.at)],
        CancelRejected: lambda e: [
            *orders.cancel_rejected(e.client_id, f"{e.code} {e.reason}", e.at, e.gone)
        ],
        ReplaceSent: lambda e: [*orders.replace_sent(e.client_id, e.replacement, e.at, e.dead_at)],
        OrderReplaced: lambda e: _replaced(orders, e),
        ReplaceRejected: lambda e: [
            *orders.replace_rejected(e.client_id, e.request, f"{e.code} {e.reason}", e.at, e.gone)
        ],
    }  # fmt: skip


def _heard(
    orders: Orders, event: OrderAccepted | OrderTriggered | OrderFilled | OrderClosed, changes: Any
) -> list[Decision]:
    """The venue itself has spoken: remember through which door, and how far its count has come."""
    order = orders.get(event.client_id)
    if order is not None:
        order.heard(event.source, event.at, event.sequence)
    return [*changes]


def _replaced(orders: Orders, event: OrderReplaced) -> list[Decision]:
    order = orders.get(event.client_id)
    changes = orders.replaced(
        event.client_id, event.request, event.quantity, event.price, event.at, event.sequence
    )
    if order is not None:
        order.heard(event.source, event.at, event.sequence)
    return [*changes]


def _busted(books: Books, event: TradeBusted, external: str) -> list[Decision]:
    """What was booked is taken back, with the terms it was booked with; anything else changes nothing."""
    instrument, fill, order = (
        books.instruments[event.instrument],
        event.fill,
        books.orders.get(event.client_id),
    )
    if not books.ledger.stands(instrument.id, fill.trade_id):
        if books.ledger.knows(instrument.id, fill.trade_id):
            return []  # told again
        detail = f"trade {fill.trade_id} was never booked here"
        return [books.orders.strange("unknown_bust", event.client_id, detail)]
    fill = order.fills.get(fill.trade_id, fill) if order is not None else fill
    strategy = _whose(books, event.client_id, external)
    realised = books.ledger.unbook(strategy, event.side, fill, instrument)
    if order is not None:
        order.heard(event.source, event.at)
    busted = FillBusted(
        event.client_id, strategy, instrument.id, event.side, fill.price, fill.quantity, realised,
        books.ledger.sleeve(strategy, instrument.id).quantity, fill.trade_id,
    )  # fmt: skip
    return [busted, *books.orders.busted(event.client_id, fill, event.at)]


def _whose(books: Books, client_id: str, external: str) -> str:
    """The sleeve that a trade of this order was booked to, also where the order closed in another session."""
    order = books.orders.get(client_id)
    if order is not None:
        return order.intent.strategy
    owner = books.orders.owners.get(client_id)
    return owner.strategy if owner is not None else external
