"""The WebSocket doors: market streams and the WebSocket API, with pings and message limits."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import msgspec
from aiohttp import WSMsgType, web

from midas.domain.time import MICROSECOND
from midas.venues.sim.streams import Client, Hub
from midas.venues.sim.wsapi import WsApi

PING_EVERY = 20.0
SILENCE_MAX = 60.0
MESSAGES_A_SECOND = 5
STREAMS_MAX = 1_024

_ENCODE = msgspec.json.Encoder().encode
_STREAM = re.compile(r"^(!?[a-zA-Z0-9_]+@[\w@+:.-]+|![\w@]+)$")


class Control(msgspec.Struct):
    """A control message on a stream socket."""

    method: str
    id: int | str | None = None
    params: list[str | bool] = []


class Sockets:
    """All WebSocket connections of the exchange."""

    def __init__(self, hub: Hub, api: WsApi, touched: Callable[[], None]) -> None:
        self._hub = hub
        self._api = api
        self._touched = touched
        self.clients: set[Client] = set()

    def routes(self) -> list[web.RouteDef]:
        """Every documented way in."""
        return [
            web.get("/ws-api/v3", self._serve_api),
            web.get("/ws", self._serve_streams),
            web.get("/ws/{names:.*}", self._serve_streams),
            web.get("/stream", self._serve_streams),
            web.get("/stream/ws", self._serve_streams),
            web.get("/stream/ws/{names:.*}", self._serve_streams),
        ]

    async def keep_alive(self) -> None:
        """Ping everybody now and then; drop whoever is silent for too long. Never returns."""
        while True:
            await asyncio.sleep(PING_EVERY)
            now = asyncio.get_running_loop().time()
            for client in list(self.clients):
                if now - client.heard_at > SILENCE_MAX:
                    client.drop()
                else:
                    client.ping()

    async def _serve_streams(self, request: web.Request) -> web.StreamResponse:
        socket, client = await self._open(request)
        client.combined = request.path == "/stream"
        if request.query.get("timeUnit", "").upper() == "MICROSECOND":
            client.unit = MICROSECOND
        # A plus sign of "@+08:00" that came unquoted in a query reads as a space.
        names = request.match_info.get("names") or request.query.get("streams", "").replace(" ", "+")
        self._hub.subscribe(client, [name for name in names.split("/") if _STREAM.match(name)])
        try:
            await self._read(socket, client, lambda text: self._control(client, text))
        finally:
            self._hub.leave(client)
            self.clients.discard(client)
        return socket

    async def _serve_api(self, request: web.Request) -> web.StreamResponse:
        socket, client = await self._open(request)
        self._api.opened(client)
        try:
            await self._read(socket, client, lambda text: self._api.received(client, text))
        finally:
            self._api.closed(client)
            self.clients.discard(client)
        return socket

    async def _open(self, request: web.Request) -> tuple[web.WebSocketResponse, Client]:
        self._touched()
        socket = web.WebSocketResponse(autoping=False, compress=False)
        await socket.prepare(request)
        assert request.transport is not None
        client = Client(request.transport, asyncio.get_running_loop().time())
        self.clients.add(client)
        return socket, client

    async def _read(self, socket: web.WebSocketResponse, client: Client, take: Callable[[str], bool]) -> None:
        """Hand every text message to `take` until the client leaves or `take` has had enough."""
        async for message in socket:
            client.heard_at = asyncio.get_running_loop().time()
            self._touched()
            if message.type is WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type is WSMsgType.TEXT and not take(message.data):
                await socket.close(code=1008, message=b"Too many requests")

    def _control(self, client: Client, text: str) -> bool:
        if not client.spend_message(asyncio.get_running_loop().time(), MESSAGES_A_SECOND):
            return False
        try:
            control = msgspec.json.decode(text, type=Control)
        except msgspec.DecodeError as error:
            client.send_now(_ENCODE({"error": {"code": 3, "msg": f"Invalid JSON: {error}"}, "id": None}))
            return True
        client.send_now(_ENCODE(self._controlled(client, control)))
        if control.method == "SUBSCRIBE":
            self._hub.subscribe(client, [name for name in control.params if isinstance(name, str)])
        return True

    def _controlled(self, client: Client, control: Control) -> dict[str, object]:
        names = [name for name in control.params if isinstance(name, str)]
        if control.method == "SUBSCRIBE":
            if len(client.streams) + len(names) > STREAMS_MAX:
                return {"error": {"code": 2, "msg": "Invalid request: too many streams"}, "id": control.id}
            return {"result": None, "id": control.id}
        if control.method == "UNSUBSCRIBE":
            self._hub.unsubscribe(client, names)
            return {"result": None, "id": control.id}
        if control.method == "LIST_SUBSCRIPTIONS":
            return {"result": list(client.streams), "id": control.id}
        if control.method == "SET_PROPERTY" and len(control.params) == 2 and control.params[0] == "combined":
            client.combined = bool(control.params[1])
            return {"result": None, "id": control.id}
        if control.method == "GET_PROPERTY" and names == ["combined"]:
            return {"result": client.combined, "id": control.id}
        text = (
            f"Invalid request: unknown variant `{control.method}`, expected one of `SUBSCRIBE`, "
            "`UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"
        )
        return {"error": {"code": 2, "msg": text}, "id": control.id}
