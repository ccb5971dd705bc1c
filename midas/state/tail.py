"""The track record of the tail forecasts: each horizon's own, carried over every restart."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from midas.domain.decision import TailMoved
from midas.domain.tail import HorizonCarried, TailForecast, TailOutcome

OUTCOMES_KEPT = 500  # of each horizon: two of the years that a traffic light counts over


class TailRecord:
    """Changed by `TailMoved` alone, live and when a journal is folded."""

    def __init__(self) -> None:
        self.version = 0  # another one after every change
        self.pending: dict[int, TailForecast] = {}
        self._outcomes: dict[int, deque[TailOutcome]] = {}

    def outcomes(self, horizon: int) -> tuple[TailOutcome, ...]:
        """Oldest first."""
        return tuple(self._outcomes.get(horizon, ()))

    def moved(self, moved: TailMoved) -> None:
        """A forecast met its outcome, was dropped, or was made."""
        self.version += 1
        if moved.outcome is not None:
            kept = self._outcomes.setdefault(moved.horizon, deque(maxlen=OUTCOMES_KEPT))
            kept.append(moved.outcome)
        if moved.forecast is not None:
            self.pending[moved.horizon] = moved.forecast
        else:
            self.pending.pop(moved.horizon, None)

    def carried(self) -> tuple[HorizonCarried, ...]:
        """What the next session inherits."""
        known = sorted(self.pending.keys() | self._outcomes.keys())
        return tuple(HorizonCarried(h, self.outcomes(h), self.pending.get(h)) for h in known)

    def restore(self, carried: Iterable[HorizonCarried]) -> None:
        """As it was."""
        self.version += 1
        for each in carried:
            if each.outcomes:
                self._outcomes[each.horizon] = deque(each.outcomes, maxlen=OUTCOMES_KEPT)
            if each.pending is not None:
                self.pending[each.horizon] = each.pending
