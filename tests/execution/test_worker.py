from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.domain.opinion import Urgency
from midas.domain.order import OrderType, Side, TimeInForce
from midas.domain.time import SECOND
from midas.domain.verdict import Approved
from midas.execution.worker import ExecutionRules, Place, Plan, Work, next_order, stale
from midas.state.market import InstrumentMarket
from midas.state.order import Order, Pending
from tests.fakes.nouns import BTC, START, intent, quote, selling, target

RULES = ExecutionRules(
    passive_timeout=3 * SECOND, reprice_ticks=5, reprice_age=SECOND // 2, take_collar_bps=10.0, attempts_max=3
)


def work(
    quantity: str,
    urgency: Urgency = Urgency.PASSIVE,
    high: float = 101.0,
    rejects: int = 0,
    ordered_at: int = 0,
) -> Work:
    approved = Approved(target(quantity, urgency=urgency), high)
    return Work(approved, START, rejects=rejects, ordered_at=ordered_at)


def place(
    held: str = "0",
    working: list[Order] | None = None,
    *,
    after: int = SECOND,
    bid: str = "99.99",
    ask: str = "100.01",
    sellable: str | None = None,
) -> Place:
    market = InstrumentMarket(BTC)
    market.on_quote(quote(bid, ask))
    offered = Decimal(held if sellable is None else sellable)
    return Place(market, Decimal(held), offered, working or [], START + after)


def order(side: Side = Side.BUY, quantity: str = "1", price: str = "99.99", age: int = SECOND) -> Order:
    made = intent if side is Side.BUY else selling
    return Order(
        made(
            quantity=Decimal(quantity),
            price=Decimal(price),
            type=OrderType.LIMIT_MAKER,
            created_at=START + SECOND - age,
        )
    )


def reasons(found: list[tuple[Order, str]]) -> list[str]:
    return [reason for _, reason in found]


def test_a_passive_entry_joins_the_bid() -> None:
    assert next_order(work("1"), place(), RULES) == Plan(
        Side.BUY, OrderType.LIMIT_MAKER, None, Decimal(1), Decimal("99.99")
    )


def test_a_passive_exit_joins_the_ask_and_after_its_time_takes_the_bid() -> None:
    assert next_order(work("0"), place("1"), RULES) == Plan(
        Side.SELL, OrderType.LIMIT_MAKER, None, Decimal(1), Decimal("100.01")
    )
    assert next_order(work("0"), place("1", after=3 * SECOND), RULES) == Plan(
        Side.SELL, OrderType.LIMIT, TimeInForce.IOC, Decimal(1), Decimal("99.89")
    )


def test_an_urgent_entry_takes_the_ask_with_a_collar() -> None:
    assert next_order(work("1", Urgency.AGGRESSIVE), place(), RULES) == Plan(
        Side.BUY, OrderType.LIMIT, TimeInForce.IOC, Decimal(1), Decimal("100.11")
    )


@pytest.mark.parametrize("urgency", list(Urgency))
def test_an_entry_never_pays_more_than_risk_approved(urgency: Urgency) -> None:
    plan = next_order(work("1", urgency, high=99.505), place(), RULES)
    assert plan is not None
    assert plan.price == Decimal("99.50")


def test_an_exit_follows_a_falling_market_below_the_approved_band() -> None:
    plan = next_order(work("0"), place("1", after=9 * SECOND, bid="50", ask="50.02"), RULES)
    assert plan is not None
    assert plan.price == Decimal("49.95")


def test_an_exit_needs_only_a_bid() -> None:
    plan = next_order(work("0"), place("1", ask="0"), RULES)
    assert plan is not None
    assert (plan.side, plan.time_in_force) == (Side.SELL, TimeInForce.IOC)
    assert next_order(work("0"), place("1", bid="0"), RULES) is None
    assert next_order(work("1"), place(ask="0"), RULES) is None


def test_while_an_order_stands_there_is_no_second_one() -> None:
    assert next_order(work("2"), place(working=[order()]), RULES) is None


def test_two_orders_of_one_target_keep_their_distance() -> None:
    before = work("1", ordered_at=START + SECOND - RULES.reprice_age + 1)
    assert next_order(before, place(), RULES) is None
    assert next_order(work("1", ordered_at=START + SECOND - RULES.reprice_age), place(), RULES) is not None


