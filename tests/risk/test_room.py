from __future__ import annotations

from decimal import Decimal

import pytest

from midas.agents.risk_manager import RiskManager
from midas.domain.order import OrderType, Purpose, Side
from midas.domain.verdict import Approved, Refused
from midas.risk.correlation import Correlations
from midas.risk.room import buyable, holdable, sellable
from tests.fakes.desk import LIMITS
from tests.fakes.nouns import BTC, ETH, desk, hold, intent, selling, target


@pytest.mark.parametrize("held", ["0", "5", "19.9"])
def test_all_that_can_be_bought_passes_every_limit_and_little_more_does_not(held: str) -> None:
    state = desk(BTC=held)
    risk = RiskManager(LIMITS)
    most = Decimal(repr(buyable(state, LIMITS)[BTC.id][-1]))

    def asked(quantity: Decimal) -> str:
        order = intent(
            "m", quantity=quantity, price=Decimal("100.01"), type=OrderType.LIMIT, purpose=Purpose.ENTRY
        )
        breach = risk.admit(order, state)
        return breach.sentence if breach else ""

    assert most > 0
    assert not asked(most)
    assert asked(most + Decimal("0.2"))


@pytest.mark.parametrize("held", ["0", "5", "19.9"])
@pytest.mark.parametrize("working", ["0", "0.05"])
def test_what_may_be_held_passes_the_review_and_one_lot_more_does_not(held: str, working: str) -> None:
    state = desk()
    if Decimal(held):
        hold(state, held)
    if Decimal(working):
        state.plan(intent("w", quantity=Decimal(working)))
    risk = RiskManager(LIMITS)
    most = risk.room("s", BTC.id, state)
    assert most % BTC.lot_size == 0 and most > Decimal(held)
    assert isinstance(risk.review(target(quantity=most), state), Approved)
    refused = risk.review(target(quantity=most + BTC.lot_size), state)
    assert isinstance(refused, Refused)
    assert refused.breaches[0].fits == most  # the very number that a refusal would name


def test_what_is_beyond_a_limit_may_be_kept_but_not_added_to() -> None:
    state = desk()
    hold(state, "30")
    assert holdable(state, LIMITS, Correlations(), "s", BTC.id) == Decimal(30)
    assert holdable(state, LIMITS, Correlations(), "other", BTC.id) == 0


def test_other_strategies_and_other_groups_take_from_what_may_be_held() -> None:
    alone = holdable(desk(), LIMITS, Correlations(), "s", BTC.id)
    beside = desk()
    hold(beside, "5", strategy="other")
    assert holdable(beside, LIMITS, Correlations(), "s", BTC.id) < alone


def test_the_portions_are_quarters_in_whole_lots() -> None:
    portions = buyable(desk(), LIMITS)[BTC.id]
    assert portions == tuple(sorted(portions))
    assert portions[0] == pytest.approx(portions[3] / 4, abs=1e-5)
    assert all(Decimal(repr(p)) % BTC.lot_size == 0 for p in portions)


def test_a_full_account_can_buy_nothing_and_one_without_a_price_says_nothing() -> None:
    assert buyable(desk(BTC="30"), LIMITS)[BTC.id] == (0.0, 0.0, 0.0, 0.0)
    assert buyable(desk(BTC, ETH), LIMITS)[ETH.id] == ()


def test_what_a_sell_order_offers_already_cannot_be_sold_again() -> None:
    state = desk(BTC="2")
    hold(state, "2")
    state.plan(selling("md-1", quantity=Decimal(1), side=Side.SELL))
    assert sellable(state, "s", BTC.id) == (0.25, 0.5, 0.75, 1.0)
    assert sellable(state, "manual", BTC.id) == (0.0, 0.0, 0.0, 0.0)
