"""What became of every order, in words, kept as it happens: life lines, closed ones, fills and answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from midas.domain.decision import Anomaly, FillBooked, OrderMoved, OrderPlanned
from midas.domain.event import (
    AccountReported,
    CancelRejected,
    Event,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderRejected,
    SessionOpened,
)
from midas.domain.money import plain
from midas.domain.order import Phase
from midas.engine.audit import Audit
from midas.engine.lookup import amendable
from midas.state.order import Order
from midas.state.state import EXTERNAL as STRANGER
from midas.state.state import State
from midas.state.views.orders import ENDED_KEPT, EXTERNAL, ClosedOrderView, FillView, OrderView

LIFE_MAX = 40  # lines of one order
NAN = float("nan")
NOT_OURS = "placed by somebody else on this account: counted as exposure, cancelled only where it was placed"
WORDS = (OrderAccepted, OrderRejected, OrderFilled, OrderClosed)  # the venue's own, about one order


class OrderLog:
    """Follows the audits; what it shows is changed only where an order changed."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lives: dict[str, list[str]] = {}
        self._ack_ms: dict[str, float] = {}
        self._carried_over: frozenset[str] = (
            frozenset()
        )  # sent by an earlier session, which heard the first word
        self._closed: dict[str, ClosedOrderView] = {}
        self._withdrawn: dict[str, str] = {}  # why an order is being cancelled, until it is closed
        self._fills: deque[FillView] = deque(maxlen=ENDED_KEPT)
        self.closed: tuple[ClosedOrderView, ...] = ()  # newest first
        self.fills: tuple[FillView, ...] = ()  # newest first
        self.acks: deque[int] = deque(maxlen=1_000)  # nanoseconds until the venue's first word
        self.taker_rate: float | None = None  # fee per unit of value, as the last taker fill was charged
        self._writers: dict[type, Callable[[Any, Event, Audit], None]] = {
            OrderPlanned: self._planned,
            OrderMoved: self._moved,
            FillBooked: self._filled,
            Anomaly: self._strange,
        }

    def observe(self, event: Event, audit: Audit) -> None:
        """Write down what this step did to orders."""
        if isinstance(event, WORDS):
            self._heard(event)
        elif isinstance(event, SessionOpened):
            self._carried(event)
        for decision in audit.decisions:
            writer = self._writers.get(type(decision))
            if writer is not None:
                writer(decision, event, audit)

    def open(self) -> Iterator[OrderView]:
        """The working orders as of now."""
        for client_id, order in self._state.orders.open.items():
            intent = order.intent
            yield OrderView(
                client_id, client_id[-4:], intent.instrument, intent.strategy, intent.side.value,
                intent.type.value, _price(order), float(intent.quantity), float(order.filled), order.status,
                intent.purpose.value, intent.created_at, intent.reason, tuple(self._lives.get(client_id, ())),
                amendable(order), order.unknown_since, order.unknown_cause,
            )  # fmt: skip

    def foreign(self) -> Iterator[OrderView]:
        """The open orders of the account that aren't ours, as the last pass saw them."""
        for (instrument, venue_id), report in self._state.orders.foreign.items():
            name = report.client_id or venue_id
            yield OrderView(
                name, name[-4:], instrument, STRANGER, report.side.value, report.type.value,
                float(report.price), float(report.quantity), float(report.filled), EXTERNAL, "external",
                report.time, NOT_OURS,
            )  # fmt: skip

    def ack_ms(self, client_id: str) -> float:
        """From the first byte to the venue's first word, milliseconds; NaN where there was none."""
        return self._ack_ms.get(client_id, NAN)

    def _heard(self, event: OrderAccepted | OrderRejected | OrderFilled | OrderClosed) -> None:
        order = self._state.orders.get(event.client_id)
        if order is None or event.client_id in self._ack_ms or not order.sent_at:
            return
        if event.client_id in self._carried_over:
            return
        span = max(0, event.at - order.sent_at)
        self._ack_ms[event.client_id] = span / 1e6
        self.acks.append(span)

    def _carried(self, event: SessionOpened) -> None:
        session = event.carried.from_session
        self._carried_over = frozenset(self._state.orders.open)
        for order in self._state.orders.open.values():
            self._write(order, event.at, f"carried over from session {session}: the venue is asked about it")

    def _planned(self, planned: OrderPlanned, event: Event, audit: Audit) -> None:
        order = self._state.orders.get(planned.intent.client_id)
        if order is not None:
            intent = order.intent
            self._write(order, audit.at, f"planned by {intent.strategy} ({intent.mode}, {intent.regime})")
            if intent.replaces:
                self._write(order, audit.at, f"replaces {intent.replaces[-4:]}")

    def _moved(self, moved: OrderMoved, event: Event, audit: Audit) -> None:
        order = self._state.orders.get(moved.client_id)
        if order is None:
            return
        self._write(order, audit.at, self._step(moved, event))
        if moved.after == "PENDING_CANCEL":
            self._withdrawn[moved.client_id] = moved.detail
        if order.phase is Phase.CLOSED:
            asked = self._withdrawn.pop(moved.client_id, "")
            self._close(order, "" if order.status == "FILLED" else asked or moved.detail)
        elif self._closed.pop(moved.client_id, None) is not None:  # the venue has it after all
            self.closed = tuple(reversed(self._closed.values()))

    def _step(self, moved: OrderMoved, event: Event) -> str:
        detail = f": {moved.detail}" if moved.detail else ""
        if moved.before == "UNKNOWN" != moved.after:  # this is the evidence that it waited for
            return f"settled{_source(event)}: {moved.after}{f', {moved.detail}' if moved.detail else ''}"
        if isinstance(event, CancelRejected) and moved.after != "UNKNOWN":
            return f"cancel refused{detail}"
        match moved.after:
            case "INFLIGHT" if moved.before == "QUEUED":
                return "durable in the journal, sent"
            case "PENDING_CANCEL":
                return f"cancel asked{detail}"
            case "OPEN" if isinstance(event, OrderAccepted):
                after = self.ack_ms(moved.client_id)
                return f"acknowledged after {after:.0f} ms ({event.source.value})"
        return f"{moved.after}{_source(event)}{detail}"

    def _filled(self, fill: FillBooked, event: Event, audit: Audit) -> None:
        price, quantity, fee = float(fill.price), float(fill.quantity), float(fill.fee)
        instrument = self._state.instruments[fill.instrument]
        if not fill.maker and fill.fee_asset in (instrument.base, instrument.quote):
            paid = fee * price if fill.fee_asset == instrument.base else fee
            self.taker_rate = paid / (price * quantity)
        view = FillView(
            audit.at, fill.instrument, fill.strategy, fill.side.value, price, quantity, fee, fill.fee_asset,
            fill.maker, float(fill.realised), fill.client_id[-4:],
        )  # fmt: skip
        self._fills.appendleft(view)
        self.fills = tuple(self._fills)
        order = self._state.orders.get(fill.client_id)
        if order is not None:
            how = "maker" if fill.maker else "taker"
            traded = f"filled {plain(fill.quantity)} @ {plain(fill.price)} {how}"
            self._write(order, audit.at, f"{traded}, fee {plain(fill.fee)} {fill.fee_asset}{_source(event)}")

    def _strange(self, anomaly: Anomaly, event: Event, audit: Audit) -> None:
        order = self._state.orders.get(anomaly.subject)
        if order is not None:
            self._write(order, audit.at, f"{anomaly.kind.replace('_', ' ')}: {anomaly.detail}")

    def _write(self, order: Order, at: int, text: str) -> None:
        client_id = order.intent.client_id
        life = self._lives.get(client_id)
        if life is None:
            known = self._closed.get(client_id)
            life = self._lives[client_id] = list(known.life) if known is not None else []
        if len(life) == LIFE_MAX:
            del life[1]  # how it began stays
        life.append(f"{since(at - order.intent.created_at)}  {text}")

    def _close(self, order: Order, ending: str) -> None:
        intent, client_id = order.intent, order.intent.client_id
        average = float(order.cost / order.filled) if order.cost and order.filled else NAN
        self._closed.pop(client_id, None)
        self._closed[client_id] = ClosedOrderView(
            client_id, client_id[-4:], intent.instrument, intent.strategy, intent.side.value,
            intent.type.value, _price(order), float(intent.quantity), float(order.filled), average,
            order.status, intent.purpose.value, intent.reason, intent.created_at, order.closed_at,
            self.ack_ms(client_id), tuple(self._lives.pop(client_id, ())), ending,
        )  # fmt: skip
        while len(self._closed) > ENDED_KEPT:
            oldest = next(iter(self._closed))
            del self._closed[oldest]
            self._ack_ms.pop(oldest, None)
        self.closed = tuple(reversed(self._closed.values()))


def since(span: int) -> str:
    """A time since a beginning, as life lines and reports spell it: +0.041s, +12m05s, +3h05m."""
    seconds = span / 1e9
    if seconds < 100:
        return f"+{seconds:.3f}s"
    minutes, left = divmod(int(seconds), 60)
    return f"+{minutes}m{left:02d}s" if minutes < 100 else f"+{minutes // 60}h{minutes % 60:02d}m"


def _price(order: Order) -> float:
    return float(order.intent.price) if order.intent.price is not None else NAN


def _source(event: Event) -> str:
    if isinstance(event, AccountReported):
        return f" (full pass: {event.purpose})"
    source = getattr(event, "source", None)
    return f" ({source.value})" if source is not None else ""
