"""The exchange and its plain reference side by side: the same is done to both, and both must say the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from midas.costs import FeeSchedule
from midas.domain.time import SECOND
from midas.errors import ConfigInvalid
from midas.venues.sim.doors.ordercounts import OrderCounts
from midas.venues.sim.doors.params import Params
from midas.venues.sim.doors.trading import Trading
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.desk import TRADING, Desk
from midas.venues.sim.floor.exchange import Exchange, Listener
from midas.venues.sim.floor.lists import ListAsk, ListNews, ListStatus, OrderList
from midas.venues.sim.floor.matcher import SelfTrade
from midas.venues.sim.floor.orders import Ask, Change, Deal, Order
from midas.venues.sim.floor.refusal import Refusal
from midas.venues.sim.floor.registry import FIRST_LIST_ID, FIRST_ORDER_ID
from midas.venues.sim.floor.wallet import Flow
from midas.venues.sim.source.market import BestQuote, DepthChange, Print
from tests.venues.sim.pitch import ASKS, BIDS, FEES, FIRST_TICK, OPENING, SYMBOLS, Pitch, plain_rules
from tests.venues.sim.plain_book import Levels
from tests.venues.sim.plain_exchange import PlainExchange
from tests.venues.sim.plain_orders import PlainDesk
from tests.venues.sim.plain_rules import PlainRefusal


@dataclass
class Heard:
    """A listener that keeps what was executed, and counts what happened."""

    deals: list[Deal] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    def order_changed(self, order: Order, change: Change, deal: Deal | None) -> None:
        self.seen[f"{order.ask.type.name} {change.name}"] += 1
        if deal is not None:
            self.deals.append(deal)

    def list_changed(self, made: OrderList, news: ListNews, orders: list[Order]) -> None:
        self.seen[f"{made.contingency} {news.name}"] += 1

    def balances_changed(self, account: Account, assets: tuple[str, ...]) -> None:
        balances = [account.balance(asset) for asset in assets]
        assert all(balance.free >= 0 and balance.locked >= 0 for balance in balances)

    def flowed(self, account: Account, flow: Flow) -> None:
        self.seen["flow"] += 1


NOW = 1_795_248_000 * SECOND
Makes = Callable[[list[Desk], list[Account], FeeSchedule, Listener], Exchange]


class TwoExchanges:
    """Both, and what they must agree on."""

    def __init__(self, pitch: Pitch, makes: Makes = Exchange) -> None:
        self.time = pitch.clear()
        self.now = NOW
        self.heard = Heard()
        self.accounts = [Account(i, f"key{i}", "secret", OPENING, name=n) for i, n in enumerate(FEES, 1)]
        for account in self.accounts:
            account.fees = FeeSchedule(*FEES[account.name])
        self.ours = makes(list(pitch.desks), self.accounts, FeeSchedule(), self.heard)
        desks = [PlainDesk(plain_rules(symbol), 1, BIDS, ASKS, FIRST_TICK) for symbol in SYMBOLS]
        for desk in desks:
            desk.time = self.time
        opening = {account.name: OPENING for account in self.accounts}
        self.plain = PlainExchange(desks, opening, FEES, FIRST_ORDER_ID, FIRST_LIST_ID)
        self._trading = Trading(self.ours, lambda: self.now, OrderCounts(self.heard))
        self.update = 1
        self.refusals: Counter[str] = Counter()
        self.operations = 0

    @property
    def executions(self) -> int:
        """Deals so far."""
        return len(self.heard.deals)

    def account(self, name: str) -> Account:
        """One of ours."""
        return self.ours.accounts[name]

    def place(self, name: str, ask: Ask) -> None:
        """A single order."""
        self._do(
            lambda: self.ours.place(self.account(name), ask, self.now), lambda: self.plain.place(name, ask)
        )

    def place_list(self, name: str, ask: ListAsk) -> None:
        """An order list."""
        self._do(
            lambda: self.ours.place_list(self.account(name), ask, self.now),
            lambda: self.plain.place_list(name, ask),
        )

    def cancel(self, number: int) -> None:
        """A cancel."""
        self._do(
            lambda: self.ours.cancel(self.ours.orders[number], self.now, "c"),
            lambda: self.plain.cancel(self.plain.orders[number]),
        )

    def amend(self, number: int, quantity: Decimal, client_id: str) -> None:
        """A reduction that keeps its place."""
        order = self.ours.orders[number]
        self._do(
            lambda: self.ours.amend(self.account(order.account), order, quantity, client_id, self.now),
            lambda: self.plain.amend(self.plain.orders[number], quantity, client_id),
        )

    def replace(self, number: int, ask: Ask, *, stop: bool) -> None:
        """A cancel and a new order in one request; `stop`: no new order where the cancel fails."""
        order = self.ours.orders[number]
        ask = msgspec.structs.replace(ask, symbol=order.symbol)
        self._do(
            lambda: self._trading.replace(self.account(order.account), Params(_sent(order, ask, stop))),
            lambda: self.plain.replace(self.plain.orders[number], ask, stop),
        )

    def flow(self, name: str, asset: str, amount: Decimal) -> None:
        """Money comes in or goes out."""
        wallet, account = self.ours.wallet, self.account(name)
        act = wallet.deposit if amount > 0 else wallet.withdraw
        self._do(
            lambda: act(account, asset, abs(amount), self.now), lambda: self.plain.flow(name, asset, amount)
        )

    def halt(self, symbol: str, trading: bool) -> None:
        """A symbol stops or goes on trading."""
        self.ours.desks[symbol].status = TRADING if trading else "HALT"
        self.plain.desks[symbol].trading = trading

    def depth(self, symbol: str, number: int, bids: Levels, asks: Levels) -> None:
        """The displayed book changes."""
        event = DepthChange(symbol, self.time, self.time, number, number, bids, asks, b"")
        self._do(
            lambda: self.ours.market(event, self.now),
            lambda: self.plain.depth(symbol, self.time, number, bids, asks),
        )

    def quote(self, symbol: str, number: int, bid: tuple[int, int], ask: tuple[int, int]) -> None:
        """The best bid and ask change."""
        event = BestQuote(symbol, self.time, self.time, number, bid, ask, b"")
        self._do(
            lambda: self.ours.market(event, self.now),
            lambda: self.plain.quote(symbol, self.time, number, bid, ask),
        )

    def print(self, symbol: str, tick: int, lots: int, seller: bool) -> None:
        """A public trade."""
        event = Print(symbol, self.time, self.time, self.operations, tick, lots, seller, b"")
        self._do(
            lambda: self.ours.market(event, self.now),
            lambda: self.plain.print(symbol, self.time, tick, lots, seller),
        )

    def _do(self, ours: Callable[[], object], plain: Callable[[], object]) -> None:
        self.operations += 1
        before = self._lines()
        first = len(self.heard.deals)
        said, expected = _outcome(ours), _outcome(plain)
        assert said == expected, f"we say {said}, the reference {expected}"
        if said is not None:
            self.refusals[f"{said[0]} {said[1]}"] += 1
        self._check_same(first)
        self._check_money()
        self._check_priority(before, self.heard.deals[first:])

    def _check_same(self, first: int) -> None:
        """Executions of the last operation, orders, lists, lines and balances are those of the reference."""
        deals = [
            (d.order_id, d.price, d.quantity, d.maker, d.fee, d.fee_asset) for d in self.heard.deals[first:]
        ]
        plain_deals = [
            (d.order, d.price, d.quantity, d.maker, d.fee, d.fee_asset) for d in self.plain.deals[first:]
        ]
        assert deals == plain_deals, f"executions {deals}, in the reference {plain_deals}"
        _same("orders", self._orders(), self._plain_orders())
        _same("lines", self._lines(), self._plain_lines())
        lists = {
            number: made.status is ListStatus.ALL_DONE for number, made in self.ours.registry.lists.items()
        }
        _same("lists", lists, {number: made.done for number, made in self.plain.lists.items()})
        _same("balances", self._balances(), self._plain_balances())

    def _orders(self) -> dict[int, object]:
        return {
            number: (
                o.status.name,
                o.client_id,
                o.quantity,
                o.executed,
                o.value,
                o.prevented,
                o.expiry_reason or o.reject_reason,
            )
            for number, o in self.ours.orders.items()
        }

    def _plain_orders(self) -> dict[int, object]:
        return {
            number: (o.status, o.client_id, o.quantity, o.executed, o.value, o.prevented, o.reason)
            for number, o in self.plain.orders.items()
        }

    def _lines(self) -> dict[int, tuple[int, int, int]]:
        """Outside lots before each resting order, what it shows, what it hides."""
        found: dict[int, tuple[int, int, int]] = {}
        for number, order in self.ours.open.items():
            one = self.ours.desks[order.symbol].matcher.resting(number)
            if one is not None:
                found[number] = one.ahead, one.lots, one.hidden
        return found

    def _plain_lines(self) -> dict[int, tuple[int, int, int]]:
        return {
            one.order: (one.ahead, one.shown, one.left - one.shown)
            for desk in self.plain.desks.values()
            for one in desk.book.line
        }

    def _balances(self) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
        return {
            (account.name, asset): (account.balance(asset).free, account.balance(asset).locked)
            for account in self.accounts
            for asset in OPENING
        }

    def _plain_balances(self) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
        found = {}
        for name in FEES:
            for asset in OPENING:
                locked = self.plain.locked(name, asset)
                found[name, asset] = self.plain.held[name][asset] - locked, locked
        return found

    def _check_money(self) -> None:
        """Every atom is with an account, was taken as a fee, or is with the market outside."""
        money = self.ours.money
        for asset, opening in OPENING.items():
            balances = [account.balance(asset) for account in self.accounts]
            assert all(balance.free >= 0 and balance.locked >= 0 for balance in balances)
            held = sum((b.free + b.locked for b in balances), Decimal(0))
            gone = money.fees.get(asset, Decimal(0)) + money.outside.get(asset, Decimal(0))
            paid_in = self.ours.wallet.paid_in.get(asset, Decimal(0))
            assert held + gone == opening * len(self.accounts) + paid_in

    def _check_priority(self, before: dict[int, tuple[int, int, int]], deals: list[Deal]) -> None:
        """Nobody gets less than the limit, nobody is passed by, nobody falls back but by a slice's end."""
        after = self._lines()
        orders = self.ours.orders
        for number, (ahead, _, _) in after.items():
            if number in before and orders[number].ask.iceberg is None:
                assert ahead <= before[number][0]
        for deal in deals:
            ask = orders[deal.order_id].ask
            assert ask.price is None or deal.side.sign * (ask.price - deal.price) >= 0
            if deal.maker and deal.order_id in before and ask.iceberg is None:
                assert ask.price is not None
                for other in before.keys() & after.keys():
                    self._check_not_passed(orders[other], orders[deal.order_id])

    def _check_not_passed(self, other: Order, filled: Order) -> None:
        """`other` stood in line before and after `filled` traded there."""
        one, two = other.ask, filled.ask
        if other is filled or (one.symbol, one.side) != (two.symbol, two.side) or one.iceberg is not None:
            return
        assert one.price is not None and two.price is not None
        assert one.side.sign * (one.price - two.price) <= 0, "a better price was passed by"
        came_first = (other.working_at, other.order_id) < (filled.working_at, filled.order_id)
        if (
            one.price == two.price
            and other.stop is None
            and filled.stop is None
            and other.list_id < 0 > filled.list_id
        ):
            assert not came_first, "an earlier order was passed by"


