"""What the balances tell about an order that the venue forgot."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from midas.domain.event import SessionOpened
from midas.domain.money import ZERO
from midas.domain.order import OrderType, Side
from midas.domain.time import SECOND
from midas.state.inference import inferred_fill
from midas.state.order import Order
from midas.state.state import State
from tests.fakes.nouns import BTC, START, account, desk, fill, intent, trade
from tests.state.test_reconcile import kinds, verdict

AT = START + 60 * SECOND
DEAD = START + 14 * SECOND


def guess(base: str, quote: str, leaves: str = "1", **changes: Any) -> tuple[object, object, str] | None:
    order = Order(intent(**changes))
    gaps = {"BTC": Decimal(base), "USDT": Decimal(quote)}
    made = inferred_fill(order, Decimal(leaves), BTC, gaps, AT)
    return (made.quantity, made.price, f"{made.fee:f} {made.fee_asset}") if made else None


def test_a_buy_at_its_limit_with_a_fee_in_either_asset() -> None:
    assert guess("1", "-100") == (1, 100, "0 USDT")
    assert guess("1", "-100.15") == (1, 100, "0.15 USDT")
    assert guess("0.999001", "-100") == (1, 100, "0.000999 BTC")
    assert guess("0.4", "-40") == (Decimal("0.4"), 100, "0.0 USDT")


def test_a_sale_pays_its_fee_in_the_quote_currency() -> None:
    assert guess("-1", "99.9", side=Side.SELL) == (1, 100, "0.1 USDT")


def test_a_better_price_than_the_limit_is_taken_from_the_quote_currency() -> None:
    assert guess("1", "-99.5") == (1, Decimal("99.5"), "0.0 USDT")


def test_a_market_order_tells_its_price_by_what_was_paid() -> None:
    assert guess("1", "-123.45", price=None, type=OrderType.MARKET) == (1, Decimal("123.45"), "0.00 USDT")


@pytest.mark.parametrize(
    ("base", "quote"),
    [("0", "0"), ("-1", "100"), ("1", "0"), ("1", "100"), ("2", "-200"), ("1", "-50"), ("0.9", "-100")],
    ids=["nothing", "the other way", "free", "both up", "too much", "too cheap", "too great a fee"],
)
def test_gaps_that_no_fill_of_the_order_makes_tell_nothing(base: str, quote: str) -> None:
    assert guess(base, quote) is None


def forgotten(balances: dict[str, str]) -> State:
    """A working order that the venue twice doesn't know any more."""
    state = desk()
    state.plan(intent())
    state.orders.sent("md-1", START, DEAD)
    state.orders.accepted("md-1", "v-md-1", START)
    for seconds in (60, 63):
        state.apply(account(START + seconds * SECOND, balances, absent=("md-1",), purpose="start"))
    return state


def test_an_order_too_old_to_be_told_of_is_closed_by_its_trades() -> None:
    state = desk()
    state.plan(intent())
    state.orders.sent("md-1", START, DEAD)
    state.orders.accepted("md-1", "v-md-1", START)
    made = trade(fill(5, "1"))
    done = verdict(state.apply(account(AT, {"USDT": "9900", "BTC": "1"}, absent=("md-1",), trades=(made,))))
    assert done.equal
    assert state.orders.closed["md-1"].status == "FILLED"


def test_without_trades_the_balances_tell_and_the_fill_is_labelled() -> None:
    state = forgotten({"USDT": "9959.99", "BTC": "0.4"})
    assert state.reconciled
    assert state.ledger.sleeve("s", BTC.id).quantity == Decimal("0.4")
    assert state.orders.closed["md-1"].filled == Decimal("0.4")
    assert state.inferred["md-1"].fill.fee == Decimal("0.01")


def test_balances_that_did_not_move_leave_it_cancelled() -> None:
    state = forgotten({"USDT": "10000"})
    assert state.reconciled
    assert state.inferred == {}
    assert state.orders.closed["md-1"].status == "CANCELED"


def test_the_real_fill_takes_the_place_of_the_inferred_one() -> None:
    state = forgotten({"USDT": "9959.99", "BTC": "0.4"})
    real = trade(fill(5, "0.4", fee=Decimal("0.01")))
    seen = account(AT + 9 * SECOND, {"USDT": "9959.99", "BTC": "0.4"}, trades=(real,), purpose="start")
    decisions = state.apply(seen)
    assert "inferred_replaced" in kinds(decisions)
    assert verdict(decisions).equal
    assert state.ledger.sleeve("s", BTC.id).quantity == Decimal("0.4")
    assert state.orders.closed["md-1"].filled == Decimal("0.4")
    assert state.inferred == {}
    assert verdict(state.apply(seen)).changed == 0


def test_the_real_fill_replaces_it_after_a_restart_too() -> None:
    before = forgotten({"USDT": "9959.99", "BTC": "0.4"})
    state = State((BTC,), "USDT")
    state.apply(SessionOpened("next", AT, "account", "SIM", "", before.carried()))
    real = trade(fill(5, "0.4", fee=Decimal("0.01")))
    done = state.apply(account(AT, {"USDT": "9959.99", "BTC": "0.4"}, trades=(real,), purpose="start"))
    assert verdict(done).equal
    assert state.ledger.sleeve("s", BTC.id).quantity == Decimal("0.4")
    assert state.ledger.position(BTC.id) == Decimal("0.4")


def test_no_trade_id_of_ours_is_ever_asked_of_the_venue() -> None:
    state = forgotten({"USDT": "9959.99", "BTC": "0.4"})
    assert state.ledger.trades(BTC.id) == ()


def test_of_two_forgotten_orders_nobody_can_tell_which_one_has_filled() -> None:
    state = desk()
    for client_id in ("md-1", "md-2"):
        state.plan(intent(client_id))
        state.orders.sent(client_id, START, DEAD)
        state.orders.accepted(client_id, f"v-{client_id}", START)
    balances = {"USDT": "9900", "BTC": "1"}
    for seconds in (60, 63):
        at = START + seconds * SECOND
        state.apply(account(at, balances, absent=("md-1", "md-2"), purpose="start"))
    assert state.ledger.position(BTC.id) == ZERO
    assert not state.reconciled
