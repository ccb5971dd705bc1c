"""The kill latch between engine and disk: set here, it is on the disk first; set there, it is heard."""

from __future__ import annotations

import logging
from collections.abc import Callable

from midas.domain.event import LatchTripped, Recorded
from midas.domain.mode import KillLevel
from midas.engine.effect import TripLatch
from midas.errors import StoreError
from midas.ports.journal import Latch, LatchRecord
from midas.state.control import LEVELS
from midas.state.state import State

log = logging.getLogger("midas.runner")


class Latching:
    """Keeps one engine and the latch on the disk of one mind."""

    def __init__(
        self, latch: Latch, state: State, now: Callable[[], int], tell: Callable[[Recorded], None]
    ) -> None:
        """`now`: wall nanoseconds. `tell`: where the engine hears of it."""
        self._latch = latch
        self._state = state
        self._now = now
        self._tell = tell
        self._seen = False
        self._heard: LatchRecord | None = None  # the record of the disk that the engine was told last
        self._known: LatchRecord | None = None  # what the engine has heard of, and a resume releases

    def begin(self) -> None:
        """What is set before the first event is told by that event."""
        self._known = self._latch.read()

    def keep(self, event: LatchTripped) -> None:
        """A kill whose latch the disk refused, or somebody deleted, is latched again."""
        record, control = self._latch.read(), self._state.control
        if record is None or LEVELS.index(record.level.value) < LEVELS.index(control.level):
            self._set(control.level, event.by, event.reason)
            record = self._latch.read()
        self._known = record

    def trip(self, effect: TripLatch) -> None:
        """An automatic trigger or a command: on disk first, then the engine hears of it."""
        since = self._now()
        doubt = self._set(effect.level, effect.by, effect.reason)
        now = self._now()
        self._tell(LatchTripped(effect.level, effect.by, effect.reason, now, (), since, now, doubt))

    def release(self, by: str, reason: str) -> None:
        """Only the latch that was reviewed goes; one that stays on the disk stays in force."""
        latch = self._latch
        standing = latch.read()
        self._heard = None  # this answers what was told: if it stays there, it is told again
        try:
            if standing is None or (self._known and latch.release(self._known, by, reason, self._now())):
                return
        except StoreError as error:
            log.error("the kill latch can't be released: %s", error)
            self._tell(LatchTripped(KillLevel.HALT.value, "kill latch", str(error), self._now()))
            return
        self._hear()

    def watch(self) -> None:
        """A latch, or a level, that another process set; seen twice: the kill listener tells its own."""
        record = self._latch.read() if self._latch.is_set else None
        control = self._state.control
        strange = record is not None and (
            not control.latched
            or LEVELS.index(record.level.value) > LEVELS.index(control.level)
            or (record.guarded == self._state.session and not control.guarded)
        )
        # After a hang many ticks come at once, before the engine has stepped on what the first of them told.
        if strange and self._seen and record != self._heard:
            self._hear()
        self._seen = strange and not self._seen

    def _set(self, level: str, by: str, reason: str) -> str:
        """Why the latch isn't on the disk; empty where it is."""
        known = KillLevel(level) if level in LEVELS else KillLevel.HALT
        try:
            self._latch.trip(known, by, reason, self._now())
        except StoreError as error:
            log.error("the kill latch is not durable: %s", error)
            return str(error)
        return ""

    def _hear(self) -> None:
        """What is set on the disk, told to the engine."""
        record = self._latch.read()
        if record is not None:
            self._heard = record
            reason = record.reason or "found on the disk"
            tripped = LatchTripped(record.level.value, record.by, reason, self._now(), guarded=record.guarded)
            self._tell(tripped)
