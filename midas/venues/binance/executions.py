"""The user data stream's events, turned into ours. Fills always come before the status they lead to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from midas.domain.event import (
    BalancesSeen,
    Event,
    FlowSeen,
    OrderAccepted,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderTriggered,
    Source,
)
from midas.domain.money import exact
from midas.domain.order import BalanceReport, Fill
from midas.domain.time import MILLISECOND
from midas.errors import MalformedMessage
from midas.venues.binance.orders import STOPS, KnownOrders, amount, closing, traded

T = TypeVar("T")


class _Execution(msgspec.Struct, frozen=True):
    """`executionReport`, under the venue's one-letter names."""

    symbol: str = msgspec.field(name="s")
    client_id: str = msgspec.field(name="c")
    original_client_id: str = msgspec.field(name="C")
    type: str = msgspec.field(name="o")
    quantity: str = msgspec.field(name="q")
    price: str = msgspec.field(name="p")
    kind: str = msgspec.field(name="x")
    status: str = msgspec.field(name="X")
    reject_reason: str = msgspec.field(name="r")
    order_id: int = msgspec.field(name="i")
    last_quantity: str = msgspec.field(name="l")
    last_price: str = msgspec.field(name="L")
    filled: str = msgspec.field(name="z")
    commission: str | None = msgspec.field(name="n")
    commission_asset: str | None = msgspec.field(name="N")
    time: int = msgspec.field(name="T")
    trade_id: int = msgspec.field(name="t")
    maker: bool = msgspec.field(name="m")
    in_book: bool = msgspec.field(name="w")

    @property
    def order(self) -> str:
        """The order's own client id: on a cancel `c` is the cancel's, on an amendment a new one."""
        return self.original_client_id or self.client_id

    @property
    def sequence(self) -> int:
        """When the venue did it, which never falls within one order."""
        return self.time * MILLISECOND


class _Balance(msgspec.Struct, frozen=True):
    asset: str = msgspec.field(name="a")
    free: str = msgspec.field(name="f")
    locked: str = msgspec.field(name="l")


class _Flow(msgspec.Struct, frozen=True):
    """`balanceUpdate`: what no trade made."""

    asset: str = msgspec.field(name="a")
    delta: str = msgspec.field(name="d")
    time: int = msgspec.field(name="T")


class _Position(msgspec.Struct, frozen=True):
    balances: tuple[_Balance, ...] = msgspec.field(name="B")


class Translation(msgspec.Struct, frozen=True):
    """What one event of the stream means: our events, and whether only a full pass can tell the rest."""

    events: tuple[Event, ...] = ()
    look: bool = False


class Translator:
    """Reads the stream of one account for the given symbols."""

    def __init__(self, instruments: Mapping[str, str], prefix: str, known: KnownOrders) -> None:
        """`instruments`: the venue's symbol -> instrument id; `prefix`: how our client ids begin."""
        self._instruments = instruments
        self._prefix = prefix
        self._known = known

    def translate(self, event: Mapping[str, object], at: int) -> Translation:
        """Our events for one of the venue's; raises MalformedMessage and uses nothing of it then."""
        match event.get("e"):
            case "executionReport":
                return self._execution(_typed(event, _Execution), at)
            case "outboundAccountPosition":
                return Translation((_balances(_typed(event, _Position), at),))
            case "balanceUpdate":
                return Translation((_flow(_typed(event, _Flow), at),), look=True)
            case "externalLockUpdate":
                return Translation(look=True)  # of our balances, but not of our trading
        return Translation()

    def _execution(self, execution: _Execution, at: int) -> Translation:
        instrument = self._instruments.get(execution.symbol)
        if instrument is None:
            return Translation()
        client_id = self._known.learn(instrument, str(execution.order_id), execution.order)
        if execution.kind == "REPLACED":
            self._known.learn(instrument, str(execution.order_id), execution.client_id)
        if not client_id.startswith(self._prefix):
            # Somebody else's order on this account: its trades move our balances.
            return Translation(look=execution.kind == "TRADE")
        events = _events(execution, client_id, instrument, at)
        return Translation(tuple(events), look=execution.kind == "REPLACED")


def _events(execution: _Execution, client_id: str, instrument: str, at: int) -> list[Event]:
    venue_id, sequence = str(execution.order_id), execution.sequence
    source, events = Source.STREAM, list[Event]()
    if execution.kind == "NEW":
        stop = execution.type in STOPS
        waits = stop and not execution.in_book
        events.append(OrderAccepted(client_id, venue_id, at, source, waits, sequence))
        if stop and not waits:
            events.append(OrderTriggered(client_id, at, source, sequence))
    elif execution.kind == "TRADE":
        events.append(OrderFilled(client_id, venue_id, instrument, _fill(execution), at, source, sequence))
    elif execution.kind == "REPLACED":
        quantity, price = amount(execution.quantity), amount(execution.price)
        events.append(OrderReplaced(client_id, "", quantity, price or None, at, source, sequence))
    if execution.status == "REJECTED":
        return [*events, OrderRejected(client_id, 0, execution.reject_reason, at)]
    ended = closing(execution.status, client_id, amount(execution.filled), at, source, sequence)
    return events + ended


def _fill(execution: _Execution) -> Fill:
    price, quantity = traded(execution.trade_id, execution.last_price, execution.last_quantity)
    return Fill(
        trade_id=execution.trade_id,
        price=price,
        quantity=quantity,
        fee=exact(execution.commission or "0"),
        fee_asset=execution.commission_asset or "",
        maker=execution.maker,
        time=execution.time * MILLISECOND,
    )


def _balances(position: _Position, at: int) -> BalancesSeen:
    return BalancesSeen(
        tuple(BalanceReport(b.asset, amount(b.free), amount(b.locked)) for b in position.balances), at
    )


def _flow(flow: _Flow, at: int) -> FlowSeen:
    return FlowSeen(flow.asset, exact(flow.delta), flow.time * MILLISECOND, at)


def _typed(event: Mapping[str, object], type_: type[T]) -> T:
    try:
        return msgspec.convert(event, type_)
    except msgspec.ValidationError as error:
        raise MalformedMessage(f"a user event isn't what the venue documents: {error}") from None
