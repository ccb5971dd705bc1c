"""Many quiet bars in one call: the loop of a back-test, where nearly every bar changes nothing but prices.

Every bar enters the market and is shown to its strategy, as `Engine.step` does it. What is left out are the
questions whose answer can't change until something is decided: modes, gates, open work, stops. They are
asked once, before the first bar. A test compares the audits with those of single steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import getcontext, setcontext
from math import gcd, nan
from typing import NamedTuple, Protocol

import msgspec

from midas.agents.orchestrator import Orchestrator
from midas.agents.stop_keeper import StopKeeper
from midas.agents.strategy_manager import Enrolled
from midas.agents.tail_watch import TailWatch
from midas.domain.decision import Decision
from midas.domain.market import Bar, BookDelta, BookLost, BookSnapshot, Quote, Trade
from midas.domain.opinion import Opinion
from midas.ports.strategy import Briefing, Columns
from midas.state.candles import Stretch
from midas.state.market import InstrumentMarket
from midas.state.state import State

MarketEvent = Quote | Trade | BookDelta | BookSnapshot | BookLost | Bar
NEVER = 1 << 62  # no time is a multiple of it
HEARD = 128  # bars that a strategy is first given in one call; twice as many after every silent one


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

    def reach(self, after: int, until: Until, most: int) -> int:
        """How many there are up to the first where `until` ends, `most` at most.

        0: the next one isn't newer than `after` (market time), or none is at hand.
        """

    def multiple(self, every: int, most: int) -> int:
        """How many there are up to the first that closes at a multiple of `every`; 0: none of `most` does."""

    def columns(self, count: int) -> Columns:
        """The next ones, which stay where they are."""

    def passed(self, count: int) -> Stretch:
        """The next ones, which are gone then."""

    def following(self) -> Bar:
        """The next one, of those in reach, which is gone then."""


class Note(NamedTuple):
    """What prices at the multiple of a horizon led to: a word for the record, which nothing hangs on."""

    steps: int  # events that were stepped by then
    bar: Bar
    decisions: Sequence[Decision]


class Halt(msgspec.Struct, frozen=True):
    """Where it ended, and why."""

    steps: int  # events that were stepped
    event: MarketEvent | None  # the newest one; None: none was left
    stepped: bool = True  # False: this one wants a step of its own
    answered: bool = False  # the strategy answered to it
    opinion: Opinion | None = None  # what it said; None: it failed
    notes: Sequence[Note] = ()  # on bars before, or on the newest one


class Glide:
    """Steps bars of one instrument for as long as nobody has anything to say."""

    def __init__(self, state: State, orchestrator: Orchestrator, stops: StopKeeper, tail: TailWatch) -> None:
        self._state = state
        self._orchestrator = orchestrator
        self._stops = stops
        self._tail = tail
        self._notes: list[Note] = []  # of this glide
        self._seen = 0  # bars of its instrument before it
        self.every = gcd(*state.closes.newest) or NEVER  # there prices are kept and forecasts judged

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
        self._seen, self._notes = seen, []
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
            steps = market.bars_seen - seen
            state.market_events += steps
            if steps:
                state.now = market.bars[-1].at
        if halt.opinion is None:
            return Halt(steps, halt.event, halt.stepped, halt.answered, notes=self._notes)
        return Halt(steps, halt.event, True, True, strategies.usable(speaker, halt.opinion), self._notes)

    def _listened(self, speaker: Enrolled, market: InstrumentMarket, ahead: Ahead, until: Until) -> Halt:
        """As `_loop`, with one call for all bars that the strategy says nothing to."""
        strategies, every = self._orchestrator.strategies, self.every
        briefing = strategies.briefing(speaker, market.id, self._state, None, nan)
        most = HEARD
        while count := ahead.reach(market.time, until, most):
            setcontext(strategies.context)
            heard, most = strategies.listened(speaker, ahead.columns(count), count), 2 * most
            silent = self._pass(market, ahead, heard)
            if heard < count:
                bar = ahead.following()
                market.follow(bar)
                multiple = not bar.time % every
                if multiple:
                    self._state.closes.on_bar(bar)
                opinion = None if speaker.failed else self._asked(speaker, market, briefing)
                if opinion is not None or speaker.failed:
                    return Halt(0, bar, answered=True, opinion=opinion)
                if multiple:
                    self._at_multiple(bar, market)
            else:
                assert silent is not None, "no bar was in reach"
                bar = silent.last
                market.moved(bar)
            if bar.at >= until.at or not until.low <= bar.close <= until.high:
                return Halt(0, bar)
        return self._left(ahead)

    def _pass(self, market: InstrumentMarket, ahead: Ahead, count: int) -> Stretch | None:
        """So many pass in silence; what comes of those at a multiple is as old as they are."""
        stretch = None
        while some := ahead.multiple(self.every, count):
            stretch = ahead.passed(some)
            bar = stretch.last
            market.follow_all(stretch)
            market.moved(bar)
            self._state.closes.on_bar(bar)
            self._at_multiple(bar, market)
            count -= some
        if count:
            stretch = ahead.passed(count)
            market.follow_all(stretch)
        return stretch

    def _left(self, ahead: Ahead) -> Halt:
        """A bar that wants a step of its own, or none is at hand."""
        following = next(ahead.rest(), None)
        if following is not None:
            ahead.skip(1)
        return Halt(0, following, stepped=following is None)

    def _asked(self, speaker: Enrolled, market: InstrumentMarket, briefing: Briefing) -> Opinion | None:
        try:
            return speaker.strategy.signal(market, briefing)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the seam around a plugin, as in `ask`
            self._orchestrator.strategies.raised(speaker, error)
            return None

    def _at_multiple(self, bar: Bar, market: InstrumentMarket) -> None:
        """The newest bar closes at a multiple of a horizon: what that leads to, as in a step of its own."""
        state = self._state
        state.now = bar.at
        made = self._tail.bar(bar, state, self._orchestrator.risk.limits.assets)
        if made:
            self._notes.append(Note(market.bars_seen - self._seen, bar, made))

    def _loop(self, speaker: Enrolled, market: InstrumentMarket, bars: Iterator[Bar], until: Until) -> Halt:
        strategies, every, (due_at, low, high) = self._orchestrator.strategies, self.every, until
        briefing = strategies.briefing(speaker, market.id, self._state, None, nan)
        context, closes = strategies.context, self._state.closes
        signal, follow = speaker.strategy.signal, market.follow
        for bar in bars:
            time = bar.time
            if bar.synthetic or time <= market.time:
                return Halt(0, bar, stepped=False)
            multiple = not time % every
            if multiple:
                closes.on_bar(bar)
            follow(bar)
            setcontext(context)
            try:
                opinion = signal(market, briefing)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the seam around a plugin, as in `ask`
                strategies.raised(speaker, error)
                return Halt(0, bar, answered=True)
            if opinion is not None:
                return Halt(0, bar, answered=True, opinion=opinion)
            if multiple:
                self._at_multiple(bar, market)
            if bar.at >= due_at or not low <= bar.close <= high:
                return Halt(0, bar)
        return Halt(0, None)
