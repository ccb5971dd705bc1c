from __future__ import annotations

from decimal import Decimal

import pytest

from midas.domain.order import Side
from midas.venues.sim.floor.filters import Rules
from midas.venues.sim.floor.lists import ListNews, ListStatus
from midas.venues.sim.floor.orders import Ask, Change, Order, Status
from midas.venues.sim.floor.refusal import Refusal
from tests.fakes.floor import NOW, Floor, check_ledger

DONE = [ListNews.EXEC_STARTED, ListNews.ALL_DONE]


def pair(floor: Floor, gain: int = 105, stop: int = 97, limit: int | None = None) -> tuple[Ask, Ask]:
    """The legs of an OCO that sells 2.0."""
    return floor.maker(Side.SELL, "2.0", gain), floor.stop(Side.SELL, "2.0", stop, limit)


def refusal(floor: Floor, *legs: Ask, working: Ask | None = None) -> tuple[int, str]:
    with pytest.raises(Refusal) as refused:
        floor.place_list(*legs, working=working)
    return refused.value.code, refused.value.text


def news(floor: Floor) -> list[ListNews]:
    return [one for _, one in floor.heard.lists]


def statuses(orders: list[Order]) -> list[Status]:
    return [order.status for order in orders]


def test_an_oco_sets_aside_once_what_the_dearer_leg_may_cost(floor: Floor) -> None:
    floor.place_list(*pair(floor))
    assert floor.funds("BTC") == (18, 2)
    stop, gain = floor.stop(Side.BUY, "2.0", 105, 107), floor.maker(Side.BUY, "2.0", 95)
    floor.place_list(stop, gain)
    assert floor.funds("USDT") == (10_000 - 214, 214)
    check_ledger(floor)


def test_a_leg_that_trades_ends_the_other_and_the_list_ends_with_it(floor: Floor) -> None:
    made, (stop, gain) = floor.place_list(*pair(floor))
    floor.print(105, 3, seller=False)
    floor.print(106, 5, seller=False)
    assert statuses([gain, stop]) == [Status.PARTIALLY_FILLED, Status.EXPIRED]
    assert stop.expiry_reason == "OCO_TRIGGER"
    assert (gain.locked, made.locked, made.status) == (Decimal("1.2"), Decimal(0), ListStatus.EXECUTING)
    floor.print(106, 12, seller=False)
    assert gain.status is Status.FILLED
    assert (made.status, news(floor)) == (ListStatus.ALL_DONE, DONE)
    check_ledger(floor)


def test_a_leg_that_triggers_ends_the_other_before_it_trades(floor: Floor) -> None:
    made, (stop, gain) = floor.place_list(*pair(floor, limit=96))
    floor.print(97, 1, seller=True)
    assert statuses([gain, stop]) == [Status.EXPIRED, Status.FILLED]
    changes = [change for _, change, _ in floor.heard.changes]
    assert changes == [Change.NEW, Change.NEW, Change.EXPIRED, Change.NEW, Change.TRADE]
    assert made.status is ListStatus.ALL_DONE
    check_ledger(floor)


def test_cancelling_one_leg_cancels_the_list(floor: Floor) -> None:
    made, orders = floor.place_list(*pair(floor))
    floor.exchange.cancel(orders[1], NOW, "c")
    assert statuses(orders) == [Status.CANCELED, Status.CANCELED]
    assert {order.cancel_id for order in orders} == {"c"}
    assert (made.status, news(floor), floor.funds("BTC")) == (ListStatus.ALL_DONE, DONE, (20, 0))
    with pytest.raises(Refusal, match="Unknown order sent"):
        floor.exchange.cancel_list(made, NOW, "again")


def test_the_rest_of_a_list_can_be_cancelled_after_one_leg_expired(floor: Floor) -> None:
    made, (stop, gain) = floor.place_list(*pair(floor))
    floor.print(106, 5, seller=False)
    floor.exchange.cancel_list(made, NOW, "c")
    assert statuses([gain, stop]) == [Status.CANCELED, Status.EXPIRED]
    assert made.status is ListStatus.ALL_DONE


