"""Back-tests on quotes, prints and books: three clocks, queues, partial fills and what we took."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from math import inf
from typing import ClassVar

import msgspec
import numpy as np
import pytest

from midas.backtest.assumptions import Assumptions
from midas.backtest.outcome import Outcome
from midas.backtest.record import Record
from midas.backtest.tick_driver import TickDriver
from midas.backtest.tick_run import run_ticks
from midas.backtest.tick_venue import TickVenue
from midas.backtest.ticks import Candles, Ticks
from midas.domain.event import OrderFilled
from midas.domain.market import Bar, BookSnapshot, Quote, Trade
from midas.domain.opinion import Urgency
from midas.domain.order import OrderIntent, OrderType, Purpose, Side, TimeInForce
from midas.domain.time import MILLISECOND, MINUTE, SECOND
from midas.engine.build import build_engine
from midas.ports.strategy import Hears
from midas.reports import spending
from tests.backtest.stage import CASH, PLAIN, START, Script, bars, config
from tests.fakes.desk import BTC

Row = tuple[int, int, int, int, int, int, int, bool]  # ms, bid, lots, ask, lots, print, its lots, sold


class Listener(Script):
    """A script that is shown every tick."""

    hears: ClassVar[str] = Hears.TICK

    def signal(self, market, briefing):  # type: ignore[no-untyped-def]
        place = len(self.seen)
        self.seen.append(market.mid)
        self.briefings.append(briefing)
        now, before = self._held.get(place, False), self._held.get(place - 1, False)
        return self._spoken(now) if now is not before else None

    def _spoken(self, now: bool):  # type: ignore[no-untyped-def]
        from midas.domain.opinion import Opinion

        return Opinion(direction=float(now), confidence=1.0, urgency=self._urgency, reason="told to")


def ticks(rows: Iterable[Row]) -> Ticks:
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    time, bid, bid_lots, ask, ask_lots, price, printed, sold = columns
    return Ticks(
        instrument=BTC, time=START + time * MILLISECOND, bid=bid, bid_lots=bid_lots, ask=ask,
        ask_lots=ask_lots, price=price, printed=printed, sold=sold.astype(np.bool_),
    )  # fmt: skip


def quote(ms: int, bid: int, ask: int, lots: int = 10**6) -> Row:
    return ms, bid, lots, ask, lots, 0, 0, False


def walk(count: int, seed: int = 1) -> Ticks:
    """Quotes around 1,000.00, three in ten of them prints."""
    chance = np.random.Generator(np.random.PCG64(seed))
    bid = 100_000 + np.cumsum(chance.integers(-2, 3, count))
    printed = np.where(chance.random(count) < 0.3, chance.integers(1, 10**6, count), 0)
    sold = chance.random(count) < 0.5
    return Ticks(
        instrument=BTC, time=START + np.cumsum(chance.integers(1, 2_000, count)) * MILLISECOND, bid=bid,
        bid_lots=chance.integers(1, 10**6, count), ask=bid + 2, ask_lots=chance.integers(1, 10**6, count),
        price=np.where(sold, bid, bid + 2), printed=printed, sold=sold,
    )  # fmt: skip


def played(source: Ticks, script: Listener, given: Assumptions = PLAIN) -> Outcome:
    balances = {"USDT": CASH, "BTC": Decimal(0)}
    settings = msgspec.structs.replace(config([bars([1.0])]), bar_spread=None)
    return run_ticks(settings, [script], source, balances, given)


LOT = float(BTC.lot_size)


def test_a_strategy_is_shown_every_tick_and_takes_the_other_touch() -> None:
    script = Listener([False, True, True, False])
    found = played(ticks(quote(n, 100_000 + n, 100_010 + n) for n in range(5)), script)
    assert len(script.seen) == 5 and found.bars == 5
    assert [(f.price, f.maker) for f in found.fills] == [
        (Decimal("1000.11"), False),
        (Decimal("1000.03"), False),
    ]


def test_an_order_meets_the_market_of_the_moment_at_which_it_arrives() -> None:
    given = msgspec.structs.replace(
        PLAIN, feed_latency=5 * MILLISECOND, order_latency=10 * MILLISECOND, answer_latency=3 * MILLISECOND
    )
    found = played(ticks(quote(n, 100_000 + n, 100_010 + n) for n in range(40)), Listener([True] * 40), given)
    (fill,) = found.fills
    assert fill.price == Decimal("1000.25")  # heard at 5 ms, there at 15 ms


def test_what_the_touch_doesnt_hold_is_taken_behind_it_or_not_at_all() -> None:
    rows = [quote(n, 100_000, 100_010, lots=30) for n in range(3)]
    found = played(ticks(rows), Listener([True] * 3))
    assert float(sum(f.quantity for f in found.fills)) == pytest.approx(30 * LOT)


def test_what_taking_paid_beyond_the_mid_is_told_as_spread_and_impact() -> None:
    rows = [quote(n, 100_000, 100_010) for n in range(4)]
    found = played(ticks(rows), Listener([True, True, False]))
    bought, sold = found.fills
    value = float(bought.quantity + sold.quantity) * 0.05  # half of ten ticks, each way
    assert found.spread == pytest.approx(value) and found.impact == 0.0
    costs = spending.spent(found, [ticks(rows).marks(MINUTE)], PLAIN)
    assert costs.spread == found.spread
    lost = float(CASH) - found.equity
    assert costs.total == pytest.approx(lost) and costs.beyond == pytest.approx(0.05 / 1000.05)


def test_a_fill_on_its_way_when_the_data_end_is_in_the_curve() -> None:
    rows = [quote(ms, 100_000, 100_010) for ms in (0, 30_000, 59_985, 59_990)]
    given = msgspec.structs.replace(PLAIN, order_latency=50 * MILLISECOND)
    found = played(ticks(rows), Listener([False, False, False, True]), given)
    (fill,) = found.fills
    assert fill.market_time > START + MINUTE
    assert found.curve.equity[-1] == pytest.approx(found.equity) and found.equity < float(CASH)
    assert found.curve.time.tolist() == [START + MINUTE, START + 2 * MINUTE] and found.curve.held[-1]


@pytest.mark.parametrize("prints", [False, True])
def test_where_nothing_is_printed_the_touch_wakes_a_stop(prints: bool) -> None:
    """It would have to trade there; where prints are known they alone wake it, as at the venue."""
    rows = [quote(n, 100_000 - 20 * n, 100_010 - 20 * n) for n in range(40)]
    if prints:
        rows.append((40, 99_220, 10**6, 99_230, 10**6, 99_220, 1, True))
    source = ticks(rows)
    assert source.prints is prints
    venue = TickVenue(
        build_engine(config([bars([1.0])]), [Listener([])]).state.markets[BTC.id],
        {"USDT": CASH, "BTC": Decimal(1)}, PLAIN, books=False, prints=source.prints,
    )  # fmt: skip
    stop = OrderIntent(
        client_id="a", instrument=BTC.id, strategy="s", side=Side.SELL, type=OrderType.STOP_LOSS_LIMIT,
        time_in_force=TimeInForce.GTC, quantity=BTC.quantity(30), price=BTC.price(98_000),
        purpose=Purpose.STOP, decision=1, mode="NORMAL", regime="", market_time=START,
        created_at=START, reason="told to", stop_price=BTC.price(99_900),
    )  # fmt: skip
    venue.submit(stop, START)
    venue.arrive()
    for event in source.events():
        assert not isinstance(event, Bar)
        venue.see(event)
    answers = []
    while venue.tells_at < inf:
        answers.append(venue.tell())
    (fill,) = [event.fill for event in answers if isinstance(event, OrderFilled)]
    assert fill.price == BTC.price(99_220 if prints else 99_900)


def test_what_lies_behind_the_touch_is_impact() -> None:
    venue = TickVenue(
        build_engine(config([bars([1.0])]), [Listener([])]).state.markets[BTC.id],
        {"USDT": CASH, "BTC": Decimal(0)}, PLAIN, books=True,
    )  # fmt: skip
    taking = OrderIntent(
        client_id="a", instrument=BTC.id, strategy="s", side=Side.BUY, type=OrderType.MARKET,
        time_in_force=None, quantity=BTC.quantity(30), price=None, purpose=Purpose.ENTRY, decision=1,
        mode="NORMAL", regime="", market_time=START, created_at=START, reason="told to",
    )  # fmt: skip
    venue.submit(taking, START)
    levels = np.array([(100_000, 50), (100_010, 10), (100_014, 50)], np.int64).tobytes()
    venue.see(BookSnapshot(BTC.id, START, START, 1, 1, levels))
    venue.arrive()
    unit = float(BTC.tick_size) * LOT
    assert venue.spread == pytest.approx(30 * 5 * unit) and venue.impact == pytest.approx(20 * 4 * unit)


def test_without_funding_none_was_paid() -> None:
    found = played(ticks([quote(0, 100_000, 100_010)]), Listener([]))
    assert str(found.funding) == "0.0"


def test_what_we_took_is_gone_until_another_size_is_shown() -> None:
    rows = [quote(600 * n, 100_000, 100_010, lots=30) for n in range(3)]
    rows += [quote(2_000 + n * 600, 100_000, 100_010, lots=40) for n in range(3)]
    found = played(ticks(rows), Listener([True] * 6))
    assert [round(float(f.quantity) / LOT) for f in found.fills] == [30, 40]


def test_a_patient_order_waits_in_the_queue() -> None:
    rows = [quote(0, 100_000, 100_010, 200_000)]
    rows += [(100, 100_000, 200_000, 100_010, 200_000, 100_000, 150_000, True)]
    rows += [(200, 100_000, 200_000, 100_010, 200_000, 100_000, 60_000, True)]
    found = played(ticks(rows), Listener([True] * 3, Urgency.PASSIVE))
    (fill,) = found.fills
    assert fill.maker and fill.price == Decimal("1000.00") and round(float(fill.quantity) / LOT) == 10_000


def told(source: Ticks, given: Assumptions, urgency: Urgency, *, glides: bool) -> Record:
    held = [i % 50 < 20 for i in range(len(source))]
    settings = msgspec.structs.replace(config([bars([1.0])]), bar_spread=None)
    record, engine = Record(), build_engine(settings, [Listener(held, urgency)])
    balances = {"USDT": CASH, "BTC": Decimal(0)}
    venue = TickVenue(engine.state.markets[BTC.id], balances, given, books=False)
    driver = TickDriver(engine, venue, given, record, BTC)
    driver.open(source.begins)
    driver.run(source.events(given.feed_latency), glides=glides)
    assert driver.ticks == len(source) == engine.state.market_events
    return record


@pytest.mark.parametrize("urgency", [Urgency.AGGRESSIVE, Urgency.PASSIVE])
@pytest.mark.parametrize("latency", [0, 700 * MILLISECOND])
def test_gliding_and_stepping_decide_the_same(urgency: Urgency, latency: int) -> None:
    given = msgspec.structs.replace(
        PLAIN, feed_latency=latency, order_latency=latency, answer_latency=latency, queue="power"
    )
    glided, stepped = (told(walk(600), given, urgency, glides=each) for each in (True, False))
    assert glided.audits == stepped.audits and len(glided.fills) > 5


def test_the_ledger_is_the_sum_of_the_fills() -> None:
    source = walk(2_000)
    found = played(source, Listener([i % 200 < 90 for i in range(2_000)]))
    paid = sum((f.price * f.quantity * f.side.sign + f.fee for f in found.fills), Decimal(0))
    assert found.cash == CASH - paid and len(found.fills) > 10
    assert list(found.curve.time) == sorted(set(found.curve.time.tolist()))


def test_prints_make_candles_that_come_before_the_next_event() -> None:
    rows: list[Row] = [quote(0, 100, 102)]
    rows += [(n * 20_000, 100, 5, 102, 5, 100 + n, 3, True) for n in range(1, 7)]
    woven = list(Candles(BTC, MINUTE).woven(ticks(rows).events(SECOND), SECOND))
    made = [e for e in woven if isinstance(e, Bar)]
    assert [(b.open, b.close, b.trades) for b in made] == [(1.01, 1.02, 2), (1.03, 1.05, 3)]
    assert all(a.at <= b.at for a, b in pairwise(woven))
    assert sum(isinstance(e, Quote | Trade) for e in woven) == 7


class BarReader(Listener):
    """The same, shown candles."""

    hears: ClassVar[str] = Hears.BAR


def test_candles_that_are_made_of_prints_are_counted_as_no_ticks() -> None:
    rows: list[Row] = [quote(0, 100, 102)]
    rows += [(n * 20_000, 100, 5, 102, 5, 100 + n, 3, True) for n in range(1, 7)]
    script = BarReader([False] * 9)
    assert (played(ticks(rows), script, PLAIN).bars, len(script.seen)) == (7, 2)


def test_funding_is_paid_in_ticks_as_well() -> None:
    given = msgspec.structs.replace(PLAIN, funding=0.001, funding_every=10 * SECOND)
    found = played(ticks(quote(n * 1_000, 100_000, 100_010) for n in range(35)), Listener([True] * 35), given)
    held = float(sum(f.quantity for f in found.fills))
    assert found.funding == pytest.approx(3 * held * 1_000.05 * 0.001)
    assert found.curve.equity[-1] == pytest.approx(found.equity, abs=1e-6)
