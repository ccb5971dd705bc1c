"""When the guard acts: looks at the engine go in, a verdict comes out. No clock, no file, no process.

Only time that the guard itself has watched counts against the engine: whatever held up the guard - a
machine that slept, a host that gave it no turn - may have held up the engine too, and the count begins
anew. Wall time is never asked, so that no clock that is set can raise an alarm.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from midas.domain.mode import KillLevel
from midas.domain.time import SECOND
from midas.ports.journal import LatchRecord
from midas.runtime.beats import Beat
from midas.state.control import LEVELS

START_PATIENCE = 300 * SECOND  # no start takes so long: kernels compile in a fraction of it
LOOKS = 10  # in a patience, at least
LOOK_MAX = SECOND
SILENT_MIN = 2 * SECOND  # beats come once a second
GAPS = 6  # a sixth of the patience without a look of our own: what stopped us may have stopped the engine


class Condition(Enum):
    """How the engine of a home is."""

    NONE = "no engine"
    STARTING = "starting or ending"
    WELL = "well"
    SILENT = "silent"
    HUNG = "hung"
    DEAF = "deaf to the kill latch"
    ABANDONED = "latched without an engine"


class Look(msgspec.Struct, frozen=True):
    """What the guard sees in one moment."""

    monotonic: int
    holder: int  # the process that owns the engine's lock; 0: none
    beat: Beat | None = None
    latch: LatchRecord | None = None


class Verdict(msgspec.Struct, frozen=True):
    """What it means, and where `acts` what is to be done now at which level."""

    condition: Condition
    since_s: float = 0.0  # watched in this condition
    acts: bool = False
    level: KillLevel | None = None  # None: the guard's own
    cause: str = ""
    key: tuple[object, ...] = ()  # of what is acted on: the same cause is the same act


class Guarding:
    """Remembers what it has watched; `look` is called at least `LOOKS` times in a patience."""

    def __init__(self, patience: int, start_patience: int = START_PATIENCE) -> None:
        """Nanoseconds."""
        self._patience = patience
        self._start_patience = max(start_patience, patience)
        self._gap = max(patience // GAPS, SECOND)
        self._looked_at = 0
        self._beat: tuple[int, str, int] | None = None
        self._condition: object = None
        self._lasted = self._deaf = 0
        self._unwatched = False  # since its newest beat we were away: nobody knows that it is well
        self.beats = 0  # heard so far; the first may be old

    @property
    def pause_s(self) -> float:
        """Between two looks."""
        return min(LOOK_MAX, self._patience / LOOKS) / SECOND

    def look(self, seen: Look) -> Verdict:
        """Judge this moment."""
        watched = self._watched(seen.monotonic)
        beat = seen.beat
        if not seen.holder:
            return self._absent(seen, watched)
        if beat is None or beat.pid != seen.holder or beat.ended:
            return self._starting(seen, watched)
        mark = beat.pid, beat.session, beat.sequence
        if mark != self._beat:
            self._beat, self._lasted, self._condition = mark, 0, "beating"
            self._unwatched = False
            self.beats += 1
        else:
            self._count("beating", watched)
        if self._lasted >= self._patience:
            cause = f"engine {beat.pid} has not stepped for {self._lasted / SECOND:.0f} s"
            return Verdict(Condition.HUNG, self._seconds, True, None, cause, ("hung", *mark))
        return self._beating(seen, beat, watched)

    def _beating(self, seen: Look, beat: Beat, watched: int) -> Verdict:
        """It steps, or did a moment ago; a latch that it never hears of is no health."""
        self._deaf = self._deaf + watched if _unheard(seen.latch, beat.level) else 0
        if seen.latch is not None and self._deaf >= self._patience:
            cause = f"engine {beat.pid} steps, but hasn't heard of the kill latch"
            return Verdict(Condition.DEAF, self._deaf / SECOND, True, seen.latch.level, cause, _of(seen))
        silent = self._unwatched or self._lasted > max(self._patience // 2, SILENT_MIN)
        return Verdict(Condition.SILENT if silent else Condition.WELL, self._seconds)

    def _absent(self, seen: Look, watched: int) -> Verdict:
        """Nobody runs: its supervisor starts it again. A kill that nobody carries out is ours."""
        self._count("absent" if seen.latch is None else "abandoned", watched)
        if seen.latch is None:
            return Verdict(Condition.NONE, self._seconds)
        cause = "a kill latch stands and no engine answers"
        acts = self._lasted >= self._patience
        return Verdict(Condition.ABANDONED, self._seconds, acts, seen.latch.level, cause, _of(seen))

    def _starting(self, seen: Look, watched: int) -> Verdict:
        """It doesn't step yet, or not any more; it finds a latch by itself, unless that takes for ever."""
        self._count(("starting", seen.holder, seen.latch is None), watched)
        acts = seen.latch is not None and self._lasted >= self._start_patience
        level = seen.latch.level if seen.latch is not None else None
        cause = f"a kill latch stands and engine {seen.holder} doesn't come to step"
        return Verdict(Condition.STARTING, self._seconds, acts, level, cause if acts else "", _of(seen))

    def _watched(self, now: int) -> int:
        """Time since the last look; where that was too long ago nothing has been watched at all."""
        passed = now - self._looked_at if self._looked_at else 0
        self._looked_at = now
        if 0 <= passed <= self._gap:
            return passed
        self._lasted = self._deaf = 0
        self._unwatched = True
        return 0

    def _count(self, condition: object, watched: int) -> None:
        """How long it has been so."""
        self._lasted = self._lasted + watched if condition == self._condition else 0
        self._condition = condition

    @property
    def _seconds(self) -> float:
        return self._lasted / SECOND


def _unheard(latch: LatchRecord | None, level: str) -> bool:
    """Whether the disk says more than the engine knows."""
    if latch is None:
        return False
    return not level or LEVELS.index(latch.level.value) > LEVELS.index(level)


def _of(seen: Look) -> tuple[object, ...]:
    latch = seen.latch
    return () if latch is None else ("latch", seen.holder, latch.level, latch.at, latch.repeated_at)
