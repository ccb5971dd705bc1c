"""A proxy on this machine that hurts what passes: HTTP/1.1 request by request, WebSockets as bytes.

Within a test it is an object; `python -m tests.fakes.proxy --target PORT` makes it a process of its own. Its
first line of output names its port and the port on which it takes the same orders as JSON lines:

    {"arm": {"kind": "drop_answer", "path": "POST /api/v3/order", "chance": 0.1, "times": 0}}
    {"disarm": true}    {"cut": "/ws-api"}    {"say": true}

It counts the order requests that arrive here by `newClientOrderId`, before anything is done to them: what a
client sent twice shows, whatever became of it.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import msgspec

ORDER = "POST /api/v3/order"
CHUNK = 65_536
SPARED = "/sim/"  # the exchange's own word about itself: whoever starts an engine asks for it

Kind = Literal[
    "delay",  # the request waits for `seconds` before it goes on
    "delay_answer",
    "drop_request",  # it never arrives, and nothing is said
    "drop_answer",  # it arrives, and nothing is said
    "duplicate",  # it arrives twice, answered once
    "reset_before",  # the connection is reset instead of passing it on
    "reset_after",  # it arrives, then the connection is reset
    "reset_mid",  # half of the answer comes
    "half_open",  # from now on silence both ways, and no FIN
    "slow",  # what comes back has `rate` bytes a second; also of a WebSocket
    "flood",  # a WebSocket brings `body` as a message, `rate` times, before anything of the venue's
    "answer",  # `status` and `body` instead of the venue's answer; with `effect` the request arrived
]


class Fault(msgspec.Struct, kw_only=True):
    """One way to hurt requests (or WebSockets, by their path) that begin with `path`."""

    kind: Kind
    path: str = ""  # "POST /api/v3/order"; "GET /ws-api" is a WebSocket; empty: every request
    times: int = 1  # 0: until disarmed
    chance: float = 1.0
    seconds: float = 0.0
    rate: int = 4096
    status: int = 503
    headers: dict[str, str] = {}
    body: str = ""
    effect: bool = False
    done: int = 0

    def takes(self, line: str, chance: random.Random) -> bool:
        """Whether this request is hurt now."""
        if not line.startswith(self.path) or (self.times and self.done >= self.times):
            return False
        if self.chance < 1.0 and chance.random() >= self.chance:
            return False
        self.done += 1
        return True


class Request(msgspec.Struct):
    """One request as it came."""

    line: str  # "POST /api/v3/order"
    raw: bytes
    upgrade: bool
    client_id: str = ""  # of a new order


class Reset(Exception):
    """Reset this connection."""


class Connection:
    """A client here and its connection to the venue."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: int) -> None:
        self.reader, self.writer = reader, writer
        self.line = ""
        self._target = target
        self._venue: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def venue(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The venue's side, opened when it is first needed."""
        if self._venue is None:
            self._venue = await asyncio.open_connection("127.0.0.1", self._target)
        return self._venue

    async def asked(self, request: Request) -> bytes:
        """The venue's whole answer."""
        reader, writer = await self.venue()
        writer.write(request.raw)
        await writer.drain()
        return (await _message(reader))[1]

    async def asked_aside(self, request: Request) -> None:
        """The same request over another connection; its answer goes nowhere."""
        aside = Connection(self.reader, self.writer, self._target)
        try:
            await aside.asked(request)
        finally:
            if aside._venue is not None:
                aside._venue[1].close()

    def reset(self) -> None:
        """Both sides, at once; the client sees RST."""
        linger = self.writer.get_extra_info("socket")
        if linger is not None:
            with suppress(OSError):
                linger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.writer.transport.abort()
        if self._venue is not None:
            self._venue[1].transport.abort()


class FaultProxy:
    """Listens at `port` once started; whatever isn't armed passes unchanged."""

    def __init__(self, target: int, seed: int = 1) -> None:
        """`target`: the venue's port on this machine."""
        self.port = 0
        self.orders: Counter[str] = Counter()  # order requests that arrived here, by client id
        self.requests: Counter[str] = Counter()  # "GET /api/v3/account" -> how often
        self.faults: list[Fault] = []
        self.hurt: Counter[str] = Counter()
        self._target = target
        self._chance = random.Random(seed)
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._open: set[Connection] = set()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End every connection."""
        if self._server is not None:
            self._server.close()
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def arm(self, kind: Kind, path: str = "", **fields: Any) -> Fault:
        """Hurt what matches from now on."""
        fault = Fault(kind=kind, path=path, **fields)
        self.faults.append(fault)
        return fault

    def disarm(self) -> None:
        """Hurt nothing from now on; what is silent stays silent."""
        self.faults.clear()

    def cut(self, path: str = "") -> int:
        """Reset every connection whose newest request begins with `path`; how many there were."""
        found = [each for each in self._open if each.line.partition(" ")[2].startswith(path)]
        for connection in found:
            connection.reset()
        return len(found)

    def twice(self) -> list[str]:
        """Client ids whose order request came more than once."""
        return sorted(name for name, count in self.orders.items() if count > 1)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._spawn(self._serve(Connection(reader, writer, self._target)))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _serve(self, connection: Connection) -> None:
        self._open.add(connection)
        try:
            while (request := await _request(connection.reader)) is not None:
                connection.line = request.line
                self._count(request)
                fault = self._fault(request)
                if request.upgrade:
                    await self._websocket(connection, request, fault)
                    return
                await self._pass(connection, request, fault)
        except (Reset, OSError, EOFError):
            return
        finally:
            self._open.discard(connection)
            connection.reset()

    def _count(self, request: Request) -> None:
        self.requests[request.line] += 1
        if request.client_id:
            self.orders[request.client_id] += 1

    def _fault(self, request: Request) -> Fault | None:
        if SPARED in request.line:
            return None
        found = next((each for each in self.faults if each.takes(request.line, self._chance)), None)
        if found is not None:
            self.hurt[found.kind] += 1
        return found

    async def _pass(self, connection: Connection, request: Request, fault: Fault | None) -> None:
        kind = fault.kind if fault else ""
        seconds = fault.seconds if fault else 0.0
        if kind == "delay":
            await asyncio.sleep(seconds)
        if kind in ("drop_request", "half_open"):
            await _silence(connection.reader)
        if kind == "reset_before":
            raise Reset
        if kind == "duplicate":
            await connection.asked_aside(request)
        if fault is not None and kind == "answer" and not fault.effect:
            answer = _made(fault)
        else:
            answer = await connection.asked(request)
        if kind == "drop_answer":
            await _silence(connection.reader)
        if kind == "reset_after":
            raise Reset
        if fault is not None and kind == "answer":
            answer = _made(fault)
        if kind == "delay_answer":
            await asyncio.sleep(seconds)
        connection.writer.write(answer[: len(answer) // 2] if kind == "reset_mid" else answer)
        await connection.writer.drain()
        if kind == "reset_mid":
            await asyncio.sleep(0.01)  # a reset overtakes what hasn't left yet
            raise Reset

    async def _websocket(self, connection: Connection, request: Request, fault: Fault | None) -> None:
        if fault is not None and fault.kind in ("reset_before", "drop_request"):
            if fault.kind == "drop_request":
                await _silence(connection.reader)
            raise Reset
        reader, writer = await connection.venue()
        writer.write(request.raw)
        if fault is not None and fault.kind == "flood":
            connection.writer.write(await reader.readuntil(b"\r\n\r\n") + _frame(fault.body) * fault.rate)
        rate = fault.rate if fault is not None and fault.kind == "slow" else 0
        ways = [
            self._spawn(self._bytes(connection, connection.reader, writer, 0)),
            self._spawn(self._bytes(connection, reader, connection.writer, rate)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()

    async def _bytes(
        self, connection: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rate: int
    ) -> None:
        """One direction of a WebSocket; bytes of one that is silenced are read and go nowhere."""
        with suppress(OSError):
            while data := await reader.read(rate // 10 or CHUNK):
                if self._goes_silent(connection):
                    continue
                writer.write(data)
                await writer.drain()
                if rate:
                    await asyncio.sleep(0.1)

    def _goes_silent(self, connection: Connection) -> bool:
        """A `half_open` with `times=0` silences every WebSocket of its path, both ways, until disarmed."""
        silent = [f for f in self.faults if f.kind == "half_open" and connection.line.startswith(f.path)]
        return any(fault.times == 0 and fault.path.startswith("GET /") for fault in silent)


@asynccontextmanager
async def proxied(target: int, seed: int = 1) -> AsyncIterator[FaultProxy]:
    """A proxy until the end of the block."""
    proxy = FaultProxy(target, seed)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()


async def _silence(reader: asyncio.StreamReader) -> None:
    """No answer and no FIN, for as long as the other side stays."""
    with suppress(OSError):
        while await reader.read(CHUNK):
            pass
    raise Reset


async def _request(reader: asyncio.StreamReader) -> Request | None:
    """The next request; None where the client has gone."""
    try:
        head, raw = await _message(reader)
    except (EOFError, OSError):
        return None
    method, _, rest = head.partition(" ")
    target = urlsplit(rest.partition(" ")[0])
    line = f"{method} {target.path}"
    upgrade = "\r\nupgrade: websocket" in head.lower()
    body = raw[raw.index(b"\r\n\r\n") + 4 :].decode(errors="replace")
    ids = parse_qs(f"{target.query}&{body}").get("newClientOrderId", [""]) if line == ORDER else [""]
    return Request(line, raw, upgrade, ids[0])


async def _message(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Head as text, and all bytes of one HTTP message. Raises EOFError where there is none."""
    head = await reader.readuntil(b"\r\n\r\n")
    text = head.decode("latin-1")
    names = {n.strip().lower(): v.strip() for n, _, v in (row.partition(":") for row in text.split("\r\n"))}
    if names.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while not body.endswith(b"0\r\n\r\n"):
            body += await reader.readuntil(b"\r\n")
        return text, head + body
    length = int(names.get("content-length", 0))
    return text, head + (await reader.readexactly(length) if length else b"")


def _frame(text: str) -> bytes:
    """One text message as a server sends it."""
    body = text.encode()
    assert 125 < len(body) < CHUNK, "of a middling length"
    return b"\x81\x7e" + len(body).to_bytes(2, "big") + body


def _made(fault: Fault) -> bytes:
    body = fault.body.encode()
    lines = [
        f"HTTP/1.1 {fault.status} Made",
        f"Content-Length: {len(body)}",
        "Content-Type: application/json",
    ]
    lines += [f"{name}: {value}" for name, value in fault.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class _Said(msgspec.Struct):
    """One line of the control socket."""

    arm: Fault | None = None
    disarm: bool = False
    cut: str | None = None
    say: bool = False


class _Word(msgspec.Struct):
    """What it answers to each."""

    orders: int
    twice: list[str]
    hurt: dict[str, int]


async def _serve(target: int, seed: int) -> None:
    """Until its standard input says something, or ends."""
    async with proxied(target, seed) as proxy:

        async def told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while line := await reader.readline():
                said = msgspec.json.decode(line, type=_Said)
                if said.disarm:
                    proxy.disarm()
                if said.arm is not None:
                    proxy.faults.append(said.arm)
                if said.cut is not None:
                    proxy.cut(said.cut)
                word = _Word(len(proxy.orders), proxy.twice(), dict(proxy.hurt))
                writer.write(msgspec.json.encode(word) + b"\n")
                await writer.drain()
            writer.close()

        control = await asyncio.start_server(told, "127.0.0.1", 0)
        print(msgspec.json.encode([proxy.port, control.sockets[0].getsockname()[1]]).decode(), flush=True)
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(sys.stdin.fileno(), ended.set)
        await ended.wait()
        control.close()


def main() -> None:
    """A process of its own, for as long as its standard input is open."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", type=int, required=True, help="the venue's port on this machine")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.target, arguments.seed))


if __name__ == "__main__":
    main()
