"""A small exchange to trade on: one symbol, a bid of 100 x 5.0 and an ask of 101 x 5.0, two accounts."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import pytest

from midas.costs import FeeSchedule
from midas.domain.instrument import Instrument
from midas.domain.order import Side, TimeInForce
from midas.domain.time import MILLISECOND, SECOND
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.desk import Desk
from midas.venues.sim.floor.exchange import Exchange
from midas.venues.sim.floor.filters import Filters, Rules
from midas.venues.sim.floor.lists import ListAsk, ListNews, OrderList
from midas.venues.sim.floor.orders import Ask, Change, Deal, Kind, Order, Status
from midas.venues.sim.floor.refusal import Refusal
from midas.venues.sim.floor.wallet import Flow
from midas.venues.sim.source.market import DepthChange, Listing, Print

START = 1_000 * SECOND
NOW = 1_700_000_000 * SECOND
FEES = FeeSchedule(Decimal("0.0001"), Decimal("0.0004"))
LOT = Decimal("0.1")
OPENING = {"USDT": Decimal(10_000), "BTC": Decimal(20)}
INSTRUMENT = Instrument(
    venue="binance",
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    tick_size=Decimal(1),
    lot_size=LOT,
    quantity_min=LOT,
    quantity_max=Decimal(9_000),
    notional_min=Decimal(20),
)
LISTING = Listing(
    instrument=INSTRUMENT,
    last_id=1,
    bids=[(100, 50), (99, 100)],
    asks=[(101, 50), (102, 100)],
    first_tick=100,
    first_trade_id=1,
    volatility=1e-4,
    volume=1.0,
)


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.changes: list[tuple[int, Change, Status]] = []
        self.lists: list[tuple[int, ListNews]] = []
        self.positions = 0
        self.flows: list[Flow] = []

    def order_changed(self, order: Order, change: Change, deal: Deal | None) -> None:
        assert (deal is not None) == (change is Change.TRADE)
        self.changes.append((order.order_id, change, order.status))

    def list_changed(self, made: OrderList, news: ListNews, orders: list[Order]) -> None:
        assert [order.order_id for order in orders] == made.orders
        self.lists.append((made.list_id, news))

    def balances_changed(self, account: Account, assets: tuple[str, ...]) -> None:
        assert all(account.balance(asset).free >= 0 for asset in assets)
        self.positions += 1

    def flowed(self, account: Account, flow: Flow) -> None:
        self.flows.append(flow)

    def of(self, order: Order) -> list[Change]:
        """What happened to one order."""
        return [change for order_id, change, _ in self.changes if order_id == order.order_id]


class Floor:
    """The exchange, and short words for what tests do on it."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.heard = Heard()
        self.accounts = [Account(uid, f"key{uid}", "secret", OPENING) for uid in (1, 2)]
        self.desk = Desk(LISTING, START, 0, 1)
        if rules is not None:
            self.desk.filters = Filters(INSTRUMENT, rules)
        self.exchange = Exchange([self.desk], self.accounts, FEES, self.heard)
        self.update = 1

    def listen(self, heard: Heard) -> None:
        """Start again with another listener."""
        self.heard = heard
        self.exchange = Exchange([self.desk], self.accounts, FEES, heard)

    @staticmethod
    def ask(
        side: Side,
        quantity: str,
        price: int | None = None,
        force: TimeInForce = TimeInForce.GTC,
        type: Kind | None = None,
        client_id: str = "",
    ) -> Ask:
        """A market order, or a limit order where there is a price."""
        return Ask(
            symbol="BTCUSDT",
            side=side,
            type=type or (Kind.MARKET if price is None else Kind.LIMIT),
            time_in_force=force,
            quantity=Decimal(quantity),
            price=None if price is None else Decimal(price),
            client_id=client_id,
        )

    @staticmethod
    def stop(
        side: Side,
        quantity: str,
        stop: int | None,
        price: int | None = None,
        delta: int | None = None,
        gain: bool = False,
    ) -> Ask:
        """An order that waits to cut a loss, or to take a gain."""
        market, limit = (
            (Kind.TAKE_PROFIT, Kind.TAKE_PROFIT_LIMIT) if gain else (Kind.STOP_LOSS, Kind.STOP_LOSS_LIMIT)
        )
        return Ask(
            symbol="BTCUSDT",
            side=side,
            type=market if price is None else limit,
            quantity=Decimal(quantity),
            price=None if price is None else Decimal(price),
            stop_price=None if stop is None else Decimal(stop),
            trailing_delta=delta,
        )

    @staticmethod
    def maker(side: Side, quantity: str, price: int) -> Ask:
        """An order that must not take."""
        return Floor.ask(side, quantity, price, type=Kind.LIMIT_MAKER)

    def place(self, ask: Ask, account: int = 0) -> Order:
        """Place one order."""
        return self.exchange.place(self.accounts[account], ask, NOW)

    def place_list(
        self, *legs: Ask, working: Ask | None = None, client_id: str = "", account: int = 0
    ) -> tuple[OrderList, list[Order]]:
        """Place a list; its orders, the working one first."""
        ask = ListAsk(symbol="BTCUSDT", legs=legs, working=working, client_id=client_id)
        made = self.exchange.place_list(self.accounts[account], ask, NOW)
        return made, self.exchange.registry.orders_of(made)

    def print(self, tick: int, lots: int, seller: bool, time: int = START + MILLISECOND) -> None:
        """A public trade."""
        self.exchange.market(Print("BTCUSDT", time, time, self.update, tick, lots, seller, b""), NOW)

    def depth(self, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> None:
        """The displayed book changes."""
        self.update += 1
        time = START + MILLISECOND
        event = DepthChange("BTCUSDT", time, time, self.update, self.update, bids, asks, b"")
        self.exchange.market(event, NOW)

    def funds(self, asset: str, account: int = 0) -> tuple[Decimal | int, Decimal | int]:
        """Free and locked."""
        balance = self.accounts[account].balance(asset)
        return balance.free, balance.locked


def refused(floor: Floor, ask: Ask) -> tuple[int, str]:
    """What the exchange says to an order that it doesn't take."""
    with pytest.raises(Refusal) as refusal:
        floor.place(ask)
    return refusal.value.code, refusal.value.text


def total(amounts: Iterable[Decimal]) -> Decimal:
    """An exact sum."""
    return sum(amounts, Decimal(0))


def check_ledger(floor: Floor) -> None:
    """Every atom is somewhere: with an account, taken as a fee, or with the market outside."""
    exchange, accounts = floor.exchange, floor.accounts
    for asset, opening in OPENING.items():
        held = total(a.balance(asset).free + a.balance(asset).locked for a in accounts)
        gone = exchange.money.fees.get(asset, Decimal(0)) + exchange.money.outside.get(asset, Decimal(0))
        assert held + gone == len(accounts) * opening + exchange.wallet.paid_in.get(asset, Decimal(0))
    for account in accounts:
        _check_account(exchange, account)
    for order in exchange.open.values():
        _check_open(floor, order)
    for order in exchange.orders.values():
        assert order.executed == total(deal.quantity for deal in order.deals)
        assert order.prevented == total(match.quantity for match in order.matches)
        assert order.status.open == (order.order_id in exchange.open)
        assert order.status.open or order.locked == 0
        assert order.left >= 0 or order.ask.quote_quantity is not None


def _check_open(floor: Floor, order: Order) -> None:
    """An open order rests with all that is left of it, its funds set aside, or waits."""
    resting = floor.desk.matcher.resting(order.order_id)
    assert (resting is not None) == (order.working_at > 0)
    if resting is not None:
        assert order.ask.price is not None
        assert resting.total * LOT == order.left
        made = floor.exchange.registry.lists.get(order.list_id)
        shared = made.locked if made is not None and order.order_id in made.legs else Decimal(0)
        needed = order.left * (order.ask.price if order.side is Side.BUY else 1)
        assert order.locked == needed if not shared else shared >= needed


def _check_account(exchange: Exchange, account: Account) -> None:
    """A balance is its opening plus its deals; what is locked is what open orders and lists set aside."""
    held = dict(OPENING)
    for flow in exchange.wallet.of(account):
        held[flow.asset] += flow.amount
    for deal in exchange.deals[account.name]:
        held["BTC"] += deal.side.sign * deal.quantity
        held["USDT"] -= deal.side.sign * deal.value
        held[deal.fee_asset] -= deal.fee
    locked = {"BTC": Decimal(0), "USDT": Decimal(0)}
    for order in exchange.open_orders(account):
        locked["USDT" if order.side is Side.BUY else "BTC"] += order.locked
    for made in exchange.registry.open_lists(account):
        side = exchange.orders[made.legs[0]].side
        locked["USDT" if side is Side.BUY else "BTC"] += made.locked
    for asset in OPENING:
        balance = account.balance(asset)
        assert balance.free + balance.locked == held[asset]
        assert balance.free >= 0
        assert balance.locked == locked[asset]
