"""The exposure tree: every branch is the sum of what stands below it."""

from __future__ import annotations

from decimal import Decimal
from math import isnan

import msgspec
import pytest

from midas.domain.limits import Asset, Assets
from midas.engine.exposure_tree import exposure_tree
from midas.state.state import State
from midas.state.views.risk import BranchView
from tests.fakes.desk import LIMITS
from tests.fakes.nouns import BTC, ETH, desk, hold, intent, quote


def held() -> State:
    state = desk(BTC, ETH)
    state.on_quote(quote("49.99", "50.01", ETH))
    hold(state, "10")
    hold(state, "4", "50", instrument=ETH)
    state.plan(intent(quantity=Decimal(5)))
    return state


def test_every_branch_stands_before_what_it_holds_and_sums_it_up() -> None:
    rows = exposure_tree(held(), LIMITS)
    assert [(row.depth, row.name) for row in rows] == [
        (0, "everything"), (1, "binance"), (2, "crypto"), (3, "crypto"), (4, BTC.id), (4, ETH.id),
    ]  # fmt: skip
    bitcoin, ether = rows[-2:]
    assert bitcoin.gross == pytest.approx(1000.0)
    assert bitcoin.entries == pytest.approx(500.0)
    for branch in rows[:4]:
        assert branch.gross == branch.net == pytest.approx(bitcoin.gross + ether.gross)
        assert branch.worst == pytest.approx(bitcoin.worst + ether.worst)


def test_a_branch_tells_the_limit_on_it_and_none_where_none_can_bind() -> None:
    by_scope = {row.scope: row for row in exposure_tree(held(), LIMITS)}
    assert by_scope["instrument"].maximum == LIMITS.position_max
    assert by_scope["class"].maximum == LIMITS.crypto_max
    assert isnan(by_scope["all"].maximum)
    assert isnan(by_scope["venue"].maximum)


def test_a_limit_on_a_group_in_several_branches_is_no_limit_of_one_of_them() -> None:
    spread = Assets("cash", {"BTC": Asset("crypto", "money"), "ETH": Asset("commodity", "money")})
    limits = msgspec.structs.replace(LIMITS, assets=spread)
    sectors: list[BranchView] = [row for row in exposure_tree(held(), limits) if row.scope == "sector"]
    assert [row.name for row in sectors] == ["money", "money"]
    assert all(isnan(row.maximum) for row in sectors)


def test_what_holds_nothing_has_no_branch() -> None:
    rows = exposure_tree(desk(BTC, ETH), LIMITS)
    assert [row.scope for row in rows] == ["all"]
    assert rows[0].gross == 0.0
