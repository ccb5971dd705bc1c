from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from msgspec.structs import replace

from midas.costs import FeeSchedule
from midas.domain.order import Side, TimeInForce
from midas.domain.time import SECOND
from midas.venues.sim.floor.filters import Rules
from midas.venues.sim.floor.klines import KLINES
from midas.venues.sim.floor.matcher import SelfTrade
from midas.venues.sim.floor.orders import Ask, Change, Kind, Status
from midas.venues.sim.source.market import BestQuote
from tests.fakes.floor import FEES, NOW, START, Floor, check_ledger, refused


def test_a_market_buy_pays_the_ask_and_the_fee_comes_out_of_what_it_receives(floor: Floor) -> None:
    order = floor.place(floor.ask(Side.BUY, "6.0"))
    assert order.status is Status.FILLED
    assert order.value == Decimal("5.0") * 101 + 102
    account = floor.accounts[0]
    assert account.balance("USDT").free == 10_000 - order.value
    assert account.balance("BTC").free == 20 + Decimal("6.0") * (1 - FEES.taker)
    assert [deal.fee_asset for deal in order.deals] == ["BTC", "BTC"]


def test_a_resting_order_locks_its_funds_and_a_cancel_gives_them_back(floor: Floor) -> None:
    order = floor.place(floor.ask(Side.BUY, "2.0", 99))
    assert floor.accounts[0].balance("USDT").locked == 198
    floor.exchange.cancel(order, NOW, "c1")
    assert floor.accounts[0].balance("USDT").free == 10_000
    assert [change for _, change, _ in floor.heard.changes] == [Change.NEW, Change.CANCELED]


def test_a_better_price_than_the_limit_gives_the_difference_back(floor: Floor) -> None:
    floor.place(floor.ask(Side.BUY, "2.0", 105))
    balance = floor.accounts[0].balance("USDT")
    assert (balance.free, balance.locked) == (Decimal(10_000 - 202), Decimal(0))


def test_ioc_expires_its_rest_and_fok_takes_all_or_nothing(floor: Floor) -> None:
    ioc = floor.place(floor.ask(Side.BUY, "7.0", 101, TimeInForce.IOC))
    assert (ioc.status, ioc.executed, ioc.expiry_reason) == (
        Status.EXPIRED,
        Decimal("5.0"),
        "UNFILLED_IOC_QUANTITY_EXPIRED",
    )
    fok = floor.place(floor.ask(Side.BUY, "11.0", 102, TimeInForce.FOK))
    assert (fok.status, fok.executed, fok.expiry_reason) == (
        Status.EXPIRED,
        Decimal(0),
        "UNFILLED_FOK_ORDER_EXPIRED",
    )
    assert floor.accounts[0].balance("USDT").locked == 0


def test_a_limit_maker_that_would_take_is_refused_and_one_that_rests_earns_the_maker_fee(
    floor: Floor,
) -> None:
    maker = floor.ask(Side.BUY, "1.0", 101, type=Kind.LIMIT_MAKER)
    assert refused(floor, maker) == (-2010, "Order would immediately match and take.")
    order = floor.place(floor.ask(Side.BUY, "1.0", 100, type=Kind.LIMIT_MAKER))
    floor.print(99, 30, seller=True)
    assert order.status is Status.FILLED
    assert (order.deals[0].maker, order.deals[0].fee) == (True, Decimal("0.00010000"))


def test_a_market_order_by_quote_quantity_spends_no_more_than_that(floor: Floor) -> None:
    ask = Ask(symbol="BTCUSDT", side=Side.BUY, type=Kind.MARKET, quote_quantity=Decimal(525))
    order = floor.place(ask)
    assert (order.status, order.executed, order.value) == (
        Status.FILLED,
        Decimal("5.1"),
        Decimal("515.2"),
    )


def test_a_market_order_larger_than_the_book_expires_for_lack_of_liquidity(floor: Floor) -> None:
    order = floor.place(floor.ask(Side.SELL, "20.0"))
    assert (order.status, order.executed, order.expiry_reason) == (
        Status.EXPIRED,
        Decimal("15.0"),
        "INSUFFICIENT_LIQUIDITY",
    )


