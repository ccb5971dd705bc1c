"""What an exchange remembers of orders and deals, and how it finds them."""

from __future__ import annotations

from decimal import Decimal

from midas.domain.order import Side
from midas.venues.sim.floor.orders import Deal, Order, Status
from midas.venues.sim.floor.registry import DEALS_KEPT, ORDERS_KEPT
from tests.fakes.floor import NOW, Floor


def _closed(floor: Floor, name: str = "") -> Order:
    registry = floor.exchange.registry
    order = registry.add(floor.accounts[0], floor.ask(Side.BUY, "1.0", 99, client_id=name), NOW)
    order.status = Status.CANCELED
    registry.close(order)
    return order


def _deal(number: int) -> Deal:
    return Deal(
        trade_id=number, symbol="BTCUSDT", order_id=number, list_id=-1, side=Side.BUY, price=Decimal(1),
        quantity=Decimal(1), fee=Decimal(0), fee_asset="BTC", maker=False, time=NOW,
    )  # fmt: skip


def test_the_order_that_closed_first_is_forgotten_first(floor: Floor) -> None:
    registry = floor.exchange.registry
    stays = floor.place(floor.ask(Side.BUY, "1.0", 99))
    orders = [_closed(floor) for _ in range(ORDERS_KEPT + 5)]
    gone = [number for number, _ in registry.forgotten]
    assert gone == [order.order_id for order in orders[: len(gone)]]
    assert len(gone) >= 4 and not registry.orders.keys() & set(gone)
    assert stays.order_id in registry.orders
    assert list(registry.archived) == gone


def test_only_so_many_deals_are_kept_and_the_others_are_told(floor: Floor) -> None:
    registry = floor.exchange.registry
    for number in range(DEALS_KEPT * 11 // 10):
        registry.traded("key1", _deal(number))
    kept = registry.deals["key1"]
    assert (len(kept), kept[-1].trade_id) == (DEALS_KEPT, DEALS_KEPT * 11 // 10 - 1)
    assert [deal.trade_id for deal in registry.past_deals] == list(range(DEALS_KEPT // 10))


def test_an_open_order_is_found_by_its_name_whatever_closed_ones_were_called(floor: Floor) -> None:
    registry, account = floor.exchange.registry, floor.accounts[0]
    _closed(floor, "x")
    assert registry.named(account, "x") is None
    order = floor.place(floor.ask(Side.BUY, "1.0", 99, client_id="x"))
    assert registry.named(account, "x") is order
    assert registry.named(floor.accounts[1], "x") is None
    registry.rename(order, "y")
    assert (registry.named(account, "x"), registry.named(account, "y")) == (None, order)
    floor.exchange.cancel(order, NOW, "c")
    assert registry.named(account, "y") is None
    assert registry.count_open(account, "BTCUSDT") == 0


def test_kept_orders_are_known_as_before(floor: Floor) -> None:
    closed = _closed(floor, "x")
    order = floor.place(floor.ask(Side.BUY, "1.0", 99, client_id="x"))
    other = Floor().exchange.registry
    other.restore([closed, order])
    account = floor.accounts[0]
    assert other.find(account, "BTCUSDT", None, "x") is order
    assert other.open_orders(account) == other.open_orders(account, "BTCUSDT") == [order]


def test_the_newest_list_of_a_name_is_found_and_done_ones_are_not_open(floor: Floor) -> None:
    registry, account = floor.exchange.registry, floor.accounts[0]
    legs = floor.maker(Side.SELL, "2.0", 110), floor.stop(Side.SELL, "2.0", 90)
    first, _ = floor.place_list(*legs, client_id="l")
    floor.exchange.cancel_list(first, NOW, "c")
    second, _ = floor.place_list(*legs, client_id="l")
    assert registry.find_list(account, None, "l") is second
    assert registry.find_list(account, first.list_id, "l") is first
    assert registry.find_list(account, first.list_id, "other") is None
    assert registry.find_list(floor.accounts[1], second.list_id, None) is None
    assert registry.open_lists(account) == [second]
