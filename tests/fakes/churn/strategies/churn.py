"""In and out, for ever, now resting and now taking: nothing to earn, plenty to lose track of."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from midas.api import Briefing, Family, Hears, MarketView, Opinion, Urgency


class ChurnParameters(msgspec.Struct, frozen=True, kw_only=True):
    """How long each step lasts, and how many of them rest."""

    updates: int = 12  # of the book
    resting_every: int = 3  # one step in so many waits at the touch, the others take


class Churn:
    """One counter for each instrument."""

    name: ClassVar[str] = "churn"
    family: ClassVar[Family] = Family.SCALPING
    hears: ClassVar[str] = Hears.BOOK
    trades_unknown: ClassVar[bool] = True
    Parameters: ClassVar[type[msgspec.Struct]] = ChurnParameters

    def __init__(self, parameters: ChurnParameters) -> None:
        self._updates = parameters.updates
        self._resting_every = parameters.resting_every
        self._heard: dict[str, int] = {}

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        """The next step once its updates have come."""
        if not market.book_valid:
            return None
        heard = self._heard[market.instrument.id] = self._heard.get(market.instrument.id, 0) + 1
        if heard % self._updates:
            return None
        step = heard // self._updates
        direction = float(step % 2)
        urgency = Urgency.AGGRESSIVE if step % self._resting_every else Urgency.PASSIVE
        return Opinion(direction=direction, confidence=1.0, urgency=urgency, reason=f"update {heard}")
