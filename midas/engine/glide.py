"""Many quiet bars in one call: the loop of a back-test, where nearly every bar changes nothing but prices.

Every bar enters the market and is shown to its strategy, as `Engine.step` does it. What is left out are the
questions whose answer can't change until something is decided: modes, gates, open work, stops, horizons.
They are asked once, before the first bar. A test compares the audits with those of single steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import getcontext, setcontext
from math import gcd, nan
from typing import NamedTuple, Protocol

import msgspec

from midas.agents.orchestrator import Orchestrator
from midas.agents.stop_keeper import StopKeeper
from midas.agents.strategy_manager import Enrolled
from midas.domain.market import Bar, BookDelta, BookLost, BookSnapshot, Quote, Trade
from midas.domain.opinion import Opinion
from midas.ports.strategy import Columns
from midas.state.candles import Stretch
from midas.state.market import InstrumentMarket
from midas.state.state import State

MarketEvent = Quote | Trade | BookDelta | BookSnapshot | BookLost | Bar
NEVER = 1 << 62  # no time is a multiple of it


class Until(NamedTuple):
    """Where a glide ends although nothing was decided."""

    at: int  # wall time
    low: float  # at a close, or a bid, below
    high: float  # or above


class Ahead(Protocol):
    """The bars of one instrument that come next, none of them made up."""

    @property
    def sound(self) -> bool:
        """Whether each is later than the one before and has a price: else they are asked for one by one."""

    def rest(self) -> Iterator[Bar]:
        """Those at hand, one by one, which stay where they are until `skip` says how many are gone."""

    def skip(self, count: int) -> None:
        """So many are gone."""

    def reach(self, after: int, every: int, until: Until) -> tuple[int, bool]:
        """How many come before one that wants a step of its own, and whether `until` ends with the last.

        A step of its own wants what isn't newer than `after`, and any multiple of `every` (market time).
        """

    def columns(self, count: int) -> Columns:
        """The next ones, which stay where they are."""

    def passed(self, count: int) -> Stretch:
        """The next ones, which are gone then."""

    def following(self) -> Bar | None:
        """The next one, which is gone then; None where no more are at hand."""


class Halt(msgspec.Struct, frozen=True):
    """Where it ended, and why."""

    steps: int  # events that were stepped
    event: MarketEvent | None  # the newest one; None: none was left
    stepped: bool = True  # False: this one wants a step of its own
    answered: bool = False  # the strategy answered to it
    opinion: Opinion | None = None  # what it said; None: it failed


class Glide:
    """Steps bars of one instrument for as long as nobody has anything to say."""

    def __init__(self, state: State, orchestrator: Orchestrator, stops: StopKeeper) -> None:
        self._state = state
        self._orchestrator = orchestrator
        self._stops = stops
        self.every = gcd(*state.closes.newest) or NEVER  # prices of horizons are kept and judged by a step

    def speaker(self, instrument: str) -> Enrolled | None:
        """The one strategy that hears bars of it, where nothing else could be moved by one."""
        state, orchestrator = self._state, self._orchestrator
        control, market = state.control, state.markets[instrument]
        if control.gates or control.permissions.flattens or not orchestrator.speaks(state):
            return None
        if instrument not in orchestrator.execution.idle or orchestrator.studies(instrument):
            return None
        if state.calibration.waiting or self._stops.concerned(state) or not market.bid_lots:
            return None
        listeners = orchestrator.strategies.listeners("bar", instrument)
        return listeners[0] if len(listeners) == 1 and listeners[0].unaided else None

    def tick_speaker(self, instrument: str) -> Enrolled | None:
        """The one strategy that hears ticks of it, where nothing else could be moved by one."""
        state, orchestrator, control = self._state, self._orchestrator, self._state.control
        if control.gates or control.permissions.flattens or not orchestrator.speaks(state):
            return None
        if instrument not in orchestrator.execution.idle or self._stops.concerned(state):
            return None
        if state.alerts.waiting:
            return None
        listeners = orchestrator.strategies.listeners("tick", instrument)
        return listeners[0] if len(listeners) == 1 else None

    def run_ticks(
        self, speaker: Enrolled, instrument: str, ticks: Iterator[MarketEvent], until: Until
    ) -> Halt:
        """Quotes and prints from `ticks`, until one of them leads to anything, or another event comes."""
        strategies = self._orchestrator.strategies
        if self._orchestrator.execution.gave_up(speaker.name, instrument):
            strategies.let_go(speaker.name, instrument)
        ours, before = getcontext(), self._state.market_events
        try:
            halt = self._tick_loop(speaker, self._state.markets[instrument], ticks, until)
        finally:
            setcontext(ours)
        opinion = halt.opinion if halt.opinion is None else strategies.usable(speaker, halt.opinion)
        steps = self._state.market_events - before
        return Halt(steps, halt.event, halt.stepped, halt.answered, opinion)

    def _tick_loop(
        self, speaker: Enrolled, market: InstrumentMarket, ticks: Iterator[MarketEvent], until: Until
    ) -> Halt:
        state, strategies, (due_at, low, high) = self._state, self._orchestrator.strategies, until
        briefing = strategies.briefing(speaker, market.id, state, *self._orchestrator.view(market.id))
        context, signal = strategies.context, speaker.strategy.signal
        on_quote, on_trade, count, at = market.on_quote, market.on_trade, 0, state.now
        try:
            for event in ticks:
                kind = type(event)
                if kind is Quote:
                    on_quote(event)  # type: ignore[arg-type]  # its type was asked for
                elif kind is Trade:
                    on_trade(event)  # type: ignore[arg-type]
                else:
                    return Halt(0, event, stepped=False)
                at, count = event.at, count + 1
                setcontext(context)
                try:
                    opinion = signal(market, briefing)
                except (Exception, SystemExit) as error:  # noqa: BLE001 - the seam around a plugin, as in `ask`
                    strategies.raised(speaker, error)
                    return Halt(0, event, answered=True)
                if opinion is not None:
                    return Halt(0, event, answered=True, opinion=opinion)
                if at >= due_at or (kind is Quote and not low <= event.bid <= high):  # type: ignore[union-attr]
                    return Halt(0, event)
            return Halt(0, None)
        finally:  # also where a person interrupts it
            state.market_events += count
            state.now = at

    def run(self, speaker: Enrolled, instrument: str, ahead: Ahead, until: Until, *, listens: bool) -> Halt:
        """Bars until one of them leads to anything. `listens`: a strategy that can hears many in one call."""
        state, strategies = self._state, self._orchestrator.strategies
        market, seen = state.markets[instrument], state.markets[instrument].bars_seen
        if self._orchestrator.execution.gave_up(speaker.name, instrument):
            strategies.let_go(speaker.name, instrument)
        ours = getcontext()
        try:
            if listens and speaker.listen is not None and ahead.sound:
                halt = self._listened(speaker, market, ahead, until)
            else:
                halt = self._loop(speaker, market, ahead.rest(), until)
                ahead.skip(market.bars_seen - seen + (not halt.stepped))
        finally:  # also where a person interrupts it
            setcontext(ours)
            state.market_events += market.bars_seen - seen
            if market.bars_seen > seen:
                state.now = market.bars[-1].at
        opinion = halt.opinion if halt.opinion is None else strategies.usable(speaker, halt.opinion)
        return Halt(market.bars_seen - seen, halt.event, halt.stepped, halt.answered, opinion)

    def _listened(self, speaker: Enrolled, market: InstrumentMarket, ahead: Ahead, until: Until) -> Halt:
        """As `_loop`, with one call for all bars that the strategy says nothing to."""
        strategies = self._orchestrator.strategies
        briefing = strategies.briefing(speaker, market.id, self._state, None, nan)
        while True:
            count, ends = ahead.reach(market.time, self.every, until)
            setcontext(strategies.context)
            heard = strategies.listened(speaker, ahead.columns(count)) if count else 0
            if heard:
                market.follow_all(ahead.passed(heard))
            if heard == count and ends:
                return Halt(0, market.bars[-1])
            bar = ahead.following()
            if heard == count or bar is None:
                return Halt(0, bar, stepped=bar is None)
            market.follow(bar)
            opinion = None
            if not speaker.failed:
                try:
                    opinion = speaker.strategy.signal(market, briefing)
                except (Exception, SystemExit) as error:  # noqa: BLE001 - the seam around a plugin, as in `ask`
                    strategies.raised(speaker, error)
            if opinion is not None or speaker.failed:
                return Halt(0, bar, answered=True, opinion=opinion)
            if ends and heard == count - 1:
                return Halt(0, bar)

    def _loop(self, speaker: Enrolled, market: InstrumentMarket, bars: Iterator[Bar], until: Until) -> Halt:
        strategies, every, (due_at, low, high) = self._orchestrator.strategies, self.every, until
        briefing = strategies.briefing(speaker, market.id, self._state, None, nan)
        context = strategies.context
        signal, follow = speaker.strategy.signal, market.follow
        for bar in bars:
            time = bar.time
            if not time % every or bar.synthetic or time <= market.time:
                return Halt(0, bar, stepped=False)
            follow(bar)
            setcontext(context)
            try:
                opinion = signal(market, briefing)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the seam around a plugin, as in `ask`
                strategies.raised(speaker, error)
                return Halt(0, bar, answered=True)
            if opinion is not None:
                return Halt(0, bar, answered=True, opinion=opinion)
            if bar.at >= due_at or not low <= bar.close <= high:
                return Halt(0, bar)
        return Halt(0, None)
