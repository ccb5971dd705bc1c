"""The sizes of the day's orders by instrument, so that an unusual one is noticed."""

from __future__ import annotations

from decimal import Decimal

from midas.domain.order import OrderIntent
from midas.domain.time import DAY

KEPT = 200  # newest of each instrument


class Sizes:
    """Quantities of the orders planned on one day (UTC), oldest first."""

    def __init__(self) -> None:
        self.day = 0
        self.by_instrument: dict[str, tuple[Decimal, ...]] = {}

    def plan(self, intent: OrderIntent) -> None:
        """One more order; the first of a day forgets the day before."""
        day = intent.created_at // DAY
        if day != self.day:
            self.day, self.by_instrument = day, {}
        known = self.by_instrument.get(intent.instrument, ())
        self.by_instrument[intent.instrument] = (*known, intent.quantity)[-KEPT:]

    def of_day(self, instrument: str, now: int) -> tuple[Decimal, ...]:
        """Those of the day of `now`."""
        return self.by_instrument.get(instrument, ()) if now // DAY == self.day else ()
