"""A session stepped again, with the fills that it got and with those that a back-test would give it."""

from __future__ import annotations

from decimal import Decimal
from math import nan

import msgspec
import pytest

from midas.backtest.assumptions import Assumptions
from midas.backtest.parity import Clock, Costs, Declared, Parity, Session, compared, delays_of
from midas.cli.parity import page
from midas.domain.event import Event, OrderAccepted, OrderFilled, OrderSent, Source
from midas.domain.opinion import Urgency
from midas.engine.audit import encode
from midas.engine.build import build_engine
from midas.runtime.replay import Moment
from tests.backtest.stage import Script
from tests.fakes.desk import Desk, config
from tests.fakes.scripted_market import ScriptedMarket


def script() -> Script:
    """Takes a position a few times and gives it back."""
    return Script([n % 8 in (3, 4, 5) for n in range(900)], urgency=Urgency.AGGRESSIVE)


@pytest.fixture(scope="module")
def desk() -> Desk:
    told = script()
    settings = config([told], weight=0.15)
    desk, market = Desk([told], settings=settings), ScriptedMarket()
    for bar in market.history():
        desk.feed(bar)
    desk.open(market.now)
    market.now = desk.now
    desk.play(market.begin())
    desk.play(market.walk(40))
    return desk


def moments(desk: Desk) -> list[Moment]:
    audits = {audit.sequence: encode(audit) for audit in desk.audits}
    return [Moment(n, event, audits.get(n)) for n, event in enumerate(desk.fed, 1)]


def stepped(desk: Desk, told: Script) -> Parity:
    session = Session(build_engine(desk.settings, [told]), 1.0, delays_of(desk.fed), Assumptions())
    session.follow(moments(desk))
    return compared(session, Declared())


def test_with_the_recorded_fills_every_decision_and_order_is_the_recorded_one(desk: Desk) -> None:
    found = stepped(desk, script())
    assert found.decisions == found.identical == len(desk.audits) > 10
    assert found.orders == found.orders_identical >= 4
    assert found.events == len(desk.fed)
    assert found.costs.orders >= 4 and found.costs.realised > 0.0 and found.costs.calibrated is None


def test_simulated_fills_are_near_the_real_ones_in_a_market_that_both_see(desk: Desk) -> None:
    found = stepped(desk, script())
    assert found.compared >= 4 and found.filled >= 3
    assert found.price_median_bps < 1.0 and abs(found.rate - found.rate_simulated) <= 0.25


def test_another_strategy_decides_otherwise_and_parity_says_so(desk: Desk) -> None:
    found = stepped(desk, Script([True] * 900, urgency=Urgency.AGGRESSIVE))
    assert found.identical < found.decisions and not found.within


def test_what_was_declared_is_what_it_is_held_to() -> None:
    good = Parity(
        events=1, decisions=2, identical=2, orders=2, orders_identical=2, compared=2, filled=2,
        price_median_bps=0.5, price_p95_bps=4.0, rate=0.7, rate_simulated=0.65, declared=Declared(),
        costs=Costs(),
    )  # fmt: skip
    assert good.within
    for worse in (
        {"identical": 1},
        {"price_median_bps": 1.1},
        {"price_p95_bps": 6.0},
        {"rate_simulated": 0.5},
    ):
        assert not msgspec.structs.replace(good, **worse).within
    quiet = msgspec.structs.replace(good, filled=0, price_median_bps=nan, price_p95_bps=nan)
    assert msgspec.structs.replace(quiet, rate=0.0, rate_simulated=0.0).within
    assert msgspec.structs.replace(quiet, rate=0.05, rate_simulated=0.0).within
    assert not quiet.within  # both filled, but never the same order


def test_shares_that_cancel_out_are_told_order_by_order(desk: Desk) -> None:
    found = stepped(desk, script())
    session = Session(build_engine(desk.settings, [script()]), 1.0, delays_of(desk.fed), Assumptions())
    session.follow(moments(desk))
    apart = [abs(each.simulated - each.filled) / each.quantity for each in session.orders()]
    assert found.rate_apart == pytest.approx(sum(apart) / len(apart))
    assert found.rate_apart >= abs(found.rate - found.rate_simulated) - 1e-12
    assert f"order by order  {found.rate_apart:.1%} apart" in "\n".join(page("s1", found))


def test_a_session_without_an_order_says_so_instead_of_figures() -> None:
    told = Parity(
        events=1, decisions=2, identical=2, orders=0, orders_identical=0, compared=0, filled=0,
        price_median_bps=nan, price_p95_bps=nan, rate=nan, rate_simulated=nan, declared=Declared(),
        costs=Costs(),
    )  # fmt: skip
    text = "\n".join(page("s1", told))
    assert "nan" not in text and "no order to compare" in text and text.endswith("as declared")


def test_the_market_clock_follows_the_quickest_message() -> None:
    clock = Clock(20.0)
    assert clock.market(5) == 0
    clock.learn(1_000, 100)
    clock.learn(1_020, 105)  # late: by then the market had gone on to 1,100
    assert clock.market(110) == 1_200
    clock.learn(1_300, 110)
    assert clock.market(110) == 1_300


def test_an_order_travels_half_of_the_time_until_its_first_answer() -> None:
    sent, accepted = OrderSent("a", 100, 200), OrderAccepted("a", "1", 140, Source.ANSWER)
    late = OrderAccepted("a", "1", 190, Source.STREAM)
    assert delays_of([sent, accepted, late, OrderSent("b", 300, 400)]) == {"a": 20}


def test_a_fill_that_both_doors_tell_counts_once(desk: Desk) -> None:
    again: list[Event] = []
    for event in desk.fed:
        again += [event, event] if isinstance(event, OrderFilled) else [event]
    session = Session(build_engine(desk.settings, [script()]), 1.0, {}, Assumptions())
    session.follow([Moment(n, event, None) for n, event in enumerate(again, 1)])
    assert all(order.filled <= order.quantity for order in session.orders())
    assert sum(Decimal(str(order.filled)) for order in session.orders()) > 0
