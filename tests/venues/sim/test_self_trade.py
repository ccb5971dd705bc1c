from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from midas.domain.order import Side, TimeInForce
from midas.venues.sim.floor.filters import Rules
from midas.venues.sim.floor.matcher import SelfTrade
from midas.venues.sim.floor.orders import Change, Order, Status
from tests.fakes.floor import Floor, check_ledger

RULES = Rules(self_trades=tuple(SelfTrade))


def meet(mode: SelfTrade, made: str = "2.0", taken: str = "3.0") -> tuple[Floor, Order, Order]:
    """An account's order at 101, where nothing else is, and another that comes to take it."""
    floor = Floor(RULES)
    floor.depth([], [(101, 0), (102, 0)])
    maker = floor.place(floor.ask(Side.SELL, made, 101))
    taker = floor.place(replace(floor.ask(Side.BUY, taken, 101), self_trade=mode))
    check_ledger(floor)
    return floor, maker, taker


@pytest.mark.parametrize(
    ("mode", "maker_ends", "taker_ends"),
    [
        (SelfTrade.NONE, Status.FILLED, Status.PARTIALLY_FILLED),
        (SelfTrade.EXPIRE_MAKER, Status.EXPIRED_IN_MATCH, Status.NEW),
        (SelfTrade.EXPIRE_TAKER, Status.NEW, Status.EXPIRED_IN_MATCH),
        (SelfTrade.EXPIRE_BOTH, Status.EXPIRED_IN_MATCH, Status.EXPIRED_IN_MATCH),
        (SelfTrade.DECREMENT, Status.EXPIRED_IN_MATCH, Status.NEW),
    ],
)
def test_the_takers_mode_decides_what_happens_to_both(
    mode: SelfTrade, maker_ends: Status, taker_ends: Status
) -> None:
    _, maker, taker = meet(mode)
    assert (maker.status, taker.status) == (maker_ends, taker_ends)


def test_expired_orders_say_how_much_was_prevented_and_with_whom() -> None:
    floor, maker, taker = meet(SelfTrade.EXPIRE_BOTH)
    assert (maker.prevented, taker.prevented) == (Decimal("2.0"), Decimal("3.0"))
    assert maker.matches[0].other_id == taker.order_id
    assert maker.matches[0].match_id == taker.matches[0].match_id
    assert (maker.matches[0].taker, taker.matches[0].taker) == (False, True)
    assert floor.heard.of(maker) == [Change.NEW, Change.TRADE_PREVENTION]


def test_decrement_takes_the_same_from_both_and_the_larger_goes_on() -> None:
    floor, maker, taker = meet(SelfTrade.DECREMENT, made="5.0", taken="2.0")
    assert taker.status is Status.EXPIRED_IN_MATCH
    assert (maker.status, maker.prevented, maker.left) == (Status.NEW, Decimal("2.0"), Decimal("3.0"))
    assert floor.funds("BTC") == (17, 3)
    floor.print(101, 100, seller=False)
    assert (maker.status, maker.executed) == (Status.FILLED, Decimal("3.0"))


def test_an_order_that_expires_on_the_way_keeps_what_it_traded_before() -> None:
    floor = Floor(RULES)
    floor.depth([], [(102, 0)])
    floor.place(floor.ask(Side.SELL, "2.0", 102))
    taker = floor.place(replace(floor.ask(Side.BUY, "9.0", 102), self_trade=SelfTrade.EXPIRE_TAKER))
    assert (taker.status, taker.executed) == (Status.EXPIRED_IN_MATCH, Decimal("5.0"))
    assert taker.prevented == Decimal("4.0")
    check_ledger(floor)


def test_a_fill_or_kill_order_does_not_count_on_what_its_mode_keeps_from_it() -> None:
    floor = Floor(RULES)
    floor.depth([], [(102, 0)])
    mine = floor.place(floor.ask(Side.SELL, "2.0", 101))
    kill = floor.ask(Side.BUY, "6.0", 101, TimeInForce.FOK)
    for mode in (SelfTrade.EXPIRE_MAKER, SelfTrade.EXPIRE_TAKER):
        order = floor.place(replace(kill, self_trade=mode))
        assert order.expiry_reason == "UNFILLED_FOK_ORDER_EXPIRED"
        assert not order.deals
    assert mine.status is Status.NEW


def test_other_accounts_trade_as_ever() -> None:
    floor = Floor(RULES)
    floor.depth([], [(101, 0), (102, 0)])
    maker = floor.place(floor.ask(Side.SELL, "2.0", 101))
    taker = replace(floor.ask(Side.BUY, "2.0", 101), self_trade=SelfTrade.EXPIRE_BOTH)
    assert floor.place(taker, account=1).status is Status.FILLED
    assert maker.status is Status.FILLED
