"""What a journal tells of every order, one record an event, as MiFID II wants orders to be kept.

Codes in capitals are those of Delegated Regulation (EU) 2017/580 (RTS 24), Annex, Table 2; what it has no
code for (decided, sent, in doubt) is told in our own words beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from midas.domain.decision import Decision, FillBooked, FillBusted, OrderBlocked, OrderMoved, OrderPlanned
from midas.domain.event import (
    AccountReported,
    Event,
    OrderAccepted,
    OrderFilled,
    OrderReplaced,
    SessionOpened,
)
from midas.domain.money import ZERO, plain
from midas.domain.order import CloseReason, OrderIntent, OrderType, Side, TimeInForce
from midas.domain.time import SECOND, iso
from midas.engine import audit as audits
from midas.runtime.records import AUDIT, EVENT, Header, decode_event
from midas.runtime.replay import Readable, survived
from midas.state.state import BY_HAND

VALIDITY = {TimeInForce.GTC: "GTCV", TimeInForce.IOC: "IOCV", TimeInForce.FOK: "FOKV"}
ENDED = {"EXPIRED": "EXPI", "REJECTED": "REMO"}
LIVE = frozenset({"OPEN", "PARTIAL"})
BY_US = "CAME"  # cancelled at the initiative of the member
BY_VENUE = "CAMO"  # cancelled due to market operations
_TOLD = (b'"type":"planned"', b'"type":"moved"', b'"type":"fill', b'"type":"blocked"')
_HEARD = (b'"type":"order.', b'"type":"account"', b'"type":"session"')


class OrderRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One event of one order; empty where it says nothing of a field."""

    time: str  # UTC, by our clock, to the microsecond
    session: str
    sequence: int  # of the engine's event: the order of what has the same time
    event: str  # decided, blocked, or the order's status from here on; fill, trade_busted
    order_event: str  # RTS 24: NEWO, REME, PARF, FILL, CAME, CAMO, EXPI, REMO
    account: str
    environment: str
    venue: str
    instrument: str
    order_id: str  # ours
    venue_order_id: str
    side: str  # BUYI, SELL
    order_type: str  # LMTO
    passive_only: str  # true, false
    limit_price: str
    price_currency: str
    validity: str  # GTCV, IOCV, FOKV
    initial_quantity: str
    quantity_notation: str  # UNIT
    remaining_quantity: str
    traded_quantity: str  # of this event
    transaction_price: str
    transaction_id: str
    passive_aggressive: str  # PASV, AGRE
    fee: str
    fee_currency: str
    trading_capacity: str  # DEAL: own account
    investment_decision: str  # the strategy, or "person"
    execution_decision: str  # "midas" and the version and hash of the code that ran
    purpose: str
    mode: str
    regime: str
    reason: str
    replaces: str
    decided_on: str  # market time of the data that the decision was taken on


FIELDS = OrderRecord.__struct_fields__


class _Known(msgspec.Struct):
    """An order as far as it was told."""

    intent: OrderIntent
    quantity: Decimal
    price: Decimal | None
    venue_id: str = ""
    filled: Decimal = ZERO
    accepted: bool = False
    cancelling: bool = False


def order_records(header: Header, rows: Iterable[Readable]) -> Iterator[OrderRecord]:
    """Of one session's journal, in the order in which things happened."""
    return _Reader(header).read(rows)


