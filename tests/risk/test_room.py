from __future__ import annotations

from decimal import Decimal

import pytest

from midas.agents.risk_manager import RiskManager
from midas.domain.order import OrderType, Purpose, Side
from midas.risk.room import buyable, sellable
from tests.fakes.desk import LIMITS
from tests.fakes.nouns import BTC, ETH, desk, hold, intent, selling


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
