"""Ticks: three clocks in one order, the market's, the requests' on their way, and the engine's.

While nothing of ours is at the venue the engine takes ticks in long glides. Else whatever is earliest happens
next: the venue sees an event (at its own time), a request arrives, or the engine hears (later by the feed's
latency) an event or an answer. Of one moment the market moves first and an answer goes before an event.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from math import inf

from midas.backtest.assumptions import Assumptions
from midas.backtest.driver import Stepper
from midas.backtest.record import Record
from midas.backtest.tick_venue import TickVenue
from midas.backtest.ticks import TickEvent
from midas.backtest.watch import EVERYWHERE
from midas.domain.event import Ticked
from midas.domain.instrument import Instrument
from midas.domain.market import Bar, Quote
from midas.domain.time import SECOND
from midas.engine.engine import Engine
from midas.engine.glide import Until


class TickDriver(Stepper):
    """One instrument's quotes, prints and books, from the first to the last."""

    def __init__(
        self, engine: Engine, venue: TickVenue, given: Assumptions, record: Record, instrument: Instrument
    ) -> None:
        super().__init__(engine, venue, given, record)
        self._venue = venue
        self._instrument = instrument
        self._ahead: deque[TickEvent] = deque()  # seen by the venue, not yet heard by the engine
        self._next: TickEvent | None = None  # seen by nobody
        self._source: Iterator[TickEvent] = iter(())
        self._looked_at = 0
        self.ticks = 0

    def run(self, events: Iterable[TickEvent], *, glides: bool = True) -> None:
        """Step every event; what is still on its way after the last one arrives, too."""
        self._source = iter(events)
        self._next = next(self._source, None)
        while self._next is not None or self._ahead or self._venue.busy:
            if self._venue.busy or self._ahead:
                self._pass_time()
                if not self._ahead:
                    self._venue.rest()
            elif not (glides and self._glide()):
                event = self._next
                assert event is not None
                self._next = next(self._source, None)
                self._hear(event)
            elif self._next is None:
                self._next = next(self._source, None)

    def _pass_time(self) -> None:
        """What is earliest."""
        venue, ahead, following = self._venue, self._ahead, self._next
        market = inf if following is None else following.time
        heard = ahead[0].at if ahead else inf
        engine = min(heard, venue.tells_at)
        if following is not None and market <= venue.due_at and market <= engine:
            if not isinstance(following, Bar):
                venue.see(following)
            ahead.append(following)
            self._next = next(self._source, None)
        elif venue.due_at <= engine:
            if venue.due_at == inf:
                venue.forget()  # the data end here
                return
            venue.arrive()
        elif venue.tells_at <= heard:
            self._step(venue.tell())
        else:
            self._hear(ahead.popleft())

    def _hear(self, event: TickEvent) -> None:
        self._step(event)
        self.ticks += 1
        self._look(event)

    def _glide(self) -> bool:
        """Ticks in one call, until something is decided or a look is due; False where none was taken."""
        engine, following = self._engine, self._next
        assert following is not None
        low, high = self._band()
        before = engine.sequence
        ticks = chain((following,), self._source)
        due_at = min(self._due_at(), self._until())
        glided = engine.glide_ticks(self._instrument.id, ticks, Until(due_at, low, high))
        if glided is None:
            return False
        self._next = None
        self.ticks += engine.sequence - before
        if glided.audit is not None:
            self._heard(glided.audit)
        if glided.event is not None:
            self._look(glided.event)
        return True

    def _look(self, event: object) -> None:
        """The guardian looks where it is time to, or equity may have moved."""
        at = self._engine.state.now
        self._fund(at)
        low, high = self._band()
        if at >= self._due_at() or (type(event) is Quote and not low <= event.bid <= high):
            self._looked_at = at
            self._step(Ticked(at, 0))

    def _due_at(self) -> int:
        """Once a second while anything is worked, as he does live: execution has its patience from him."""
        idle = self._instrument.id in self._engine.orchestrator.execution.idle
        due_at = self._watch.due_at
        return due_at if idle and not self._venue.busy else min(due_at, self._looked_at + SECOND)

    def _band(self) -> tuple[float, float]:
        """Of the bid, in ticks."""
        low, high = self._watch.bands.get(self._instrument.id, EVERYWHERE)
        return low / self._instrument.tick, high / self._instrument.tick
