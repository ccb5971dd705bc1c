"""A Binance that does what a test tells it: scripted REST answers and a user stream that can break."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import WSMsgType, web

from midas.venues.binance.endpoints import Endpoints

Parameters = dict[str, str]
Answer = tuple[int, Any, dict[str, str]]
Script = Callable[[Parameters], Answer | None]  # None: the connection is cut without an answer

ACCOUNT = {"canTrade": True, "balances": [{"asset": "USDT", "free": "1000.5", "locked": "0"}]}


def ok(body: Any, **headers: str) -> Answer:
    """200 with `body`; header names are given with underscores."""
    return 200, body, {name.replace("_", "-"): value for name, value in headers.items()}


def refused(status: int, code: int, text: str = "", **headers: str) -> Answer:
    """An error of the venue."""
    return status, {"code": code, "msg": text}, {n.replace("_", "-"): v for n, v in headers.items()}


class StubVenue:
    """Serves REST and the WebSocket API on one loopback port, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Parameters]] = []
        self.keys: list[str] = []
        self.socket_methods: list[str] = []
        self.silent = False  # answers no ping on the socket
        self.time_shift_ms = 0
        self._scripts: dict[tuple[str, str], Script] = {
            ("GET", "ping"): lambda _: ok({}),
            ("GET", "time"): lambda _: ok({"serverTime": int(time.time() * 1000) + self.time_shift_ms}),
            ("GET", "account"): lambda _: ok(ACCOUNT),
            ("GET", "openOrders"): lambda _: ok([]),
            ("GET", "myTrades"): lambda _: ok([]),
            ("GET", "order"): lambda _: refused(400, -2013, "Order does not exist."),
        }
        self._sockets: list[web.WebSocketResponse] = []
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def endpoints(self) -> Endpoints:
        return Endpoints.at(f"http://127.0.0.1:{self._port}", f"ws://127.0.0.1:{self._port}")

    def on(self, method: str, path: str, script: Script) -> None:
        self._scripts[method, path] = script

    def sent(self, method: str, path: str) -> list[Parameters]:
        """The parameters of every such request, in order."""
        return [parameters for m, p, parameters in self.asked if (m, p) == (method, path)]

    async def start(self) -> None:
        application = web.Application()
        application.router.add_route("*", "/api/v3/{path:.*}", self._rest)
        application.router.add_get("/ws-api/v3", self._socket)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self.drop()
        if self._runner is not None:
            await self._runner.cleanup()

    async def push(self, event: dict[str, Any]) -> None:
        """Send one user event to every subscriber."""
        for socket in self._sockets:
            await socket.send_str(json.dumps({"subscriptionId": 0, "event": event}))

    async def drop(self) -> None:
        """Cut every socket."""
        sockets, self._sockets = self._sockets, []
        for socket in sockets:
            await socket.close()

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        text = request.rel_url.raw_query_string + "&" + await request.text()
        parameters = dict(parse_qsl(text))
        path = request.match_info["path"]
        self.asked.append((request.method, path, parameters))
        self.keys.append(request.headers.get("X-MBX-APIKEY", ""))
        answer = self._scripts[request.method, path](parameters)
        if answer is None:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        status, body, headers = answer
        if isinstance(body, bytes):
            return web.Response(status=status, body=body, headers=headers)
        return web.json_response(body, status=status, headers=headers)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            await self._answer(socket, json.loads(message.data))
        return socket

    async def _answer(self, socket: web.WebSocketResponse, request: dict[str, Any]) -> None:
        method = request["method"]
        self.socket_methods.append(method)
        if method == "ping" and self.silent:
            return
        subscribes = method == "userDataStream.subscribe.signature"
        result = {"subscriptionId": 0} if subscribes else {}
        await socket.send_str(json.dumps({"id": request["id"], "status": 200, "result": result}))
        if subscribes:
            self._sockets.append(socket)


async def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until `condition` holds; fails the test after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
