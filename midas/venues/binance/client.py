"""python-binance as midas uses it: our addresses only, one send per call, raw answers.

The library builds, signs and transports requests. What it would do beyond that is switched off: following
redirects (a 307 would repeat a POST elsewhere), reconnecting by itself (it doesn't resubscribe), and reading
answers without types.

Orders go over REST, not over the WebSocket API: there the library raises one class for "could not connect"
and for "no answer", and the two must never be confused.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import aiohttp
import msgspec

from midas.domain.time import MILLISECOND
from midas.errors import SendRefused
from midas.state.lazy import named_only
from midas.venues.binance.endpoints import Endpoints, check_schemes, is_loopback

with named_only("requests", "Session", "Response"):  # of the library's other client, which nobody uses
    from binance import AsyncClient, BinanceSocketManager, KeepAliveWebsocket
    from binance.base_client import BaseClient
    from binance.exceptions import BinanceWebsocketUnableToConnect
    from binance.ws.constants import WSListenerState
    from binance.ws.websocket_api import WebsocketAPI

RECV_WINDOW_MS = 3000  # how long a request may travel before the venue refuses it
TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 3.0
# All that its transport may throw at us in place of an answer.
TRANSPORT_ERRORS = (aiohttp.ClientError, TimeoutError, OSError)
SUBSCRIBE = "userDataStream.subscribe.signature"

# The library logs as an error what we handle and tell as an event; without this it would reach the terminal.
logging.getLogger("binance").addHandler(logging.NullHandler())
# At DEBUG the socket's log would show frames, and the first of them carries the API key.
_SOCKET_LOG = logging.getLogger(__name__)
_SOCKET_LOG.setLevel(logging.INFO)

# Port 0 can't be connected to: whatever isn't the spot API of our endpoints leads nowhere.
_NOWHERE_HTTP = "http://127.0.0.1:0/unused"
_NOWHERE_WS = "ws://127.0.0.1:0/unused"


def _free() -> str:
    """No reason against sending."""
    return ""


class Reply(msgspec.Struct, frozen=True):
    """An HTTP answer, undecoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Handover:
    """Follows one request to the transport: what was signed, and whether its bytes were handed over."""

    def __init__(self, on_sent: Callable[[int], None], refusal: Callable[[], str] = _free) -> None:
        """`on_sent` is called once, as the bytes leave, with the last venue time at which they can arrive.

        `refusal` says right before that why they may not leave; empty where they may.
        """
        self._on_sent = on_sent
        self._refusal = refusal
        self._expires_at = 0
        self.sent = False

    @property
    def as_parameter(self) -> dict[str, Handover]:
        """How python-binance passes it through to aiohttp: `requests_params=handover.as_parameter`."""
        return {"trace_request_ctx": self}

    def signed(self, timestamp_ms: int, window_ms: int) -> None:
        """Note the signing time and window that are on the wire."""
        self._expires_at = (timestamp_ms + window_ms) * MILLISECOND

    def leave(self) -> None:
        """The transport takes the bytes now. Raises SendRefused, before any, where they may not leave."""
        if not self.sent:
            if reason := self._refusal():
                raise SendRefused(reason)
            self.sent = True
            self._on_sent(self._expires_at)