@pytest.mark.parametrize(
    ("gain", "stop"),
    [(105, 100), (105, 101), (100, 97), (99, 97)],
)
def test_an_oco_whose_prices_do_not_lie_around_the_market_is_refused(
    floor: Floor, gain: int, stop: int
) -> None:
    expected = (-2010, "The relationship of the prices for the orders is not correct.")
    assert refusal(floor, *pair(floor, gain, stop)) == expected
    assert not floor.exchange.orders


def test_a_leg_on_the_wrong_side_is_refused_with_its_own_code(floor: Floor) -> None:
    buy, sell = Side.BUY, Side.SELL
    limit = (floor.maker(buy, "1.0", 105), floor.stop(buy, "1.0", 104))
    assert refusal(floor, *limit) == (-1165, "A limit order in a buy OCO must be below.")
    limit = (floor.stop(sell, "1.0", 97), floor.maker(sell, "1.0", 95))
    assert refusal(floor, *limit) == (-1166, "A limit order in a sell OCO must be above.")
    stop = (floor.stop(buy, "1.0", 105, gain=True), floor.stop(buy, "1.0", 98))
    assert refusal(floor, *stop)[0] in (-1196, -1198)  # both are wrong
    both = (floor.stop(sell, "1.0", 105), floor.stop(sell, "1.0", 98))
    assert refusal(floor, *both) == (-1197, "A stop loss order in a sell OCO must be below.")
    both = (floor.stop(buy, "1.0", 105), floor.stop(buy, "1.0", 98))
    assert refusal(floor, *both) == (-1196, "A stop loss order in a buy OCO must be above.")
    both = (floor.maker(sell, "1.0", 105), floor.maker(sell, "1.0", 104))
    assert refusal(floor, *both) == (-1168, "At least one OCO order must be contingent.")
    plain = (floor.ask(sell, "1.0", 105), floor.stop(sell, "1.0", 98))
    assert refusal(floor, *plain) == (-1158, "Order type not supported in OCO.")


def test_a_list_that_cannot_be_paid_is_refused_whole(floor: Floor) -> None:
    gain, stop = floor.maker(Side.SELL, "21.0", 105), floor.stop(Side.SELL, "21.0", 97)
    assert refusal(floor, gain, stop)[1] == "Account has insufficient balance for requested action."
    assert floor.heard.changes == []


def test_a_list_id_is_free_again_once_its_list_is_done(floor: Floor) -> None:
    made, _ = floor.place_list(*pair(floor), client_id="list")
    with pytest.raises(Refusal, match="Duplicate order sent"):
        floor.place_list(*pair(floor), client_id="list")
    floor.exchange.cancel_list(made, NOW, "c")
    again, _ = floor.place_list(*pair(floor), client_id="list")
    assert floor.exchange.registry.find_list(floor.accounts[0], None, "list") is again


def test_the_number_of_open_lists_is_limited_and_each_leg_counts_as_an_order() -> None:
    floor = Floor(Rules(lists_max=1))
    floor.place_list(*pair(floor))
    assert refusal(floor, *pair(floor)) == (-1013, "Filter failure: MAX_NUM_ORDER_LISTS")
    floor = Floor(Rules(orders_max=1))
    assert refusal(floor, *pair(floor)) == (-1013, "Filter failure: MAX_NUM_ORDERS")


def test_a_pending_order_starts_when_the_working_one_is_filled(floor: Floor) -> None:
    working, pending = floor.ask(Side.BUY, "1.0", 100), floor.ask(Side.SELL, "1.0", 105)
    made, orders = floor.place_list(pending, working=working)
    assert statuses(orders) == [Status.NEW, Status.PENDING_NEW]
    assert (floor.funds("USDT"), floor.funds("BTC")) == ((9_900, 100), (20, 0))
    floor.print(99, 10, seller=True)
    assert statuses(orders) == [Status.FILLED, Status.NEW]
    assert floor.funds("BTC")[1] == 1
    assert floor.heard.of(orders[1]) == [Change.NEW, Change.NEW]
    floor.print(106, 10, seller=False)
    assert (made.status, news(floor)) == (ListStatus.ALL_DONE, DONE)
    check_ledger(floor)


