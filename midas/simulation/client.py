"""The session with the venue as the broker sees it: python-binance's place, on the simulated network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from midas.domain.time import MILLISECOND, SECOND
from midas.ports.clock import Clock
from midas.simulation.loop import Process
from midas.simulation.network import Asked, Line, Network
from midas.simulation.venue import Venue
from midas.venues.binance.client import RECV_WINDOW_MS, TIMEOUT_S, Handover, Reply
from midas.venues.sim.floor.accounts import API_KEY
from midas.venues.sim.floor.wallet import Flow

_DECODE = msgspec.json.decode
CREDITED, COMPLETED = 1, 6  # how a deposit, how a withdrawal stands that is done


class Switch:
    """Whether the HTTP session is over."""

    closed = False


class SimClient:
    """The `Wire` of one life of the desk."""

    def __init__(self, network: Network, venue: Venue, clock: Clock, process: Process) -> None:
        self._network = network
        self._venue = venue
        self._clock = clock
        self._process = process
        self._observers: list[Callable[[Reply], None]] = []
        self.timestamp_offset = 0.0
        self.session = Switch()
        self.socket: SimSocket | None = None

    def observe(self, observer: Callable[[Reply], None]) -> None:
        """Show every answer to `observer`, before whoever asked sees it."""
        self._observers.append(observer)

    async def create_order(self, **parameters: Any) -> Reply:
        """POST order."""
        return await self._signed("POST order", parameters)

    async def cancel_order(self, **parameters: Any) -> Reply:
        """DELETE order."""
        return await self._signed("DELETE order", parameters)

    async def get_order(self, **parameters: Any) -> Reply:
        """GET order."""
        return await self._signed("GET order", parameters)

    async def get_open_orders(self, **parameters: Any) -> Reply:
        """GET openOrders."""
        return await self._signed("GET openOrders", parameters)

    async def get_account(self, **parameters: Any) -> Reply:
        """GET account."""
        return await self._signed("GET account", parameters)

    async def get_my_trades(self, **parameters: Any) -> Reply:
        """GET myTrades."""
        return await self._signed("GET myTrades", parameters)

    async def get_deposit_history(self, **parameters: Any) -> Reply:
        """GET sapi capital/deposit/hisrec: all of them, at once and never limited."""
        return _listed(
            {"coin": f.asset, "amount": str(f.amount), "status": CREDITED,
             "insertTime": f.time // MILLISECOND}
            for f in self._flows() if f.amount > 0
        )  # fmt: skip

    async def get_withdraw_history(self, **parameters: Any) -> Reply:
        """GET sapi capital/withdraw/history: as for deposits."""
        return _listed(
            {"coin": f.asset, "amount": str(-f.amount), "status": COMPLETED, "applyTime": _date(f.time),
             "transactionFee": "0"}
            for f in self._flows() if f.amount < 0
        )  # fmt: skip

    def _flows(self) -> list[Flow]:
        return self._venue.exchange.wallet.of(self._venue.account)

    async def get_server_time(self) -> Reply:
        """GET time."""
        return await self._asked("GET time", {})

    async def get_order_book(self, **parameters: Any) -> Reply:
        """GET depth."""
        return await self._asked("GET depth", parameters)

    async def get_klines(self, **parameters: Any) -> Reply:
        """GET klines."""
        return await self._asked("GET klines", parameters)

    async def get_exchange_info(self, **parameters: Any) -> Reply:
        """GET exchangeInfo."""
        return await self._asked("GET exchangeInfo", parameters)

    async def open_user_socket(self) -> SimSocket:
        """A fresh connection, subscribed. Raises ConnectionError or TimeoutError."""
        self._hang_up()
        socket = SimSocket(self._network, self._venue, self._process)
        await socket.connect()
        self.socket = socket
        return socket

    async def ws_ping(self) -> None:
        """Asks on the user stream's connection. Raises ConnectionError where there is none."""
        if self.socket is None or not self.socket.line.open:
            raise ConnectionError("the WebSocket API connection is gone")
        await self.socket.ping()

    async def close_connection(self) -> None:
        """Close both sessions; idempotent."""
        self._hang_up()
        self.session.closed = True

    def _hang_up(self) -> None:
        if self.socket is not None:
            self.socket.hang_up()
            self.socket = None

    async def _signed(self, place: str, parameters: dict[str, Any]) -> Reply:
        timestamp = self._clock.now() // MILLISECOND + round(self.timestamp_offset)
        parameters["timestamp"], parameters["recvWindow"] = str(timestamp), str(RECV_WINDOW_MS)
        passed = parameters.pop("requests_params", None)
        handover = passed["trace_request_ctx"] if passed else None
        if not isinstance(handover, Handover):
            return await self._asked(place, parameters)
        handover.signed(timestamp, RECV_WINDOW_MS)
        return await self._asked(place, parameters, handover.leave)

    async def _asked(
        self, place: str, parameters: dict[str, str], leave: Callable[[], None] = lambda: None
    ) -> Reply:
        if self.session.closed:
            raise ConnectionError("the session is closed")
        reply = await self._network.ask(Asked(place, parameters, API_KEY), self._process, leave)
        for observer in self._observers:
            observer(reply)
        return reply


class SimSocket:
    """One connection of the user stream; the venue's `Client` at the other end."""

    def __init__(self, network: Network, venue: Venue, process: Process) -> None:
        self._network = network
        self._venue = venue
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._pongs: list[asyncio.Future[None]] = []
        self.line: Line = network.line(process, self._told, self._ended)
        self.line.mutes = True

    async def connect(self) -> None:
        """Reach the venue and subscribe."""
        self._network.later(self._network.delay(), self._subscribe)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                first = await self._events.get()
        except TimeoutError:
            self.hang_up()
            raise
        if first.get("e") == "error":
            raise ConnectionError("the connection broke before the subscription")

    async def recv(self) -> dict[str, Any]:
        """The next event."""
        return await self._events.get()

    async def ping(self) -> None:
        """Return once the venue has answered."""
        pong: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pongs.append(pong)
        self._network.later(self._network.delay(), self._pinged)
        await pong

    def hang_up(self) -> None:
        """Close our end."""
        self.line.close()
        self._venue.users.leave(self)  # type: ignore[arg-type]  # a subscriber needs `send_now` alone

    async def __aexit__(self, *_: object) -> None:
        """Let go of it."""
        self.hang_up()

    def send_now(self, payload: bytes) -> None:
        """The venue tells something."""
        self.line.send(payload)

    def _subscribe(self) -> None:
        if self.line.open and not self._network.weather.cut:
            self._venue.users.subscribe(self, self._venue.account)  # type: ignore[arg-type]
            self.line.send(b"")

    def _pinged(self) -> None:
        if not self._network.weather.cut:
            self.line.send(None)

    def _told(self, payload: bytes | None) -> None:
        if payload is None:
            pongs, self._pongs = self._pongs, []
            for pong in pongs:
                if not pong.done():
                    pong.set_result(None)
        elif payload:
            self._events.put_nowait(_DECODE(payload)["event"])
        else:
            self._events.put_nowait({"e": "subscribed"})

    def _ended(self) -> None:
        self._venue.users.leave(self)  # type: ignore[arg-type]
        self._events.put_nowait({"e": "error", "type": "ConnectionClosedError"})


def _listed(rows: Iterable[dict[str, object]]) -> Reply:
    return Reply(200, {}, msgspec.json.encode(list(rows)))


def _date(at: int) -> str:
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S")
