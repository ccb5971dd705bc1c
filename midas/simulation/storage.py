"""A disk behind the ports of journal, tape and latch: what was not synced may be lost, as after a power cut.

A journal is a row of records of which a prefix is durable. A barrier takes a drawn time; it raises StoreFull
while the disk is full or broken and the records stay in order, as the real journal does it. A crash keeps the
durable prefix and a drawn part of what follows, never anything behind a hole.
"""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_right
from collections.abc import Callable

import msgspec

from midas.domain.carry import Carried
from midas.domain.mode import KillLevel
from midas.errors import StoreFull
from midas.ports.journal import LatchRecord
from midas.runtime.replay import Row
from midas.runtime.takeover import Sold
from midas.simulation.loop import Process, SimLoop

SYNC_S = 0.004  # mean of a good disk's fsync
COMMIT_S = 0.05  # the real journal writes by itself so often
_LEVELS = list(KillLevel)


class Disk:
    """One machine's disk, which outlives every process on it."""

    def __init__(self, loop: SimLoop, chance: random.Random) -> None:
        self._loop = loop
        self._chance = chance
        self.sessions: list[SimJournal] = []
        self.latched: LatchRecord | None = None
        self.guards_sales: tuple[Sold, ...] = ()  # of the guard's newest report
        self._full = False
        self._slow_s = 0.0
        self._well_since = 0.0
        self.calls = 0  # to sync, or to write at once
        self.refused_call = 0
        self.on_write: Callable[[str], None] = lambda _: (
            None
        )  # told where a crash may come between two writes

    @property
    def full(self) -> bool:
        """Nothing can be written."""
        return self._full

    @full.setter
    def full(self, full: bool) -> None:
        self._turn()
        self._full = full

    @property
    def slow_s(self) -> float:
        """What every sync takes on top, virtual seconds."""
        return self._slow_s

    @slow_s.setter
    def slow_s(self, slow_s: float) -> None:
        self._turn()
        self._slow_s = slow_s

    def settled(self) -> float:
        """What was appended at that virtual second or before has been written by itself."""
        if self._full or self._slow_s or self._loop.now < self._well_since + COMMIT_S:
            return -1.0
        return self._loop.now - COMMIT_S

    def _turn(self) -> None:
        """Good and bad times change: what has been written until now stays written."""
        if self.sessions:
            self.sessions[-1].settle()
        self._well_since = self._loop.now

    def sync_s(self) -> float:
        """How long the next sync takes, virtual seconds."""
        return self._chance.expovariate(1 / SYNC_S) + self.slow_s

    def check(self) -> None:
        """One call. Raises StoreFull while nothing can be written, and for the one that is to be refused."""
        self.calls += 1
        if self.full or self.calls == self.refused_call:
            raise StoreFull("the simulated disk takes no more")

    def lose(self, journal: SimJournal) -> None:
        """The power is gone: of what wasn't synced a beginning is left, which may be all or nothing."""
        durable = journal.durable
        journal.cut(durable + self._chance.randint(0, len(journal.rows) - durable))


class SimJournal:
    """The `Journal` port of one session."""

    def __init__(self, disk: Disk, loop: SimLoop, process: Process) -> None:
        self._disk = disk
        self._loop = loop
        self._process = process
        self.rows: list[Row] = []
        self.sealed = False
        self.folded: tuple[int, Carried] | None = None  # how many rows, and what they leave behind
        self._times: list[float] = []  # of the rows
        self._durable = 0
        disk.sessions.append(self)

    def append(self, sequence: int, kind: str, at: int, body: bytes) -> None:
        """Put one record at the end."""
        if not self._process.alive:
            return
        self.rows.append(Row(sequence, kind, body))
        self._times.append(self._loop.now)

    @property
    def durable(self) -> int:
        """So many of the rows survive whatever comes."""
        self.settle()
        return self._durable

    def settle(self) -> None:
        """Count what the real journal would have committed by its own timer, which here is none."""
        self._durable = max(self._durable, bisect_right(self._times, self._disk.settled()))

    def cut(self, kept: int) -> None:
        """Only the first `kept` rows are left, and they are durable."""
        del self.rows[kept:], self._times[kept:]
        self._durable = kept

    async def barrier(self) -> None:
        """Return once everything appended so far is synced. Raises StoreFull."""
        known = len(self.rows)
        if self.durable >= known:
            return
        await asyncio.sleep(self._disk.sync_s())
        self._disk.check()
        if self._process.alive:
            self._durable = max(self._durable, known)

    async def close(self) -> None:
        """Write out and seal."""
        write = self._disk.on_write
        write("closing")
        await self.barrier()
        write("synced")
        self.sealed = self._process.alive
        write("sealed")


class SimTape:
    """The `Tape` port: keeps market events where somebody wants to replay them."""

    def __init__(self, kept: bool) -> None:
        self.kept = kept
        self.events: list[tuple[int, bytes]] = []

    def append(self, sequence: int, body: bytes) -> None:
        """Put one event at the end."""
        if self.kept:
            self.events.append((sequence, body))

    def flush(self) -> None:
        """Everything is here already."""

    def close(self) -> None:
        """Nothing has to be sealed."""


class SimLatch:
    """The `Latch` port: one record, durable with the call, that only ever rises."""

    def __init__(self, disk: Disk, process: Process) -> None:
        self._disk = disk
        self._process = process

    @property
    def is_set(self) -> bool:
        """One question to the disk."""
        return self._disk.latched is not None

    def read(self) -> LatchRecord | None:
        """What is set."""
        return self._disk.latched

    def trip(self, level: KillLevel, by: str, reason: str, at: int) -> LatchRecord:
        """Set it, or raise its level. Raises StoreFull."""
        self._disk.check()
        standing, record = self._disk.latched, LatchRecord(level, by, reason, at)
        if standing is not None:
            higher = _LEVELS.index(level) > _LEVELS.index(standing.level)
            if not higher and at in (standing.at, standing.repeated_at):
                return standing
            raised = msgspec.structs.replace(record, guarded=standing.guarded)
            record = raised if higher else msgspec.structs.replace(standing, repeated_at=at)
        self._write(record)
        return record

    def take_over(self, session: str, level: KillLevel, by: str, reason: str, at: int) -> LatchRecord:
        """As `trip`, and from now on nothing of that session's engine leaves. Raises StoreFull."""
        self._disk.check()
        standing, record = self._disk.latched, LatchRecord(level, by, reason, at)
        if standing is not None and _LEVELS.index(standing.level) >= _LEVELS.index(level):
            record = msgspec.structs.replace(standing, repeated_at=at)
        kept = msgspec.structs.replace(record, guarded=session)
        self._write(kept)
        return kept

    def release(self, known: LatchRecord, by: str, reason: str, at: int) -> bool:
        """Clear it; False where something else than `known` is set. Raises StoreFull."""
        self._disk.check()
        if self._disk.latched not in (None, known):
            return False
        self._write(None)
        return True

    def _write(self, record: LatchRecord | None) -> None:
        """A file that gets its name, or loses it, at one moment."""
        self._disk.on_write("latch")
        if self._process.alive:
            self._disk.latched = record
        self._disk.on_write("latch named")