class BinanceClient(AsyncClient):  # type: ignore[misc]
    """One session with the spot API. Make it inside the running loop; every REST method returns a `Reply`."""

    REQUEST_RECVWINDOW = RECV_WINDOW_MS

    def __init__(
        self, endpoints: Endpoints, api_key: str, api_secret: str, timeout_s: float = TIMEOUT_S
    ) -> None:
        check_schemes(endpoints)
        _redirect(self, BaseClient)
        self.API_URL = self.API_TESTNET_URL = self.API_DEMO_URL = endpoints.rest
        self.MARGIN_API_URL = endpoints.sapi
        self.WS_API_URL = self.WS_API_TESTNET_URL = self.WS_API_DEMO_URL = endpoints.ws_api
        self.REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_TIMEOUT_S)
        self._observers: list[Callable[[Reply], None]] = []
        super().__init__(
            api_key,
            api_secret,
            requests_params={"allow_redirects": False},
            session_params={"trace_configs": [_trace()]},
        )
        self.endpoints = endpoints
        self.ws_api = UserSocketTransport(endpoints.ws_api, timeout_s)

    def observe(self, observer: Callable[[Reply], None]) -> None:
        """Show every answer to `observer`, before whoever asked sees it."""
        self._observers.append(observer)

    async def open_user_socket(self) -> KeepAliveWebsocket:
        """A fresh user data stream on a fresh connection; the one before is dropped."""
        await self.drop_user_socket()
        self.ws_api = UserSocketTransport(self.endpoints.ws_api, self.ws_api.TIMEOUT)
        socket = Sockets(self).user_socket()
        await socket.connect()
        return socket

    async def drop_user_socket(self) -> None:
        """Close the WebSocket API's connection without waiting for its read loop to time out."""
        transport = self.ws_api
        transport.ws_state = WSListenerState.EXITING
        if transport.ws is not None:
            await transport.ws.close()
        await transport.close()

    async def close_connection(self) -> None:
        """Close both sessions; idempotent."""
        await self.drop_user_socket()
        await self.session.close()

    async def public(self, path: str, parameters: Mapping[str, str]) -> Reply:
        """An unsigned GET of the market API, such as `depth`."""
        reply: Reply = await self._get(path, **({"data": dict(parameters)} if parameters else {}))
        return reply

    async def get_exchange_info(self, **parameters: str) -> Reply:
        """GET exchangeInfo; the library's own asks for every symbol, some megabytes."""
        return await self.public("exchangeInfo", parameters)

    async def _request(self, method: str, uri: str, *arguments: Any, **named: Any) -> Any:
        if self.session.closed:  # aiohttp would raise a bare RuntimeError
            raise aiohttp.ClientConnectionError("the session is closed")
        return await super()._request(method, uri, *arguments, **named)

    def _get_request_kwargs(
        self, method: str, signed: bool, force_params: bool = False, **kwargs: Any
    ) -> dict[str, Any]:
        prepared: dict[str, Any] = super()._get_request_kwargs(method, signed, force_params, **kwargs)
        handover = prepared.get("trace_request_ctx")
        if isinstance(handover, Handover):
            wire = dict(prepared["data"])
            handover.signed(int(wire["timestamp"]), int(wire["recvWindow"]))
        return prepared

    async def _handle_response(self, response: aiohttp.ClientResponse) -> Reply:
        reply = Reply(response.status, response.headers, await response.read())
        for observer in self._observers:
            observer(reply)
        return reply

    async def _ws_api_request(self, method: str, signed: bool, params: dict[str, Any]) -> Any:
        # The library would open a new connection for anything, even to unsubscribe from a dead one.
        if method != SUBSCRIBE and self.ws_api.ws_state is not WSListenerState.STREAMING:
            raise BinanceWebsocketUnableToConnect("the WebSocket API connection is gone")
        return await super()._ws_api_request(method, signed, params)


class Sockets(BinanceSocketManager):  # type: ignore[misc]
    """The library's socket factory, on our addresses only."""

    def __init__(self, client: BinanceClient) -> None:
        _redirect(self, BinanceSocketManager)
        streams = client.endpoints.streams + "/"  # the library appends ws/<stream>
        self.STREAM_URL = self.STREAM_TESTNET_URL = self.STREAM_DEMO_URL = streams
        super().__init__(client)


class UserSocketTransport(WebsocketAPI):  # type: ignore[misc]
    """One WebSocket API connection. It never reconnects: its owner makes a new one and subscribes again."""

    MAX_RECONNECTS = 0

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__(url=url)
        self.TIMEOUT = timeout_s
        self._ws_kwargs: dict[str, Any] = {"logger": _SOCKET_LOG}
        if is_loopback(url):
            self._ws_kwargs["proxy"] = None  # the environment's proxy can't reach this machine's sockets


def _redirect(target: object, library: type) -> None:
    """Point every address that `library` knows to nowhere, on `target` only."""
    for name in dir(library):
        if name.endswith("_URL"):
            nowhere = _NOWHERE_WS if str(getattr(library, name)).startswith("ws") else _NOWHERE_HTTP
            setattr(target, name, nowhere)


def _trace() -> aiohttp.TraceConfig:
    """Tells a request's Handover when aiohttp gives its first byte to the socket."""
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_leave)
    return trace


async def _leave(
    session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestHeadersSentParams
) -> None:
    if isinstance(context.trace_request_ctx, Handover):
        context.trace_request_ctx.leave()
