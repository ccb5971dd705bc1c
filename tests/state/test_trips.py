"""Round trips: when one ends, what it made, and that a restart loses none."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.domain.money import ZERO
from midas.domain.order import Side
from midas.domain.trips import Trip
from midas.state.ledger import TRIPS_KEPT, Ledger
from midas.statistics.trades import Deal, round_trips
from tests.fakes.nouns import BTC, START, fill, trip

BUY, SELL = Side.BUY, Side.SELL


class Book:
    """One strategy's trades in one pair."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.trades = 0

    def trade(self, side: Side, quantity: str | Decimal, price: str | int, **more: object) -> None:
        self.trades += 1
        made = fill(self.trades, Decimal(quantity), str(price), time=START + self.trades, **more)
        self.ledger.book("s", side, made, BTC)

    @property
    def results(self) -> list[float]:
        return [trip.result for trip in self.ledger.trips.get("s", ())]


def test_a_round_trip_ends_flat_with_its_result_after_fees() -> None:
    book = Book()
    book.trade(BUY, "1", 100, fee=Decimal("0.1"))
    assert book.results == []
    book.trade(SELL, "1", 102, fee=Decimal("0.1"))
    assert book.results == [pytest.approx(0.018)]
    assert book.ledger.trips["s"] == (
        Trip(
            strategy="s", instrument=BTC.id, opened_at=START + 1, closed_at=START + 2, quantity=Decimal(1),
            paid=Decimal(100), gross=Decimal(2), costs=Decimal("0.2"),
        ),
    )  # fmt: skip


def test_parts_belong_to_one_round_trip() -> None:
    book = Book()
    for quantity, price in (("1", 100), ("1", 104)):
        book.trade(BUY, quantity, price)
    book.trade(SELL, "0.5", 110)
    assert book.results == []
    book.trade(SELL, "1.5", 110)
    assert book.results == [pytest.approx(16 / 204)]


def test_what_the_venue_takes_no_order_of_is_nothing_left() -> None:
    book = Book()
    book.trade(BUY, "1", 100, fee=Decimal("0.001"), fee_asset="BTC")
    book.trade(SELL, "0.99899", 101)
    assert len(book.results) == 1
    book.trade(BUY, "1", 100)
    book.trade(SELL, "1.00001", 99)
    assert book.results[1] == pytest.approx(-0.01, abs=1e-4)


def test_a_small_first_part_does_not_end_what_it_begins() -> None:
    book = Book()
    book.trade(BUY, "0.00002", 100)
    book.trade(BUY, "1", 100)
    assert book.results == []


def test_a_trade_that_the_venue_takes_back_is_no_round_trip() -> None:
    book = Book()
    made = fill(1, "1", "100")
    book.ledger.book("s", BUY, made, BTC)
    book.ledger.unbook("s", BUY, made, BTC)
    assert book.results == []


def test_taking_back_what_closed_one_ends_none_and_loses_no_result() -> None:
    book = Book()
    book.trade(BUY, "1", 100)
    book.trade(SELL, "1", 105)
    book.ledger.unbook("s", SELL, fill(2, "1", "105"), BTC)
    book.trade(SELL, "1", 104)
    ended = book.ledger.trips["s"]
    assert sum(trip.profit for trip in ended) == book.ledger.sleeve("s", BTC.id).realised == Decimal(4)
    assert len(ended) == 2


def test_what_turns_through_zero_ends_one_and_begins_another() -> None:
    book = Book()
    book.trade(SELL, "1", 100)
    book.trade(BUY, "3", 90)
    book.trade(SELL, "2", 95)
    short, long = book.ledger.trips["s"]
    assert (short.quantity, short.profit, short.paid) == (Decimal(-1), Decimal(10), Decimal(100))
    assert (long.quantity, long.profit, long.paid) == (Decimal(2), Decimal(10), Decimal(180))
    assert (short.opened_at, short.closed_at, long.opened_at) == (START + 1, START + 2, START + 2)


def test_what_became_too_small_to_trade_still_ends_when_it_is_sold() -> None:
    book = Book()
    book.trade(BUY, "0.06", 100)
    book.trade(SELL, "0.06", 60)  # 3.60, where the venue takes 5 at least
    assert book.results == [pytest.approx(-0.4)]


def test_dust_that_was_left_counts_in_the_next_one() -> None:
    book = Book()
    book.trade(BUY, "1", 100)
    book.trade(SELL, "0.99999", 90)
    book.trade(SELL, "0.00001", 80)
    book.trade(BUY, "1", 90)
    book.trade(SELL, "1", 90)
    ended = book.ledger.trips["s"]
    assert len(ended) == 2
    assert sum(trip.profit for trip in ended) == book.ledger.sleeve("s", BTC.id).realised


@pytest.mark.parametrize(
    ("side", "stop", "multiple"), [(BUY, 98, 2.0), (BUY, 101, None), (SELL, 102, -2.0), (SELL, 99, None)]
)
def test_the_first_stop_says_what_was_risked(side: Side, stop: int, multiple: float | None) -> None:
    book = Book()
    book.ledger.stopped("s", BTC.id, Decimal(50))  # of nothing
    book.trade(side, "1", 100)
    book.ledger.stopped("s", BTC.id, Decimal(stop))
    book.ledger.stopped("s", BTC.id, Decimal(100))  # it moved
    book.trade(SELL if side is BUY else BUY, "1", 104)
    (ended,) = book.ledger.trips["s"]
    assert ended.stop == Decimal(stop)
    assert ended.multiple == multiple


def test_without_a_stop_there_is_no_multiple() -> None:
    assert trip("5").multiple is None


def test_strategies_have_their_own_and_are_carried_in_the_order_of_their_ends() -> None:
    before = Ledger()
    made = [trip(place=place, strategy=strategy) for place, strategy in enumerate("abab")]
    before.restore_trips(made)
    assert before.trips == {"a": (made[0], made[2]), "b": (made[1], made[3])}
    assert before.closed == tuple(made)
    after = Ledger()
    after.restore_trips(before.closed)
    assert after.trips == before.trips


def test_only_the_newest_are_kept() -> None:
    book = Book()
    for _ in range(TRIPS_KEPT + 5):
        book.trade(BUY, "1", 100)
        book.trade(SELL, "1", 101)
    assert len(book.results) == TRIPS_KEPT


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(90, 110), st.integers(0, 3)), min_size=1, max_size=12)
)
def test_they_are_the_trades_of_the_statistics(legs: list[tuple[int, int, int]]) -> None:
    """Bought in parts and sold as a whole: profit over what was paid, as `statistics.trades` has it."""
    book, deals, held = Book(), list[Deal](), 0
    for quantity, price, cents in legs:
        fee = Decimal(cents) / 100
        book.trade(BUY, str(quantity), price, fee=fee)
        deals.append(Deal(len(deals), Decimal(quantity), Decimal(price), fee))
        held += quantity
        if cents == 0:
            book.trade(SELL, str(held), price + 1)
            deals.append(Deal(len(deals), Decimal(-held), Decimal(price + 1)))
            held = 0
    closed = round_trips(deals).closed
    paid = [sum((m.quantity * m.entry for m in trip.matches), ZERO) for trip in closed]
    assert book.results == [
        pytest.approx(float(trip.profit / cost)) for trip, cost in zip(closed, paid, strict=True)
    ]
