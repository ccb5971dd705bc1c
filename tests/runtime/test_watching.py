"""The second opinion on the books: each invariant, through a state that somebody has broken."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from midas.domain.carry import Carried
from midas.domain.decision import Decision, OrderMoved
from midas.domain.event import (
    AccountReported,
    Event,
    LatchTripped,
    OrderAccepted,
    OrderFilled,
    OrderSent,
    Remarked,
    SessionOpened,
    Source,
    Ticked,
)
from midas.domain.mode import KillLevel
from midas.domain.order import GUARDS, BalanceReport, Fill, OrderIntent, OrderType, Purpose, Side, TradeReport
from midas.domain.time import SECOND
from midas.engine.audit import Audit
from midas.errors import StoreFull
from midas.runtime.watching import Watch
from midas.state.state import State
from tests.fakes.desk import BTC
from tests.fakes.shell import START
from tests.runtime.test_runner import Bench

ONE = Decimal(1)


class Books:
    """A state that is watched, with one order in it."""

    def __init__(self) -> None:
        self.state = State((BTC,), "USDT")
        self.watch = Watch(self.state)
        self.now = START
        self.see(SessionOpened("session-1", START, "account-1", "SIM", "", Carried()))
        self.see(report(Decimal(10_000)))
        self.state.recovering = False
        self.state.plan(entry("md-1"))

    def see(self, event: Event, *more: Decision) -> str:
        """Apply it, and what the watch has to say."""
        made = (*self.state.apply(event), *more)
        return self.watch.after(event, Audit(1, "test", event.at, made, ()))

    def fill(self, trade_id: int = 1, quantity: Decimal = ONE, client_id: str = "md-1") -> str:
        """One execution."""
        return self.see(filled(trade_id, quantity, client_id))


def entry(client_id: str) -> OrderIntent:
    return OrderIntent(
        client_id=client_id, instrument=BTC.id, strategy="puppet", side=Side.BUY, type=OrderType.LIMIT,
        time_in_force=None, quantity=Decimal(3), price=Decimal(100), purpose=Purpose.ENTRY, decision=1,
        mode="NORMAL", regime="TREND", market_time=START, created_at=START, reason="test",
    )  # fmt: skip


def filled(trade_id: int, quantity: Decimal = ONE, client_id: str = "md-1") -> OrderFilled:
    fill = Fill(
        trade_id=trade_id, price=Decimal(100), quantity=quantity, fee=Decimal("0.001"), fee_asset="BTC",
        maker=True, time=START,
    )  # fmt: skip
    return OrderFilled(client_id, "1", BTC.id, fill, START, Source.STREAM)


def report(cash: Decimal) -> AccountReported:
    balances = (BalanceReport("USDT", cash, Decimal(0)),)
    return AccountReported(START, START, "start", balances, (), (), (), ())


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_books_that_are_in_order_are_left_alone(books: Books) -> None:
    assert books.see(OrderSent("md-1", START, START + SECOND)) == ""
    assert books.see(OrderAccepted("md-1", "1", START, Source.ANSWER)) == ""
    assert [books.fill(1), books.fill(1), books.fill(2), books.fill(3)] == [""] * 4
    assert books.see(Ticked(START, 0)) == ""


def test_a_fill_that_counts_twice_is_noticed(books: Books) -> None:
    books.fill(1)
    books.state.ledger.knows = lambda *_: False  # type: ignore[method-assign]
    assert books.fill(1).startswith("I4: order md-1 counts 2 filled")


def test_a_position_that_moves_by_itself_is_noticed(books: Books) -> None:
    books.fill()
    books.state.ledger.sleeve("puppet", BTC.id).quantity += ONE
    assert books.see(Ticked(START, 0)) == "I1: BTC-USDT moved by 1, booked was 0"


def test_what_the_guard_sold_is_no_contradiction(books: Books) -> None:
    books.fill()
    sale = msgspec.structs.replace(filled(2).fill, fee=Decimal(0))
    trade = TradeReport(instrument=BTC.id, venue_id="9", client_id=f"{GUARDS}1", side=Side.SELL, fill=sale)
    told = msgspec.structs.replace(report(Decimal(10_000)), trades=(trade,))
    assert books.see(told) == ""
    assert books.state.ledger.position(BTC.id) == Decimal("-0.001")


def test_a_balance_that_no_position_follows_is_noticed(books: Books) -> None:
    books.fill()
    books.state.ledger.adjust("BTC", ONE)
    assert books.see(Ticked(START, 0)).startswith("I2: 1 BTC entered the account")


def test_an_order_that_is_sent_twice_is_noticed(books: Books) -> None:
    sent = OrderSent("md-1", START, START + SECOND)
    assert books.see(sent) == ""
    assert books.see(sent) == "I3: order md-1 was sent 2 times"


def test_an_order_that_nobody_planned_is_noticed(books: Books) -> None:
    assert books.see(OrderSent("md-9", START, START)).startswith("I3: order md-9 was sent")


def test_what_has_filled_never_falls(books: Books) -> None:
    books.fill(1)
    order = books.state.orders.open["md-1"]
    order.filled, order.fills = Decimal(0), {}
    assert books.fill(2) == ""  # grows again, to the same
    books.fill(3)
    order.filled, order.fills = Decimal(0), {}
    assert books.see(report(Decimal(1))).startswith("I4: order md-1 had 2 filled and has 0")


def test_an_overfill_that_nobody_told_is_noticed(books: Books) -> None:
    books.fill(1)
    order = books.state.orders.open["md-1"]
    order.intent = msgspec.structs.replace(order.intent, quantity=Decimal("0.5"))
    assert books.see(report(Decimal(1))).startswith("I4: order md-1 has 1 of 0.5")


def test_an_overfill_that_is_told_belongs_to_the_book(books: Books) -> None:
    assert [books.fill(1), books.fill(2, Decimal(5))] == ["", ""]
    assert books.state.orders.anomalies["overfill"] == 1


def test_a_terminal_state_that_is_left_in_silence_is_noticed(books: Books) -> None:
    told = books.see(Ticked(START, 0), OrderMoved("md-1", "CANCELED", "OPEN"))
    assert told == "I5: order md-1 was CANCELED and is OPEN"


@pytest.mark.parametrize("closes", ["latch", "recovering"])
def test_an_entry_that_leaves_through_a_closed_gate_is_noticed(books: Books, closes: str) -> None:
    if closes == "latch":
        books.state.control.trip("halt", "test", "", START)
    else:
        books.state.recovering = True
    assert books.see(OrderSent("md-1", START, START)).startswith("I7: entry md-1 was sent while")


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-1", "0"])
def test_a_number_that_is_none_is_noticed(books: Books, bad: str) -> None:
    assert books.watch.after(filled(1, Decimal(bad)), None).startswith("I13: trade 1 came with quantity")


def test_a_balance_below_nothing_is_noticed(books: Books) -> None:
    assert books.watch.after(report(Decimal(-1)), None) == "I13: the balance of USDT came as -1"


async def test_a_broken_book_latches_a_halt_and_goes_on(bench: Bench) -> None:
    async with bench.running() as run:
        await bench.a_position()
        bench.state.ledger.adjust("BTC", ONE)
        bench.put([Ticked(bench.clock.now(), 0)])
        await bench.until(lambda: bench.state.control.latched)
        assert not run.done()
    record = bench.latch.record
    assert record is not None
    assert (record.level, record.by) == (KillLevel.HALT, "invariant")
    assert record.reason.startswith("I2: 1 BTC entered the account")
    assert bench.recorded(LatchTripped)
    assert any("an invariant is broken" in remark.text for remark in bench.recorded(Remarked))


async def test_a_broken_book_on_a_full_disk_still_stops_entries(bench: Bench) -> None:
    async with bench.running():
        await bench.a_position()
        bench.latch.failure = StoreFull("no room")
        bench.state.ledger.adjust("BTC", ONE)
        bench.put([Ticked(bench.clock.now(), 0)])
        await bench.until(lambda: bench.state.control.latched)
    assert not bench.state.control.permissions.entries
