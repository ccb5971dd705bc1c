"""One back-test over ticks: an engine built as live ones are, the exchange's own matcher, what came of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Protocol

from midas.backtest.assumptions import Assumptions
from midas.backtest.outcome import Outcome, curve
from midas.backtest.record import Record
from midas.backtest.run import REPORT_EVERY, Advance, seldom_collected
from midas.backtest.series import Bars
from midas.backtest.tick_driver import TickDriver
from midas.backtest.tick_venue import TickVenue
from midas.backtest.ticks import Candles, TickEvent, reaching
from midas.domain.instrument import Instrument
from midas.engine.build import build_engine
from midas.engine.config import EngineConfig
from midas.ports.strategy import Hears, Strategy


class TickSource(Protocol):
    """Where ticks come from: columns of a file, or a recorded stream."""

    @property
    def instrument(self) -> Instrument:
        """What they are of."""

    @property
    def begins(self) -> int:
        """Market time of the first one."""

    @property
    def books(self) -> bool:
        """Whether whole books come, not the touch alone."""

    @property
    def prints(self) -> bool:
        """Whether trades come, too."""

    def events(self, delay: int = 0) -> Iterator[TickEvent]:
        """Each, heard `delay` after it happened."""

    def marks(self, period: int) -> Bars:
        """The mid at the end of each period, once all events were asked for."""


def run_ticks(
    config: EngineConfig, strategies: Sequence[Strategy], source: TickSource,
    balances: Mapping[str, Decimal], given: Assumptions, *, record: Record | None = None,
    advance: Advance | None = None,
) -> Outcome:  # fmt: skip
    """Step every event of `source`; `bars` of the outcome counts them alone. Candles are made of the prints
    where anybody reads them. A KeyboardInterrupt ends it early: the outcome then says so.
    """
    record = record or Record()
    engine = build_engine(config, strategies)
    instrument = source.instrument
    venue = TickVenue(
        engine.state.markets[instrument.id], balances, given, books=source.books, prints=source.prints
    )
    driver = TickDriver(engine, venue, given, record, instrument)
    driver.open(source.begins)
    events: Iterable[TickEvent] = source.events(given.feed_latency)
    studied = engine.orchestrator.studies(instrument.id)
    candles = Candles(instrument, config.period)
    if studied or any(strategy.hears == Hears.BAR for strategy in strategies):
        events = candles.woven(events, given.feed_latency)
    interrupted = False
    with seldom_collected():
        began, wall = time.process_time(), time.perf_counter()
        try:
            driver.run(events if advance is None else _told(events, advance))
        except KeyboardInterrupt:
            interrupted = True
        seconds, wall = time.process_time() - began, time.perf_counter() - wall
    marks = source.marks(config.period)
    reached = marks.between(0, engine.state.now // config.period * config.period + config.period)
    reached = reaching(reached, max((fill.market_time for fill in record.fills), default=0))
    return Outcome(
        bars=driver.ticks - candles.made, seconds=seconds, wall=wall, fills=tuple(record.fills),
        curve=curve([reached], record.fills, float(balances[config.quote]), record.charges),
        cash=engine.state.ledger.balances[config.quote], equity=engine.state.equity(),
        audits=record.count, digest=record.digest, interrupted=interrupted,
        charges=tuple(record.charges),
        spread=venue.spread, impact=venue.impact,
    )  # fmt: skip


def _told(events: Iterable[TickEvent], advance: Advance) -> Iterator[TickEvent]:
    source = iter(events)
    while chunk := list(islice(source, REPORT_EVERY)):
        yield from chunk
        advance(len(chunk))
