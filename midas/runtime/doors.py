"""The engine's side of the Link: a Unix socket of mode 0600, snapshots out, commands in.

Each line begins with a whole snapshot; after that a client gets the parts that changed since what it was
sent last. One that doesn't read is skipped until it does, and then gets the latest.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from midas import __version__
from midas.domain.command import Answer
from midas.domain.event import CommandGiven
from midas.errors import LinkClosed
from midas.runtime.frames import REFUSED, Give, Shown, Told, apart, decode_client, dialect, pack, read_frame
from midas.runtime.parts import COMMON_HZ, Cutter, Sent
from midas.state.snapshot import Snapshot

FOLLOWING_HZ = 1.0  # whoever wants fewer pictures than that waits for an answer
UNREAD_MAX = 256 * 1024  # bytes waiting in a client's socket before its snapshots are skipped

Command = Callable[[CommandGiven, Callable[[Answer], None]], None]


class LinkServer:
    """Serves the clients of one engine until `close`."""

    def __init__(
        self,
        path: Path,
        snapshot: Callable[[], Snapshot],
        command: Command,
        now: Callable[[], int],
        hz_max: float,
    ) -> None:
        self._path = path
        self._snapshot = snapshot
        self._command = command
        self._now = now
        self._hz_max = hz_max
        self._cutter = Cutter()
        self._server: asyncio.AbstractServer | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._following: set[asyncio.Task[None]] = set()  # of them: those that want to be shown everything
        dialect()  # of this process: what lies on the disk later may be another code
        self._painted: tuple[float, dict[str, bytes]] = (-1.0, {})

    @property
    def clients(self) -> int:
        """How many follow what goes on; a command that asks once isn't one of them."""
        return len(self._following)

    async def start(self) -> None:
        """Listen."""
        self._path.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, str(self._path))
        finally:
            os.umask(mask)

    async def close(self) -> None:
        """Close every connection; idempotent."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        for client in list(self._clients):
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        pushing: asyncio.Task[None] | None = None
        try:
            while True:
                message = decode_client(await read_frame(reader))
                if isinstance(message, Give):
                    self._give(message, writer)
                elif message.code != dialect():
                    writer.write(pack(Told(Answer(REFUSED, False, apart(__version__), 0))))
                    await writer.drain()
                    return
                else:
                    if pushing is not None:
                        pushing.cancel()
                    if message.hz >= FOLLOWING_HZ:
                        self._following.add(task)
                    pushing = asyncio.create_task(self._push(writer, message.hz))
        except (LinkClosed, ConnectionError, msgspec.MsgspecError, UnicodeDecodeError):
            pass  # a client that leaves or stammers is gone; the engine doesn't care
        finally:
            self._clients.discard(task)
            self._following.discard(task)
            if pushing is not None:
                pushing.cancel()
            writer.close()

    def _give(self, message: Give, writer: asyncio.StreamWriter) -> None:
        def answer(told: Answer) -> None:
            if not writer.is_closing():  # who asked may have left; writing to a closed transport raises
                writer.write(pack(Told(told)))

        self._command(CommandGiven(message.id, message.actor, message.command, self._now()), answer)

    async def _push(self, writer: asyncio.StreamWriter, hz: float) -> None:
        sent = Sent()
        if not hz:
            parts = sent.lacking(self._cutter.cut(self._snapshot()), quick=False)
            writer.write(pack(Shown(parts, dialect(), __version__)))
            return
        hz = min(self._hz_max, max(0.1, hz))  # in this order, so that a NaN is the least
        period, common = 1.0 / hz, max(1, round(hz / COMMON_HZ))
        turn = 0
        while not writer.is_closing():
            if writer.transport.get_write_buffer_size() < UNREAD_MAX:
                parts = sent.lacking(self._parts(period), quick=turn % common > 0)
                writer.write(pack(Shown(parts) if turn else Shown(parts, dialect(), __version__)))
                turn += 1
            await asyncio.sleep(period)

    def _parts(self, period: float) -> dict[str, bytes]:
        """The latest snapshot, painted once for all clients of about the same rate."""
        now = asyncio.get_running_loop().time()
        painted_at, parts = self._painted
        if now - painted_at > period * 0.5:
            parts = self._cutter.cut(self._snapshot())
            self._painted = (now, parts)
        return parts
