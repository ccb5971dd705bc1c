"""The exchange's listening port, which can be closed for a while and opened again under its number."""

from __future__ import annotations

import asyncio
import errno
import socket

from aiohttp import web

from midas.errors import AlreadyRunning

FREED_WITHIN = 200  # looks, 5 ms apart: a loop may let go of a closed socket a little later
_LOOK = 0.005


class Port:
    """One address; connections that stand outlive its closing."""

    def __init__(self, runner: web.AppRunner, host: str, number: int) -> None:
        """Bound, not listening. Raises AlreadyRunning where the port is taken."""
        self._runner = runner
        self._socket = _bound(host, number)
        self._site: web.SockSite | None = None
        self._wanted = True
        self._changed = asyncio.Event()
        self.host = host
        self.number = int(self._socket.getsockname()[1])

    def refuse(self, cut: bool) -> None:
        """Refuse connections from now on; `cut`: those that stand end, too."""
        self._wanted = False
        self._changed.set()
        if cut:
            server = self._runner.server
            for connection in server.connections if server is not None else ():
                if connection.transport is not None:
                    connection.transport.abort()

    def admit(self) -> None:
        """Take connections again."""
        self._wanted = True
        self._changed.set()

    async def keep(self) -> None:
        """Open and close as it is asked for. Never returns; raises AlreadyRunning if the number is lost."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._wanted:
                await self.open()
            else:
                await self._close()

    async def open(self) -> None:
        """Listen; calling it again changes nothing."""
        if self._site is None:
            self._site = web.SockSite(self._runner, self._socket)
            await self._site.start()

    def close(self) -> None:
        """Let go of a socket that doesn't listen; the runner closes one that does."""
        if self._site is None:
            self._socket.close()

    async def _close(self) -> None:
        """Stop listening. The number stays ours: it is bound again at once."""
        if self._site is None:
            return
        site, self._site = self._site, None
        await site.stop()
        for _ in range(FREED_WITHIN):
            try:
                self._socket = _bound(self.host, self.number)
                return
            except AlreadyRunning:
                await asyncio.sleep(_LOOK)
        self._socket = _bound(self.host, self.number)


def _bound(host: str, number: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setblocking(False)
    try:
        made.bind((host, number))
    except OSError as error:
        made.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise AlreadyRunning(
            f"port {number} on {host} is in use; stop its owner or choose another (0: any)"
        ) from error
    return made
