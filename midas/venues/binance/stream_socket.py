"""One WebSocket connection of market streams: whole text messages in, pings answered below us."""

from __future__ import annotations

from collections.abc import Callable

from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from midas.errors import Unreachable

_READ_BUFFER = 256 * 1024
_TEXT = WSMsgType.TEXT  # looked up once: it is compared with every frame
_MESSAGE_MAX = 10 * 1024 * 1024


class StreamSocket(WSListener):
    """Hands each text message to `on_message`; a fragmented one only when it is whole."""

    def __init__(self, on_message: Callable[[bytes], None]) -> None:
        self.on_message = on_message
        self._parts: list[bytes] = []
        self._size = 0
        self.reason = "the connection was closed"

    @classmethod
    async def open(cls, url: str, on_message: Callable[[bytes], None]) -> tuple[StreamSocket, WSTransport]:
        """Connect to `url`. Raises Unreachable."""
        socket = cls(on_message)
        try:
            transport, _ = await ws_connect(lambda: socket, url, read_buffer_init_size=_READ_BUFFER)
        except (TimeoutError, OSError, WSError) as error:
            raise Unreachable(f"can't open the market stream at {url.partition('?')[0]}: {error}") from error
        return socket, transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Called by the transport for each frame."""
        kind = frame.msg_type
        if kind is _TEXT and frame.fin:
            self.on_message(frame.get_payload_as_bytes())
        elif kind in (WSMsgType.TEXT, WSMsgType.CONTINUATION):
            self._collect(transport, frame)
        elif kind == WSMsgType.CLOSE:
            self.reason = f"the venue closed the stream ({frame.get_close_code()})"
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def _collect(self, transport: WSTransport, frame: WSFrame) -> None:
        self._parts.append(frame.get_payload_as_bytes())
        self._size += frame.payload_size
        if self._size > _MESSAGE_MAX:
            self.reason = f"the venue sent a message of over {_MESSAGE_MAX} bytes"
            transport.disconnect()
        elif frame.fin:
            whole = b"".join(self._parts)
            self._parts, self._size = [], 0
            self.on_message(whole)
