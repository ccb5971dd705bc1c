from __future__ import annotations

from decimal import Decimal
from math import isnan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.agents.risk_manager import RiskManager
from midas.domain.event import OrderFilled, Source
from midas.domain.limits import Assets
from midas.domain.order import CloseReason, OrderIntent, Purpose, Side
from midas.domain.time import SECOND
from midas.domain.verdict import Approved
from midas.risk.exposure import worst_case
from midas.state.state import State
from tests.fakes.desk import LIMITS
from tests.fakes.nouns import BTC, ETH, START, desk, fill, hold, intent, quote, selling, target

PLAIN = Assets()


def test_an_empty_account_is_all_cash() -> None:
    now = worst_case(desk(), PLAIN)
    assert (now.cash, now.crypto, now.usd) == (1.0, 0.0, 0.0)
    assert now.by_instrument == {BTC.id: 0.0}


def test_every_buy_order_counts_as_filled_and_no_sell_order_does() -> None:
    state = desk()
    hold(state, "10")
    state.plan(intent("md-1", quantity=Decimal(5)))
    state.plan(selling("md-2", quantity=Decimal(10)))
    now = worst_case(state, PLAIN)
    assert now.by_instrument[BTC.id] == pytest.approx(0.15)
    assert now.cash == pytest.approx(0.85)


def test_an_order_in_doubt_counts_in_full() -> None:
    state = desk()
    state.plan(intent(quantity=Decimal(5)))
    state.orders.uncertain("md-1", "timeout", START)
    assert worst_case(state, PLAIN).by_instrument[BTC.id] == pytest.approx(0.05)


def test_a_filled_part_is_not_counted_twice() -> None:
    state = desk()
    state.plan(intent(quantity=Decimal(5)))
    state.book_fill(OrderFilled("md-1", "v", BTC.id, fill(quantity="2"), START, Source.STREAM))
    assert worst_case(state, PLAIN).by_instrument[BTC.id] == pytest.approx(0.05)


def test_what_was_on_the_account_before_us_is_held_too() -> None:
    assert worst_case(desk(BTC="100"), PLAIN).by_instrument[BTC.id] == pytest.approx(0.5)


def test_a_target_adds_what_its_sleeve_neither_holds_nor_buys_yet() -> None:
    state = desk()
    hold(state, "1")
    state.plan(intent(quantity=Decimal(2)))
    asked = target("5")
    assert worst_case(state, PLAIN, asked).by_instrument[BTC.id] == pytest.approx(0.05)
    assert worst_case(state, PLAIN, target("2")).by_instrument[BTC.id] == pytest.approx(0.03)
    assert worst_case(state, PLAIN, target("5", strategy="o")).by_instrument[BTC.id] == pytest.approx(0.08)


def test_cash_is_reserved_at_the_price_of_the_order() -> None:
    state = desk()
    state.plan(intent(quantity=Decimal(10), price=Decimal(110)))
    assert worst_case(state, PLAIN).cash == pytest.approx(0.89)


@pytest.mark.parametrize(
    ("counts_as", "usd", "crypto"), [("cash", 0.0, 0.1), ("usd", 0.9, 0.1), ("crypto", 0.0, 1.0)]
)
def test_a_stablecoin_counts_as_the_settings_say(counts_as: str, usd: float, crypto: float) -> None:
    state = desk()
    hold(state, "10")
    now = worst_case(state, Assets(counts_as))
    assert now.usd == pytest.approx(usd)
    assert now.crypto == pytest.approx(crypto)


def test_sectors_sum_their_instruments() -> None:
    state = desk(BTC, ETH)
    state.on_quote(quote("9.99", "10.01", ETH))
    hold(state, "10")
    hold(state, "10", "10", instrument=ETH)
    together = worst_case(state, LIMITS.assets)
    assert together.by_sector == {"crypto": pytest.approx(0.11)}
    assert worst_case(state, PLAIN).by_sector == {"BTC": pytest.approx(0.1), "ETH": pytest.approx(0.01)}


def test_what_has_no_price_makes_every_share_unknown() -> None:
    now = worst_case(desk(BTC, ETH, ETH="1"), PLAIN)
    assert isnan(now.crypto)
    assert isnan(now.cash)


# I6: whatever strategies want and whatever becomes of their orders.

Move = tuple[str, str, int]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["enter", "enter", "fill", "part", "cancel", "doubt", "exit"]),
            st.sampled_from(["one", "two", "three"]),
            st.integers(1, 400),
        ),
        max_size=40,
    )
)
def test_the_worst_case_is_never_above_a_limit(moves: list[Move]) -> None:
    state, risk = desk(cash="1000"), RiskManager(LIMITS)
    for n, (kind, strategy, tenths) in enumerate(moves):
        state.now += 2 * SECOND
        _move(state, risk, n, kind, strategy, Decimal(tenths) / 10)
        now = worst_case(state, LIMITS.assets)
        assert now.by_instrument[BTC.id] <= LIMITS.position_max + 1e-9
        assert now.crypto <= LIMITS.crypto_max + 1e-9
        assert now.cash >= LIMITS.cash_min - 1e-9
        assert state.cash >= 0.0


def _move(state: State, risk: RiskManager, n: int, kind: str, strategy: str, size: Decimal) -> None:
    working = state.orders.working(strategy, BTC.id)
    if kind == "enter" and not working:
        if isinstance(risk.review(target(size, strategy=strategy), state), Approved):
            _admit(state, risk, intent(f"md-{n}", strategy=strategy, quantity=size, created_at=state.now))
    elif kind == "exit" and not working:
        held = state.ledger.sleeve(strategy, BTC.id).quantity
        sale = selling(f"md-{n}", strategy=strategy, quantity=min(size, held), price=Decimal("99.99"))
        _admit(state, risk, sale)
    elif working and kind in ("fill", "part"):
        order = working[0]
        quantity = order.leaves if kind == "fill" else order.leaves / 2
        execution = fill(n, quantity, order.intent.price or "100")
        state.book_fill(OrderFilled(order.intent.client_id, "v", BTC.id, execution, state.now, Source.STREAM))
    elif working and kind == "doubt":
        state.orders.uncertain(working[0].intent.client_id, "timeout", state.now)
    elif working and kind == "cancel":
        order = working[0]
        state.orders.closed_by_venue(order.intent.client_id, CloseReason.CANCELED, order.filled, state.now)


def _admit(state: State, risk: RiskManager, planned: OrderIntent) -> None:
    if planned.quantity > 0 and risk.admit(planned, state) is None:
        assert planned.side is Side.SELL or planned.purpose is Purpose.ENTRY
        state.plan(planned)
