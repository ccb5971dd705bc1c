"""Money is conserved whatever happens: random orders of every kind, cancels, amendments, markets."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from midas.domain.order import Side, TimeInForce
from midas.errors import ConfigInvalid
from midas.venues.sim.floor.filters import Rules
from midas.venues.sim.floor.lists import ListStatus
from midas.venues.sim.floor.matcher import SelfTrade
from midas.venues.sim.floor.orders import Ask
from midas.venues.sim.floor.refusal import Refusal
from tests.fakes.floor import LOT, NOW, Floor, check_ledger

Step = Callable[[Floor], object]
RULES = Rules(algos_max=20, self_trades=tuple(SelfTrade))
_sides, _prices, _lots = st.sampled_from(Side), st.integers(94, 107), st.integers(3, 60)
_accounts, _modes = st.integers(0, 1), st.sampled_from(SelfTrade)


def _quantity(lots: int) -> str:
    return str(LOT * lots)


@st.composite
def _at_once(draw: st.DrawFn) -> Ask:
    """A market or limit order, perhaps an iceberg."""
    price = draw(st.none() | _prices)
    force = TimeInForce.GTC if price is None else draw(st.sampled_from(TimeInForce))
    ask = Floor.ask(draw(_sides), _quantity(draw(_lots)), price, force)
    if price is not None and force is TimeInForce.GTC and draw(st.booleans()):
        ask = replace(ask, iceberg=LOT * draw(st.integers(1, 20)))
    return replace(ask, self_trade=draw(_modes))


@st.composite
def _by_value(draw: st.DrawFn) -> Ask:
    """A market order that spends or earns an amount."""
    ask = replace(Floor.ask(draw(_sides), "1.0"), quantity=None, quote_quantity=Decimal(draw(_lots) * 25))
    return replace(ask, self_trade=draw(_modes))


@st.composite
def _waiting(draw: st.DrawFn) -> Ask:
    """A stop, perhaps a trailing one."""
    delta = draw(st.none() | st.integers(50, 500))
    stop = draw(_prices) if delta is None else draw(st.none() | _prices)
    price, quantity = draw(st.none() | _prices), _quantity(draw(_lots))
    ask = Floor.stop(draw(_sides), quantity, stop, price, delta, draw(st.booleans()))
    return replace(ask, self_trade=draw(_modes))


@st.composite
def _pair(draw: st.DrawFn) -> tuple[Ask, Ask]:
    """Two legs whose prices are about right."""
    side, quantity = draw(_sides), _quantity(draw(_lots))
    out, limit = draw(st.integers(1, 6)), draw(st.none() | _prices)
    stop = Floor.stop(side, quantity, 100 + side.sign * out, limit)
    price = 100 - side.sign * draw(st.integers(1, 6))
    gain = Floor.maker(side, quantity, price)
    if draw(st.booleans()):
        gain = Floor.stop(side, quantity, price, draw(st.none() | st.just(price)), gain=True)
    return (stop, gain) if side is Side.BUY else (gain, stop)


@st.composite
def _placements(draw: st.DrawFn) -> Step:
    kind, account = (
        draw(st.sampled_from(["at once", "value", "stop", "oco", "oto", "otoco"])),
        draw(_accounts),
    )
    if kind in ("at once", "value", "stop"):
        asks = {"at once": _at_once(), "value": _by_value(), "stop": _waiting()}
        ask = draw(asks[kind])
        return lambda floor: floor.place(ask, account)
    if kind == "oto":
        legs: tuple[Ask, ...] = (draw(_at_once() | _waiting()),)
    else:
        legs = draw(_pair())
    working = None if kind == "oco" else Floor.ask(draw(_sides), _quantity(draw(_lots)), draw(_prices))
    return lambda floor: floor.place_list(*legs, working=working, account=account)


@st.composite
def _changes(draw: st.DrawFn) -> Step:
    """A cancel or an amendment of some open order."""
    place, lots, cancels = draw(st.integers(0, 9)), draw(_lots), draw(st.booleans())

    def change(floor: Floor) -> None:
        orders = list(floor.exchange.open.values())
        if not orders:
            return
        order = orders[place % len(orders)]
        account = floor.exchange.accounts[order.account]
        if cancels:
            floor.exchange.cancel(order, NOW, "c")
        else:
            floor.exchange.amend(account, order, LOT * lots, order.client_id, NOW)

    return change


@st.composite
def _markets(draw: st.DrawFn) -> Step:
    """A public trade, or a level of the displayed book."""
    side, price, lots = draw(_sides), draw(_prices), draw(st.integers(0, 60))
    if draw(st.booleans()):
        return lambda floor: floor.print(price, lots or 1, side is Side.SELL)
    if side is Side.BUY:
        return lambda floor: floor.depth([(min(price, 100), lots)], [])
    return lambda floor: floor.depth([], [(max(price, 101), lots)])


@st.composite
def _flows(draw: st.DrawFn) -> Step:
    """A deposit, or a withdrawal of what may not be there."""
    asset, amount, number = draw(st.sampled_from(["USDT", "BTC"])), draw(_lots), draw(_accounts)
    comes = draw(st.booleans())

    def flow(floor: Floor) -> None:
        wallet, account = floor.exchange.wallet, floor.accounts[number]
        act = wallet.deposit if comes else wallet.withdraw
        act(account, asset, LOT * amount, NOW)

    return flow


def _thin() -> Floor:
    """Little is displayed, so that orders meet each other."""
    floor = Floor(RULES)
    floor.depth([(100, 8), (99, 8)], [(101, 8), (102, 8)])
    return floor


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(_placements(), _changes(), _markets(), _flows()), min_size=8, max_size=40))
def test_every_atom_is_accounted_for_after_every_step(steps: list[Step]) -> None:
    floor = _thin()
    for step in steps:
        with suppress(Refusal, ConfigInvalid):
            step(floor)
        check_ledger(floor)
    check_lists(floor)


def check_lists(floor: Floor) -> None:
    """A list is done when nothing of it is open; of two legs at most one ever trades."""
    registry = floor.exchange.registry
    for made in registry.lists.values():
        orders = registry.orders_of(made)
        assert (made.status is ListStatus.ALL_DONE) == (not any(order.status.open for order in orders))
        assert made.status is ListStatus.EXECUTING or made.locked == 0
        if len(made.legs) == 2:
            assert sum(registry.orders[leg].executed > 0 for leg in made.legs) <= 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(_placements(), _changes(), _markets()), min_size=8, max_size=40))
def test_cancelling_everything_unlocks_everything(steps: list[Step]) -> None:
    floor = _thin()
    for step in steps:
        with suppress(Refusal):
            step(floor)
    while floor.exchange.open:
        floor.exchange.cancel(next(iter(floor.exchange.open.values())), NOW, "end")
    assert all(b.locked == 0 for account in floor.accounts for b in account.balances.values())
    check_ledger(floor)
