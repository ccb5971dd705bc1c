"""The venue's wall time as seen from here: requests are signed in it, proofs of absence are dated in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from midas.domain.time import MILLISECOND
from midas.errors import Unreachable, VenueError

SAMPLES = 5
REFRESH_S = 60.0


class VenueClock:
    """An offset to the venue's time, taken from the sample with the shortest round trip."""

    def __init__(self, now: Callable[[], int], sample: Callable[[], Awaitable[int]]) -> None:
        """`sample` asks the venue for its time in milliseconds; `now` is our wall clock in nanoseconds."""
        self._now = now
        self._sample = sample
        self._offset = 0
        self._wanted = asyncio.Event()
        self.round_trip = 0

    @property
    def offset_ms(self) -> float:
        """What to add to our wall time, in milliseconds."""
        return self._offset / MILLISECOND

    def now(self) -> int:
        """The venue's wall time in nanoseconds, by our estimate."""
        return self._now() + self._offset

    async def refresh(self, samples: int = SAMPLES) -> None:
        """Measure anew. Raises Unreachable where not one sample succeeded; the old offset stays then."""
        best: tuple[int, int] | None = None
        failure = ""
        for _ in range(samples):
            try:
                measured = await self._measure()
            except VenueError as error:
                failure = str(error)
                continue
            best = measured if best is None else min(best, measured)
        if best is None:
            raise Unreachable(f"the venue's time can't be read: {failure}")
        self.round_trip, self._offset = best

    def suspect(self) -> None:
        """The venue refused a timestamp: measure at once."""
        self._wanted.set()

    async def keep(self, refreshed: Callable[[], None]) -> None:
        """Measure each minute, and at once when suspected, for ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), REFRESH_S)
            self._wanted.clear()
            with contextlib.suppress(VenueError):
                await self.refresh()
                refreshed()

    async def _measure(self) -> tuple[int, int]:
        before = self._now()
        stated = await self._sample() * MILLISECOND
        after = self._now()
        # The venue's stamp is cut to whole milliseconds: half of one is the mean of what was lost.
        return after - before, stated + MILLISECOND // 2 - (before + after) // 2
