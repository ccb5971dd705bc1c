"""What an order would do to the limits: from what stands, by what it adds, the tightest first."""

from __future__ import annotations

from decimal import Decimal
from math import inf, isfinite

import msgspec
import pytest

from midas.domain.command import LimitMove
from midas.domain.limits import Limits
from midas.domain.order import OrderIntent
from midas.engine.what_if import moves
from midas.risk.correlation import Correlations
from midas.risk.exposure import worst_case
from midas.state.state import State
from tests.fakes.desk import LIMITS
from tests.fakes.nouns import BTC, ETH, desk, hold, intent, selling


def by_limit(state: State, order: OrderIntent, limits: Limits = LIMITS) -> dict[str, LimitMove]:
    return {move.limit: move for move in moves(state, limits, Correlations(), order)}


def held() -> State:
    state = desk(BTC)
    hold(state, "10")
    return state


def test_a_buy_moves_each_limit_from_the_present_worst_case_to_the_one_with_it() -> None:
    state, order = held(), intent(quantity=Decimal(5))
    made = by_limit(state, order)
    position, cash = made["position"], made["cash"]
    after = worst_case(state, LIMITS.assets, order=order)
    assert position.before == pytest.approx(worst_case(state, LIMITS.assets).asset("BTC"))
    assert position.after == pytest.approx(after.asset("BTC"))
    assert (position.maximum, position.subject) == (LIMITS.position_max, BTC.name)
    assert cash.floor
    assert cash.after == pytest.approx(after.cash)
    assert made["order notional"].after == pytest.approx(500.0)
    assert made["order notional"].unit == "USDT"


def test_the_limit_with_the_least_room_after_it_stands_first() -> None:
    made = moves(held(), LIMITS, Correlations(), intent(quantity=Decimal(9)))
    assert made[0].limit == "position"
    assert made[0].after == pytest.approx(0.19, abs=1e-3)


def test_a_sale_gives_back_and_asks_nothing_of_the_order_itself() -> None:
    made = by_limit(held(), selling(quantity=Decimal(4)))
    assert made["position"].after == pytest.approx(made["position"].before * 0.6)
    assert made["cash"].after > made["cash"].before
    assert "order notional" not in made
    assert "funds" not in made


def test_what_is_not_known_or_not_limited_is_left_out_so_that_the_journal_can_keep_it() -> None:
    state = desk(BTC, ETH)
    hold(state, "1", "50", instrument=ETH)  # it has no price yet
    unlimited = msgspec.structs.replace(LIMITS, order_notional_max=inf)
    made = moves(state, unlimited, Correlations(), intent())
    assert all(isfinite(figure) for move in made for figure in (move.before, move.after, move.maximum))
    assert "order notional" not in {move.limit for move in made}
