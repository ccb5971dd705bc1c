"""A flatten sells what there is, below the touch by a collar, and neither waits nor hurries without need."""

from __future__ import annotations

from decimal import Decimal

import pytest

from midas.agents.flattening import leaves_nothing
from midas.domain.order import OrderIntent, Purpose, Side, TimeInForce
from midas.state.state import EXTERNAL
from tests.agents.floor import Floor
from tests.fakes.desk import EXECUTION
from tests.fakes.nouns import BTC, ETH, START, desk, fill, hold, intent, quote

HALF = Decimal("0.5")


@pytest.fixture
def floor() -> Floor:
    return Floor()


def test_flatten_sells_every_sleeve_at_once_with_a_collar(floor: Floor) -> None:
    hold(floor.state, "1")
    hold(floor.state, "2", strategy="other")
    sales = floor.flatten()
    assert [(o.strategy, o.quantity, o.purpose) for o in sales] == [
        ("s", Decimal(1), Purpose.FLATTEN),
        ("other", Decimal(2), Purpose.FLATTEN),
    ]
    assert {(o.price, o.time_in_force) for o in sales} == {(Decimal("99.49"), TimeInForce.IOC)}
    for sale in sales:
        floor.fill(sale)
    assert leaves_nothing(floor.state)
    assert floor.flatten() == []


def test_flatten_asks_no_less_than_what_the_venue_takes_so_little_at(floor: Floor) -> None:
    hold(floor.state, "0.0501")  # worth 5.01 at the bid of 99.99, and below the least of 5 at the collar
    [sale] = floor.flatten()
    assert sale.price == Decimal("99.81")
    floor.fill(sale)
    assert leaves_nothing(floor.state)


def test_flatten_waits_for_orders_that_stand_and_for_its_own(floor: Floor) -> None:
    hold(floor.state, "1")
    floor.want("0")
    [exit_order] = [step for step in floor.proceed() if isinstance(step, OrderIntent)]
    assert floor.flatten() == []
    floor.close(exit_order)
    [sale] = floor.flatten()
    assert floor.flatten() == []
    floor.fill(sale, "0.25")
    floor.close(sale)
    assert [o.quantity for o in floor.flatten()] == [Decimal("0.75")]


def test_a_buy_in_doubt_does_not_hold_a_flatten_up_but_a_sale_does(floor: Floor) -> None:
    hold(floor.state, "1")
    floor.state.plan(intent("md-lost"))
    floor.state.orders.uncertain("md-lost", "timeout", START)
    [sale] = floor.flatten()
    assert sale.quantity == 1
    floor.state.orders.cancel_sent(sale.client_id, START)
    floor.state.orders.uncertain(sale.client_id, "timeout", START)
    assert floor.flatten() == []


def test_a_refused_flatten_is_not_repeated_with_every_book_update(floor: Floor) -> None:
    hold(floor.state, "1")
    [sale] = floor.flatten()
    floor.close(sale)
    assert floor.flatten(after=EXECUTION.reprice_age - 1) == []
    assert len(floor.flatten(after=1)) == 1


def test_flatten_sells_what_the_account_has_not_what_a_sleeve_believes(floor: Floor) -> None:
    hold(floor.state, "1")
    floor.state.ledger.book(EXTERNAL, Side.SELL, fill(77, "0.7"), BTC)
    [sale] = floor.flatten()
    assert sale.quantity == Decimal("0.3")
    floor.fill(sale)
    assert leaves_nothing(floor.state)


def test_two_sleeves_share_what_the_account_has(floor: Floor) -> None:
    hold(floor.state, "1")
    hold(floor.state, "1", strategy="other")
    floor.state.ledger.book(EXTERNAL, Side.SELL, fill(77, "0.5"), BTC)
    assert [o.quantity for o in floor.flatten()] == [Decimal(1), HALF]


def test_dust_is_nothing_and_what_has_no_price_is_not() -> None:
    state = desk(BTC, ETH)
    hold(state, "0.04")
    assert leaves_nothing(state)
    hold(state, "0.04", instrument=ETH)
    assert not leaves_nothing(state)


def test_flatten_without_a_bid_waits(floor: Floor) -> None:
    hold(floor.state, "1")
    floor.state.on_quote(quote("0", "100"))
    assert floor.flatten() == []
    assert not leaves_nothing(floor.state)
