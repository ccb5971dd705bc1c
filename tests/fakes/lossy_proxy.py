"""A proxy on this machine that can swallow what the venue answers after it has done the work."""

from __future__ import annotations

import asyncio


class LossyProxy:
    """Passes bytes both ways; while `losing`, an answer is replaced by a cut connection."""

    def __init__(self, target_port: int) -> None:
        self.losing = False
        self.port = 0
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._passing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        for task in list(self._passing):
            task.cancel()
        if self._server is not None:
            self._server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        venue_reader, venue_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        for work in (self._ask(reader, venue_writer), self._answer(venue_reader, writer)):
            task = asyncio.create_task(work)
            self._passing.add(task)
            task.add_done_callback(self._passing.discard)

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if self.losing:
                break
            writer.write(data)
        writer.close()
