"""Frames of the Link: a 4-byte little-endian length, then msgpack.

Both sides say in their first frame which code says what goes over the line; different ones part at once.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import socket
import struct
from pathlib import Path

import msgspec

from midas import __version__
from midas.domain.command import Answer, Command
from midas.errors import LinkClosed
from midas.runtime.parts import Parts

LENGTH = struct.Struct("<I")
FRAME_MAX = 16 * 1024 * 1024


class Subscribe(msgspec.Struct, frozen=True, tag="subscribe"):
    """Send snapshots, at most `hz` a second, beginning with a whole one; 0 sends only that."""

    hz: float
    code: str = ""  # `dialect` of the client
    version: str = ""


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
    code: str = ""  # `dialect` of the engine, in the first frame
    version: str = ""


FromClient = Subscribe | Give
FromEngine = Told | Shown

REFUSED = ""  # the id of the answer that refuses a line

_PACKAGE = Path(__file__).resolve().parent.parent
_SPOKEN = ("domain", "state/snapshot.py", "runtime/frames.py", "runtime/parts.py")

encode = msgspec.msgpack.Encoder().encode
decode_client = msgspec.msgpack.Decoder(FromClient).decode
decode_engine = msgspec.msgpack.Decoder(FromEngine).decode


@functools.cache
def dialect() -> str:
    """Hash of the code that says what goes over the line, as it was when this process first asked."""
    digest = hashlib.sha256(__version__.encode())
    for part in _SPOKEN:
        root = _PACKAGE / part
        for path in sorted(root.rglob("*.py")) if root.is_dir() else [root]:
            digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def subscription(hz: float) -> Subscribe:
    """What a client of this code opens its line with."""
    return Subscribe(hz, dialect(), __version__)


def apart(version: str) -> str:
    """The sentence for a person whose client is of other code than the engine, which is midas `version`."""
    other = f"of other code (midas {version or 'before 0.1.0'}) than this one (midas {__version__})"
    if version == __version__:
        other = f"of other code than this one, though both are midas {version}"
    return (
        f"the engine is {other}: `midas stop` ends it and `midas` starts it anew, or use the code that it "
        "runs; `midas kill` works"
    )


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
