"""The second step: which level the next chord fires. Every key that is read passes here, on its thread.

A level is armed by one letter, typed alone, in the open panel; the very next key that is read must be the
chord, typed alone, not sooner than a hand that means it and not later than five seconds. Anything else -
a held key, a paste, two keys in one read, any other key in between - fires nothing.
"""

from __future__ import annotations

from threading import Lock
from typing import NamedTuple

from midas.domain.mode import KillLevel
from midas.domain.time import MILLISECOND, SECOND

ARMED_FOR = 5 * SECOND
TOO_SOON = 300 * MILLISECOND  # between letter and chord: a paste or two keys at once come faster
ROLLED = 100 * MILLISECOND  # another key so shortly before a letter: typed text, not a choice


class Armed(NamedTuple):
    """A level that waits for its chord."""

    level: KillLevel
    since: int  # steady ns


class _Heard(NamedTuple):
    key: str
    at: int
    alone: bool
    chord: bool = False


class Arming:
    """Safe from the input thread and the event loop; no call waits for anything."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last = _Heard("", -SECOND, True)
        self._armed: Armed | None = None
        self._dropped = False  # by the newest key
        self.said = ""  # why nothing is armed any more

    def heard(self, key: str, alone: bool, at: int) -> None:
        """A key that is no chord was read: whatever was armed no longer is."""
        with self._lock:
            rolled = at - self._last.at < ROLLED and key != self._last.key and not self._last.chord
            self._last = _Heard(key, at, alone and not rolled)
            self._drop("another key came: nothing is armed")

    def arm(self, level: KillLevel, key: str, shown: int, now: int) -> bool:
        """The panel, on the screen since `shown`, was given its letter: only the newest key counts."""
        with self._lock:
            last = self._last
            if last.chord or last.key != key or last.at < shown:
                return False
            if not last.alone:
                self.said = f"{key} came together with other keys: it counts only when typed by itself"
                return False
            if now - last.at > ARMED_FOR:
                return False
            self._armed, self._dropped, self.said = Armed(level, last.at), False, ""
            return True

    def choose(self, level: KillLevel, now: int) -> None:
        """EMERGENCY by any key of the console: its level is armed as by its letter."""
        with self._lock:
            if not self._last.chord:
                self._armed, self.said = Armed(level, now), ""

    def take(self, alone: bool, at: int) -> KillLevel | None:
        """A chord was read: the level that it fires, None for a plain halt. Disarms either way."""
        with self._lock:
            armed, self._armed = self._armed, None
            self._last = _Heard("", at, alone, chord=True)
            if armed is None:
                return None
            waited = at - armed.since
            if not alone or waited < TOO_SOON:
                self.said = "the chord came too soon after its letter: nothing was fired, choose again"
                return None
            if waited > ARMED_FOR:
                self.said = "the five seconds were over: nothing was fired, choose again"
                return None
            self.said = ""
            return armed.level

    def esc(self) -> bool:
        """Whether Esc has just disarmed something, on the input thread; told once."""
        with self._lock:
            dropped, self._dropped = self._dropped, False
            return dropped

    def disarm(self) -> None:
        """The panel was closed."""
        with self._lock:
            self._armed, self._dropped, self.said = None, False, ""

    def left(self, now: int) -> tuple[KillLevel | None, int, float]:
        """What is armed, for how many nanoseconds more, and which share of its time that is."""
        with self._lock:
            if self._armed is None:
                return None, 0, 0.0
            left = ARMED_FOR - (now - self._armed.since)
            if left <= 0:
                self._drop("five seconds without the chord: nothing is armed")
                return None, 0, 0.0
            return self._armed.level, left, left / ARMED_FOR

    def _drop(self, why: str) -> None:
        self._dropped = self._armed is not None
        if self._dropped:
            self.said = why
        self._armed = None
