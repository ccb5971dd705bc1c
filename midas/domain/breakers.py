"""Circuit breakers (R7.9): what a component that fails takes away until it has proven itself again."""

from __future__ import annotations

from enum import Enum

import msgspec

from midas.domain.time import HOUR, MINUTE, SECOND


class Component(Enum):
    """What midas depends on and can't mend."""

    __hash__ = object.__hash__  # Enum hashes the name, in Python; a member is equal to itself alone

    PRICES = "price feed"
    BROKER = "broker"
    JOURNAL = "journal"
    CLOCK = "clock"
    NEWS = "news"
    MODELS = "models"
    SENTIMENT = "sentiment"


class Phase(Enum):
    """Where a breaker stands."""

    CLOSED = "closed"  # the component works
    OPEN = "open"  # it doesn't, and its effect holds
    HALF_OPEN = "half-open"  # it seems to work again: the effect holds until that has lasted


class Effect(Enum):
    """What an open breaker does, in the words of R7.9."""

    NO_ENTRIES = "no new entries, stops kept"
    OBSERVATION = "alert, retry; mode OBSERVATION if it lasts"
    TECHNICAL_ONLY = "strategies that need it pause, others go on"
    CAUTION = "decisions without it, at smaller size"


EFFECTS = {
    Component.PRICES: Effect.NO_ENTRIES,
    Component.BROKER: Effect.OBSERVATION,
    Component.JOURNAL: Effect.NO_ENTRIES,
    Component.CLOCK: Effect.NO_ENTRIES,
    Component.NEWS: Effect.TECHNICAL_ONLY,
    Component.MODELS: Effect.TECHNICAL_ONLY,
    Component.SENTIMENT: Effect.CAUTION,
}


class BreakerRules(msgspec.Struct, frozen=True, kw_only=True):
    """How long each may be silent, and how long it has to work before it is trusted again; nanoseconds."""

    price_feed: int = 5 * MINUTE
    broker: int = 2 * MINUTE
    broker_escalates: int = 5 * MINUTE  # from its opening to mode OBSERVATION
    news: int = HOUR
    models: int = MINUTE  # a model that failed is asked again meanwhile; its last valid forecast stands in
    sentiment: int = HOUR
    clock: int = SECOND  # that our clock may be off the venue's
    probe: int = 30 * SECOND
    caution: float = 0.5  # factor on every size while a filter is missing

    def patience(self, component: Component) -> int:
        """Silence or failure that a component is allowed; 0: none."""
        return {
            Component.PRICES: self.price_feed,
            Component.BROKER: self.broker,
            Component.NEWS: self.news,
            Component.MODELS: self.models,
            Component.SENTIMENT: self.sentiment,
        }.get(component, 0)
