"""From flat to flat: what each position of a strategy made, whatever fills and restarts made of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from midas.domain.order import Side
from midas.domain.trips import Trip
from midas.state.ledger import TRIPS_KEPT, Ledger
from midas.state.state import State
from tests.fakes.nouns import BTC, START, desk, fill

D = Decimal


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def book(ledger: Ledger, side: Side, quantity: str, price: str, fee: str = "0", strategy: str = "s") -> None:
    made = fill(len(ledger.trades(BTC.id)) + 1, quantity, price, fee=D(fee))
    ledger.book(strategy, side, made, BTC)


def test_a_trip_is_told_when_it_is_over_with_every_fee(ledger: Ledger) -> None:
    book(ledger, Side.BUY, "1", "100", "0.5")
    book(ledger, Side.BUY, "1", "110", "0.5")
    book(ledger, Side.SELL, "0.5", "120", "0.25")
    assert not ledger.trips
    book(ledger, Side.SELL, "1.5", "120", "0.25")
    assert list(ledger.trips) == [Trip("s", BTC.id, START, D("28.5"))]


def test_what_is_left_below_the_venues_smallest_order_keeps_no_trip_open(ledger: Ledger) -> None:
    book(ledger, Side.BUY, "1", "100")
    book(ledger, Side.SELL, "0.99999", "90")
    (trip,) = ledger.trips
    assert trip.profit == D("-9.9999")
    book(ledger, Side.BUY, "1", "90")
    book(ledger, Side.SELL, "1.00001", "90")
    assert sum(trip.profit for trip in ledger.trips) == ledger.sleeve("s", BTC.id).realised


def test_strategies_have_their_own_trips(ledger: Ledger) -> None:
    book(ledger, Side.BUY, "1", "100", strategy="one")
    book(ledger, Side.BUY, "1", "100", strategy="other")
    book(ledger, Side.SELL, "1", "101", strategy="one")
    assert [trip.strategy for trip in ledger.trips] == ["one"]


def test_a_trade_that_is_taken_back_ends_no_trip_and_loses_no_result(ledger: Ledger) -> None:
    book(ledger, Side.BUY, "1", "100")
    book(ledger, Side.SELL, "1", "105")
    ledger.unbook("s", Side.SELL, fill(2, "1", "105"), BTC)
    book(ledger, Side.SELL, "1", "104")
    assert sum(trip.profit for trip in ledger.trips) == ledger.sleeve("s", BTC.id).realised == D(4)
    ledger.unbook("s", Side.BUY, fill(9, "1", "104"), BTC)
    assert len(ledger.trips) == 2


def test_the_oldest_trips_are_forgotten(ledger: Ledger) -> None:
    for _ in range(TRIPS_KEPT + 2):
        book(ledger, Side.BUY, "1", "100")
        book(ledger, Side.SELL, "1", "101")
    assert len(ledger.trips) == TRIPS_KEPT


def test_trips_and_the_open_one_outlive_a_restart() -> None:
    before = desk(BTC)
    book(before.ledger, Side.BUY, "1", "100")
    book(before.ledger, Side.SELL, "1", "101")
    book(before.ledger, Side.BUY, "1", "100", "0.5")
    after = State((BTC,), "USDT")
    carried = before.carried()
    after.ledger.restore(carried.balances, carried.sleeves, carried.trade_ids)
    after.ledger.trips.extend(carried.trips)
    book(after.ledger, Side.SELL, "1", "110", "0.5")
    assert [trip.profit for trip in after.ledger.trips] == [D(1), D(9)]