def _same(what: str, ours: dict, plain: dict) -> None:  # type: ignore[type-arg]
    if ours == plain:
        return
    keys = [key for key in ours.keys() | plain.keys() if ours.get(key) != plain.get(key)]
    rows = [f"{key}: we {ours.get(key)}, the reference {plain.get(key)}" for key in keys]
    raise AssertionError(f"{what} differ: " + "; ".join(rows))


def plain_made(two: TwoExchanges) -> Counter[str]:
    """What kinds of orders there were, and why they ended, as the reference tells it."""
    made: Counter[str] = Counter()
    for order in two.plain.orders.values():
        ask = order.ask
        made[order.reason or order.status] += 1
        made[ask.self_trade.name] += order.prevented > 0 or ask.self_trade is SelfTrade.NONE
        made["trailing"] += ask.trailing_delta is not None and order.executed > 0
        made["iceberg"] += ask.iceberg is not None and order.executed > 0
        made["by value"] += ask.quote_quantity is not None and order.executed > 0
    return made


def _outcome(act: Callable[[], object]) -> tuple[int, str] | None:
    """How something was refused; None where it wasn't."""
    try:
        act()
    except Refusal as refusal:
        return refusal.code, refusal.text + _halves(refusal.data)
    except PlainRefusal as refusal:
        return refusal.code, refusal.text
    except ConfigInvalid:
        return 0, "more than is free"
    return None


def _halves(data: object) -> str:
    """How the two halves of a replace ended."""
    if not isinstance(data, dict):
        return ""
    halves = [data["cancelResponse"], data["newOrderResponse"]]
    codes = [half.get("code") if isinstance(half, dict) else None for half in halves]
    return f" {data['cancelResult']} {codes[0]} {data['newOrderResult']} {codes[1]}"


def _sent(order: Order, ask: Ask, stop: bool) -> dict[str, str]:
    """The parameters of a replace."""
    values = {
        "symbol": order.symbol,
        "cancelReplaceMode": "STOP_ON_FAILURE" if stop else "ALLOW_FAILURE",
        "cancelOrderId": order.order_id,
        "side": ask.side.name,
        "type": ask.type.name,
        "timeInForce": ask.time_in_force.name if ask.type.forced else None,
        "quantity": ask.quantity,
        "price": ask.price,
        "stopPrice": ask.stop_price,
        "trailingDelta": ask.trailing_delta,
        "icebergQty": ask.iceberg,
        "selfTradePreventionMode": ask.self_trade.name,
        "newClientOrderId": ask.client_id or None,
    }
    return {name: str(value) for name, value in values.items() if value is not None}
