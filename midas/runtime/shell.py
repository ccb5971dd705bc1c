"""What stands around an engine: clock, journal, tape, latch, feed, broker, and when each has its turn."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

import msgspec

from midas.domain.time import SECOND
from midas.ports.clock import Clock
from midas.ports.journal import Journal, Latch, Tape
from midas.ports.venue import Broker, Feed
from midas.runtime.beats import Beat
from midas.runtime.health import Backlog, Health, Measures, Vitals
from midas.runtime.watching import Watch, Watches
from midas.state.state import State

REST_S = 50e-6
TURNS = 3  # of the loop after a rest: a commit's end, the task that waited for it, and what that starts


async def rest() -> None:
    """Let the other threads and the loop's other tasks run; why, says the runner."""
    time.sleep(REST_S)  # noqa: ASYNC251 - on purpose
    for _ in range(TURNS):
        await asyncio.sleep(0)


class Paces(msgspec.Struct, frozen=True):
    """How often the runner does what no event asks for, nanoseconds."""

    tick: int = SECOND
    flush: int = SECOND // 4
    answer: int = 3 * SECOND  # at most, for what has to be on the disk before it is told


class Shell:
    """Everything around the engine that effects need; plain attributes, set by the assembly."""

    def __init__(
        self, clock: Clock, journal: Journal, tape: Tape, latch: Latch, feed: Feed, broker: Broker,
        vitals: Callable[[], Vitals],
    ) -> None:  # fmt: skip
        self.rest = rest
        self.paces = Paces()
        self.measures: Callable[[State, deque[int], Callable[[], Backlog]], Measures] = Health
        self.watch: Callable[[State], Watches] = Watch
        self.clock = clock
        self.journal = journal
        self.tape = tape
        self.latch = latch
        self.feed = feed
        self.broker = broker
        self.vitals = vitals
        self.guards: Callable[[], list[tuple[str, str]]] = (
            list  # orders of the guard: (client id, instrument)
        )
        self.pulse: Callable[[Beat], None] = lambda _: None  # for the guard: the loop turns, and it steps
