from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.domain.limits import Asset, Assets, Limits
from midas.risk.exposure import standing
from midas.risk.oversize import bounds, overfull, sales
from midas.state.state import EXTERNAL, MANUAL, State
from tests.fakes.desk import LIMITS
from tests.fakes.nouns import BTC, ETH, desk, hold, intent, quote

OPEN = msgspec.structs.replace(
    LIMITS, position_max=1.0, sector_max=1.0, crypto_max=1.0, strategy_max=1.0, etf_max=1.0, share_max=1.0
)


def limits(**changes: object) -> Limits:
    return msgspec.structs.replace(OPEN, **changes)


def down(state: State, wanted: Limits) -> dict[tuple[str, str], Decimal]:
    return {(s.strategy, s.instrument): s.quantity for s in sales(wanted, state)}


@pytest.mark.parametrize(("held", "left"), [("20", None), ("20.99", None), ("21", None), ("21.01", "20")])
def test_nothing_is_sold_up_to_a_twentieth_beyond_a_limit_and_then_down_to_it(
    held: str, left: str | None
) -> None:
    state = desk()
    hold(state, held)
    found = down(state, limits(position_max=0.2))
    assert found == ({("s", BTC.id): Decimal(left)} if left else {})


@pytest.mark.parametrize(
    "changes",
    [
        {"position_max": 0.1},
        {"crypto_max": 0.1},
        {"venue_max": 0.1},
        {"strategy_max": 0.1},
        {"sector_max": 0.1},
    ],
)
def test_every_group_is_scaled_to_its_limit(changes: dict[str, object]) -> None:
    state = desk()
    hold(state, "30")
    assert down(state, limits(**changes)) == {("s", BTC.id): Decimal(10)}


def test_all_members_of_a_group_give_the_same_part() -> None:
    state = desk(BTC, ETH)
    state.on_quote(quote("99.99", "100.01", ETH))
    hold(state, "30")
    hold(state, "10", strategy="other", instrument=ETH)
    found = down(state, limits(crypto_max=0.2))
    assert found == {("s", BTC.id): Decimal(15), ("other", ETH.id): Decimal(5)}


def test_of_several_limits_the_smallest_part_counts() -> None:
    state = desk(BTC, ETH)
    state.on_quote(quote("99.99", "100.01", ETH))
    hold(state, "30")
    hold(state, "10", instrument=ETH)
    found = down(state, limits(position_max=0.2, crypto_max=0.3))
    assert found == {("s", BTC.id): Decimal(20), ("s", ETH.id): Decimal("7.5")}


def test_what_a_person_or_somebody_else_holds_is_not_ours_to_sell_but_counts() -> None:
    state = desk(BTC="45")
    hold(state, "10")
    hold(state, "30", strategy=MANUAL)
    hold(state, "5", strategy=EXTERNAL)
    assert down(state, limits(position_max=0.3)) == {("s", BTC.id): Decimal(0)}


def test_a_class_that_is_no_longer_allowed_is_sold_whole() -> None:
    state = desk()
    hold(state, "10")
    shares = Assets("cash", {"BTC": Asset("share", "technology")})
    assert down(state, limits(assets=shares, share_max=0.0)) == {("s", BTC.id): Decimal(0)}


def test_without_a_price_nothing_is_sold() -> None:
    state = desk(BTC, ETH, ETH="1")
    hold(state, "90")
    assert down(state, limits(position_max=0.1)) == {}


def test_what_is_only_ordered_is_withdrawn_not_sold() -> None:
    state = desk()
    hold(state, "15")
    state.plan(intent("md-1", quantity=Decimal(10)))
    tight = limits(position_max=0.2)
    assert down(state, tight) == {}
    assert overfull(tight, state)("s", BTC) == "BTC is 25.0% of equity, allowed are 20%"
    assert overfull(tight, state, 0.25)("s", BTC) == ""
    assert overfull(limits(strategy_max=0.2), state)("other", BTC) == ""


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(st.sampled_from(["one", "two", MANUAL]), st.sampled_from([BTC, ETH]), st.integers(1, 30)),
        max_size=6,
    ),
    st.floats(0.02, 0.5), st.floats(0.02, 0.5), st.floats(0.02, 0.5),
)  # fmt: skip
def test_the_projection_only_shrinks_and_a_second_one_finds_nothing(
    holdings: list[tuple[str, object, int]], position: float, crypto: float, strategy: float
) -> None:
    state = desk(BTC, ETH, cash="20000")
    state.on_quote(quote("99.99", "100.01", ETH))
    for owner, instrument, quantity in holdings:
        hold(state, str(quantity), strategy=owner, instrument=instrument)  # type: ignore[arg-type]
    wanted = limits(position_max=position, crypto_max=crypto, strategy_max=strategy)
    found = sales(wanted, state)
    for sale in found:
        sleeve = state.ledger.sleeves[sale.strategy, sale.instrument]
        assert Decimal(0) <= sale.quantity < sleeve.quantity
        state.ledger.adjust("USDT", (sleeve.quantity - sale.quantity) * 100)
        state.ledger.adjust(state.instruments[sale.instrument].base, sale.quantity - sleeve.quantity)
        sleeve.quantity = sale.quantity
    assert sales(wanted, state) == []
    now = standing(state, wanted.assets, open_orders=False)
    for group in bounds(wanted, now):
        ours = [s for s in state.sleeves() if s.strategy != MANUAL and s.quantity]
        left = [s for s in ours if group.holds(s.strategy, state.instruments[s.instrument], wanted.assets)]
        assert not left or group.share <= group.maximum * 1.05 + 1e-6
