"""Market events a second through `Engine.step`, both shipped strategies trading. `make bench-engine`.

The recorded market is played again and again, shifted in time and ids, to a desk whose venue answers.
What the engine was fed there - quotes, trades, deltas, bars, answers, ticks - is then stepped through fresh
engines, which must decide the same every time. Only the stepping is timed.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import msgspec

from midas.domain.decision import SignalMade
from midas.domain.event import MARKET_EVENTS, Event
from midas.domain.market import Bar, BookDelta, BookLost, BookSnapshot, Quote, Trade
from midas.domain.time import SECOND
from midas.engine.build import build_engine
from midas.engine.config import EngineConfig
from midas.engine.engine import Engine
from midas.ports.strategy import Strategy
from midas.workspace import load_strategies
from tests.fakes.desk import Desk, config
from tests.fakes.recorded_market import RecordedMarket

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED = REPOSITORY / "tests" / "payloads" / "midas-btcusdt.jsonl.gz"
RUNS = 5
EVENTS = 1_000_000
GAP = SECOND  # of market time between two rounds


class Session(msgspec.Struct, frozen=True):
    """Everything that one desk was fed, and how to build its engine again."""

    config: EngineConfig
    events: list[Event]
    market_events: int

    def engine(self) -> Engine:
        """A fresh engine of the same settings."""
        return build_engine(self.config, strategies())


class Tally(msgspec.Struct, frozen=True):
    """What a run decided."""

    audits: int
    signals: int


def strategies() -> list[Strategy]:
    """The shipped strategies with their default parameters."""
    loaded = load_strategies(REPOSITORY, {"trend-following": {}, "book-imbalance": {}})
    return [one.make() for one in loaded]


def recording() -> Path:
    """The reference recording, or the one that ships with the tests."""
    reference = Path(os.environ.get("MIDAS_REFERENCE_DATA", REPOSITORY.parent / "shared"))
    return next((reference / "data").glob("binance-spot-btcusdt-*.jsonl.gz"), SHIPPED)


def record(market: RecordedMarket, least: int) -> Session:
    """Let a desk trade at least `least` market events and keep what its engine was fed."""
    traders = strategies()
    settings = config(traders, (market.instrument,))
    desk = Desk(traders, settings=settings)
    for bar in market.history(600):
        desk.feed(bar)
    desk.open(market.start - 10 * SECOND)
    desk.play(rounds(list(market.events()), least))
    return Session(settings, desk.fed, sum(type(event) in MARKET_EVENTS for event in desk.fed))


def rounds(events: list[Event], least: int) -> Iterator[Event]:
    """The same events over and over, each round later than the one before."""
    bars = [event for event in events if isinstance(event, Bar)]
    span = (bars[-1].time - bars[0].time) // SECOND * SECOND + bars[0].period + GAP
    ids = 1 + max(getattr(event, "last_id", getattr(event, "update_id", 0)) for event in events)
    for number in range(-(-least // len(events))):
        for event in events:
            yield shifted(event, number * span, number * ids)


def shifted(event: Event, later: int, ids: int) -> Event:
    """`event` as it would come in a later round."""
    change = msgspec.structs.replace
    if isinstance(event, BookLost):
        return change(event, at=event.at + later)
    assert isinstance(event, Quote | Trade | BookDelta | BookSnapshot | Bar)
    times = {"time": event.time + later, "at": event.at + later}
    if isinstance(event, Quote):
        return change(event, update_id=event.update_id + ids, **times)
    if isinstance(event, Trade):
        return change(event, trade_id=event.trade_id + ids, **times)
    if isinstance(event, BookDelta):
        return change(event, first_id=event.first_id + ids, last_id=event.last_id + ids, **times)
    if isinstance(event, BookSnapshot):
        return change(event, last_id=event.last_id + ids, **times)
    return change(event, **times)


def run(session: Session) -> tuple[float, Tally]:
    """Seconds for one pass, and what was decided in it."""
    step, audits, signals = session.engine().step, 0, 0
    gc.collect()
    gc.freeze()  # as the runner does once it is set up: what lives for ever isn't looked through again
    started = perf_counter()
    for sequence, event in enumerate(session.events, 1):
        audit = step(sequence, event)
        if audit is not None:
            audits += 1
            signals += sum(type(decision) is SignalMade for decision in audit.decisions)
    seconds = perf_counter() - started
    gc.unfreeze()
    return seconds, Tally(audits, signals)


def main() -> None:
    """Print the median of five runs as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=EVENTS, help="at least so many market events")
    session = record(RecordedMarket(recording()), parser.parse_args().n)
    runs = [run(session) for _ in range(RUNS)]
    tallies = {tally.audits: tally for _, tally in runs}
    assert len(tallies) == 1, f"five runs of the same events decided differently: {list(tallies.values())}"
    tally = runs[0][1]
    rate = session.market_events / statistics.median(seconds for seconds, _ in runs)
    check = {"events": session.market_events, "signals": tally.signals, "audits": tally.audits}
    print(json.dumps({"bench": "engine", "value": round(rate), "unit": "events/s", "check": check}))


if __name__ == "__main__":
    main()