@pytest.mark.parametrize(("rejects", "halves"), [(3, 1), (4, 2), (6, 8), (99, 64)])
def test_a_venue_that_goes_on_refusing_is_asked_ever_more_seldom(rejects: int, halves: int) -> None:
    refused = work("1", rejects=rejects, ordered_at=START)
    assert next_order(refused, place(after=halves * SECOND // 2 - 1), RULES) is None
    assert next_order(refused, place(after=halves * SECOND // 2), RULES) is not None


@pytest.mark.parametrize(
    ("wanted", "held"), [("1", "1"), ("1", "1.000009"), ("0.04", "0"), ("0", "0.04")], ids=str
)
def test_a_change_that_the_venue_would_not_take_settles_the_work(wanted: str, held: str) -> None:
    small = work(wanted)
    assert next_order(small, place(held), RULES) is None
    assert small.settled


def test_an_entry_that_was_given_up_orders_nothing_more() -> None:
    left = work("1")
    left.given_up = True
    assert next_order(left, place(), RULES) is None


def test_an_urgent_sale_of_little_asks_what_the_venue_takes_it_at() -> None:
    plan = next_order(work("0", Urgency.AGGRESSIVE), place("0.05002"), RULES)
    assert plan is not None
    assert plan.price == Decimal("99.97")  # the bid is 99.99


def test_no_order_is_larger_than_the_venue_takes() -> None:
    plan = next_order(work("10000"), place(), RULES)
    assert plan is not None
    assert plan.quantity == BTC.quantity_max


@given(st.integers(0, 500_000), st.integers(0, 500_000), st.integers(0, 500_000), st.sampled_from(Urgency))
def test_a_sale_never_exceeds_what_is_there_nor_a_buy_what_is_wanted(
    wanted: int, held: int, sellable: int, urgency: Urgency
) -> None:
    quantities = [str(BTC.quantity(n)) for n in (wanted, held, min(held, sellable))]
    plan = next_order(work(quantities[0], urgency), place(quantities[1], sellable=quantities[2]), RULES)
    if plan is not None:
        room = Decimal(quantities[0]) - Decimal(quantities[1])
        assert plan.side is (Side.BUY if room > 0 else Side.SELL)
        assert 0 < plan.quantity <= (room if room > 0 else min(-room, Decimal(quantities[2])))
        assert plan.quantity % BTC.lot_size == 0
        assert plan.price % BTC.tick_size == 0
        least = Decimal(1) if plan.side is Side.SELL else Decimal("0.99")
        assert plan.quantity * plan.price >= BTC.notional_min * least


def test_an_order_that_serves_its_target_is_left_alone() -> None:
    assert stale(work("1"), place(working=[order()]), RULES) == []


@pytest.mark.parametrize(("wanted", "held"), [("0", "1"), ("1", "1"), ("1", "0.5")])
def test_an_order_that_no_longer_fits_is_withdrawn(wanted: str, held: str) -> None:
    assert reasons(stale(work(wanted), place(held, [order()]), RULES)) == ["target changed"]


def test_an_order_is_withdrawn_when_its_patience_ends() -> None:
    old = order(age=RULES.passive_timeout)
    assert stale(work("1"), place(working=[old]), RULES) == []
    assert reasons(stale(work("1"), place(working=[old], after=SECOND + 1), RULES)) == ["not filled in time"]


@pytest.mark.parametrize(
    ("side", "bid", "ask", "left"),
    [
        (Side.BUY, "100.04", "100.06", False),
        (Side.BUY, "100.05", "100.06", True),
        (Side.BUY, "99.00", "99.02", False),
        (Side.SELL, "99.92", "99.94", False),
        (Side.SELL, "99.92", "99.93", True),
        (Side.SELL, "101.00", "101.02", False),
    ],
)
def test_an_order_is_repriced_by_a_cancel_when_the_touch_leaves_it(
    side: Side, bid: str, ask: str, left: bool
) -> None:
    resting = order(side, price="99.99")
    asked, held = ("1", "0") if side is Side.BUY else ("0", "1")
    found = stale(work(asked), place(held, [resting], bid=bid, ask=ask), RULES)
    assert reasons(found) == (["the touch moved away"] if left else [])


def test_a_young_order_is_not_repriced() -> None:
    young = order(age=RULES.reprice_age)
    assert stale(work("1"), place(working=[young], bid="105", ask="106"), RULES) == []


def test_an_order_in_doubt_or_being_cancelled_is_not_cancelled_again() -> None:
    doubtful, leaving = order(), order()
    doubtful.unknown_since = START
    leaving.pending.append(Pending("cancel", START + SECOND // 2))
    leaving.cancel_sent_at = START + SECOND // 2
    assert stale(work("0"), place("1", [doubtful, leaving]), RULES) == []
