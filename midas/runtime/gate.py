"""The last word before an order leaves: asked once its intent is durable, and again at its first byte.

Between plan and send lie a disk and a connection; whatever closes meanwhile - the kill latch, a mode, a
gate, the session - is asked for here and not only where the order was planned.
"""

from __future__ import annotations

from midas.domain.mode import KillLevel
from midas.domain.order import OrderIntent, Purpose
from midas.domain.time import SECOND
from midas.ports.clock import Clock
from midas.ports.journal import Latch, LatchRecord
from midas.ports.venue import MaySend
from midas.risk.gates import entry_closed
from midas.state.control import LEVELS
from midas.state.state import State

AGE_MAX = 2 * SECOND  # between plan and first byte: an older price is none
_FLATTEN = LEVELS.index(KillLevel.FLATTEN.value)
_HALT = LEVELS.index(KillLevel.HALT.value)
_NONE = -1
_REDUCING = (Purpose.EXIT, Purpose.STOP)


class SendGate:
    """Asks latch, state and clock; whatever it answers holds for this moment only."""

    def __init__(self, state: State, latch: Latch, clock: Clock) -> None:
        self._state = state
        self._latch = latch
        self._clock = clock
        self._shut = ""

    def shut(self, reason: str) -> None:
        """For good: nobody is left who would hear what became of an order. The first reason stays."""
        self._shut = self._shut or reason

    def opened(self) -> MaySend:
        """The question for one intent that was decided on now."""
        planned, since = self._clock.now(), self._clock.monotonic()

        def may_send(intent: OrderIntent) -> str:
            # Both clocks: one stands still while the machine sleeps, the other may be set.
            age = max(self._clock.now() - planned, self._clock.monotonic() - since)
            return self._refusal(intent, age)

        return may_send

    def _refusal(self, intent: OrderIntent, age: int) -> str:
        """Why this order may not leave; empty where it may."""
        if self._shut:
            return self._shut
        record = self._latch.read() if self._latch.is_set else None
        if self._state.control.guarded or (record is not None and record.guarded == self._state.session):
            return "the guard acts instead of this engine, until a person resumes"
        if intent.purpose is Purpose.FLATTEN:
            return self._flattening(intent, record)
        if reason := self._latched(intent, record):
            return reason
        state = self._state
        # A position that outlives the session keeps its stop: that one may still be placed.
        closing = state.closing and intent.purpose is not Purpose.STOP
        if state.recovering or closing:
            return "the account isn't known yet" if state.recovering else "the session is closing"
        if age > AGE_MAX:
            return f"decided {age / SECOND:.1f} s ago: it is stale"
        if gate := state.control.holds_back(*state.scopes(intent.strategy, intent.instrument)):
            return f"{gate.scope} is stopped by a kill ({gate.level})"
        if intent.purpose is Purpose.ENTRY:
            breach = entry_closed(state, intent.strategy, intent.instrument)
            return breach.sentence if breach else ""
        return ""

    def _latched(self, intent: OrderIntent, record: LatchRecord | None) -> str:
        """No entry on a set latch, no exit above `halt`: there everything else is withdrawn."""
        if record is not None and not record.readable:
            return "the kill latch is set and can't be read"
        level = max(self._level(), _place(record))
        if level == _NONE or (level == _HALT and intent.purpose in _REDUCING):
            return ""
        return f"the kill latch is set ({LEVELS[level]})"

    def _flattening(self, intent: OrderIntent, record: LatchRecord | None) -> str:
        """Only a kill flattens. An unreadable latch and a full disk take nobody's way out."""
        control, level = self._state.control, max(self._level(), _place(record))
        if level <= _HALT and control.closes(*self._state.scopes(intent.strategy, intent.instrument)):
            return ""
        if max(self._level(), _place(record)) >= _FLATTEN or (record is not None and not record.readable):
            return ""
        return "no kill of level flatten is in force"

    def _level(self) -> int:
        """What the engine knows of, also where the disk refused the latch."""
        control = self._state.control
        return LEVELS.index(control.level) if control.latched else _NONE


def _place(record: LatchRecord | None) -> int:
    return _NONE if record is None else LEVELS.index(record.level.value)
