"""Many quiet bars in one call: the loop of a back-test, where nearly every bar changes nothing but prices.

Every bar enters the market and is shown to its strategy, as `Engine.step` does it. What is left out are the
questions whose answer can't change until something is decided: modes, gates, open work, stops, horizons.
They are asked once, before the first bar. A test compares the audits with those of single steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import getcontext, setcontext
from math import gcd, nan
from typing import NamedTuple

from midas.agents.orchestrator import Orchestrator
from midas.agents.stop_keeper import StopKeeper
from midas.agents.strategy_manager import Enrolled
from midas.domain.market import Bar
from midas.domain.opinion import Opinion
from midas.state.market import InstrumentMarket
from midas.state.state import State

NEVER = 1 << 62  # no time is a multiple of it


class Until(NamedTuple):
    """Where a glide ends although nothing was decided."""

    at: int  # wall time
    low: float  # at a close below
    high: float  # or above


class Halt(NamedTuple):
    """Where it ended, and why."""

    steps: int  # bars that were stepped
    bar: Bar | None  # the newest one; None: no bar was left
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

    def run(self, speaker: Enrolled, instrument: str, bars: Iterator[Bar], until: Until) -> Halt:
        """Bars from `bars`, until one of them leads to anything."""
        state, strategies = self._state, self._orchestrator.strategies
        market, seen = state.markets[instrument], state.markets[instrument].bars_seen
        if self._orchestrator.execution.gave_up(speaker.name, instrument):
            strategies.let_go(speaker.name, instrument)
        ours = getcontext()
        try:
            halt = self._loop(speaker, market, bars, until)
        finally:  # also where a person interrupts it
            setcontext(ours)
            state.market_events += market.bars_seen - seen
            if market.bars_seen > seen:
                state.now = market.bars[-1].at
        count = market.bars_seen - seen
        if halt.opinion is None:
            return halt._replace(steps=count)
        return halt._replace(steps=count, opinion=strategies.usable(speaker, halt.opinion))

    def _loop(self, speaker: Enrolled, market: InstrumentMarket, bars: Iterator[Bar], until: Until) -> Halt:
        strategies, every, (due_at, low, high) = self._orchestrator.strategies, self.every, until
        briefing = strategies.briefing(speaker, market.id, self._state, None, nan)
        context = strategies.context
        signal, on_bar = speaker.strategy.signal, market.on_bar
        for bar in bars:
            if not bar.time % every or bar.synthetic or bar.time <= market.time:
                return Halt(0, bar, stepped=False)
            on_bar(bar)
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
