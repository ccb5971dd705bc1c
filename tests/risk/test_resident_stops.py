"""What the limits make of a stop that rests at the venue: it reduces, it waits, and is none of theirs."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.agents.risk_manager import RiskManager
from midas.domain.mode import Mode
from midas.domain.order import OrderIntent, OrderType, Purpose, TimeInForce
from midas.domain.time import SECOND
from midas.domain.verdict import Approved, Refused
from midas.risk.exposure import standing
from midas.risk.fat_finger import ORDERS_MIN, unusually_large
from midas.state.state import State
from tests.fakes.desk import LIMITS
from tests.fakes.nouns import BTC, START, desk, hold, intent, selling, target

WIDE = msgspec.structs.replace(LIMITS, position_max=1.0, sector_max=1.0, crypto_max=1.0, cluster_max=1.0)


def stop(client_id: str = "md-stop", **changes: object) -> OrderIntent:
    """Sell 1 BTC once 98 is traded, at 97 at worst."""
    fields: dict[str, object] = {
        "type": OrderType.STOP_LOSS_LIMIT, "time_in_force": TimeInForce.GTC, "purpose": Purpose.STOP,
        "price": Decimal(97), "stop_price": Decimal(98),
    }  # fmt: skip
    return selling(client_id, **{**fields, **changes})


def protected(quantity: str = "1") -> State:
    """A desk that holds one position with its stop, which waits."""
    state = desk()
    hold(state, quantity)
    state.plan(stop(quantity=Decimal(quantity)))
    state.orders.accepted("md-stop", "v", START, untriggered=True)
    return state


def blocked(state: State, asked: OrderIntent, **changes: object) -> str:
    breach = RiskManager(msgspec.structs.replace(WIDE, **changes)).admit(asked, state)
    return breach.limit if breach else ""


def test_a_stop_meets_nobody_until_its_price_has_come() -> None:
    state = protected()
    buy = intent("md-buy", strategy="other", price=Decimal(100))
    assert blocked(state, buy) == ""
    state.orders.triggered("md-stop", START + SECOND)
    assert blocked(state, buy) == "self-trade"


def test_a_stop_on_its_way_to_the_venue_meets_nobody_either() -> None:
    state = desk()
    hold(state, "1")
    state.plan(stop())
    assert blocked(state, intent("md-buy", strategy="other", price=Decimal(100))) == ""


def test_nothing_that_bounds_entries_stops_a_stop() -> None:
    state = desk()
    hold(state, "1")
    state.plan(intent("md-buy", strategy="other", price=Decimal("99.99")))  # it would meet that one
    for n in range(30):
        state.orders.planned_at.append(START - n)
    state.control.set_mode(Mode.PAUSE, "test", "", "", START)
    state.control.close_gate("venue", "silence", START)
    none: dict[str, object] = {
        "order_rate_max": 1, "order_notional_max": 1.0, "position_max": 0.0, "price_collar_bps": 1.0,
        "order_quantity_max": {"BTC": 0.1}, "cash_min": 1.0, "strategy_max": 0.0,
    }  # fmt: skip
    assert blocked(state, stop(), **none) == ""
    assert blocked(state, stop(quantity=Decimal("1.00001")), **none) == "holding"


def test_a_stop_makes_no_room() -> None:
    state = protected("10")
    before = standing(state, LIMITS.assets).by_instrument[BTC.id]
    state.orders.triggered("md-stop", START)
    assert standing(state, LIMITS.assets).by_instrument[BTC.id] == before
    verdict = RiskManager(msgspec.structs.replace(WIDE, position_max=before)).review(
        target("10.00001"), state
    )
    assert isinstance(verdict, Refused)
    assert [b.limit for b in verdict.breaches] == ["position"]


def test_a_stop_that_rises_uses_up_no_rate_and_is_no_duplicate() -> None:
    state = protected()
    for n in range(30):
        state.plan(stop(f"md-{n}", quantity=Decimal(0)))
    assert state.orders.rate(START, 10 * SECOND) == 0
    assert blocked(state, intent("md-buy", strategy="other"), order_rate_max=1) == ""
    assert blocked(state, stop("md-again", quantity=Decimal(0))) == ""


def test_stops_are_no_ordinary_sizes_of_the_day() -> None:
    state = desk()
    for n in range(ORDERS_MIN):
        state.plan(intent(f"md-{n}", quantity=Decimal("0.1")))
    for n in range(ORDERS_MIN + 1):
        state.plan(stop(f"md-stop-{n}", quantity=Decimal(5)))
    limits = msgspec.structs.replace(WIDE, fat_finger_share=1.0, fat_finger_multiple=10.0)
    assert unusually_large(limits, intent("md-large", quantity=Decimal(2)), state)


def test_an_exit_can_not_sell_what_the_stop_has_set_aside() -> None:
    state = protected()
    sale = selling("md-sale", price=Decimal("99.99"))
    assert blocked(state, sale) == "holding"
    assert blocked(state, msgspec.structs.replace(sale, replaces="md-stop")) == ""


def test_a_reduction_is_approved_beside_a_stop() -> None:
    verdict = RiskManager(WIDE).review(target("0.5"), protected())
    assert isinstance(verdict, Approved)
