"""Moving to a fresh connection before the venue cuts the old one: for a moment both are heard.

What the new one says is held, decoded, until it continues what the old one has said of every book; then it
is published, without what was published already, and the old one is dropped. So no event is missed and
none comes twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from midas.domain.market import BookDelta, Quote, Trade
from midas.domain.time import HOUR, MINUTE, SECOND
from midas.venues.binance.codec import Decoded
from midas.venues.binance.depth import DepthAssembler

LIFE = 24 * HOUR  # of a connection: then the venue cuts it
EARLY = 5 * MINUTE  # before that, at least
SPREAD = 30 * MINUTE  # so that not all connections of a machine move at once
SETTLES = SECOND  # of both: what one of them is late with has come by then
PATIENCE = 30 * SECOND  # with a new connection that doesn't say enough to be believed
AGAIN = MINUTE  # after one that failed


def due_at(connected_at: int, chance: float) -> int:
    """When a connection is followed by another."""
    return connected_at + LIFE - EARLY - int(SPREAD * chance)


class Renewal:
    """What both connections have said since the new one was asked for."""

    def __init__(self, books: Mapping[str, DepthAssembler]) -> None:
        self._books = books
        self._stood = {name: book.last_id for name, book in books.items()}
        self._newest: dict[tuple[type, str], int] = {}  # ids that the old one has published
        self._first: dict[str, int] = {}  # where each book's diffs begin on the new one
        self._held: list[Decoded] = []
        self._heard_at = 0
        self.spoilt = False  # what is held counts in steps that hold no more

    def told(self, event: Decoded) -> None:
        """The old connection said this."""
        if isinstance(event, Trade):
            self._newest[Trade, event.instrument] = event.trade_id
        elif isinstance(event, Quote):
            self._newest[Quote, event.instrument] = event.update_id

    def hold(self, event: Decoded, at: int) -> None:
        """The new connection said this."""
        self._heard_at = self._heard_at or at
        self._held.append(event)
        if isinstance(event, BookDelta):
            self._first.setdefault(event.instrument, event.first_id)

    def continues(self, at: int) -> bool:
        """Whether the new connection says all that the old one says."""
        if self.spoilt or not self._heard_at or at - self._heard_at < SETTLES:
            return False
        return all(self._joins(name, book) for name, book in self._books.items())

    def unpublished(self) -> Iterator[Decoded]:
        """What the new one said and the old one didn't; diffs and bars find out for themselves."""
        for event in self._held:
            if isinstance(event, Trade) and event.trade_id <= self._newest.get((Trade, event.instrument), -1):
                continue
            if isinstance(event, Quote) and event.update_id <= self._newest.get(
                (Quote, event.instrument), -1
            ):
                continue
            yield event

    def _joins(self, name: str, book: DepthAssembler) -> bool:
        first = self._first.get(name)
        if first is None:  # nothing moved there, on either
            return book.last_id == self._stood[name]
        return book.wants_snapshot or first <= book.last_id + 1
