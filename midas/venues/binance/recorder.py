"""Writes the public streams of some symbols down as they come, so that the recording replays by itself.

Near the beginning of each file stand what the venue lists of each symbol and, as soon as its diffs have
begun, a depth snapshot; so it is after a gap and on a new connection. The format has no mark for a gap:
update ids that don't continue, and the new snapshot among them, tell of it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import msgspec
from picows import WSTransport

from midas.domain.instrument import Instrument
from midas.domain.time import SECOND
from midas.domain.unreadable import UNREADABLE
from midas.errors import MalformedMessage, StoreFull, Unreachable, VenueError
from midas.venues.binance.plan import Fetch
from midas.venues.binance.stream_socket import StreamSocket
from midas.venues.recording_writer import RecordingWriter
from midas.venues.task import Backoff, keep_running

STREAMS = ("depth@100ms", "bookTicker", "trade")
STREAMS_MAX = 1_024  # of one connection
FLUSH_S = 1.0

# Two lines that no venue sends, in the shape of those that it sends: who reads them knows their symbol.
SNAPSHOT = b'{"stream":"%s@depth_snapshot","data":%s}'
LISTED = b'{"stream":"%s@instrument","data":%s}'

_DEPTH_MARK = b"@depth"
_HEAD = 48  # bytes in which a message names its stream


class RecorderPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is recorded and from where; times in seconds."""

    streams_url: str  # ws://127.0.0.1:8080
    instruments: tuple[Instrument, ...]
    snapshot_limit: int = 1000
    silence_max: float = 60.0  # until a connection without messages is given up
    wait_first: float = 0.5
    wait_last: float = 30.0

    @property
    def url(self) -> str:
        """The address of the one combined connection."""
        names = [f"{listed.symbol.lower()}@{stream}" for listed in self.instruments for stream in STREAMS]
        return f"{self.streams_url.rstrip('/')}/stream?streams={'/'.join(names)}"


class _Depth(msgspec.Struct, rename={"symbol": "s", "first_id": "U", "last_id": "u", "previous_id": "pu"}):
    symbol: str
    first_id: int
    last_id: int
    previous_id: int = -1


class _Envelope(msgspec.Struct):
    data: _Depth


class _Answer(msgspec.Struct, rename={"last_id": "lastUpdateId"}):
    last_id: int


_DEPTH = msgspec.json.Decoder(_Envelope)
_ANSWER = msgspec.json.Decoder(_Answer)


class _Chain:
    """The diffs of one symbol since the last break: a snapshot is wanted that they continue."""

    def __init__(self) -> None:
        self.first_id = self.last_id = self.snapshot_id = 0
        self.joined = self.asking = False

    @property
    def whole(self) -> bool:
        """Whether the file holds a snapshot and a diff that continues it."""
        return self.joined and self.last_id > self.snapshot_id

    def on_diff(self, diff: _Depth) -> bool:
        """Take one more; whether diffs before it are missing."""
        gap = self.last_id > 0 and self.last_id not in (diff.first_id - 1, diff.previous_id)
        if gap or not self.first_id:
            self.first_id, self.joined = diff.first_id, False
        self.last_id = diff.last_id
        return gap

    def begin(self) -> None:
        """A new file or connection: nobody vouches for the diffs before."""
        self.first_id, self.joined = 0, False


