"""What the streams can't give: book snapshots and missing bars, fetched until they are here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from midas.domain.instrument import Instrument
from midas.domain.market import Bar
from midas.domain.time import MILLISECOND, SECOND
from midas.errors import RateLimited, VenueError
from midas.ports.venue import Publish
from midas.venues.binance.bars import BarSequence
from midas.venues.binance.candles import bars_of_rows
from midas.venues.binance.codec import MarketCodec
from midas.venues.binance.depth import DepthAssembler
from midas.venues.binance.plan import FeedPlan, Fetch
from midas.venues.intervals import interval
from midas.venues.task import Backoff

ROWS_MAX = 1000  # klines in one answer
FILL_TRIES = 5  # fetches that bring nothing before a hole among the bars stays


class Repairs:
    """At most one running repair for each book and each row of bars, living as long as its connection."""

    def __init__(
        self, plan: FeedPlan, codec: MarketCodec, fetch: Fetch, publish: Publish, clock: Callable[[], int],
        chance: Callable[[], float],
    ) -> None:  # fmt: skip
        self._plan = plan
        self._codec = codec
        self._fetch = fetch
        self._publish = publish
        self._clock = clock
        self._chance = chance
        self._group: asyncio.TaskGroup | None = None
        self._running: dict[object, asyncio.Task[None]] = {}
        self.failures = 0

    def begin(self, group: asyncio.TaskGroup) -> None:
        """Repairs run in `group` from now on."""
        self._group = group

    def end(self) -> None:
        """Stop every repair: the connection is gone, what they would join no longer comes."""
        self._group = None
        for task in self._running.values():
            task.cancel()
        self._running.clear()

    def book(self, instrument: Instrument, assembler: DepthAssembler) -> None:
        """Fetch snapshots until one is continued by the diffs."""
        self._start(assembler, lambda: self._join(instrument, assembler))

    def bars(self, instrument: Instrument, sequence: BarSequence) -> None:
        """Fetch the bars missing before those that `sequence` holds."""
        self._start(sequence, lambda: self._fill(instrument, sequence))

    async def rows(self, instrument: Instrument, period: int, **bounds: int) -> list[Bar]:
        """One answer of `GET klines`. Raises VenueError."""
        parameters = {"symbol": instrument.symbol, "interval": interval(period)}
        parameters |= {name: str(bound) for name, bound in bounds.items()}
        body = await self._fetch("klines", parameters)
        return bars_of_rows(instrument.id, period, body, self._clock())

    def _start(self, key: object, work: Callable[[], Coroutine[None, None, None]]) -> None:
        running = self._running.get(key)
        if self._group is not None and (running is None or running.done()):
            self._running[key] = self._group.create_task(work())

    async def _join(self, instrument: Instrument, assembler: DepthAssembler) -> None:
        backoff = self._backoff()
        parameters = {"symbol": instrument.symbol, "limit": str(self._plan.snapshot_limit)}
        while assembler.wants_snapshot:
            try:
                body = await self._fetch("depth", parameters)
                snapshot = self._codec.snapshot(instrument.symbol, body, self._clock())
            except VenueError as error:
                await self._wait(backoff, error)
                continue
            for event in assembler.on_snapshot(snapshot):
                self._publish(event)
            if assembler.wants_snapshot:
                await self._wait(backoff)

    async def _fill(self, instrument: Instrument, sequence: BarSequence) -> None:
        backoff, tries = self._backoff(), 0
        while (missing := sequence.missing) is not None:
            first_open, last_open = missing[0] - sequence.period, missing[1] - sequence.period
            bounds = {"startTime": first_open // MILLISECOND, "endTime": last_open // MILLISECOND}
            rows: list[Bar] = []
            error: VenueError | None = None
            try:
                rows = await self.rows(instrument, sequence.period, **bounds, limit=ROWS_MAX)
            except VenueError as failure:
                error = failure
            passed = sequence.fill(rows)
            tries = 0 if passed else tries + 1
            if tries == FILL_TRIES:
                passed, tries = sequence.skip(rows), 0
            for bar in passed:
                self._publish(bar)
            if not passed:
                await self._wait(backoff, error)

    async def _wait(self, backoff: Backoff, error: VenueError | None = None) -> None:
        wait = backoff.wait()
        if error is not None:
            self.failures += 1
        if isinstance(error, RateLimited):
            wait = max(wait, (error.retry_at - self._clock()) / SECOND)
        await asyncio.sleep(wait)

    def _backoff(self) -> Backoff:
        return Backoff(self._chance, self._plan.wait_first, self._plan.wait_last)
