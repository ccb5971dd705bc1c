"""The WebSocket doors: market streams and the WebSocket API, with pings and message limits."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
from aiohttp import WSMsgType, web

from midas.domain.time import MICROSECOND, MILLISECOND
from midas.domain.unreadable import UNREADABLE
from midas.venues.sim.doors.rest import refused
from midas.venues.sim.doors.streams import Client, Hub
from midas.venues.sim.doors.timings import SocketTimings
from midas.venues.sim.doors.wsapi import WsApi
from midas.venues.sim.faults.market_faults import LineFaults
from midas.venues.sim.floor.refusal import Refusal

MARKET, USER = "market", "user"
GOING_AWAY, CUT = 1001, 1006

_ENCODE = msgspec.json.Encoder().encode
_NO_BOOLEAN = "Invalid value type: expected Boolean"
_STREAM = re.compile(r"^(!?[a-zA-Z0-9_]+@[\w@+:.-]+|![\w@]+)$")


class Control(msgspec.Struct):
    """A control message on a stream socket."""

    method: str
    id: int | str | None = None
    params: list[str | bool] = []


class Sockets:
    """All WebSocket connections of the exchange."""

    def __init__(
        self,
        hub: Hub,
        api: WsApi,
        touched: Callable[[], None],
        wall: Callable[[], int],
        timings: SocketTimings,
        faults: LineFaults | None = None,
    ) -> None:
        self._hub = hub
        self._api = api
        self._touched = touched
        self._wall = wall
        self._timings = timings
        self._faults = faults
        self._closing: set[asyncio.Task[None]] = set()
        self.clients: dict[Client, web.WebSocketResponse] = {}

    def routes(self) -> list[web.RouteDef]:
        """Every documented way in."""
        streams = ("/ws", "/ws/{names:.*}", "/stream", "/stream/ws", "/stream/ws/{names:.*}")
        return [
            web.get("/ws-api/v3", partial(self._admitted, self._serve_api)),
            *(web.get(path, partial(self._admitted, self._serve_streams)) for path in streams),
        ]

    async def keep_alive(self) -> None:
        """Ping everybody now and then; cut whoever is silent for too long or old enough. Never returns."""
        while True:
            await asyncio.sleep(self._timings.look_every_s)
            now = asyncio.get_running_loop().time()
            for client in list(self.clients):
                self._tend(client, now)

    def close(self, kind: str, code: int) -> None:
        """Close the connections of a kind, or of `all`; code 1006 cuts without a close frame."""
        for client in self._of(kind):
            self._close(client, code)

    def announce_shutdown(self, kind: str) -> None:
        """Tell the connections of a kind, or of `all`, that they will be cut."""
        for client in self._of(kind):
            self._announce(client)

    def _of(self, kind: str) -> list[Client]:
        return [client for client in self.clients if kind in ("all", client.kind)]

    def _tend(self, client: Client, now: float) -> None:
        timings, age = self._timings, now - client.opened_at
        if now - client.alive_at > timings.silence_max_s:
            client.drop()
        elif age > timings.life_s:
            self._close(client, GOING_AWAY)
        elif age > timings.life_s - timings.notice_s and not client.noticed:
            self._announce(client)
        elif now - client.pinged_at >= timings.ping_every_s:
            client.ping(now, str(self._wall() // MILLISECOND).encode())

    def _announce(self, client: Client) -> None:
        client.noticed = True
        notice: dict[str, object] = {"e": "serverShutdown", "E": self._wall() // MILLISECOND}
        client.send_now(_ENCODE(notice if client.kind == MARKET else {"event": notice}))

    def _close(self, client: Client, code: int) -> None:
        if code == CUT:
            client.drop()
            return
        task = asyncio.create_task(self._close_slowly(client, self.clients[client], code))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close_slowly(self, client: Client, socket: web.WebSocketResponse, code: int) -> None:
        """Say why, and cut a client that doesn't say it back."""
        try:
            async with asyncio.timeout(self._timings.close_within_s):
                await socket.close(code=code, message=b"Going away")
        except TimeoutError:
            client.drop()

    async def _admitted(
        self, serve: Callable[[web.Request], Awaitable[web.StreamResponse]], request: web.Request
    ) -> web.StreamResponse:
        """Serve a connection that the address may still open."""
        try:
            self._api.admit(request.path)
            return await serve(request)
        except Refusal as refusal:
            return refused(refusal, self._api.told_weight())
        except web.HTTPException as error:  # whoever speaks no WebSocket
            error.headers.extend(self._api.told_weight())
            raise

    async def _serve_streams(self, request: web.Request) -> web.StreamResponse:
        socket, client = await self._open(request, MARKET)
        client.combined = request.path == "/stream"
        if request.query.get("timeUnit", "").upper() == "MICROSECOND":
            client.unit = MICROSECOND
        # A plus sign of "@+08:00" that came unquoted in a query reads as a space.
        names = request.match_info.get("names") or request.query.get("streams", "").replace(" ", "+")
        streams = {name: None for name in names.split("/") if _STREAM.fullmatch(name)}
        self._hub.subscribe(client, list(streams)[: self._timings.streams_max])
        try:
            if len(streams) > self._timings.streams_max:
                await socket.close(code=1008, message=b"Too many streams")
            await self._read(socket, client, lambda text: self._control(client, text))
        finally:
            self._hub.leave(client)
            self._left(client)
        return socket

    async def _serve_api(self, request: web.Request) -> web.StreamResponse:
        socket, client = await self._open(request, USER)
        self._api.opened(client, request.query.get("returnRateLimits", "true").lower() != "false")
        try:
            await self._read(socket, client, lambda text: self._api.received(client, text))
        finally:
            self._api.closed(client)
            self._left(client)
        return socket

    async def _open(self, request: web.Request, kind: str) -> tuple[web.WebSocketResponse, Client]:
        self._touched()
        socket = web.WebSocketResponse(autoping=False, compress=False)
        await socket.prepare(request)
        assert request.transport is not None
        client = Client(request.transport, asyncio.get_running_loop().time(), kind, self._faults)
        self.clients[client] = socket
        return socket, client

    def _left(self, client: Client) -> None:
        self.clients.pop(client, None)
        if self._faults is not None:
            self._faults.forget(client)

    async def _read(self, socket: web.WebSocketResponse, client: Client, take: Callable[[str], bool]) -> None:
        """Hand every text message to `take` until the client leaves or has said too much."""
        async for message in socket:
            now = asyncio.get_running_loop().time()
            self._touched()
            if message.type is WSMsgType.PING:
                client.pong(message.data)
            elif message.type is WSMsgType.PONG:
                client.heard(bytes(message.data), now)
            wanted = client.kind == USER or client.spend_message(now, self._timings.messages_a_second)
            if not wanted or (message.type is WSMsgType.TEXT and not take(message.data)):
                await socket.close(code=1008, message=b"Too many requests")

    def _control(self, client: Client, text: str) -> bool:
        try:
            control = msgspec.json.decode(text, type=Control)
        except UNREADABLE as error:
            client.send_now(_ENCODE({"error": {"code": 3, "msg": f"Invalid JSON: {error}"}, "id": None}))
            return True
        answer = self._controlled(client, control)
        client.send_now(_ENCODE(answer))
        if control.method == "SUBSCRIBE" and "error" not in answer:
            self._hub.subscribe(client, [name for name in control.params if isinstance(name, str)])
        return True

    def _controlled(self, client: Client, control: Control) -> dict[str, object]:
        names = [name for name in control.params if isinstance(name, str)]
        if control.method == "SUBSCRIBE":
            if len({*client.streams, *names}) > self._timings.streams_max:
                return {"error": {"code": 2, "msg": "Invalid request: too many streams"}, "id": control.id}
            return {"result": None, "id": control.id}
        if control.method == "UNSUBSCRIBE":
            self._hub.unsubscribe(client, names)
            return {"result": None, "id": control.id}
        if control.method == "LIST_SUBSCRIPTIONS":
            return {"result": list(client.streams), "id": control.id}
        if control.method == "SET_PROPERTY" and len(control.params) == 2 and control.params[0] == "combined":
            if not isinstance(control.params[1], bool):
                return {"error": {"code": 2, "msg": _NO_BOOLEAN}, "id": control.id}
            client.combined = control.params[1]
            return {"result": None, "id": control.id}
        if control.method == "GET_PROPERTY" and names == ["combined"]:
            return {"result": client.combined, "id": control.id}
        text = (
            f"Invalid request: unknown variant `{control.method}`, expected one of `SUBSCRIBE`, "
            "`UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"
        )
        return {"error": {"code": 2, "msg": text}, "id": control.id}
