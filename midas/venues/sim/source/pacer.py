"""Runs a market source at its speed: market time goes by `speed` times as fast as the wall."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from midas.domain.time import SECOND
from midas.venues.sim.source.feed import Feed
from midas.venues.sim.source.market import MarketEvent, Source

GRAIN = 0.002  # seconds: the shortest sleep; events nearer together leave in one batch
BATCH_MAX = 500  # events until the loop may serve somebody else


class Pacer:
    """Holds the market until it is started, then hands out its events when they are due."""

    def __init__(
        self,
        source: Source | Feed,
        speed: float,
        handle: Callable[[MarketEvent], None],
        flush: Callable[[], None],
    ) -> None:
        self._source = source
        self._speed = speed
        self._handle = handle
        self._flush = flush
        self._go = asyncio.Event()
        self.events = 0
        self.ended = False

    @property
    def started(self) -> bool:
        """Whether the market runs or has run."""
        return self._go.is_set()

    def start(self) -> None:
        """Let the market run; calling it again changes nothing."""
        self._go.set()

    async def run(self) -> None:
        """Run the market to its end."""
        await self._go.wait()
        loop = asyncio.get_running_loop()
        events = self._source.events()
        event = next(events, None)
        if event is not None:
            origin, began = event.at, loop.time()
        while event is not None:
            due = origin + int((loop.time() - began) * self._speed * SECOND)
            event, complete = self._batch(event, events, due)
            self._flush()
            if event is not None:
                wait = (event.at - origin) / SECOND / self._speed - (loop.time() - began)
                await asyncio.sleep(max(GRAIN, wait) if complete else 0)
        self.ended = True

    def _batch(
        self, event: MarketEvent | None, events: Iterator[MarketEvent], due: int
    ) -> tuple[MarketEvent | None, bool]:
        """Hand out what is due; the next event, and whether everything due was handed out."""
        for _ in range(BATCH_MAX):
            if event is None or event.at > due:
                return event, True
            self._handle(event)
            self.events += 1
            event = next(events, None)
        return event, False
