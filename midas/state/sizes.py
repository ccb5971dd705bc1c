"""The sizes of the day's orders by instrument, so that an unusual one is noticed."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from decimal import Decimal

from midas.domain.order import OrderIntent
from midas.domain.time import DAY

KEPT = 200  # newest of each instrument


class Sizes:
    """Quantities of the orders planned on one day (UTC), oldest first."""

    def __init__(self) -> None:
        self.day = 0
        self._by_instrument: dict[str, deque[Decimal]] = {}

    def restore(self, day: int, by_instrument: Mapping[str, tuple[Decimal, ...]]) -> None:
        """Take over those of the last session."""
        self.day = day
        self._by_instrument = {name: deque(sizes, KEPT) for name, sizes in by_instrument.items()}

    def plan(self, intent: OrderIntent) -> None:
        """One more order; the first of a day forgets the day before."""
        day = intent.created_at // DAY
        if day != self.day:
            self.day, self._by_instrument = day, {}
        known = self._by_instrument.get(intent.instrument)
        if known is None:
            known = self._by_instrument[intent.instrument] = deque(maxlen=KEPT)
        known.append(intent.quantity)

    def of_day(self, instrument: str, now: int) -> tuple[Decimal, ...]:
        """Those of the day of `now`."""
        return tuple(self._by_instrument.get(instrument, ())) if now // DAY == self.day else ()

    def carried(self) -> dict[str, tuple[Decimal, ...]]:
        """By instrument, as the next session inherits them."""
        return {name: tuple(sizes) for name, sizes in self._by_instrument.items()}
