"""When the guardian has to look: live he does once a second, and mostly nothing can have moved since.

He looks at least as often as `tick_every` says, when a day of the account begins, when the least time of an
automatic DEFENSIVE is over, and at once where a price leaves the band in which all that is held can have
changed equity by no more than `equity_step`. So his triggers fire on the bar that reaches them, up to that
step, and a quiet bar costs one comparison.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from math import inf
from zoneinfo import ZoneInfo

from midas.domain.market import Bar
from midas.domain.time import SECOND
from midas.engine.glide import NEVER, Until
from midas.state.state import State

EVERYWHERE = (-inf, inf)


class Watch:
    """The band of each instrument that is held, and the latest time of the next look."""

    def __init__(self, every: int, step: float, zone: str) -> None:
        """`zone`: where the account's days begin."""
        self._every = every
        self._zone = ZoneInfo(zone)
        self._step = step
        self._day = (0, 0)  # a moment of the day last asked for, and when that day ends
        self._until = Until(0, *EVERYWHERE)  # the newest answer
        self.due_at = 0
        self.bands: dict[str, tuple[float, float]] = {}

    def looked(self, at: int, state: State, ends_at: int = 0) -> None:
        """The guardian has looked. `ends_at`: when a mode may end by itself, in whatever market; 0: never."""
        self.due_at = min(at + self._every, self._midnight(at))
        if ends_at > at:
            self.due_at = min(self.due_at, ends_at)
        self.moved(state)

    def hurry(self) -> None:
        """Something was decided that he judges: he looks with the next bar."""
        self.due_at = 0

    def _midnight(self, at: int) -> int:
        """The next one, nanoseconds."""
        asked, ends = self._day
        if asked <= at < ends:
            return ends
        today = datetime.fromtimestamp(at // SECOND, UTC).astimezone(self._zone).date()
        begins = datetime.combine(today + timedelta(days=1), time(), self._zone)
        self._day = at, int(begins.timestamp()) * SECOND
        return self._day[1]

    def next(self, at: int = NEVER) -> Until:
        """When to look at the latest, though not after `at`, and the band of the only instrument there is."""
        due_at = self.due_at if self.due_at < at else at
        low, high = next(iter(self.bands.values()), EVERYWHERE)
        known = self._until
        if known.at != due_at or known.low != low or known.high != high:
            known = self._until = Until(due_at, low, high)
        return known

    def left(self, bar: Bar) -> bool:
        """Whether its close lies outside of the band."""
        band = self.bands.get(bar.instrument)
        return band is not None and not band[0] <= bar.close <= band[1]

    def moved(self, state: State) -> None:
        """What is held has changed: other prices matter now, around those that were last looked at."""
        held: dict[str, float] = {}
        for sleeve in state.ledger.sleeves.values():
            if sleeve.quantity and sleeve.instrument in state.instruments:
                held[sleeve.instrument] = held.get(sleeve.instrument, 0.0) + float(sleeve.quantity)
        self.bands = {}
        if not held:
            return
        room = state.equity() * self._step / len(held)
        for name, quantity in held.items():
            mark = state.markets[name].mark
            width = room * mark / abs(state.valuation.value(quantity, state.instruments[name].base))
            # Nobody knows what a thing without a price is worth: looked at with every bar.
            self.bands[name] = (mark - width, mark + width) if width > 0.0 else (inf, -inf)
