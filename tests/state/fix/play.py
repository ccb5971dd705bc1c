"""Plays a matrix of FIX's appendix D to our order state, in the events that a venue would send."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal

from midas.domain.event import (
    CancelRejected,
    CancelSent,
    Event,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderSent,
    OrderUncertain,
    ReplaceRejected,
    ReplaceSent,
    Source,
    TradeBusted,
)
from midas.domain.order import CloseReason, Fill, Phase, Replacement, Side
from midas.domain.time import SECOND
from midas.state.order import Order
from tests.fakes.nouns import BTC, START, account, desk, fill, intent, report

STATUS = {
    "Pending New": "INFLIGHT", "New": "OPEN", "Replaced": "OPEN", "Partially Filled": "PARTIAL",
    "Filled": "FILLED", "Done for Day": "no status of ours", "Canceled": "CANCELED", "Rejected": "REJECTED",
    "Pending Cancel": "PENDING_CANCEL", "Pending Replace": "PENDING_REPLACE",
}  # fmt: skip
REQUEST_LIFE = 14 * SECOND


class Play:
    """One desk, the orders of one scenario, and a clock that moves with each row."""

    def __init__(self) -> None:
        self.state = desk(cash="10000000")
        self._at = START
        self._trades = itertools.count(1)
        self._fills: dict[str, Fill] = {}
        self._acts: dict[str, Callable[..., None]] = {
            "new": self._new, "ack": self._ack, "reject": self._reject, "silence": self._silence,
            "fill": self._fill, "bust": self._bust, "correct": self._correct, "cancel": self._cancel,
            "canceled": lambda c, q: self._close(c, CloseReason.CANCELED),
            "expired": lambda c, q: self._close(c, CloseReason.EXPIRED),
            "absent": self._absent, "replace": self._replace, "replaced": self._replaced,
            "refused": self._refused, "restated": lambda c, q: self._replaced(c, q, ""),
            "status": self._status, "told": lambda c, q: None,
        }  # fmt: skip

    def order(self, what: str) -> Order:
        """Which order a row is about."""
        order = self.state.orders.get(_client_id(what))
        assert order is not None
        return order

    def do(self, what: str, quantity: Decimal | None) -> None:
        """One row; `quantity` is the table's for the order after it."""
        self._at += SECOND
        verb, *words = what.partition(": ")[2].split() if ": " in what else what.split()
        self._acts[verb](_client_id(what), quantity, *words)

    def _tell(self, event: Event) -> None:
        self.state.now = event.at
        self.state.apply(event)

    def _new(self, client_id: str, _: Decimal | None, quantity: str) -> None:
        self.state.plan(intent(client_id, quantity=Decimal(quantity), created_at=self._at))
        self._tell(OrderSent(client_id, self._at, self._at + REQUEST_LIFE))

    def _ack(self, client_id: str, _: Decimal | None) -> None:
        self._tell(OrderAccepted(client_id, f"v-{client_id}", self._at, Source.STREAM))

    def _reject(self, client_id: str, _: Decimal | None) -> None:
        self._tell(OrderRejected(client_id, -2010, "refused", self._at))

    def _silence(self, client_id: str, _: Decimal | None) -> None:
        self._tell(OrderUncertain(client_id, "no answer", self._at))

    def _fill(self, client_id: str, _: Decimal | None, quantity: str, *words: str) -> None:
        price = words[words.index("@") + 1] if "@" in words else "100"
        done = fill(next(self._trades), quantity, price)
        self._fills |= {word[1:]: done for word in words if word.startswith("#")}
        self._tell(OrderFilled(client_id, f"v-{client_id}", BTC.id, done, self._at, Source.STREAM))

    def _bust(self, client_id: str, _: Decimal | None, name: str) -> None:
        self._tell(TradeBusted(client_id, BTC.id, Side.BUY, self._fills[name], self._at, Source.STREAM))

    def _correct(self, client_id: str, quantity: Decimal | None, name: str, *words: str) -> None:
        self._bust(client_id, quantity, name)
        self._fill(client_id, quantity, *words)

    def _cancel(self, client_id: str, _: Decimal | None, refusal: str = "") -> None:
        if refusal:
            self._tell(CancelRejected(client_id, -2011, refusal, self._at, gone=refusal == "gone"))
        else:
            self._tell(CancelSent(client_id, self._at))

    def _close(self, client_id: str, reason: CloseReason) -> None:
        filled = self.order(client_id).filled
        self._tell(OrderClosed(client_id, reason, filled, self._at, Source.STREAM))

    def _absent(self, client_id: str, _: Decimal | None) -> None:
        self._at += REQUEST_LIFE
        self._tell(account(self._at, {"USDT": "10000000"}, purpose="unknown", absent=(client_id,)))

    def _replace(self, client_id: str, _: Decimal | None, request: str, quantity: str) -> None:
        self.state.orders.replace_wanted(client_id, Replacement(request, Decimal(quantity)), self._at)
        self._send(client_id)

    def _send(self, client_id: str) -> None:
        """What the one replacement that may be out is sent as."""
        out = self.order(client_id).replacing
        if out is not None and out.replacement is not None:
            self._tell(ReplaceSent(client_id, out.replacement, self._at, self._at + REQUEST_LIFE))

    def _replaced(self, client_id: str, quantity: Decimal | None, request: str) -> None:
        assert quantity is not None
        self._tell(OrderReplaced(client_id, request, quantity, None, self._at, Source.STREAM))
        self._send(client_id)

    def _refused(self, client_id: str, _: Decimal | None, request: str) -> None:
        self._tell(ReplaceRejected(client_id, request, -2038, "refused", self._at))

    def _status(self, client_id: str, _: Decimal | None) -> None:
        order = self.order(client_id)
        shut = order.phase is Phase.CLOSED
        line = report(
            client_id, quantity=order.intent.quantity, filled=order.filled, open=not shut,
            close_reason=order.close_reason,
        )  # fmt: skip
        self.state.orders.reported(line, self._at, self._at)


def _client_id(what: str) -> str:
    name = what.partition(": ")[0] if ": " in what else "X"
    return f"md-{name}" if not name.startswith("md-") else name
