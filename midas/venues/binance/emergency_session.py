"""The guard's own session: everything a takeover needs over one blocking connection, without a loop.

Reads are the venue's own word and may be repeated. A sale goes out once: whoever gets no answer asks for
it by its id before anything else is sold.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import msgspec

from midas.domain.money import ZERO, exact, plain
from midas.domain.time import MILLISECOND, SECOND
from midas.domain.unreadable import UNREADABLE
from midas.errors import OutcomeUnknown, RateLimited, Rejected
from midas.runtime.takeover import Resting, Sale
from midas.venues.binance import answers
from midas.venues.binance.emergency import RECV_WINDOW_MS, TIMEOUT_S, EmergencyCanceller

PROCESSING = 10 * SECOND  # the venue's own bound on a request that it has taken in
SILENCE_S = 10  # after a 429 without a Retry-After

Answer = TypeVar("Answer")


class _Order(msgspec.Struct, rename="camel"):
    """An order as every answer spells it."""

    symbol: str
    client_order_id: str
    side: str
    orig_qty: str
    executed_qty: str
    status: str = ""


class _Balance(msgspec.Struct):
    asset: str
    free: str
    locked: str


class _Account(msgspec.Struct):
    balances: list[_Balance]
    uid: int = 0


class _Touch(msgspec.Struct, rename="camel"):
    bid_price: str


class _Time(msgspec.Struct, rename="camel"):
    server_time: int


class EmergencySession:
    """Used by one thread only."""

    def __init__(
        self, rest_url: str, api_key: str, api_secret: str, now: Callable[[], int],
        timeout_s: float = TIMEOUT_S,
    ) -> None:  # fmt: skip
        """`rest_url` as in Endpoints. Raises ConfigInvalid."""
        self._now = now
        self._offset_ms = 0.0
        self._wire = EmergencyCanceller(
            rest_url, api_key, api_secret, now, lambda: self._offset_ms, timeout_s
        )  # fmt: skip

    @property
    def dead_after(self) -> int:
        """Nanoseconds after which a request that was never answered can't become an order any more."""
        return RECV_WINDOW_MS * MILLISECOND + PROCESSING

    def set_clock(self) -> None:
        """Read the venue's time. Raises VenueError."""
        asked = self._now()
        told = self._read(self._wire.public("time"), _Time)
        self._offset_ms = told.server_time - (asked + self._now()) / 2 / MILLISECOND

    def open_orders(self) -> list[Resting]:
        """Every open order of the account, whosever it is. Raises VenueError."""
        orders = self._ask("openOrders", "", list[_Order])
        return [Resting(o.symbol, o.client_order_id, o.side, _left(o)) for o in orders]

    def balances(self) -> dict[str, Decimal]:
        """What the account has of each asset, free and locked. Raises VenueError."""
        account = self._ask("account", "omitZeroBalances=true", _Account)
        return {b.asset: exact(b.free) + exact(b.locked) for b in account.balances}

    def uid(self) -> int:
        """The account's number at the venue; 0 where it tells none. Raises VenueError."""
        return self._ask("account", "omitZeroBalances=true", _Account).uid

    def bid(self, symbol: str) -> Decimal:
        """The best bid; zero where nobody bids. Raises VenueError."""
        return exact(
            self._read(f"{self._wire.public('ticker/bookTicker')}?symbol={symbol}", _Touch).bid_price
        )

    def cancel(self, symbol: str, client_id: str) -> tuple[int, int]:
        """HTTP status and the venue's code, as the kill listener's. Raises VenueError."""
        return self._wire.cancel(symbol, client_id)

    def cancel_all(self, symbol: str) -> tuple[int, int]:
        """Every order of the symbol, whosever it is. Raises VenueError."""
        return self._wire.cancel_all(symbol)

    def sell(self, symbol: str, quantity: Decimal, price: Decimal, client_id: str) -> Sale:
        """At once or not at all, never below `price`. Raises Rejected, OutcomeUnknown, Unreachable."""
        query = (
            f"symbol={symbol}&side=SELL&type=LIMIT&timeInForce=IOC&quantity={plain(quantity)}"
            f"&price={plain(price)}&newClientOrderId={client_id}&newOrderRespType=RESULT"
        )
        status, body = self._wire.exchange("POST", self._wire.signed("order", query), resend=False)
        return _sale(self._decoded(status, body, _Order))

    def find(self, symbol: str, client_id: str) -> Sale | None:
        """What became of a sale; None where the venue doesn't know it. Raises VenueError."""
        try:
            return _sale(self._ask("order", f"symbol={symbol}&origClientOrderId={client_id}", _Order))
        except Rejected as refused:
            if refused.code == answers.ORDER_ABSENT:
                return None
            raise

    def close(self) -> None:
        """Give the connection up; idempotent."""
        self._wire.close()

    def _ask(self, path: str, query: str, kind: type[Answer]) -> Answer:
        """A signed read; a clock that is off is set once."""
        try:
            return self._read(self._wire.signed(path, query), kind)
        except Rejected as refused:
            if refused.code != answers.CLOCK_REFUSED:
                raise
            self.set_clock()
            return self._read(self._wire.signed(path, query), kind)

    def _read(self, target: str, kind: type[Answer]) -> Answer:
        status, body = self._wire.exchange("GET", target, resend=True)
        return self._decoded(status, body, kind)

    def _decoded(self, status: int, body: bytes, kind: type[Answer]) -> Answer:
        code, reason = (0, "") if status < 300 else answers.refusal(body)
        match answers.meaning(status, code, reason):
            case answers.RateLimited():
                pause = self._wire.retry_after_s or SILENCE_S
                raise RateLimited(f"the venue asks for {pause} s of silence", self._now() + pause * SECOND)
            case answers.Rejected():
                raise Rejected(reason or f"HTTP {status}", code)
            case answers.Unknown(cause):
                raise OutcomeUnknown(f"the venue answered {cause}")
            case answers.Exists():
                raise OutcomeUnknown("the venue knows this order already")
        try:
            return msgspec.json.decode(body, type=kind)
        except UNREADABLE:
            raise OutcomeUnknown("the venue's answer can't be read") from None


def _sale(order: _Order) -> Sale:
    return Sale(exact(order.executed_qty), order.status)


def _left(order: _Order) -> Decimal:
    return max(ZERO, exact(order.orig_qty) - exact(order.executed_qty))
