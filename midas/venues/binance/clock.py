"""The venue's wall time as seen from here: requests are signed in it, proofs of absence are dated in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from midas.domain.time import MILLISECOND, SECOND
from midas.errors import Unreachable, VenueError

SAMPLES = 5
AGAIN = 2  # samples of a measurement each minute: a good clock wanders by little, and weight is scarce
REFRESH_S = 60.0
SET = SECOND // 2  # further than this no clock wanders in a minute: somebody has set it


class VenueClock:
    """An offset to the venue's time, taken from the sample with the shortest round trip."""

    def __init__(
        self,
        now: Callable[[], int],
        sample: Callable[[], Awaitable[int]],
        elapsed: Callable[[], int] | None = None,
    ) -> None:
        """`sample` asks the venue for its time in milliseconds; `now` is our wall clock in nanoseconds.

        `elapsed` is a clock that nobody sets, in nanoseconds.
        """
        self._now = now
        self._sample = sample
        self._elapsed = elapsed or now
        self._offset = 0
        self._ahead = now() - self._elapsed()  # of the clock that nobody sets, when last measured
        self._wanted = asyncio.Event()
        self.round_trip = 0

    @property
    def offset_ms(self) -> float:
        """What to add to our wall time, in milliseconds."""
        return self._offset / MILLISECOND

    def now(self) -> int:
        """The venue's wall time in nanoseconds, by our estimate."""
        return self._now() + self._offset

    def elapsed(self) -> int:
        """Nanoseconds by the clock that nobody sets."""
        return self._elapsed()

    @property
    def was_set(self) -> bool:
        """Our wall clock has been set since it was measured: what is signed now bears a wrong time."""
        return abs(self._now() - self._elapsed() - self._ahead) > SET

    async def refresh(self, samples: int = SAMPLES) -> None:
        """Measure anew. Raises Unreachable where not one sample succeeded; the old offset stays then."""
        measured: list[tuple[int, int, int]] = []
        failure = ""
        for _ in range(samples):
            try:
                measured.append(await self._measure())
            except VenueError as error:
                failure = str(error)
        if not measured:
            raise Unreachable(f"the venue's time can't be read: {failure}")
        ahead = measured[-1][2]  # what was measured before our clock was set says nothing any more
        self.round_trip, self._offset, self._ahead = min(m for m in measured if abs(m[2] - ahead) <= SET)

    def suspect(self) -> None:
        """The venue refused a timestamp: measure at once."""
        self._wanted.set()

    async def keep(self, refreshed: Callable[[], None]) -> None:
        """Measure each minute, and at once when suspected, for ever."""
        while True:
            samples = AGAIN
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), REFRESH_S)
                samples = SAMPLES
            self._wanted.clear()
            with contextlib.suppress(VenueError):
                await self.refresh(samples)
                refreshed()

    async def _measure(self) -> tuple[int, int, int]:
        """Round trip, offset, and what our clock was ahead of the one that nobody sets."""
        before = self._elapsed()
        stated = await self._sample() * MILLISECOND
        now, elapsed = self._now(), self._elapsed()
        took = elapsed - before
        # The venue's stamp is cut to whole milliseconds: half of one is the mean of what was lost.
        return took, stated + MILLISECOND // 2 - (now - took // 2), now - elapsed