def test_a_working_order_that_fills_at_once_starts_the_pending_one_at_once(floor: Floor) -> None:
    working, pending = floor.ask(Side.BUY, "1.0", 101), floor.ask(Side.SELL, "1.0")
    made, orders = floor.place_list(pending, working=working)
    assert statuses(orders) == [Status.FILLED, Status.FILLED]
    assert made.status is ListStatus.ALL_DONE


@pytest.mark.parametrize("which", [0, 1])
def test_cancelling_the_working_or_the_pending_order_cancels_both(floor: Floor, which: int) -> None:
    made, orders = floor.place_list(floor.ask(Side.SELL, "1.0", 105), working=floor.ask(Side.BUY, "1.0", 99))
    floor.exchange.cancel(orders[which], NOW, "c")
    assert statuses(orders) == [Status.CANCELED, Status.CANCELED]
    assert (made.contingency, made.status) == ("OTO", ListStatus.ALL_DONE)
    assert floor.funds("USDT") == (10_000, 0)


def test_a_pending_order_that_cannot_be_paid_when_its_turn_comes_is_rejected(floor: Floor) -> None:
    working, pending = floor.ask(Side.BUY, "1.0", 100), floor.ask(Side.SELL, "21.0", 105)
    made, orders = floor.place_list(pending, working=working)  # the fee leaves less than 21
    floor.print(99, 10, seller=True)
    assert statuses(orders) == [Status.FILLED, Status.REJECTED]
    assert orders[1].reject_reason == "INSUFFICIENT_BALANCES"
    assert made.status is ListStatus.ALL_DONE
    check_ledger(floor)


def test_an_otoco_starts_two_legs_of_which_one_ends_the_other(floor: Floor) -> None:
    working = floor.ask(Side.BUY, "2.0", 100)
    made, (entry, stop, gain) = floor.place_list(*pair(floor), working=working)
    assert made.contingency == "OTO" and not made.locked
    floor.print(99, 20, seller=True)
    assert statuses([entry, gain, stop]) == [Status.FILLED, Status.NEW, Status.NEW]
    assert made.locked == floor.funds("BTC")[1] == 2
    floor.print(97, 1, seller=True)
    assert statuses([gain, stop]) == [Status.EXPIRED, Status.FILLED]
    assert made.status is ListStatus.ALL_DONE
    check_ledger(floor)


def test_legs_that_the_market_has_passed_when_their_turn_comes_do_not_start(floor: Floor) -> None:
    working = floor.ask(Side.BUY, "2.0", 96)
    made, (entry, stop, gain) = floor.place_list(*pair(floor), working=working)
    floor.print(95, 20, seller=True)
    assert statuses([entry, stop, gain]) == [Status.FILLED, Status.REJECTED, Status.EXPIRED]
    assert stop.reject_reason == "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY"
    assert made.status is ListStatus.ALL_DONE and not made.locked
    check_ledger(floor)


def test_an_order_that_meets_its_own_account_takes_its_list_along(floor: Floor) -> None:
    floor.depth([], [(101, 0), (102, 0)])
    made, (stop, gain) = floor.place_list(*pair(floor, gain=103))
    floor.place(floor.ask(Side.BUY, "1.0", 103))
    assert statuses([gain, stop]) == [Status.EXPIRED_IN_MATCH, Status.EXPIRED]
    assert (made.status, floor.funds("BTC")) == (ListStatus.ALL_DONE, (20, 0))


def test_amending_one_leg_of_an_oco_amends_both(floor: Floor) -> None:
    made, (stop, gain) = floor.place_list(*pair(floor))
    floor.exchange.amend(floor.accounts[0], stop, Decimal("1.5"), "smaller", NOW)
    assert (gain.quantity, stop.quantity, made.locked) == (Decimal("1.5"),) * 3
    assert floor.heard.of(gain)[-1] is Change.REPLACED
    assert news(floor) == [ListNews.EXEC_STARTED, ListNews.UPDATED]
    check_ledger(floor)


def test_a_trailing_leg_without_a_stop_price_has_no_place_among_the_prices(floor: Floor) -> None:
    gain, _ = pair(floor, gain=115)
    trailing = floor.stop(Side.SELL, "2.0", None, delta=200)
    _, orders = floor.place_list(gain, trailing)
    floor.print(110, 1, seller=False)
    assert statuses(orders) == [Status.NEW, Status.NEW]