@pytest.mark.parametrize(
    ("quantity", "price", "answer"),
    [
        ("1.0", 1_000, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ("0.15", 100, "Filter failure: LOT_SIZE"),
        ("0.1", 100, "Filter failure: NOTIONAL"),
        ("9001.0", 100, "Filter failure: LOT_SIZE"),
    ],
)
def test_the_filters_refuse_by_name(floor: Floor, quantity: str, price: int, answer: str) -> None:
    assert refused(floor, floor.ask(Side.BUY, quantity, price)) == (-1013, answer)


def test_an_order_that_the_account_cannot_pay_is_refused_whole(floor: Floor) -> None:
    text = "Account has insufficient balance for requested action."
    assert refused(floor, floor.ask(Side.BUY, "101.0", 100)) == (-2010, text)
    assert refused(floor, floor.ask(Side.SELL, "21.0")) == (-2010, text)
    assert floor.heard.changes == []


def test_a_client_id_is_free_again_once_its_order_is_closed(floor: Floor) -> None:
    first = floor.place(floor.ask(Side.BUY, "1.0", 99, client_id="x"))
    again = floor.ask(Side.BUY, "1.0", 98, client_id="x")
    assert refused(floor, again) == (-2010, "Duplicate order sent.")
    floor.exchange.cancel(first, NOW, "c")
    second = floor.place(again)
    assert floor.exchange.find(floor.accounts[0], "BTCUSDT", None, "x") is second


def test_an_account_that_meets_itself_loses_its_resting_order(floor: Floor) -> None:
    floor.depth([], [(101, 0)])
    resting = floor.place(floor.ask(Side.SELL, "1.0", 101))
    taker = floor.place(floor.ask(Side.BUY, "1.0", 102))
    assert resting.status is Status.EXPIRED_IN_MATCH
    assert [deal.price for deal in taker.deals] == [102]
    assert floor.accounts[0].balance("BTC").locked == 0


def test_a_quiet_second_closes_a_flat_candle(floor: Floor) -> None:
    floor.print(100, 3, seller=True)
    time = START + 3 * SECOND
    quote = BestQuote("BTCUSDT", time, time, 9, (100, 50), (101, 50), b"")
    closed = [candle for interval, candle in floor.exchange.market(quote, NOW) if interval == "1s"]
    assert [(candle.start, candle.close, candle.trades) for candle in closed] == [
        (START, 100, 1),
        (START + SECOND, 100, 0),
        (START + 2 * SECOND, 100, 0),
    ]


def test_history_is_marked_and_ends_at_the_first_price(floor: Floor) -> None:
    for interval in KLINES:
        candles = floor.exchange.desk("BTCUSDT").charts.candles(interval)
        assert len(candles) >= {"1w": 400, "1M": 90}.get(interval, 1_000), interval
        assert all(a.end == b.start and a.close == b.open for a, b in itertools.pairwise(candles))
        assert candles[-1].close == 100
        assert candles[-2].synthetic


def test_an_account_with_rates_of_its_own_pays_those(floor: Floor) -> None:
    floor.accounts[0].fees = FeeSchedule(maker=Decimal(0), taker=Decimal("0.01"))
    mine = floor.place(floor.ask(Side.BUY, "1.0"))
    other = floor.place(floor.ask(Side.BUY, "1.0"), account=1)
    assert (mine.deals[0].fee, other.deals[0].fee) == (Decimal("0.01"), FEES.taker)
    assert floor.exchange.money.fees == {"BTC": Decimal("0.01") + FEES.taker}
    assert floor.exchange.money.outside == {"USDT": Decimal(202), "BTC": Decimal(-2)}
    check_ledger(floor)


def test_a_trade_between_two_accounts_gives_the_market_outside_nothing(floor: Floor) -> None:
    floor.depth([], [(101, 0)])
    floor.place(floor.ask(Side.SELL, "1.0", 101))
    floor.place(floor.ask(Side.BUY, "1.0", 101), account=1)
    assert set(floor.exchange.money.outside.values()) == {Decimal(0)}
    check_ledger(floor)


def test_an_iceberg_shows_a_slice_and_goes_behind_the_others_with_each_new_one(floor: Floor) -> None:
    floor.depth([], [(101, 0)])
    iceberg = floor.place(replace(floor.ask(Side.SELL, "3.0", 101), iceberg=Decimal("1.0")))
    behind = floor.place(floor.ask(Side.SELL, "1.0", 101))
    taken = floor.place(floor.ask(Side.BUY, "2.0", 101), account=1)
    assert (iceberg.executed, behind.executed) == (Decimal("1.0"), Decimal("1.0"))
    assert [deal.quantity for deal in taken.deals] == [Decimal("1.0"), Decimal("1.0")]
    floor.place(floor.ask(Side.BUY, "2.0", 101), account=1)
    assert iceberg.status is Status.FILLED


def test_a_market_that_is_closed_takes_no_orders(floor: Floor) -> None:
    floor.desk.status = "HALT"
    assert refused(floor, floor.ask(Side.BUY, "1.0")) == (-2010, "Market is closed.")


def test_a_budget_that_no_longer_pays_for_a_lot_is_spent_and_the_order_filled(floor: Floor) -> None:
    floor.depth([], [(101, 2), (102, 0), (110, 50)])
    ask = Ask(symbol="BTCUSDT", side=Side.BUY, type=Kind.MARKET, quote_quantity=Decimal("30.5"))
    order = floor.place(ask)  # the rest pays for a lot at 101, where none is left, and for none at 110
    assert (order.status, order.value) == (Status.FILLED, Decimal("20.2"))
    assert floor.heard.changes[-1] == (order.order_id, Change.TRADE, Status.FILLED)
    check_ledger(floor)


def test_a_budget_larger_than_the_book_expires_for_lack_of_liquidity(floor: Floor) -> None:
    floor.depth([], [(101, 2), (102, 0)])
    ask = Ask(symbol="BTCUSDT", side=Side.BUY, type=Kind.MARKET, quote_quantity=Decimal("30.5"))
    order = floor.place(ask)
    assert (order.status, order.expiry_reason) == (Status.EXPIRED, "INSUFFICIENT_LIQUIDITY")
    again = floor.place(ask)  # what is displayed is taken already: the book is empty, not dear
    assert (again.status, again.executed) == (Status.EXPIRED, Decimal(0))


def test_both_halves_of_a_trade_between_two_accounts_have_one_id(floor: Floor) -> None:
    floor.depth([], [(101, 0)])
    made = [floor.place(floor.ask(Side.SELL, "1.0", 101)) for _ in range(2)]
    taker = floor.place(floor.ask(Side.BUY, "3.0", 102), account=1)
    first, second, outside = taker.deals
    assert [order.deals[0].trade_id for order in made] == [first.trade_id, second.trade_id]
    assert len({first.trade_id, second.trade_id, outside.trade_id}) == 3
    for account in floor.accounts:
        ids = [deal.trade_id for deal in floor.exchange.deals[account.name]]
        assert len(set(ids)) == len(ids)


def test_an_account_that_trades_with_itself_finds_two_ids() -> None:
    floor = Floor(Rules(self_trades=tuple(SelfTrade)))
    floor.depth([], [(101, 0)])
    floor.place(floor.ask(Side.SELL, "1.0", 101))
    floor.place(replace(floor.ask(Side.BUY, "1.0", 101), self_trade=SelfTrade.NONE))
    ids = [deal.trade_id for deal in floor.exchange.deals[floor.accounts[0].name]]
    assert len(set(ids)) == len(ids) == 2


def test_orders_of_a_halted_symbol_wait_and_meet_the_book_when_it_trades_again(floor: Floor) -> None:
    resting = floor.place(floor.ask(Side.BUY, "2.0", 99))
    waiting = floor.place(floor.stop(Side.BUY, "1.0", 103))
    floor.desk.status = "HALT"
    floor.depth([], [(98, 50)])
    floor.print(97, 500, seller=True)
    floor.print(104, 500, seller=False)
    assert [order.status for order in (resting, waiting)] == [Status.NEW, Status.NEW]
    assert (resting.deals, floor.desk.last_tick) == ([], 104)
    floor.desk.status = "TRADING"
    floor.depth([(90, 1)], [])
    assert (resting.status, resting.deals[0].price) == (Status.FILLED, Decimal(99))
    floor.print(103, 1, seller=False)
    assert waiting.status is Status.FILLED
    check_ledger(floor)