class Recorder:
    """Records until it is stopped, whatever the connection does."""

    def __init__(
        self, plan: RecorderPlan, writer: RecordingWriter, fetch: Fetch, clock: Callable[[], int],
        chance: Callable[[], float],
    ) -> None:  # fmt: skip
        """`clock` tells wall nanoseconds, `chance` draws from 0 to 1 and spreads the waits."""
        self._plan = plan
        self._writer = writer
        self._fetch = fetch
        self._clock = clock
        self._chance = chance
        self._chains = {listed.symbol: _Chain() for listed in plan.instruments}
        self._asking: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._failure: StoreFull | None = None
        self._heard_at = 0
        self.connected = False
        self.connections = self.gaps = self.snapshots = 0
        self.problem = ""  # why the connection was lost, or a snapshot refused, the last time

    async def run(self) -> None:
        """Record until `stop`. Raises StoreFull where the disk takes no more."""
        backoff = Backoff(self._chance, self._plan.wait_first, self._plan.wait_last)
        task = asyncio.create_task(keep_running(self._connection, self._failed, backoff))
        try:
            while not self._ended.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), FLUSH_S)
                self._storing(self._writer.flush)
        finally:
            await _cancel([task, *self._asking])
            self._storing(self._writer.close)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Let `run` end with everything written."""
        self._ended.set()

    async def _connection(self) -> None:
        """One life of the connection. Raises Unreachable where none can be had."""
        socket, transport = await StreamSocket.open(self._plan.url, self._on_message)
        try:
            self.connected = True
            self.connections += 1
            self._heard_at = self._clock()
            self._begin()
            await self._watch(socket, transport)
        finally:
            self.connected = False
            transport.disconnect(graceful=False)
        raise Unreachable(socket.reason)

    async def _watch(self, socket: StreamSocket, transport: WSTransport) -> None:
        """Until the connection ends or has been silent for too long."""
        gone = asyncio.ensure_future(transport.wait_disconnected())
        try:
            while not gone.done():
                await asyncio.wait([gone], timeout=self._plan.silence_max / 4)
                if self._clock() - self._heard_at > self._plan.silence_max * SECOND:
                    socket.reason = f"the streams were silent for over {self._plan.silence_max:g} s"
                    return
        finally:
            gone.cancel()

    def _on_message(self, message: bytes) -> None:
        self._heard_at = now = self._clock()
        if self._failure is not None or not message.startswith(b'{"stream"'):
            return
        if not message.isascii() and not _is_text(message):
            self.problem = "a message isn't what the venue documents: it is no UTF-8"
            return  # whoever replays the file would refuse it as a whole
        self._write(now, message)
        if _DEPTH_MARK in message[:_HEAD]:
            self._on_depth(message)

    def _on_depth(self, message: bytes) -> None:
        try:
            diff = _DEPTH.decode(message).data
        except UNREADABLE as error:
            self.problem = f"a depth message isn't what the venue documents: {error}"
            return
        chain = self._chains.get(diff.symbol)
        if chain is None:
            return
        self.gaps += chain.on_diff(diff)
        if not chain.joined and not chain.asking:
            chain.asking = True
            task = asyncio.create_task(self._join(diff.symbol, chain))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _join(self, symbol: str, chain: _Chain) -> None:
        """Ask for snapshots until one is as new as the diffs of the file."""
        backoff = Backoff(self._chance, self._plan.wait_first, self._plan.wait_last)
        parameters = {"symbol": symbol, "limit": str(self._plan.snapshot_limit)}
        try:
            while not chain.joined:
                try:
                    answer = await self._fetch("depth", parameters)
                    self._on_snapshot(symbol, chain, answer)
                except VenueError as error:
                    self.problem = f"no depth snapshot of {symbol}: {error}"
                if not chain.joined:
                    await asyncio.sleep(backoff.wait())
        finally:
            chain.asking = False

    def _on_snapshot(self, symbol: str, chain: _Chain, answer: bytes) -> None:
        try:
            last_id = _ANSWER.decode(answer).last_id
        except UNREADABLE as error:
            raise MalformedMessage(f"the answer isn't what the venue documents: {error}") from None
        if not chain.first_id or last_id < chain.first_id - 1:
            return  # it lags behind the stream: between the two lie updates that nobody has
        chain.joined, chain.snapshot_id = True, last_id
        self.snapshots += 1
        self._write(self._clock(), SNAPSHOT % (symbol.lower().encode(), answer))

    def _write(self, now: int, message: bytes) -> None:
        whole = all(chain.whole for chain in self._chains.values())
        if not self._storing(lambda: self._writer.write(now, message, whole)):
            return
        self._begin()
        for listed in self._plan.instruments:
            line = LISTED % (listed.symbol.lower().encode(), msgspec.json.encode(listed))
            self._storing(lambda line=line: self._writer.write(now, line))  # type: ignore[misc]

    def _begin(self) -> None:
        for chain in self._chains.values():
            chain.begin()

    def _storing(self, act: Callable[[], bool | None]) -> bool:
        """Do something to the disk; where it refuses, recording ends."""
        if self._failure is not None:
            return False
        try:
            return bool(act())
        except StoreFull as error:
            self._failure = error
            self._ended.set()
            return False

    def _failed(self, reason: str) -> None:
        self.problem = reason


def _is_text(message: bytes) -> bool:
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
