"""Clients and what they subscribed to.

The transport's write buffer is the client's queue: messages of one batch leave in one write, and a
client that doesn't read is dropped when its buffer is full, so nobody can stall the exchange.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Callable, Iterable

from midas.domain.time import MILLISECOND
from midas.venues.sim.faults.market_faults import LineFaults, MarketFaults, Render

BUFFER_MAX = 4 * 1024 * 1024  # unread bytes until a client is dropped

_TEXT, _PING, _PONG = 0x81, 0x89, 0x8A


def frame(payload: bytes, head: int = _TEXT) -> bytes:
    """One unmasked WebSocket frame."""
    length = len(payload)
    if length < 126:
        return bytes((head, length)) + payload
    if length < 65_536:
        return struct.pack("!BBH", head, 126, length) + payload
    return struct.pack("!BBQ", head, 127, length) + payload


class Client:
    """One WebSocket connection."""

    def __init__(
        self,
        transport: asyncio.Transport,
        now: float,
        kind: str = "market",
        faults: LineFaults | None = None,
    ) -> None:
        """`kind`: "market" for streams, "user" for the WebSocket API."""
        self._transport = transport
        self._faults = faults
        self._pending: list[bytes] = []
        self._received: deque[float] = deque()
        self._pinged = b""
        self.kind = kind
        self.combined = False
        self.unit = MILLISECOND  # of the timestamps that it wants
        self.streams: dict[str, None] = {}
        self.opened_at = now
        self.pinged_at = now
        self.alive_at = now  # when it last answered a ping
        self.noticed = False  # it was told that it will be cut

    def spend_message(self, now: float, most: int) -> bool:
        """Count a message from the client; False where it sends more than `most` a second."""
        while self._received and self._received[0] <= now - 1.0:
            self._received.popleft()
        self._received.append(now)
        return len(self._received) <= most

    def send(self, framed: bytes) -> None:
        """Queue one frame for the next flush."""
        self._pending.append(framed)

    def send_now(self, payload: bytes) -> None:
        """Send one message without waiting for the end of a batch."""
        self._pending.append(frame(payload))
        self.flush()

    def ping(self, now: float, payload: bytes) -> None:
        """Ask for a sign of life: a copy of `payload`."""
        self.pinged_at, self._pinged = now, payload
        self._pending.append(frame(payload, _PING))
        self.flush()

    def pong(self, payload: bytes) -> None:
        """Answer a ping of the client."""
        self._pending.append(frame(payload, _PONG))
        self.flush()

    def heard(self, payload: bytes, now: float) -> None:
        """A pong came; only one that copies the last ping counts."""
        if payload == self._pinged:
            self.alive_at = now

    def flush(self) -> None:
        """Let everything queued leave at once."""
        if not self._pending:
            return
        joined = b"".join(self._pending)
        self._pending.clear()
        if self._faults:
            self._faults.write(self, joined)
        else:
            self.write(joined)

    def write(self, data: bytes) -> None:
        """Give bytes to the transport; drops a client that has stopped reading."""
        if self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > BUFFER_MAX:
            self._transport.abort()
            return
        self._transport.write(data)

    def drop(self) -> None:
        """Cut the connection."""
        self._transport.abort()


def _framed(stream: str, payload: bytes, combined: bool) -> bytes:
    return frame(b'{"stream":"%s","data":%s}' % (stream.encode(), payload) if combined else payload)


class Hub:
    """Which client wants which stream."""

    def __init__(self, on_first: Callable[[], None], faults: MarketFaults | None = None) -> None:
        self._faults = faults
        self._subscribers: dict[str, dict[Client, None]] = {}
        self._on_first = on_first
        self._dirty: dict[Client, None] = {}

    def wants(self, stream: str) -> bool:
        """Whether anybody listens to `stream`."""
        return stream in self._subscribers

    def publish(self, stream: str, message: bytes | Render) -> None:
        """Queue one message for everybody who listens to `stream`; it is rendered once for each unit."""
        clients = self._subscribers.get(stream)
        if not clients:
            return
        if self._faults:
            changed = self._faults.message(stream, message)
            if changed is None:
                return
            message = changed
        payloads: dict[int, bytes] = {}
        frames: dict[tuple[int, bool], bytes] = {}
        for client in clients:
            form = client.unit, client.combined
            if form not in frames:
                if client.unit not in payloads:
                    payloads[client.unit] = message if isinstance(message, bytes) else message(client.unit)
                frames[form] = _framed(stream, payloads[client.unit], client.combined)
            client.send(frames[form])
            self._dirty[client] = None

    def flush(self) -> None:
        """Let every client's messages of this batch leave."""
        for client in self._dirty:
            client.flush()
        self._dirty.clear()

    def subscribe(self, client: Client, streams: Iterable[str]) -> None:
        """Add streams; the first subscriber ever starts the market."""
        for stream in streams:
            client.streams[stream] = None
            self._subscribers.setdefault(stream, {})[client] = None
        if client.streams:
            self._on_first()

    def unsubscribe(self, client: Client, streams: Iterable[str]) -> None:
        """Take streams away."""
        for stream in list(streams):
            client.streams.pop(stream, None)
            clients = self._subscribers.get(stream, {})
            clients.pop(client, None)
            if not clients:
                self._subscribers.pop(stream, None)

    def leave(self, client: Client) -> None:
        """The client is gone."""
        self.unsubscribe(client, client.streams)
        self._dirty.pop(client, None)