class _Reader:
    """Follows the orders of one session."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._orders: dict[str, _Known] = {}
        self._by_id = {i.id: i for i in header.config.instruments}

    def read(self, rows: Iterable[Readable]) -> Iterator[OrderRecord]:
        """Row by row."""
        for row in survived(rows):
            if row.kind == EVENT and any(tag in row.body for tag in _HEARD):
                yield from self._heard(row.sequence, decode_event(row.body))
            elif row.kind == AUDIT and any(tag in row.body for tag in _TOLD):
                audit = audits.decode(row.body)
                for decision in audit.decisions:
                    yield from self._told(audit.sequence, audit.at, decision)

    def _heard(self, sequence: int, event: Event) -> Iterator[OrderRecord]:
        """Events that tell more than the decisions after them."""
        if isinstance(event, SessionOpened):
            for carried in event.carried.orders:
                intent = carried.intent
                old = _Known(intent, intent.quantity, intent.price, carried.venue_id, carried.filled)
                old.accepted = bool(carried.venue_id)
                self._orders[intent.client_id] = old
        elif isinstance(event, OrderAccepted | OrderFilled):
            if known := self._orders.get(event.client_id):
                known.venue_id = event.venue_id or known.venue_id
        elif isinstance(event, AccountReported):
            for report in (*event.open_orders, *event.queried):
                if known := self._orders.get(report.client_id):
                    known.venue_id = report.venue_id or known.venue_id
        elif isinstance(event, OrderReplaced) and (known := self._orders.get(event.client_id)):
            known.quantity = event.quantity
            known.price = event.price if event.price is not None else known.price
            yield self._record(known, sequence, event.at, "replaced", "REME")

    def _told(self, sequence: int, at: int, decision: Decision) -> Iterator[OrderRecord]:
        if isinstance(decision, OrderPlanned):
            intent = decision.intent
            new = self._orders[intent.client_id] = _Known(intent, intent.quantity, intent.price)
            yield self._record(new, sequence, at, "decided", "")
        elif isinstance(decision, OrderBlocked):
            intent = msgspec.structs.replace(decision.intent, reason=decision.breach.sentence)
            never = _Known(intent, intent.quantity, intent.price)
            yield self._record(never, sequence, at, "blocked", "")
        elif isinstance(decision, OrderMoved | FillBooked | FillBusted):
            known = self._orders.get(decision.client_id)
            if known is not None:
                yield from self._moved(known, sequence, at, decision)

    def _moved(
        self, known: _Known, sequence: int, at: int, decision: OrderMoved | FillBooked | FillBusted
    ) -> Iterator[OrderRecord]:
        if isinstance(decision, FillBusted):
            known.filled -= decision.quantity
            yield self._record(known, sequence, at, "trade_busted", "", decision)
        elif isinstance(decision, FillBooked):
            yield from self._accepted(known, sequence, at)
            known.filled += decision.quantity
            code = "FILL" if known.filled >= known.quantity else "PARF"
            yield self._record(known, sequence, at, "fill", code, decision)
        elif decision.after in LIVE:
            yield from self._accepted(known, sequence, at)
        else:
            known.cancelling = known.cancelling or decision.after == "PENDING_CANCEL"
            code = ENDED.get(decision.after, "")
            if decision.after == CloseReason.CANCELED.value:
                code = BY_US if known.cancelling else BY_VENUE
            yield self._record(known, sequence, at, decision.after.lower(), code, detail=decision.detail)

    def _accepted(self, known: _Known, sequence: int, at: int) -> Iterator[OrderRecord]:
        """The venue has it: told once, before anything that follows from it."""
        if not known.accepted:
            known.accepted = True
            yield self._record(known, sequence, at, "open", "NEWO")

    def _record(
        self, known: _Known, sequence: int, at: int, event: str, code: str,
        trade: FillBooked | FillBusted | None = None, detail: str = "",
    ) -> OrderRecord:  # fmt: skip
        intent, header = known.intent, self._header
        pair, fill = self._by_id.get(intent.instrument), trade if isinstance(trade, FillBooked) else None
        return OrderRecord(
            time=_utc(at), session=header.session, sequence=sequence, event=event, order_event=code,
            account=header.account, environment=header.environment, venue=header.venue,
            instrument=intent.instrument, order_id=intent.client_id, venue_order_id=known.venue_id,
            side="BUYI" if intent.side is Side.BUY else "SELL",
            order_type="LMTO" if intent.price is not None else intent.type.value,
            passive_only="true" if intent.type is OrderType.LIMIT_MAKER else "false",
            limit_price=plain(known.price) if known.price is not None else "",
            price_currency=pair.quote if pair is not None else "",
            validity=VALIDITY.get(intent.time_in_force, "GTCV") if intent.time_in_force else "GTCV",
            initial_quantity=plain(known.quantity), quantity_notation="UNIT",
            remaining_quantity=plain(max(known.quantity - known.filled, ZERO)),
            traded_quantity=plain(trade.quantity) if trade is not None else "",
            transaction_price=plain(trade.price) if trade is not None else "",
            transaction_id=str(trade.trade_id) if trade is not None else "",
            passive_aggressive=("PASV" if fill.maker else "AGRE") if fill is not None else "",
            fee=plain(fill.fee) if fill is not None else "",
            fee_currency=fill.fee_asset if fill is not None else "",
            trading_capacity="DEAL",
            investment_decision="person" if intent.strategy in BY_HAND else intent.strategy,
            execution_decision=f"midas {header.version} {header.code_hash[:12]}",
            purpose=intent.purpose.value, mode=intent.mode, regime=intent.regime,
            reason=detail or intent.reason, replaces=intent.replaces, decided_on=_utc(intent.market_time),
        )  # fmt: skip


def _utc(at: int) -> str:
    return f"{iso(at)[:-5]}.{at % SECOND // 1_000:06d}Z"
