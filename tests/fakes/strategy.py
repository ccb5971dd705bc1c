"""A strategy that says what a test tells it to say."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from midas.domain.opinion import Family, Opinion, Urgency
from midas.ports.strategy import Briefing, Hears, MarketView


class NoParameters(msgspec.Struct, frozen=True):
    """Nothing to choose."""


class Puppet:
    """Hears bars; `opinion` is its answer, `error` what it raises instead."""

    name: ClassVar[str] = "puppet"
    family: ClassVar[Family] = Family.SCALPING  # only a crisis mutes it
    hears: ClassVar[str] = Hears.BAR
    trades_unknown: ClassVar[bool] = True
    Parameters: ClassVar[type[msgspec.Struct]] = NoParameters

    def __init__(self, parameters: NoParameters | None = None) -> None:
        self.opinion: Opinion | None = None
        self.error: Exception | None = None
        self.asked: list[int] = []
        self.briefing: Briefing | None = None

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        """Say it."""
        self.asked.append(market.time)
        self.briefing = briefing
        if self.error is not None:
            raise self.error
        return self.opinion


class BookPuppet(Puppet):
    """Hears the book."""

    name: ClassVar[str] = "book-puppet"
    hears: ClassVar[str] = Hears.BOOK


def long(confidence: float = 1.0, urgency: Urgency = Urgency.PASSIVE) -> Opinion:
    """Hold it."""
    return Opinion(direction=1.0, confidence=confidence, urgency=urgency, reason="told to")


def flat(urgency: Urgency = Urgency.PASSIVE) -> Opinion:
    """Hold nothing."""
    return Opinion(direction=0.0, confidence=1.0, urgency=urgency, reason="told to")
