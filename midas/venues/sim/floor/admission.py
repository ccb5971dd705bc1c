"""What an order must be to be taken in: by the filters, its name, the market's price and its funds."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from midas.domain.money import ZERO
from midas.domain.order import Side
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.desk import TRADING, Desk
from midas.venues.sim.floor.filters import Standing
from midas.venues.sim.floor.lists import ListAsk, check_pair, check_prices
from midas.venues.sim.floor.orders import Ask, Kind, Order
from midas.venues.sim.floor.refusal import engine_refusal, insufficient
from midas.venues.sim.floor.registry import Registry
from midas.venues.sim.floor.settlement import Settlement
from midas.venues.sim.floor.triggers import Stop


class Admission:
    """Refuses what the venue would refuse; changes nothing."""

    def __init__(self, registry: Registry, money: Settlement) -> None:
        self._registry = registry
        self._money = money

    def check(self, desk: Desk, account: Account, ask: Ask) -> None:
        """Refuse `ask` where a filter, another order's id, the book or the balance forbids it."""
        _check_open(desk)
        self.check_filters(desk, account, ask)
        self._check_names(account, [ask])
        _check_market(desk, ask)
        asset, amount = self._cost(desk, account, ask)
        if amount > account.balance(asset).free:
            raise insufficient()

    def check_filters(self, desk: Desk, account: Account, ask: Ask) -> None:
        """Refuse `ask` where a filter forbids it beside what the account has open."""
        desk.filters.check(ask, self._standing(desk, account, [ask]))

    def check_list(self, desk: Desk, account: Account, ask: ListAsk) -> None:
        """Refuse a list as a whole; legs that start later meet book and balance only then."""
        _check_open(desk)
        if len(ask.legs) == 2:
            above, below = ask.legs
            check_pair(above, below)
            last = desk.instrument.price(desk.triggers.last)
            check_prices(ask.legs, last if ask.working is None else None)
        self._check_list_filters(desk, account, ask)
        names = [made.client_id for made in self._registry.open_lists(account)]
        if ask.client_id and ask.client_id in names:
            raise engine_refusal("Duplicate order sent.")
        self._check_names(account, ask.asks)
        if ask.working is not None:
            _check_market(desk, ask.working)
            asset, amount = self._cost(desk, account, ask.working)
        else:
            for leg in ask.legs:
                _check_market(desk, leg)
            asset, amount = self._money.dearer(desk, [(leg, leg.quantity or ZERO) for leg in ask.legs])
        if amount > account.balance(asset).free:
            raise insufficient()

    def check_name(self, account: Account, client_id: str, order: Order) -> None:
        """Refuse a new name for `order` that another open order has."""
        if self._registry.named(account, client_id) not in (None, order):
            raise engine_refusal("Duplicate order sent.")

    def _check_list_filters(self, desk: Desk, account: Account, ask: ListAsk) -> None:
        standing = self._standing(desk, account, ask.asks)
        desk.filters.check_lists(len(self._registry.open_lists(account, desk.symbol)))
        for one in ask.asks:
            desk.filters.check(one, standing)
            standing = standing.with_another(one)

    def _check_names(self, account: Account, asks: Sequence[Ask]) -> None:
        names = [ask.client_id for ask in asks if ask.client_id]
        if len(set(names)) < len(names) or any(self._registry.named(account, name) for name in names):
            raise engine_refusal("Duplicate order sent.")

    def _cost(self, desk: Desk, account: Account, ask: Ask) -> tuple[str, Decimal]:
        if ask.type.waits:
            assert ask.quantity is not None
            return self._money.reserve(desk, ask, ask.quantity)
        return self._money.cost(desk, account, ask, ask.quantity)

    def _standing(self, desk: Desk, account: Account, asks: Sequence[Ask]) -> Standing:
        """What `asks` add to; open orders are looked through only where that decides."""
        algos = icebergs = 0
        if any(ask.type.waits or ask.iceberg is not None for ask in asks):
            mine = self._registry.open_orders(account, desk.symbol)
            algos = sum(order.ask.type.waits and not order.working_at for order in mine)
            icebergs = sum(order.ask.iceberg is not None for order in mine)
        bounded = desk.filters.rules.position_max is not None
        buys = any(ask.side is Side.BUY for ask in asks)
        return Standing(
            average=desk.average(),
            last=desk.instrument.price(desk.triggers.last),
            orders=self._registry.count_open(account, desk.symbol),
            algos=algos,
            icebergs=icebergs,
            position=self._position(desk, account) if bounded and buys else ZERO,
        )

    def _position(self, desk: Desk, account: Account) -> Decimal:
        balance = account.balance(desk.instrument.base)
        mine = self._registry.open_orders(account, desk.symbol)
        bought = sum((order.left for order in mine if order.side is Side.BUY), ZERO)
        return balance.free + balance.locked + bought


def stop_of(desk: Desk, order: Order) -> Stop:
    """What `order` waits for, in ticks."""
    ask = order.ask
    return Stop(
        order.order_id,
        buys=ask.side is Side.BUY,
        rises=ask.rises,
        tick=None if ask.stop_price is None else int(ask.stop_price / desk.instrument.tick_size),
        delta=ask.trailing_delta or 0,
    )


def triggers_now(desk: Desk, ask: Ask) -> bool:
    """Whether the price that `ask` would wait for is there already."""
    if not ask.type.waits or ask.stop_price is None:
        return False
    last = desk.instrument.price(desk.triggers.last)
    return last >= ask.stop_price if ask.rises else last <= ask.stop_price


def takes_now(desk: Desk, ask: Ask) -> bool:
    """Whether an order that must not take would."""
    if ask.type is not Kind.LIMIT_MAKER:
        return False
    assert ask.price is not None
    return desk.matcher.crosses(ask.side, int(ask.price / desk.instrument.tick_size))


def _check_open(desk: Desk) -> None:
    if desk.status != TRADING:
        raise engine_refusal("Market is closed.")


def _check_market(desk: Desk, ask: Ask) -> None:
    if triggers_now(desk, ask):
        raise engine_refusal("Order would trigger immediately.")
    if takes_now(desk, ask):
        raise engine_refusal("Order would immediately match and take.")
