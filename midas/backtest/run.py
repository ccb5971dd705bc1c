"""One back-test: an engine built as live ones are, its venue, and what came of it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from midas.backtest.assumptions import Assumptions
from midas.backtest.driver import Driver
from midas.backtest.listening import objection
from midas.backtest.outcome import Outcome, after_gaps, curve
from midas.backtest.record import Record, Remark
from midas.backtest.reel import Reel
from midas.backtest.series import Bars, in_order
from midas.backtest.venue import BarVenue
from midas.domain.market import Bar
from midas.engine.build import build_engine
from midas.engine.config import EngineConfig
from midas.ports.strategy import Strategy

COLLECTED_AFTER = 100_000  # new objects: a plugin may make cycles
REPORT_EVERY = 16_384  # bars between two words about how far it is

Advance = Callable[[int], None]


class Looks(NamedTuple):
    """`advance` hears after `every` bars, and after the last, how many more were stepped."""

    advance: Advance | None
    every: int = REPORT_EVERY


def run(
    config: EngineConfig, strategies: Sequence[Strategy], series: Sequence[Bars],
    balances: Mapping[str, Decimal], given: Assumptions, *, record: Record | None = None,
    looks: Looks | None = None, listens: bool = True,
) -> Outcome:  # fmt: skip
    """Step every bar of `series`. `looks`: who hears how far it is.

    `listens`: a strategy that can hears many bars in one call; else `signal` is asked about each.
    A KeyboardInterrupt ends it early: the outcome then says so, and holds what was reached.
    """
    record = record or Record(keep=False)
    engine = build_engine(config, strategies)
    markets = engine.state.markets
    venue = BarVenue(config.instruments, balances, given, lambda name: markets[name].bars)
    driver = Driver(engine, venue, given, record)
    driver.open(min(int(bars.time[0]) - bars.period for bars in series))
    deaf = _deaf(strategies, series, config.bar_spread) if listens else ""
    if deaf:
        record.told.append(Remark(engine.state.now, f"asked candle by candle: {deaf}"))
    interrupted, (advance, every) = False, looks or Looks(None)
    with seldom_collected():
        began, wall = time.process_time(), time.perf_counter()
        try:
            if len(series) == 1:
                reel = Reel(series[0], given.feed_latency, advance, every)
                driver.run_single(reel, listens=listens and not deaf)
            else:
                bars = in_order(series, given.feed_latency)
                driver.run(bars if advance is None else _told(bars, advance, every))
        except KeyboardInterrupt:
            interrupted = True
        seconds, wall = time.process_time() - began, time.perf_counter() - wall
    reached = _reached(series, engine.state.now)
    return Outcome(
        bars=driver.bars, seconds=seconds, wall=wall, fills=tuple(record.fills),
        curve=curve(reached, record.fills, float(balances[config.quote]), record.charges),
        cash=engine.state.ledger.balances[config.quote], equity=engine.state.equity(),
        audits=record.count, digest=record.digest, interrupted=interrupted,
        charges=tuple(record.charges),
        after_gaps=after_gaps(series, record.fills),
    )  # fmt: skip


def _deaf(strategies: Sequence[Strategy], series: Sequence[Bars], spread: float | None) -> str:
    """Why a strategy that could listen is asked about every candle; empty where none is."""
    if len(series) != 1:
        return ""
    reasons = ((strategy.name, objection(strategy, series[0], spread)) for strategy in strategies)
    return "; ".join(f"{name}: {reason}" for name, reason in reasons if reason)


@contextmanager
def seldom_collected() -> Iterator[None]:
    """The engine makes no cycles: the collector would look through the traces of orders for nothing.

    Where that is seen to already, it changes nothing: whoever makes many short runs does so once for all.
    """
    before = gc.get_threshold()
    if not gc.isenabled() or before[0] >= COLLECTED_AFTER:
        yield
        return
    gc.collect()
    gc.freeze()  # what lives as long as the run isn't looked through again and again
    gc.set_threshold(COLLECTED_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _told(bars: Iterable[Bar], advance: Advance, every: int) -> Iterator[Bar]:
    source = iter(bars)
    while chunk := list(islice(source, every)):
        yield from chunk
        advance(len(chunk))


def _reached(series: Sequence[Bars], now: int) -> list[Bars]:
    """What was stepped of them."""
    return [bars.between(int(bars.time[0]) - bars.period, now) for bars in series]
