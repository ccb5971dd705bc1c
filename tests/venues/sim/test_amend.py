from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from midas.domain.order import Side
from midas.venues.sim.floor.filters import Rules
from midas.venues.sim.floor.matcher import SelfTrade
from midas.venues.sim.floor.orders import Change, Order, Status
from midas.venues.sim.floor.refusal import Refusal
from tests.fakes.floor import NOW, Floor, check_ledger


def amend(floor: Floor, order: Order, quantity: str, client_id: str = "new") -> None:
    floor.exchange.amend(floor.accounts[0], order, Decimal(quantity), client_id, NOW)


def refusal(floor: Floor, order: Order, quantity: str, client_id: str = "new") -> tuple[int, str]:
    with pytest.raises(Refusal) as refused:
        amend(floor, order, quantity, client_id)
    return refused.value.code, refused.value.text


def test_a_reduced_order_keeps_its_place_and_unlocks_what_it_no_longer_needs(floor: Floor) -> None:
    floor.depth([], [(101, 0)])
    order = floor.place(floor.ask(Side.SELL, "3.0", 101))
    behind = floor.place(floor.ask(Side.SELL, "1.0", 101), account=1)
    amend(floor, order, "1.0")
    assert (order.quantity, floor.funds("BTC")) == (Decimal("1.0"), (19, 1))
    floor.print(101, 10, seller=False)
    assert order.status is Status.FILLED and not behind.deals
    assert floor.heard.of(order) == [Change.NEW, Change.REPLACED, Change.TRADE]
    check_ledger(floor)


def test_an_iceberg_shows_less_only_where_it_is_reduced_below_what_it_shows(floor: Floor) -> None:
    order = floor.place(replace(floor.ask(Side.SELL, "5.0", 103), iceberg=Decimal("2.0")))
    resting = floor.desk.matcher.resting(order.order_id)
    assert resting is not None
    amend(floor, order, "2.0")
    assert (resting.lots, resting.hidden) == (20, 0)
    amend(floor, order, "1.5")
    assert (resting.lots, resting.hidden) == (15, 0)


def test_an_amended_order_is_found_by_its_new_name_only(floor: Floor) -> None:
    order = floor.place(floor.ask(Side.SELL, "3.0", 103, client_id="old"))
    amend(floor, order, "2.0")
    assert floor.exchange.find(floor.accounts[0], "BTCUSDT", None, "new") is order
    assert floor.exchange.find(floor.accounts[0], "BTCUSDT", None, "old") is None
    amend(floor, order, "1.0", "new")
    assert [(one.old_client_id, one.client_id) for one in order.amendments] == [
        ("old", "new"),
        ("new", "new"),
    ]


def test_a_stop_that_waits_can_be_reduced(floor: Floor) -> None:
    order = floor.place(floor.stop(Side.BUY, "2.0", 103))
    amend(floor, order, "1.0")
    assert floor.funds("USDT") == (10_000 - 103, 103)
    floor.print(103, 1, seller=False)
    assert (order.status, order.executed) == (Status.FILLED, Decimal(1))
    check_ledger(floor)


def test_an_amendment_that_does_not_reduce_is_refused(floor: Floor) -> None:
    order = floor.place(floor.ask(Side.SELL, "2.0", 101))
    same = "The requested action would change no state; rejecting."
    assert refusal(floor, order, "2.0") == (-2038, same)
    assert refusal(floor, order, "3.0") == (-2038, "Order amend (quantity increase) is not supported.")
    assert refusal(floor, order, "1.95") == (-1013, "Filter failure: LOT_SIZE")
    assert refusal(floor, order, "0.1") == (-1013, "Filter failure: NOTIONAL")
    floor.print(101, 60, seller=False)
    assert order.executed == 1
    assert refusal(floor, order, "1.0")[0] == -2038
    assert order.amendments == []


def test_an_order_can_be_amended_only_so_often() -> None:
    floor = Floor(Rules(amends_max=1))
    order = floor.place(floor.ask(Side.SELL, "3.0", 103))
    amend(floor, order, "2.0")
    assert refusal(floor, order, "1.0") == (-2038, "Filter failure: MAX_NUM_ORDER_AMENDS")


def test_a_closed_order_is_unknown_and_another_ones_name_is_taken(floor: Floor) -> None:
    other = floor.place(floor.ask(Side.SELL, "2.0", 103, client_id="other"))
    order = floor.place(floor.ask(Side.SELL, "2.0", 103))
    assert refusal(floor, order, "1.0", "other") == (-2010, "Duplicate order sent.")
    floor.exchange.cancel(other, NOW, "c")
    assert refusal(floor, other, "1.0") == (-2011, "Unknown order sent.")


def test_a_reduced_stop_is_paid_for_by_what_it_still_has_set_aside(floor: Floor) -> None:
    order = floor.place(floor.stop(Side.SELL, "5.0", 98))
    amend(floor, order, "3.0")
    floor.exchange.wallet.withdraw(floor.accounts[0], "BTC", Decimal(17), NOW)
    floor.print(98, 1, seller=True)
    assert (order.status, order.executed) == (Status.FILLED, Decimal(3))
    check_ledger(floor)


def test_a_reduced_leg_that_waits_for_its_turn_needs_only_what_is_left_of_it(floor: Floor) -> None:
    working = floor.ask(Side.SELL, "1.0", 103)
    _, orders = floor.place_list(floor.ask(Side.SELL, "5.0", 104), working=working)
    amend(floor, orders[1], "3.0")
    floor.exchange.wallet.withdraw(floor.accounts[0], "BTC", Decimal(16), NOW)
    floor.print(104, 10, seller=False)
    assert [order.status for order in orders] == [Status.FILLED, Status.NEW]
    check_ledger(floor)


@pytest.mark.parametrize("quantity", ["1.0", "1.5"])
def test_a_pair_is_not_reduced_below_what_one_of_its_legs_lost(quantity: str) -> None:
    floor = Floor(Rules(self_trades=tuple(SelfTrade)))
    _, legs = floor.place_list(floor.maker(Side.SELL, "2.0", 102), floor.stop(Side.SELL, "2.0", 90))
    floor.depth([], [(101, 0), (102, 0), (103, 50)])
    floor.place(replace(floor.ask(Side.BUY, "1.5", 102), self_trade=SelfTrade.DECREMENT))
    stop, gain = legs
    assert [leg.prevented for leg in (stop, gain)] == [0, Decimal("1.5")]
    text = "Order amend (quantity already executed) is not supported."
    assert refusal(floor, stop, quantity) == (-2038, text)
    assert [leg.quantity for leg in legs] == [2, 2]
    amend(floor, stop, "1.8")
    assert [leg.left for leg in legs] == [Decimal("1.8"), Decimal("0.3")]
    check_ledger(floor)
