"""What the account was worth when its day, week and month began, and what each closed day made."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

from midas.domain.decision import DayClosed, Decision, TriggerMoved
from midas.domain.triggers import ActiveTrigger, DayReturn

SPANS = ("day_stop", "week_stop", "month_stop")  # the loss stops, each measured from an opening
RETURNS_KEPT = 400  # days: more than the year that the longest figure looks back


class Opening(msgspec.Struct):
    """The start of a period."""

    key: int = 0  # the day, week or month, counted on from 1970
    equity: float = 0.0  # account currency; 0: not known yet

    def loss(self, equity: float) -> float:
        """Fraction lost since, 0 where something was won; NaN while either end isn't known."""
        return max(1.0 - equity / self.equity, 0.0) if self.equity > 0.0 else float("nan")


class Budgets:
    """Changed only while the engine steps; survives restarts."""

    def __init__(self) -> None:
        self.day, self.week, self.month = Opening(), Opening(), Opening()
        self.day_made = 1.0  # factor on equity, until the day's loss was accepted: its return has it all
        self.returns: deque[DayReturn] = deque(maxlen=RETURNS_KEPT)
        self.version = 0  # another one after every change of `returns`
        self.active: dict[str, ActiveTrigger] = {}

    def roll(self, day: int, week: int, month: int, equity: float) -> list[Decision]:
        """Begin the periods that `day`, `week` and `month` name, where they are new; a closed day is told."""
        closed: list[Decision] = []
        if self.day.equity > 0.0 and day > self.day.key:
            value = self.day_made * equity / self.day.equity - 1.0
            made = DayReturn(self.day.key, day - self.day.key, value)
            closed.append(DayClosed(made))
            self.close(made)
        for opening, key in ((self.day, day), (self.week, week), (self.month, month)):
            # A clock that was set back forgets no loss; one period further back, it had been wrong before.
            if opening.equity <= 0.0 or key not in (opening.key, opening.key - 1):
                opening.key, opening.equity = key, equity
                if opening is self.day:
                    self.day_made = 1.0
        return closed

    def close(self, made: DayReturn) -> None:
        """A day is over."""
        self.returns.append(made)
        self.version += 1

    def resume(self, returns: Iterable[DayReturn]) -> None:
        """The days of earlier sessions."""
        self.returns.extend(returns)
        self.version += 1

    def begin_anew(self, equity: float, spans: Iterable[str] = SPANS) -> None:
        """Losses of these spans count from here on; what a day made stays whole."""
        for name, opening in zip(SPANS, (self.day, self.week, self.month), strict=True):
            if name not in spans:
                continue
            if opening is self.day and opening.equity > 0.0 and equity > 0.0:
                self.day_made *= equity / opening.equity
            opening.equity = equity

    def scale(self, factor: float) -> None:
        """Money came or went that no trade made; 0 where nobody knows what it was worth."""
        for opening in (self.day, self.week, self.month):
            opening.equity *= factor

    def moved(self, change: TriggerMoved) -> None:
        """A trigger of DEFENSIVE begins to hold, or ends."""
        if change.ends:
            self.active[change.name] = ActiveTrigger(change.at, change.cause, change.ends)
        else:
            self.active.pop(change.name, None)

    @property
    def openings(self) -> tuple[int, float, int, float, int, float]:
        """Key and equity of day, week and month, to be kept."""
        day, week, month = self.day, self.week, self.month
        return day.key, day.equity, week.key, week.equity, month.key, month.equity

    def restore(self, kept: tuple[int, float, int, float, int, float]) -> None:
        """As they were."""
        pairs = zip(kept[::2], kept[1::2], strict=True)
        for opening, (key, equity) in zip((self.day, self.week, self.month), pairs, strict=True):
            opening.key, opening.equity = int(key), equity
