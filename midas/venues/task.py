"""A venue's long-running work, kept running: the one place where a venue task may fail unexpectedly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from midas.errors import Unreachable, VenueError

T = TypeVar("T")

TRIES = 3  # of a question that a start depends on
LASTED_S = 30.0  # a run this long was healthy: its end starts a new row of waits


class Backoff:
    """Waits that double from `first` to `last` seconds, each spread over its upper half by `chance`."""

    def __init__(self, chance: Callable[[], float], first: float = 0.5, last: float = 30.0) -> None:
        self._chance = chance
        self._first = first
        self._last = last
        self._next = first

    def wait(self) -> float:
        """How long to wait before the next try."""
        wait = self._next * (0.5 + 0.5 * self._chance())
        self._next = min(self._last, self._next * 2)
        return wait

    def reset(self) -> None:
        """Things went well: begin with the shortest wait again."""
        self._next = self._first


async def insist(ask: Callable[[], Awaitable[T]], chance: Callable[[], float]) -> T:
    """The answer to a question that changes nothing, asked again where it got none.

    One lost packet is no reason not to start. Raises what the last try raised.
    """
    backoff = Backoff(chance)
    for _ in range(TRIES - 1):
        try:
            return await ask()
        except Unreachable:
            await asyncio.sleep(backoff.wait())
    return await ask()


async def keep_running(
    work: Callable[[], Awaitable[None]], failed: Callable[[str], None], backoff: Backoff
) -> None:
    """Run `work` again whenever it ends, telling `failed` why.

    An expected error is told by its sentence, an unexpected one by its class alone: a foreign text could
    carry a signed URL.
    """
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            await work()
            reason = "ended"
        except VenueError as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001 - the seam around a venue task
            reason = f"unexpected {type(error).__name__}"
        failed(reason)
        if loop.time() - began > LASTED_S:
            backoff.reset()
        await asyncio.sleep(backoff.wait())
