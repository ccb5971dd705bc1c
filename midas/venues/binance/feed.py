"""Market data of Binance: one connection of combined streams, books and bars kept whole across failures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from picows import WSTransport

from midas.domain.instrument import Instrument
from midas.domain.market import Bar, BookDelta, FeedStatus, MessageRefused
from midas.domain.time import MILLISECOND, MINUTE, SECOND
from midas.errors import MalformedMessage, Unreachable
from midas.ports.venue import Publish
from midas.venues.binance.bars import BarSequence
from midas.venues.binance.codec import Decoded, MarketCodec
from midas.venues.binance.depth import BookEvent, DepthAssembler
from midas.venues.binance.lag import Lag
from midas.venues.binance.plan import FeedPlan, Fetch
from midas.venues.binance.renewal import AGAIN, PATIENCE, Renewal, due_at
from midas.venues.binance.repair import ROWS_MAX, Repairs
from midas.venues.binance.stream_socket import StreamSocket
from midas.venues.task import Backoff, keep_running

STREAM = "market"
RENEWAL_LOOK_S = 0.25
REASONS_MAX = 1000  # distinct reasons of refusals remembered


class _Line(NamedTuple):
    """One connection."""

    socket: StreamSocket
    transport: WSTransport


class BinanceFeed:
    """Publishes the market of some instruments: what arrived, what was lost, what was refused."""

    def __init__(
        self, plan: FeedPlan, publish: Publish, fetch: Fetch, clock: Callable[[], int],
        chance: Callable[[], float],
    ) -> None:  # fmt: skip
        """`clock` tells wall nanoseconds, `chance` draws from 0 to 1 and spreads the waits."""
        self._plan = plan
        self._publish = publish
        self._clock = clock
        self._chance = chance
        self._codec = MarketCodec(plan.instruments)
        self._repairs = Repairs(plan, self._codec, fetch, publish, clock, chance)
        self._instruments = {instrument.id: instrument for instrument in plan.instruments}
        self._books = {id_: DepthAssembler(id_) for id_ in self._instruments}
        self._bars = {
            (id_, period): BarSequence(period) for id_ in self._instruments for period in plan.periods
        }
        self._stands = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._line: _Line
        self._resting: set[str] = set()  # symbols that don't trade: they have nothing to say
        self._renewal: Renewal | None = None  # while two connections are heard
        self._connected_at = 0
        self._failure = "no answer"
        self._refused_at: dict[str, int] = {}
        self.lag = Lag(plan.speed)
        self.messages = self.bytes = self.refused = self.connections = 0
        self.last_at = 0  # wall time of the newest message

    @property
    def gaps(self) -> int:
        """How often diffs were missing."""
        return sum(book.gaps for book in self._books.values())

    @property
    def resyncs(self) -> int:
        """How often a snapshot was joined, the first ones included."""
        return sum(book.resyncs for book in self._books.values())

    async def start(self) -> None:
        """Connect and publish; returns once the connection stands.

        Raises Unreachable where that takes too long; later failures only show as FeedStatus.
        """
        assert self._task is None, "a feed is started once"
        backoff = Backoff(self._chance, self._plan.wait_first, self._plan.wait_last)
        self._task = asyncio.create_task(keep_running(self._connection, self._failed, backoff))
        try:
            await asyncio.wait_for(self._stands.wait(), self._plan.start_timeout)
        except TimeoutError:
            await self.close()
            raise Unreachable(f"the market stream can't be opened: {self._failure}") from None

    async def close(self) -> None:
        """Disconnect; idempotent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def history(self, instrument: Instrument, period: int, count: int) -> list[Bar]:
        """The last `count` closed bars before now, oldest first. Raises VenueError.

        Asked before `start`, it is where the streamed bars join: one missing in between is fetched.
        """
        bars: list[Bar] = []
        bounds: dict[str, int] = {}
        while len(bars) <= count:
            limit = min(ROWS_MAX, count + 1 - len(bars))
            rows = await self._repairs.rows(instrument, period, **bounds, limit=limit)
            bars = rows + bars
            if len(rows) < limit:
                break
            bounds = {"endTime": (rows[0].time - period) // MILLISECOND - 1}
        closed = self._closed(bars)[-count:]
        sequence = self._bars.get((instrument.id, period))
        if sequence is not None and closed:
            sequence.begin(closed[-1].time)
        return closed

    def resync(self, instrument: str, reason: str) -> None:
        """Someone found the book wrong (crossed): drop it and join a new snapshot."""
        self._tell(self._books[instrument].lost(reason, self._clock()))
        self._repairs.book(self._instruments[instrument], self._books[instrument])

    def relist(self, instrument: Instrument, trades: bool) -> None:
        """Its rules are these: where its steps changed, the book is joined anew in them."""
        (self._resting.discard if trades else self._resting.add)(instrument.symbol.lower())
        self._instruments[instrument.id] = instrument
        if self._codec.relist(instrument):
            self.resync(instrument.id, "the venue changed its steps")
            if self._renewal is not None:
                self._renewal.spoilt = True

    def stream_ages(self) -> dict[str, int]:
        """Nanoseconds since each regular stream last spoke, or since the connection opened."""
        now = self._clock()
        return {
            stream: now - max(self._codec.last_at(stream), self._connected_at)
            for stream in self._plan.regular
        }

    def _on_message(self, payload: bytes) -> None:
        self.last_at = at = self._clock()
        self.messages += 1
        self.bytes += len(payload)
        try:
            event = self._codec.decode(payload, at)
        except MalformedMessage as error:
            self._refuse(str(error), at)
            return
        if event is not None:
            self._take(event)

    def _take(self, event: Decoded) -> None:
        if isinstance(event, BookDelta):
            self._on_diff(event)
        elif isinstance(event, Bar):
            self._on_bar(event)
        else:
            if self._renewal is not None:
                self._renewal.told(event)
            self._publish(event)

    def _on_diff(self, diff: BookDelta) -> None:
        self.lag.note(diff.time, diff.at)
        book = self._books[diff.instrument]
        if book.continues(diff):
            self._publish(diff)
            return
        for event in book.on_diff(diff):
            self._publish(event)
        if book.wants_snapshot:
            self._repairs.book(self._instruments[diff.instrument], book)

    def _on_bar(self, bar: Bar) -> None:
        sequence = self._bars.get((bar.instrument, bar.period))
        if sequence is None:
            return
        for passed in sequence.on_bar(bar):
            self._publish(passed)
        if sequence.missing is not None:
            self._repairs.bars(self._instruments[bar.instrument], sequence)

    def _refuse(self, reason: str, at: int) -> None:
        self.refused += 1
        kind = reason.partition(", got")[0].partition(" in the message ")[0]
        if at - self._refused_at.get(kind, -MINUTE) < MINUTE:
            return
        if len(self._refused_at) >= REASONS_MAX:
            self._refused_at.clear()
        self._refused_at[kind] = at
        self._publish(MessageRefused(self._plan.venue, STREAM, at, reason))

    async def _connection(self) -> None:
        """One stretch without a gap, over several connections where all goes well.

        Raises Unreachable with the reason of its end.
        """
        self._line = await self._open(self._on_message)
        renewing: asyncio.Task[None] | None = None
        try:
            async with asyncio.TaskGroup() as group:
                self._repairs.begin(group)
                self._up()
                renewing = group.create_task(self._renew_in_time())
                try:
                    reason = await self._watch()
                finally:
                    renewing.cancel()
                    self._repairs.end()  # before the group, which takes no more tasks once it is leaving
        finally:
            self._line.transport.disconnect(graceful=False)
            self._down(self._line.socket.reason)
        raise Unreachable(reason)

    async def _open(self, on_message: Callable[[bytes], None]) -> _Line:
        return _Line(*await StreamSocket.open(self._plan.url, on_message))

    async def _watch(self) -> str:
        """Why the connection ended, or was given up for its silence; one that is followed doesn't matter."""
        patience = min(self._plan.connection_silence, self._plan.stream_silence) / 4
        while True:
            line = self._line
            gone = asyncio.ensure_future(line.transport.wait_disconnected())
            try:
                while not gone.done():
                    await asyncio.wait([gone], timeout=patience)
                    if not gone.done() and (silence := self._silence()):
                        line.socket.reason = silence
                        return silence
            finally:
                gone.cancel()
            if line is self._line:
                return line.socket.reason

    async def _renew_in_time(self) -> None:
        """Before the venue cuts a connection, or as soon as it says so, another one takes over."""
        due, notices = due_at(self._connected_at, self._chance()), self._codec.shutdowns
        while True:
            await asyncio.sleep(RENEWAL_LOOK_S)
            if self._clock() < due and self._codec.shutdowns == notices:
                continue
            notices, due = self._codec.shutdowns, self._clock() + AGAIN
            if await self._renew():
                due = due_at(self._connected_at, self._chance())

    async def _renew(self) -> bool:
        """Whether a fresh connection has taken over; where none could, the old one goes on."""
        renewal = self._renewal = Renewal(self._books)
        fresh: _Line | None = None
        try:
            fresh = await self._open(lambda payload: self._hold(renewal, payload))
            # Counted in looks: what is held would grow for an hour where our clock is set back by one.
            for _ in range(int(PATIENCE / SECOND / RENEWAL_LOOK_S)):
                if renewal.continues(self._clock()):
                    self._move_to(fresh, renewal)
                    return True
                if fresh.transport.is_disconnected:
                    return False
                await asyncio.sleep(RENEWAL_LOOK_S)
            return False
        except Unreachable:
            return False
        finally:
            self._renewal = None
            if fresh is not None and fresh is not self._line:
                fresh.transport.disconnect(graceful=False)

    def _hold(self, renewal: Renewal, payload: bytes) -> None:
        at = self._clock()
        try:
            event = self._codec.decode(payload, at)
        except MalformedMessage as error:
            self._refuse(str(error), at)
            return
        if event is not None:
            renewal.hold(event, at)

    def _move_to(self, fresh: _Line, renewal: Renewal) -> None:
        """Nothing waits in here, so that no message comes between both."""
        old, self._line = self._line, fresh
        old.socket.on_message = _unheard
        old.transport.disconnect(graceful=False)
        fresh.socket.on_message = self._on_message
        self.connections += 1
        self.last_at = self._connected_at = self._clock()
        for book in self._books.values():
            book.overlap()
        for event in renewal.unpublished():
            self._take(event)
        told = "on a new connection, before the venue cuts the old one"
        self._publish(FeedStatus(self._plan.venue, STREAM, self._connected_at, True, told))

    def _silence(self) -> str:
        quiet = (self._clock() - max(self.last_at, self._connected_at)) / SECOND
        if quiet > self._plan.connection_silence:
            return f"the market streams were silent for {quiet:.1f} s"
        for stream, age in self.stream_ages().items():
            if age > self._plan.stream_silence * SECOND and stream.partition("@")[0] not in self._resting:
                return f"the stream {stream} was silent for {age / SECOND:.1f} s"
        return ""

    def _up(self) -> None:
        self.connections += 1
        self._connected_at = self._clock()
        self.lag.begin()
        self._publish(FeedStatus(self._plan.venue, STREAM, self._connected_at, True))
        for id_, book in self._books.items():
            self._repairs.book(self._instruments[id_], book)
        for (id_, _), sequence in self._bars.items():
            self._repairs.bars(self._instruments[id_], sequence)
        self._stands.set()

    def _down(self, reason: str) -> None:
        at = self._clock()
        self._publish(FeedStatus(self._plan.venue, STREAM, at, False, reason))
        for book in self._books.values():
            self._tell(book.lost(reason, at))

    def _failed(self, reason: str) -> None:
        self._failure = reason

    def _tell(self, events: list[BookEvent]) -> None:
        for event in events:
            self._publish(event)

    def _closed(self, bars: list[Bar]) -> list[Bar]:
        """`bars` without the last one where it may still be open."""
        now = self._codec.market_time
        return [bar for bar in bars if bar.time <= now] if now else bars[:-1]


def _unheard(_: bytes) -> None:
    """Of a connection that another one has followed."""
