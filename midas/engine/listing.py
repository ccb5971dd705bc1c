"""Asking anew for an instrument's rules, where a refusal or its silence says that they may be others now."""

from __future__ import annotations

from midas.domain.event import OrderRejected, RulesRead
from midas.domain.time import SECOND
from midas.engine.effect import ReadRules
from midas.state.state import State

ASK_EVERY = 10 * SECOND  # of one instrument at most; a strategy that goes on being refused asks no oftener
HALTED_EVERY = 30 * SECOND  # while it doesn't trade, or may not
SILENT_FOR = 15 * SECOND  # of an instrument whose market is connected: it may not trade any more


class Listing:
    """Remembers what was asked for, and when."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._asked_at: dict[str, int] = {}
        self._wanted: dict[str, None] = {}  # refused since the last answer, in that order

    def refused(self, event: OrderRejected) -> list[ReadRules]:
        """The venue says that an order breaks its rules."""
        order = self._state.orders.get(event.client_id)
        if not event.rules or order is None or order.intent.instrument not in self._state.instruments:
            return []
        self._wanted[order.intent.instrument] = None
        return self.due()

    def read(self, event: RulesRead) -> None:
        """They are here."""
        self._wanted.pop(event.name, None)

    def due(self) -> list[ReadRules]:
        """What has to be asked for now; one that wasn't answered is asked for again."""
        if not (self._wanted or self._state.stale_since or self._state.halted):
            return []
        wanted = [name for name in self._wanted if self._waited(name) >= ASK_EVERY]
        silent = [n for n, at in self._state.stale_since.items() if self._state.now - at >= SILENT_FOR]
        resting = (*self._state.halted, *(silent if self._state.feed_up else ()))
        resting = tuple(name for name in resting if self._waited(name) >= HALTED_EVERY)
        names = dict.fromkeys((*wanted, *resting))
        self._asked_at |= dict.fromkeys(names, self._state.now)
        return [ReadRules(name) for name in names]

    def _waited(self, name: str) -> int:
        now = self._state.now
        if name not in self._asked_at:
            return HALTED_EVERY
        # Our clock may have been set back meanwhile.
        self._asked_at[name] = min(self._asked_at[name], now)
        return now - self._asked_at[name]
