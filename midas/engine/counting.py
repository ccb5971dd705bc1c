"""Tells the journal how many signals there were: the sums once a minute, not every signal again."""

from __future__ import annotations

from collections.abc import Iterator

from midas.domain.decision import Counted, Decision
from midas.domain.time import MINUTE
from midas.state.state import State


class Counter:
    """What a crash can lose of the sums is what a minute made."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._minute = 0

    def tick(self, at: int) -> Iterator[Decision]:
        """Once a second of wall time."""
        if at // MINUTE != self._minute:
            self._minute = at // MINUTE
            yield from self.tell()

    def tell(self) -> Iterator[Decision]:
        """Whatever isn't told yet."""
        state = self._state
        if (state.signals, state.executed) != state.counted:
            state.counted = state.signals, state.executed
            yield Counted(*state.counted)
