"""A recorded stream as ticks: whole books, a queue in them, and the same market as the recording's."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from midas.backtest.assumptions import RISK_AVERSE
from midas.backtest.outcome import Outcome
from midas.backtest.queues import MODELS
from midas.backtest.tick_recording import RecordedTicks
from midas.backtest.tick_run import run_ticks
from midas.domain.market import BookDelta, BookSnapshot, Quote, Trade
from midas.domain.opinion import Urgency
from midas.domain.time import MILLISECOND
from midas.errors import RecordingInvalid
from midas.state.market import InstrumentMarket
from tests.backtest.stage import CASH, PLAIN, bars, config
from tests.backtest.test_ticks import Listener

RECORDED = Path(__file__).parents[1] / "payloads" / "midas-btcusdt.jsonl.gz"
LATE = msgspec.structs.replace(
    PLAIN, feed_latency=10 * MILLISECOND, order_latency=20 * MILLISECOND, answer_latency=20 * MILLISECOND
)


def played(urgency: Urgency, queue: str = RISK_AVERSE) -> Outcome:
    source = RecordedTicks(RECORDED)
    series = [bars([1.0], instrument=source.instrument)]
    settings = msgspec.structs.replace(config(series, units=Decimal("0.05")), bar_spread=None)
    script = Listener([n % 400 < 200 for n in range(100_000)], urgency)
    given = msgspec.structs.replace(LATE, queue=queue)
    return run_ticks(settings, [script], source, {"USDT": CASH, source.instrument.base: Decimal(0)}, given)


def test_the_books_of_a_recording_hold_together() -> None:
    source = RecordedTicks(RECORDED)
    market, kinds, before = InstrumentMarket(source.instrument), set(), 0
    for event in source.events(delay=5):
        assert event.at == event.time + 5 >= before
        before = event.at
        kinds.add(type(event))
        if isinstance(event, BookSnapshot):
            market.on_snapshot(event)
        elif isinstance(event, BookDelta):
            assert market.on_delta(event)
        elif isinstance(event, Quote):
            assert event.bid < event.ask
    assert kinds == {BookSnapshot, BookDelta, Quote, Trade}
    assert len(source.marks(1_000 * MILLISECOND)) > 0


def test_without_quotes_the_touch_is_that_of_the_book(tmp_path: Path) -> None:
    path = tmp_path / "books.jsonl"
    with gzip.open(RECORDED, "rt") as lines:
        path.write_text("".join(line for line in lines if "@bookTicker" not in line))
    source = RecordedTicks(path)
    market, moves = InstrumentMarket(source.instrument), set()
    for event in source.events():
        if isinstance(event, BookSnapshot):
            market.on_snapshot(event)
        elif isinstance(event, BookDelta):
            assert market.on_delta(event)
        elif isinstance(event, Quote):
            market.on_quote(event)
            book = market.book
            assert (event.bid, event.bid_lots) == (book.best_bid, book.best_bid_lots)
            assert (event.ask, event.ask_lots) == (book.best_ask, book.best_ask_lots)
            moves.add(market.mid)
    known = source.marks(10_000 * MILLISECOND)
    assert len(moves) > 10 and len(known) > 3 and known.close[-1] == pytest.approx(market.mid)


def test_what_takes_pays_the_spread_and_what_waits_earns_it() -> None:
    taken, waited = played(Urgency.AGGRESSIVE), played(Urgency.PASSIVE)
    assert len(taken.fills) > 4 and not any(f.maker for f in taken.fills)
    assert any(f.maker for f in waited.fills)
    for found in (taken, waited):
        assert found.curve.equity[-1] == pytest.approx(found.equity, rel=1e-4)


def test_a_run_is_repeated_to_the_last_byte() -> None:
    assert played(Urgency.PASSIVE).digest == played(Urgency.PASSIVE).digest


@pytest.mark.parametrize("model", MODELS)
def test_every_queue_model_plays(model: str) -> None:
    assert played(Urgency.PASSIVE, model).audits > 10


def test_a_symbol_that_isnt_in_it_is_refused() -> None:
    with pytest.raises(RecordingInvalid, match="BTCUSDT"):
        RecordedTicks(RECORDED, "ETHUSDT")
