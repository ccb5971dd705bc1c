"""Frames of the Link: a 4-byte little-endian length, then msgpack."""

from __future__ import annotations

import asyncio
import socket
import struct

import msgspec

from midas.domain.command import Answer, Command
from midas.errors import LinkClosed
from midas.runtime.parts import Parts

LENGTH = struct.Struct("<I")
FRAME_MAX = 16 * 1024 * 1024


class Subscribe(msgspec.Struct, frozen=True, tag="subscribe"):
    """Send snapshots, at most `hz` a second, beginning with a whole one; 0 sends only that."""

    hz: float


class Give(msgspec.Struct, frozen=True, tag="give"):
    """A command; the answer comes back under the same id."""

    id: str
    actor: str
    command: Command


class Told(msgspec.Struct, frozen=True, tag="told"):
    """The engine's answer to a command."""

    answer: Answer


class Shown(msgspec.Struct, frozen=True, tag="shown"):
    """The parts of a snapshot that changed since the frame before; the first frame has them all."""

    parts: Parts


FromClient = Subscribe | Give
FromEngine = Told | Shown

encode = msgspec.msgpack.Encoder().encode
decode_client = msgspec.msgpack.Decoder(FromClient).decode
decode_engine = msgspec.msgpack.Decoder(FromEngine).decode


def pack(message: Subscribe | Give | Told | Shown) -> bytes:
    """One frame."""
    body = encode(message)
    return LENGTH.pack(len(body)) + body


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """The body of the next frame. Raises LinkClosed at the end of the stream or on nonsense."""
    try:
        (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
        if length > FRAME_MAX:
            raise LinkClosed(f"a frame of {length} bytes is no Link frame")
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        raise LinkClosed("the other side closed the connection") from None


def receive_frame(connection: socket.socket) -> bytes:
    """As `read_frame`, blocking. Raises LinkClosed, TimeoutError."""
    (length,) = LENGTH.unpack(_exactly(connection, LENGTH.size))
    if length > FRAME_MAX:
        raise LinkClosed(f"a frame of {length} bytes is no Link frame")
    return _exactly(connection, length)


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        try:
            part = connection.recv(size - len(parts))
        except ConnectionError:
            part = b""
        if not part:
            raise LinkClosed("the engine closed the connection")
        parts += part
    return bytes(parts)
