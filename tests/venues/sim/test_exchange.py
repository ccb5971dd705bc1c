from __future__ import annotations

import itertools
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.costs import FeeSchedule
from midas.domain.instrument import Instrument
from midas.domain.order import Side, TimeInForce
from midas.domain.time import MILLISECOND, SECOND
from midas.venues.sim.accounts import Account
from midas.venues.sim.desk import Desk
from midas.venues.sim.exchange import Exchange
from midas.venues.sim.klines import KLINES
from midas.venues.sim.lists import ListNews, OrderList
from midas.venues.sim.market import BestQuote, DepthChange, Listing, Print
from midas.venues.sim.orders import Ask, Change, Deal, Kind, Order, Status
from midas.venues.sim.refusal import Refusal

START = 1_000 * SECOND
NOW = 1_700_000_000 * SECOND
FEES = FeeSchedule(Decimal("0.0001"), Decimal("0.0004"))
LOT = Decimal("0.1")


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.changes: list[tuple[int, Change, Status]] = []
        self.lists: list[tuple[int, ListNews]] = []
        self.positions = 0

    def order_changed(self, order: Order, change: Change, deal: Deal | None) -> None:
        assert (deal is not None) == (change is Change.TRADE)
        self.changes.append((order.order_id, change, order.status))

    def list_changed(self, made: OrderList, news: ListNews, orders: list[Order]) -> None:
        self.lists.append((made.list_id, news))

    def balances_changed(self, account: Account, assets: tuple[str, ...]) -> None:
        assert all(account.balance(asset).free >= 0 for asset in assets)
        self.positions += 1


class Floor:
    """An exchange of one symbol with a bid of 100 x 5.0 and an ask of 101 x 5.0, and two accounts."""

    def __init__(self) -> None:
        instrument = Instrument(
            venue="binance",
            symbol="BTCUSDT",
            base="BTC",
            quote="USDT",
            tick_size=Decimal(1),
            lot_size=LOT,
            quantity_min=LOT,
            quantity_max=Decimal(1_000),
            notional_min=Decimal(20),
        )
        listing = Listing(
            instrument=instrument,
            last_id=1,
            bids=[(100, 50), (99, 100)],
            asks=[(101, 50), (102, 100)],
            first_tick=100,
            first_trade_id=1,
            volatility=1e-4,
            volume=1.0,
        )
        self.heard = Heard()
        opening = {"USDT": Decimal(10_000), "BTC": Decimal(20)}
        self.accounts = [Account(uid, f"key{uid}", "secret", opening) for uid in (1, 2)]
        self.exchange = Exchange([Desk(listing, START, 0, 1)], self.accounts, FEES, self.heard)
        self.update = 1

    def ask(
        self,
        side: Side,
        quantity: str,
        price: int | None = None,
        force: TimeInForce = TimeInForce.GTC,
        type: Kind | None = None,
        client_id: str = "",
    ) -> Ask:
        return Ask(
            symbol="BTCUSDT",
            side=side,
            type=type or (Kind.MARKET if price is None else Kind.LIMIT),
            time_in_force=force,
            quantity=Decimal(quantity),
            price=None if price is None else Decimal(price),
            client_id=client_id,
        )

    def place(self, ask: Ask, account: int = 0) -> Order:
        return self.exchange.place(self.accounts[account], ask, NOW)

    def print(self, tick: int, lots: int, seller: bool, time: int = START + MILLISECOND) -> None:
        self.exchange.market(Print("BTCUSDT", time, time, self.update, tick, lots, seller, b""), NOW)

    def depth(self, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> None:
        self.update += 1
        time = START + MILLISECOND
        event = DepthChange("BTCUSDT", time, time, self.update, self.update, bids, asks, b"")
        self.exchange.market(event, NOW)

    def total(self, asset: str) -> Decimal:
        return sum((a.balance(asset).free + a.balance(asset).locked for a in self.accounts), Decimal(0))


@pytest.fixture
def floor() -> Floor:
    return Floor()


def refused(floor: Floor, ask: Ask) -> tuple[int, str]:
    with pytest.raises(Refusal) as refusal:
        floor.place(ask)
    return refusal.value.code, refusal.value.text


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
        ("2000.0", 100, "Filter failure: LOT_SIZE"),
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


_asks = st.tuples(
    st.just("order"),
    st.sampled_from(Side),
    st.integers(96, 105) | st.none(),
    st.integers(3, 60),
    st.sampled_from(TimeInForce),
)
_events = st.tuples(
    st.sampled_from(["print", "depth", "cancel"]),
    st.sampled_from(Side),
    st.integers(97, 104),
    st.integers(0, 60),
    st.sampled_from(TimeInForce),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.one_of(_asks, _events)), max_size=40))
def test_money_is_conserved_whatever_happens(
    steps: list[tuple[int, tuple[str, Side, int | None, int, TimeInForce]]],
) -> None:
    floor = Floor()
    for account, (action, side, price, lots, force) in steps:
        if action == "order":
            ask = floor.ask(side, str(LOT * lots), price, force)
            with suppress(Refusal):
                floor.place(ask, account)
        elif action == "print" and price is not None and lots:
            floor.print(price, lots, side is Side.SELL)
        elif action == "depth" and price is not None:
            level = [(price, lots)]
            if side is Side.BUY and price < 101:
                floor.depth(level, [])
            elif side is Side.SELL and price > 100:
                floor.depth([], level)
        elif floor.exchange.open:
            floor.exchange.cancel(next(iter(floor.exchange.open.values())), NOW, "c")
    check_ledger(floor)


def check_ledger(floor: Floor) -> None:
    """Every balance is its opening plus its deals; what is locked is what open orders reserve."""
    for account in floor.accounts:
        deals = floor.exchange.deals[account.name]
        base, quote = Decimal(20), Decimal(10_000)
        for deal in deals:
            sign = deal.side.sign
            base += sign * deal.quantity - (deal.fee if deal.fee_asset == "BTC" else 0)
            quote -= sign * deal.value + (deal.fee if deal.fee_asset == "USDT" else 0)
        for asset, total in (("BTC", base), ("USDT", quote)):
            balance = account.balance(asset)
            assert balance.free + balance.locked == total
            assert balance.free >= 0
        mine = floor.exchange.open_orders(account)
        bought = sum((o.left * (o.ask.price or 0) for o in mine if o.side is Side.BUY), Decimal(0))
        sold = sum((o.left for o in mine if o.side is Side.SELL), Decimal(0))
        assert account.balance("USDT").locked == bought
        assert account.balance("BTC").locked == sold
    for order in floor.exchange.orders.values():
        assert order.executed == sum((deal.quantity for deal in order.deals), Decimal(0))
        assert order.status.open == (order.order_id in floor.exchange.open)
