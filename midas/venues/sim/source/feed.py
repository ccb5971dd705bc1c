"""A market source with a place in it: how many events were fetched, how many of them were handled.

The pacer fetches one event ahead. A market that our takers move makes its next events when they are fetched,
so a place that is to be found again needs both numbers, and the event that was fetched and not handled.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from midas.venues.sim.source.market import MarketEvent, Source


class Place(msgspec.Struct, frozen=True):
    """Events handled and fetched since the market was last saved."""

    handled: int
    fetched: int


class Feed:
    """Hands out the events of one source, whoever asks for them, each of them once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._events: Iterator[MarketEvent] | None = None
        self._handled = self._fetched = 0
        self.held: MarketEvent | None = None  # fetched, not handled

    def events(self) -> Iterator[MarketEvent]:
        """What is to be handled next, and so on."""
        if self.held is not None:
            yield self.held
        if self._events is None:
            self._events = self._source.events()
        for event in self._events:
            self._fetched += 1
            self.held = event
            yield event

    def done(self) -> None:
        """The event that was fetched last is being handled."""
        self._handled += 1
        self.held = None

    def place(self) -> Place:
        """Where the market stands."""
        return Place(self._handled, self._fetched)

    def save(self) -> bytes:
        """The source as it is now, from where places are counted anew."""
        self._handled, self._fetched = 0, int(self.held is not None)
        return self._source.save()

    def restore(self, state: bytes, held: MarketEvent | None) -> None:
        """Go on after `save`, with the event that was fetched then. Raises StoreDamaged."""
        self._source.restore(state)
        self.held = held
        self._handled, self._fetched = 0, int(held is not None)
