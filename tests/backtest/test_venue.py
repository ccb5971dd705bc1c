"""How the venue of a back-test fills: never better than what the bars show."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from midas.backtest.assumptions import Assumptions
from midas.backtest.venue import BarVenue
from midas.domain.event import (
    CancelRejected,
    Event,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderRejected,
    OrderTriggered,
)
from midas.domain.market import Bar
from midas.domain.order import CloseReason, OrderIntent, OrderType, Purpose, Side, TimeInForce
from midas.domain.time import MICROSECOND, MINUTE, SECOND
from tests.backtest.stage import PLAIN, START
from tests.fakes.desk import BTC


def bar(number: int, opened: float, high: float, low: float, close: float, volume: float = 1e6) -> Bar:
    time = START + number * MINUTE
    return Bar(BTC.id, time, time, MINUTE, opened, high, low, close, volume, 0)


def intent(side: Side, quantity: str, price: str | None = None, kind: OrderType = OrderType.LIMIT,
           tif: TimeInForce | None = TimeInForce.GTC, stop: str | None = None) -> OrderIntent:  # fmt: skip
    return OrderIntent(
        client_id=f"md-{side.value}-{quantity}-{price}", instrument=BTC.id, strategy="s", side=side,
        type=kind, time_in_force=tif, quantity=Decimal(quantity),
        price=None if price is None else Decimal(price),
        purpose=Purpose.ENTRY, decision=1, mode="NORMAL", regime="UNKNOWN", market_time=START,
        created_at=START, reason="", stop_price=None if stop is None else Decimal(stop),
    )  # fmt: skip


class Bench:
    """A venue with money and coins, and bars that meet it."""

    def __init__(self, given: Assumptions = PLAIN, **balances: str) -> None:
        self.seen: list[Bar] = []
        amounts = {"USDT": "100000", "BTC": "10"} | balances
        self.venue = BarVenue([BTC], {a: Decimal(v) for a, v in amounts.items()}, given, lambda _: self.seen)

    def send(self, order: OrderIntent, at: int = START) -> OrderIntent:
        self.venue.submit(order, at)
        return order

    def meet(self, one: Bar) -> list[Event]:
        told: list[Event] = []
        while more := list(self.venue.meet([one])):
            told += more
        self.seen.append(one)
        told += self.venue.settle([one])
        return told

    def fills(self, one: Bar) -> list[tuple[Decimal, Decimal, bool]]:
        return [
            (e.fill.price, e.fill.quantity, e.fill.maker)
            for e in self.meet(one)
            if isinstance(e, OrderFilled)
        ]


def test_it_is_acknowledged_then_filled_at_the_opening() -> None:
    bench = Bench()
    bench.send(intent(Side.BUY, "1", "1010", tif=TimeInForce.IOC))
    accepted, filled = bench.meet(bar(1, 1_000, 1_020, 990, 1_015))
    assert isinstance(accepted, OrderAccepted) and isinstance(filled, OrderFilled)
    assert filled.fill.price == Decimal(1_000) and filled.at == START
    assert bench.venue.balances == {"USDT": Decimal(99_000), "BTC": Decimal(11)}
    assert not bench.venue.busy


def test_a_limit_that_the_opening_is_beyond_takes_nothing_and_ends() -> None:
    bench = Bench()
    bench.send(intent(Side.BUY, "1", "999.99", tif=TimeInForce.IOC))
    events = bench.meet(bar(1, 1_000, 1_020, 900, 1_015))
    assert isinstance(events[-1], OrderClosed) and events[-1].reason is CloseReason.EXPIRED


def test_a_market_order_pays_whatever_the_market_asks() -> None:
    bench = Bench()
    bench.send(intent(Side.SELL, "1", kind=OrderType.MARKET, tif=None))
    assert bench.fills(bar(1, 700, 720, 690, 715)) == [(Decimal(700), Decimal(1), False)]


@pytest.mark.parametrize(("low", "filled"), [(989.99, True), (990.0, False), (995.0, False)])
def test_what_rests_trades_once_the_price_goes_through_it(low: float, filled: bool) -> None:
    bench = Bench()
    bench.send(intent(Side.BUY, "1", "990", OrderType.LIMIT_MAKER, None))
    assert bench.fills(bar(1, 1_000, 1_010, 995, 1_000)) == []
    assert bench.fills(bar(2, 1_000, 1_010, low, 1_000)) == (
        [(Decimal(990), Decimal(1), True)] if filled else []
    )


def test_what_arrives_at_the_opening_trades_with_the_prices_after_it() -> None:
    bench = Bench()
    bench.send(intent(Side.BUY, "1", "990", OrderType.LIMIT_MAKER, None))
    assert bench.fills(bar(1, 1_000, 1_010, 980, 1_000)) == [(Decimal(990), Decimal(1), True)]


@pytest.mark.parametrize(("close", "filled"), [(1_005.0, False), (985.0, True)])
def test_of_the_bar_that_it_comes_late_in_an_order_meets_what_is_known_to_follow(
    close: float, filled: bool
) -> None:
    """The low may have been before it came; the close was not."""
    bench = Bench(msgspec.structs.replace(PLAIN, order_latency=30 * SECOND))
    bench.send(intent(Side.BUY, "1", "990", OrderType.LIMIT_MAKER, None))
    assert bool(bench.fills(bar(1, 1_000, 1_010, 980, close))) is filled


def test_a_fill_inside_of_a_bar_is_told_as_of_its_end_and_after_the_bar() -> None:
    bench = Bench()
    bench.send(intent(Side.BUY, "1", "990", OrderType.LIMIT_MAKER, None))
    one = bar(1, 1_000, 1_010, 980, 1_000)
    assert not any(isinstance(e, OrderFilled) for e in bench.venue.meet([one]))
    (filled,) = bench.venue.settle([one])
    assert isinstance(filled, OrderFilled)
    assert filled.fill.time == one.time - MICROSECOND and filled.at > one.at


def test_what_rested_is_heard_of_once_the_answer_has_come() -> None:
    bench = Bench(msgspec.structs.replace(PLAIN, answer_latency=SECOND // 2))
    bench.send(intent(Side.BUY, "1", "990", OrderType.LIMIT_MAKER, None))
    one = bar(1, 1_000, 1_010, 980, 1_000)
    assert not any(isinstance(e, OrderFilled) for e in bench.meet(one)) and bench.venue.busy
    (filled,) = bench.meet(bar(2, 1_000, 1_010, 980, 1_000))
    assert isinstance(filled, OrderFilled) and not bench.venue.busy
    assert filled.fill.time == one.time - MICROSECOND and filled.at == filled.fill.time + SECOND // 2


def test_a_stop_that_sold_inside_of_a_bar_is_heard_of_once_the_answer_has_come() -> None:
    bench = Bench(msgspec.structs.replace(PLAIN, answer_latency=SECOND // 2))
    bench.send(intent(Side.SELL, "1", "900", OrderType.STOP_LOSS_LIMIT, TimeInForce.GTC, stop="950"))
    bench.meet(bar(1, 1_000, 1_010, 990, 1_000))
    before, two = bench.venue.account("audit", START + MINUTE), bar(2, 1_000, 1_010, 940, 960)
    assert bench.meet(two) == [] and bench.venue.busy
    after = bench.venue.account("audit", START + MINUTE)  # what nobody has heard of isn't a difference
    assert after.balances == before.balances
    (line,) = after.open_orders
    assert line.filled == 0
    woke, sold = bench.meet(bar(3, 960, 970, 950, 960))
    assert isinstance(woke, OrderTriggered) and isinstance(sold, OrderFilled) and not bench.venue.busy
    assert woke.at == sold.at == two.time - MICROSECOND + SECOND // 2


def test_a_stop_that_a_fill_leads_to_meets_no_price_of_the_same_bar() -> None:
    bench = Bench()
    bench.send(intent(Side.BUY, "1", "990", OrderType.LIMIT_MAKER, None))
    one = bar(1, 1_000, 1_010, 940, 1_000)
    (filled,) = [e for e in bench.meet(one) if isinstance(e, OrderFilled)]
    stop = intent(Side.SELL, "1", "900", OrderType.STOP_LOSS_LIMIT, TimeInForce.GTC, stop="950")
    bench.send(stop, filled.at)
    assert list(bench.venue.meet([one])) == []
    assert bench.fills(bar(2, 1_000, 1_010, 940, 945)) == [(Decimal(950), Decimal(1), False)]


def test_a_maker_that_would_take_is_refused() -> None:
    bench = Bench()
    bench.send(intent(Side.BUY, "1", "1000.01", OrderType.LIMIT_MAKER, None))
    (refused,) = bench.meet(bar(1, 1_000, 1_010, 980, 1_000))
    assert isinstance(refused, OrderRejected)


def test_at_most_its_share_of_the_volume_trades_and_the_rest_waits() -> None:
    bench = Bench()
    bench.send(intent(Side.BUY, "1", "990", OrderType.LIMIT_MAKER, None))
    assert bench.fills(bar(2, 1_000, 1_010, 980, 1_000, volume=6)) == [(Decimal(990), Decimal("0.6"), True)]
    assert bench.fills(bar(3, 1_000, 1_010, 980, 1_000, volume=6)) == [(Decimal(990), Decimal("0.4"), True)]


def test_two_orders_share_the_share() -> None:
    bench = Bench()
    bench.send(intent(Side.BUY, "0.5", "1010", tif=TimeInForce.IOC))
    bench.send(intent(Side.BUY, "0.4", "1010", tif=TimeInForce.IOC))
    assert [q for _, q, _ in bench.fills(bar(1, 1_000, 1_020, 990, 1_015, volume=6))] == [
        Decimal("0.5"),
        Decimal("0.1"),
    ]


def test_a_bar_without_volume_trades_with_nobody() -> None:
    bench = Bench()
    bench.send(intent(Side.BUY, "1", "1010", tif=TimeInForce.IOC))
    assert bench.fills(bar(1, 1_000, 1_020, 990, 1_015, volume=0)) == []


def test_who_takes_pays_half_the_spread_and_impact_against_him() -> None:
    wide = Bench(msgspec.structs.replace(PLAIN, spread_bps=20.0))
    wide.send(intent(Side.BUY, "1", "1100", tif=TimeInForce.IOC))
    wide.send(intent(Side.SELL, "1", "900", tif=TimeInForce.IOC))
    assert [p for p, _, _ in wide.fills(bar(1, 1_000, 1_020, 980, 1_000))] == [
        Decimal("1001.5"),
        Decimal("998.5"),
    ]
    heavy = Bench(msgspec.structs.replace(PLAIN, impact=True))
    for number in range(30):
        close = 1_000 + number % 2
        heavy.meet(bar(number, close, close + 1, close - 1, close, volume=100))
    heavy.send(intent(Side.BUY, "4", "1100", tif=TimeInForce.IOC), START + 30 * MINUTE)
    ((price, _, _),) = heavy.fills(bar(31, 1_000, 1_020, 980, 1_000, volume=100))
    assert Decimal(1_000) < price < Decimal(1_010)


def test_a_fee_is_charged_by_the_cost_model() -> None:
    bench = Bench(Assumptions())
    bench.send(intent(Side.BUY, "1", "1010", tif=TimeInForce.IOC))
    (_, filled) = bench.meet(bar(1, 1_000, 1_020, 990, 1_015))
    assert isinstance(filled, OrderFilled) and filled.fill.fee == Decimal(1)
    assert bench.venue.balances["USDT"] == Decimal(98_999)


def test_nobody_buys_with_money_that_he_hasnt_got() -> None:
    bench = Bench(USDT="500")
    bench.send(intent(Side.BUY, "1", "1010", tif=TimeInForce.IOC))
    (refused,) = bench.meet(bar(1, 1_000, 1_020, 990, 1_015))
    assert isinstance(refused, OrderRejected) and "insufficient" in refused.reason


def test_a_stop_wakes_where_the_bar_touches_it() -> None:
    bench = Bench()
    bench.send(intent(Side.SELL, "1", "900", OrderType.STOP_LOSS_LIMIT, TimeInForce.GTC, stop="950"))
    assert bench.fills(bar(1, 1_000, 1_010, 950.01, 1_000)) == []
    assert bench.fills(bar(2, 1_000, 1_010, 940, 945)) == [(Decimal(950), Decimal(1), False)]


@pytest.mark.parametrize(
    ("opened", "price", "happens"), [(920, 920, MINUTE), (1_000, 950, 2 * MINUTE - MICROSECOND)]
)
def test_a_stop_sells_at_the_opening_below_it_else_inside_of_the_bar(
    opened: float, price: int, happens: int
) -> None:
    bench = Bench()
    bench.send(intent(Side.SELL, "1", "900", OrderType.STOP_LOSS_LIMIT, TimeInForce.GTC, stop="950"))
    bench.meet(bar(1, 1_000, 1_010, 990, 1_000))
    *_, sold = bench.meet(bar(2, opened, 1_005, 910, 925))
    assert isinstance(sold, OrderFilled)
    assert (sold.fill.price, sold.fill.time) == (Decimal(price), START + happens)
    assert sold.at <= START + 2 * MINUTE  # before the bar is heard


def test_a_cancel_that_arrives_before_the_bar_opens_keeps_it_from_trading() -> None:
    bench = Bench()
    order = bench.send(intent(Side.BUY, "1", "990", OrderType.LIMIT_MAKER, None))
    bench.meet(bar(1, 1_000, 1_010, 995, 1_000))
    bench.venue.cancel(order.client_id, START + MINUTE)
    (closed,) = bench.meet(bar(2, 1_000, 1_010, 900, 1_000))
    assert isinstance(closed, OrderClosed) and closed.reason is CloseReason.CANCELED and closed.filled == 0


def test_a_cancel_that_arrives_at_the_opening_is_before_the_bars_extremes() -> None:
    bench = Bench(msgspec.structs.replace(PLAIN, order_latency=SECOND // 20))
    order = bench.send(intent(Side.BUY, "1", "990", OrderType.LIMIT_MAKER, None))
    bench.meet(bar(1, 1_000, 1_010, 995, 1_000))
    bench.venue.cancel(order.client_id, START + MINUTE)
    (closed,) = bench.meet(bar(2, 1_000, 1_010, 900, 1_000))
    assert isinstance(closed, OrderClosed) and closed.at == START + MINUTE + SECOND // 20


def test_a_cancel_on_its_way_doesnt_stop_a_fill() -> None:
    bench = Bench(msgspec.structs.replace(PLAIN, order_latency=SECOND))
    order = bench.send(intent(Side.BUY, "1", "990", OrderType.LIMIT_MAKER, None))
    bench.meet(bar(1, 1_000, 1_010, 995, 1_000))
    bench.venue.cancel(order.client_id, START + MINUTE)
    assert bench.fills(bar(2, 1_000, 1_010, 900, 1_000)) == [(Decimal(990), Decimal(1), True)]


def test_a_fill_that_met_its_cancel_is_dated_no_later_and_told_before_it() -> None:
    """The low may have been before the cancel came."""
    bench = Bench(msgspec.structs.replace(PLAIN, order_latency=SECOND))
    order = bench.send(intent(Side.BUY, "1", "990", OrderType.LIMIT_MAKER, None))
    bench.meet(bar(1, 1_000, 1_010, 995, 1_000))
    bench.venue.cancel(order.client_id, START + MINUTE)
    two = bar(2, 1_000, 1_010, 900, 1_000, volume=6)  # a part of it
    filled, closed = bench.meet(two)
    assert isinstance(filled, OrderFilled) and isinstance(closed, OrderClosed)
    assert filled.fill.time == START + MINUTE + SECOND and two.at < filled.at <= closed.at
    assert closed.filled == filled.fill.quantity


@pytest.mark.parametrize("late", [SECOND // 20, SECOND])
def test_a_stop_that_met_its_cancel_sold_no_later_and_is_told_before_it(late: int) -> None:
    bench = Bench(msgspec.structs.replace(PLAIN, order_latency=late))
    stop = intent(Side.SELL, "1", "900", OrderType.STOP_LOSS_LIMIT, TimeInForce.GTC, stop="999.99")
    bench.send(stop)
    bench.meet(bar(1, 1_005, 1_010, 1_001, 1_002))
    bench.venue.cancel(stop.client_id, START + MINUTE)
    woke, sold, closed = bench.meet(bar(2, 1_000, 1_010, 900, 901, volume=6))  # a part of it
    assert isinstance(woke, OrderTriggered) and isinstance(sold, OrderFilled)
    assert isinstance(closed, OrderClosed) and woke.at <= sold.at <= closed.at
    assert sold.fill.time == START + MINUTE + late and sold.at >= START + 2 * MINUTE - MICROSECOND


def test_a_cancel_of_what_is_gone_is_refused() -> None:
    bench = Bench()
    bench.venue.cancel("md-nobody", START)
    (refused,) = bench.meet(bar(1, 1_000, 1_010, 995, 1_000))
    assert isinstance(refused, CancelRejected)


def test_answers_are_heard_late_and_in_the_order_in_which_they_happened() -> None:
    bench = Bench(msgspec.structs.replace(PLAIN, order_latency=SECOND, answer_latency=90 * SECOND))
    bench.send(intent(Side.BUY, "1", "1100", tif=TimeInForce.IOC))
    assert bench.meet(bar(1, 1_000, 1_010, 995, 1_000)) == []
    accepted, filled = bench.meet(bar(2, 1_000, 1_010, 995, 1_000))
    assert isinstance(accepted, OrderAccepted) and isinstance(filled, OrderFilled)
    assert filled.at == START + 91 * SECOND and filled.fill.time == START + SECOND


@pytest.mark.parametrize(("side", "limit"), [(Side.BUY, "1100"), (Side.SELL, None)])
def test_nobody_takes_after_hours_in_which_nobody_traded(side: Side, limit: str | None) -> None:
    """Of no volume the square-root law says nothing but that there is nobody: no price, and no crash."""
    bench = Bench(msgspec.structs.replace(PLAIN, impact=True))
    for number in range(30):
        bench.meet(bar(number, 1_000, 1_000, 1_000, 1_000, volume=0))
    kind = OrderType.LIMIT if limit else OrderType.MARKET
    bench.send(intent(side, "1", limit, kind, TimeInForce.IOC if limit else None), START + 30 * MINUTE)
    accepted, closed = bench.meet(bar(31, 1_000, 1_020, 990, 1_015))
    assert isinstance(accepted, OrderAccepted) and isinstance(closed, OrderClosed)
    assert closed.reason is CloseReason.EXPIRED
