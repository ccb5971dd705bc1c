"""Orders, lists and desks of the reference exchange, and what an order is by the venue's words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from midas.venues.sim.floor.orders import Ask
from tests.venues.sim.plain_book import BUY, SELL, Levels, PlainBook, Taker, beats
from tests.venues.sim.plain_rules import PlainRefusal, PlainRules

ZERO = Decimal(0)
MINUTE = 60 * 10**9
OPEN = ("NEW", "PENDING_NEW", "PARTIALLY_FILLED")


@dataclass
class PlainDeal:
    """One execution of one order."""

    order: int
    price: Decimal
    quantity: Decimal
    maker: bool
    fee: Decimal
    fee_asset: str


@dataclass
class PlainOrder:
    """An order and everything that became of it."""

    number: int
    account: str
    ask: Ask
    client_id: str
    quantity: Decimal
    status: str = "NEW"
    reason: str = ""
    waits: bool = False  # for its price
    watched: int = 0  # when it began to wait, among all orders
    follows: bool = False  # a trailing stop that was reached
    best: int = 0
    list: PlainList | None = None
    aside: Decimal = ZERO  # set aside at its start, where it has no limit price
    executed: Decimal = ZERO
    value: Decimal = ZERO  # quote asset traded
    prevented: Decimal = ZERO
    amends: int = 0

    @property
    def left(self) -> Decimal:
        """Quantity still to trade."""
        return self.quantity - self.executed - self.prevented

    @property
    def side(self) -> str:
        """BUY or SELL."""
        return self.ask.side.name

    @property
    def open(self) -> bool:
        """Whether it can still trade."""
        return self.status in OPEN


@dataclass
class PlainList:
    """An order list; `undecided` while both of two legs could still trade."""

    number: int
    account: str
    symbol: str
    client_id: str
    orders: list[PlainOrder]
    legs: list[PlainOrder]
    done: bool = False
    undecided: bool = False
    aside: Decimal = ZERO


class PlainDesk:
    """One symbol."""

    def __init__(self, rules: PlainRules, number: int, bids: Levels, asks: Levels, last: int) -> None:
        self.rules = rules
        self.book = PlainBook()
        self.book.start(number, bids, asks)
        self.last = last  # of any trade, ours too
        self.last_print = last
        self.prints: list[tuple[int, int, int]] = []  # time, tick, lots
        self.time = 0
        self.trading = True

    def average(self) -> Decimal:
        """Mean price of the prints of this minute and the four before it."""
        first = self.time // MINUTE * MINUTE - 4 * MINUTE
        seen = [(tick, lots) for time, tick, lots in self.prints if time >= first]
        lots = sum(lots for _, lots in seen)
        if lots == 0:
            return self.rules.tick * self.last_print
        return self.rules.tick * sum(tick * lots for tick, lots in seen) / lots


def undecided(order: PlainOrder) -> bool:
    """Whether it is one of two legs that could still trade."""
    return order.list is not None and order.list.undecided and order in order.list.legs


def must_wait(ask: Ask) -> bool:
    """Whether it waits for a price before it meets the book."""
    return ask.type.name.startswith(("STOP", "TAKE"))


def rises(ask: Ask) -> bool:
    """A4.1: STOP_LOSS BUY and TAKE_PROFIT SELL trigger at or above their price."""
    return ask.type.name.startswith("STOP") == (ask.side.name == BUY)


def reached(desk: PlainDesk, order: PlainOrder, tick: int) -> bool:
    """Whether a trade at `tick` triggers an order; a trailing one follows the best price."""
    ask, price = order.ask, desk.rules.tick * tick
    there = ask.stop_price is None or (price >= ask.stop_price if rises(ask) else price <= ask.stop_price)
    if not ask.trailing_delta:
        return there
    if not order.follows:
        order.follows, order.best = there, tick
        return False
    share = Decimal(ask.trailing_delta) / 10_000
    if beats(SELL if order.side == BUY else BUY, tick, order.best):
        order.best = tick
    turn = 1 + share if order.side == BUY else 1 - share
    return tick >= order.best * turn if order.side == BUY else tick <= order.best * turn


def check_open(desk: PlainDesk) -> None:
    """Nothing is taken in while a symbol doesn't trade."""
    if not desk.trading:
        raise PlainRefusal(-2010, "Market is closed.")


def check_market(desk: PlainDesk, ask: Ask) -> None:
    """A stop must not be past the market, an order that must not take must not cross."""
    last, stop = desk.rules.tick * desk.last, ask.stop_price
    if stop is not None and (last >= stop if rises(ask) else last <= stop):
        raise PlainRefusal(-2010, "Order would trigger immediately.")
    price = ask.price if ask.type.name == "LIMIT_MAKER" else None
    if price is not None and desk.book.crosses(ask.side.name, int(price / desk.rules.tick)):
        raise PlainRefusal(-2010, "Order would immediately match and take.")


def coming(desk: PlainDesk, number: int, account: str, ask: Ask, left: Decimal | None) -> Taker:
    """What is left of an order, as it comes to the book."""
    rules = desk.rules
    return Taker(
        order=number,
        account=account,
        side=ask.side.name,
        limit=None if ask.price is None else int(ask.price / rules.tick),
        lots=None if left is None else rules.lots(left),
        budget=None if ask.quote_quantity is None else int(ask.quote_quantity / (rules.tick * rules.lot)),
        mode=ask.self_trade.name,
    )
