"""A broker against a stub venue, what it published, and the payloads that the venue answers with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeVar

from midas.domain.event import Event
from midas.domain.instrument import Instrument
from midas.domain.order import OrderIntent, OrderType, Purpose, Side, TimeInForce
from midas.ports.venue import MaySend
from midas.venues.binance.broker import BinanceBroker
from midas.venues.binance.client import BinanceClient
from midas.venues.binance.endpoints import Endpoints
from midas.venues.binance.rest import Rest
from tests.fakes.binance_stub import StubVenue

KEY, SECRET = "key-of-the-test", "secret-of-the-test"
BTC = Instrument(
    "binance",
    "BTCUSDT",
    "BTC",
    "USDT",
    Decimal("0.01"),
    Decimal("0.00001"),
    Decimal("0.00001"),
    Decimal(9000),
    Decimal(5),
)
E = TypeVar("E")


class Bench:
    """A broker and all that it said."""

    def __init__(
        self,
        endpoints: Endpoints,
        key: str = KEY,
        secret: str = SECRET,
        instruments: Sequence[Instrument] = (BTC,),
        timeout_s: float = 4.0,
    ) -> None:
        self.events: list[Event] = []
        self.gaps = 0
        self.gap = asyncio.Event()
        self.client = BinanceClient(endpoints, key, secret, timeout_s)
        self.rest = Rest(self.client, time.time_ns)
        self.broker = BinanceBroker(
            self.rest, instruments, self.events.append, self._missed, lambda: 0.0, "md-"
        )

    async def submit(self, intent: OrderIntent, may_send: MaySend = lambda _: "") -> None:
        """Give the broker an order; nothing keeps it from leaving unless `may_send` says so."""
        await self.broker.submit(intent, may_send)

    def of(self, kind: type[E]) -> list[E]:
        """The published events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def kinds(self) -> list[str]:
        """The names of the published events, in order."""
        return [type(event).__name__ for event in self.events]

    def _missed(self) -> None:
        self.gaps += 1
        self.gap.set()


class Stand(Bench):
    """A broker on a stub venue."""

    def __init__(self, venue: StubVenue, timeout_s: float = 4.0) -> None:
        super().__init__(venue.endpoints, timeout_s=timeout_s)
        self.venue = venue


def intent(client_id: str = "md-1", **changes: Any) -> OrderIntent:
    """A limit order to buy 0.0010 BTC at 59000."""
    fields: dict[str, Any] = {
        "client_id": client_id,
        "instrument": BTC.id,
        "strategy": "test",
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "quantity": Decimal("0.0010"),
        "price": Decimal("59000.00"),
        "purpose": Purpose.ENTRY,
        "decision": 1,
        "mode": "NORMAL",
        "regime": "RANGE",
        "market_time": 0,
        "created_at": 0,
        "reason": "test",
    }
    return OrderIntent(**(fields | changes))


def placed(status: str = "NEW", executed: str = "0.00000000", fills: tuple[Any, ...] = ()) -> dict[str, Any]:
    """The venue's FULL answer to the order above."""
    return {
        "symbol": "BTCUSDT",
        "orderId": 5012,
        "clientOrderId": "md-1",
        "transactTime": 1795248017100,
        "status": status,
        "executedQty": executed,
        "fills": list(fills),
    }


def fill(trade_id: int, quantity: str, price: str = "59000.00000000") -> dict[str, Any]:
    """One execution within such an answer."""
    return {
        "price": price,
        "qty": quantity,
        "commission": "0.00000100",
        "commissionAsset": "BTC",
        "tradeId": trade_id,
    }


def order_line(
    client_id: str = "md-1", status: str = "NEW", executed: str = "0", order_id: int = 5012
) -> Any:
    """One order of a list or look-up."""
    return {
        "symbol": "BTCUSDT",
        "orderId": order_id,
        "clientOrderId": client_id,
        "price": "59000.00000000",
        "origQty": "0.00100000",
        "executedQty": executed,
        "status": status,
        "type": "LIMIT",
        "side": "BUY",
        "updateTime": 1795248017100,
    }


def trade_line(trade_id: int, order_id: int = 5012, quantity: str = "0.00040000") -> dict[str, Any]:
    """One line of our trades."""
    return {
        "id": trade_id,
        "orderId": order_id,
        "price": "59000.00000000",
        "qty": quantity,
        "commission": "0.00000040",
        "commissionAsset": "BTC",
        "time": 1795248018000,
        "isBuyer": True,
        "isMaker": True,
    }
