from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from midas.domain.order import Side, TimeInForce
from midas.venues.sim.floor.orders import Change, Status
from midas.venues.sim.floor.triggers import Stop, Triggers
from tests.fakes.floor import NOW, Floor, check_ledger, refused


def due(stop: Stop, last: int, ticks: list[int]) -> int | None:
    """The first of `ticks` that triggers `stop`, which is placed when the last price is `last`."""
    triggers = Triggers(last)
    triggers.watch(stop, NOW)
    return next((tick for tick in ticks if triggers.traded(tick, NOW)), None)


@pytest.mark.parametrize(
    ("rises", "ticks", "expected"),
    [(True, [104, 105, 106], 105), (True, [107, 105], 107), (False, [96, 95], 95), (False, [99, 94], 94)],
)
def test_a_stop_triggers_at_its_price_or_past_it(rises: bool, ticks: list[int], expected: int) -> None:
    assert due(Stop(1, buys=rises, rises=rises, tick=105 if rises else 95), 100, ticks) == expected


def test_stops_that_one_trade_reaches_trigger_in_the_order_of_their_placement_and_only_once() -> None:
    triggers = Triggers(100)
    for number, tick in ((3, 97), (1, 98), (2, 90)):
        triggers.watch(Stop(number, buys=False, rises=False, tick=tick), NOW)
    assert triggers.traded(96, NOW) == [3, 1]
    assert triggers.traded(96, NOW) == []


@pytest.mark.parametrize(
    ("stop", "ticks", "expected"),
    [
        # A buyer's stop loss follows down from its stop price and triggers 5 % above the lowest price.
        (
            Stop(1, buys=True, rises=True, tick=44_000, delta=500),
            [37_000, 44_000, 46_000, 42_000, 44_099, 44_100],
            44_100,
        ),
        # A seller's stop loss: 10 % below the highest price since 39,000 was reached.
        (
            Stop(1, buys=False, rises=False, tick=39_000, delta=1_000),
            [41_500, 39_000, 37_000, 41_000, 36_901, 36_900],
            36_900,
        ),
        # A buyer's take profit: 8.5 % above the lowest price since 38,000 was reached.
        (
            Stop(1, buys=True, rises=False, tick=38_000, delta=850),
            [42_000, 38_000, 37_000, 39_000, 40_144, 40_145],
            40_145,
        ),
        # Without a stop price it follows from where it was placed.
        (Stop(1, buys=False, rises=False, delta=700), [42_000, 39_500, 45_500, 42_316, 42_315], 42_315),
    ],
)
def test_a_trailing_stop_follows_the_market_and_triggers_exactly_at_its_delta(
    stop: Stop, ticks: list[int], expected: int
) -> None:
    assert due(stop, 40_000, ticks) == expected


def test_a_waiting_stop_is_not_in_the_book_and_is_announced_again_when_it_is(floor: Floor) -> None:
    order = floor.place(floor.stop(Side.SELL, "2.0", 98, 97))
    assert (order.status, order.working_at) == (Status.NEW, 0)
    assert floor.desk.matcher.resting(order.order_id) is None
    floor.depth([(100, 0), (99, 0), (98, 0), (96, 5)], [])
    floor.print(98, 1, seller=True)
    assert (order.status, order.working_at) == (Status.NEW, NOW)
    assert floor.heard.of(order) == [Change.NEW, Change.NEW]
    assert floor.desk.matcher.resting(order.order_id) is not None
    check_ledger(floor)


def test_a_triggered_stop_loss_sells_at_the_market(floor: Floor) -> None:
    order = floor.place(floor.stop(Side.SELL, "2.0", 99))
    floor.print(99, 1, seller=True)
    assert (order.status, order.value) == (Status.FILLED, Decimal(200))
    assert floor.heard.of(order) == [Change.NEW, Change.NEW, Change.TRADE]


@pytest.mark.parametrize(
    ("side", "stop", "gain"),
    [
        (Side.BUY, 100, False),
        (Side.SELL, 100, False),
        (Side.BUY, 101, True),
        (Side.SELL, 99, True),
    ],
)
def test_a_stop_whose_price_is_there_already_is_refused(
    floor: Floor, side: Side, stop: int, gain: bool
) -> None:
    ask = floor.stop(side, "1.0", stop, gain=gain)
    assert refused(floor, ask) == (-2010, "Order would trigger immediately.")


def test_our_own_deals_trigger_stops_and_those_trigger_others(floor: Floor) -> None:
    first = floor.place(floor.stop(Side.BUY, "11.0", 101), account=1)
    second = floor.place(floor.stop(Side.BUY, "1.0", 102), account=1)
    floor.place(floor.ask(Side.BUY, "1.0"))
    assert (first.status, second.status) == (Status.FILLED, Status.FILLED)
    assert [deal.price for deal in first.deals] == [101, 102]
    check_ledger(floor)


def test_a_waiting_stop_sets_funds_aside_and_a_cancel_gives_them_back(floor: Floor) -> None:
    limit = floor.place(floor.stop(Side.BUY, "2.0", 103, 104))
    market = floor.place(floor.stop(Side.BUY, "2.0", 103))
    sell = floor.place(floor.stop(Side.SELL, "3.0", 98))
    assert floor.funds("USDT") == (10_000 - 208 - 206, 208 + 206)
    assert floor.funds("BTC") == (17, 3)
    for order in (limit, market, sell):
        floor.exchange.cancel(order, NOW, "c")
    assert (floor.funds("USDT"), floor.funds("BTC")) == ((10_000, 0), (20, 0))
    floor.print(103, 1, seller=False)
    assert floor.heard.of(market) == [Change.NEW, Change.CANCELED]


def test_a_triggered_order_that_cannot_be_paid_is_rejected(floor: Floor) -> None:
    stop = floor.place(floor.stop(Side.BUY, "40.0", 101))  # sets 4,040 aside; its market asks more
    floor.place(floor.ask(Side.BUY, "59.0", 100))
    floor.depth([], [(101, 1), (102, 0), (103, 500)])
    floor.print(101, 1, seller=False)
    assert (stop.status, stop.reject_reason) == (Status.REJECTED, "INSUFFICIENT_BALANCES")
    assert floor.heard.of(stop) == [Change.NEW, Change.NEW, Change.REJECTED]
    check_ledger(floor)


def test_a_triggered_limit_order_keeps_its_time_in_force(floor: Floor) -> None:
    ask = floor.stop(Side.SELL, "20.0", 99, 100)
    kill = floor.place(replace(ask, time_in_force=TimeInForce.FOK))
    floor.print(99, 1, seller=True)
    assert (kill.status, kill.expiry_reason) == (Status.EXPIRED, "UNFILLED_FOK_ORDER_EXPIRED")
    floor.print(101, 1, seller=False)
    part = floor.place(replace(ask, time_in_force=TimeInForce.IOC))
    floor.print(99, 1, seller=True)
    assert (part.status, part.executed) == (Status.EXPIRED, Decimal("5.0"))


def test_a_trailing_stop_of_an_account_says_since_when_it_follows(floor: Floor) -> None:
    order = floor.place(floor.stop(Side.SELL, "1.0", None, delta=500))
    assert order.stop is not None and order.stop.since == NOW
    floor.print(120, 1, seller=False)
    floor.print(115, 1, seller=False)
    assert order.working_at == 0
    floor.print(114, 1, seller=False)
    assert order.status is Status.FILLED
