"""Order flow against the reference snapshots, and its behaviour at the edges."""

from __future__ import annotations

from itertools import pairwise
from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.analysis.orderflow import (
    Decaying,
    OrderFlow,
    Top,
    TradeImbalance,
    imbalance,
    microprice_edge,
    order_flow,
    weighted_mid,
)
from midas.domain.time import SECOND

TOPS = [
    Top(9999, 500, 10001, 300),
    Top(9999, 700, 10001, 300),
    Top(10000, 200, 10001, 300),
    Top(10000, 200, 10002, 400),
    Top(10000, 150, 10002, 350),
    Top(9999, 600, 10001, 250),
]

lots = st.integers(1, 10_000)


def test_order_flow_gives_the_reference_values() -> None:
    flows = [order_flow(before, after) for before, after in pairwise(TOPS)]
    assert flows == [200, 200, 300, 0, -400]
    assert sum(flows) == 300


def test_weighted_mids_give_the_reference_values() -> None:
    mids = [weighted_mid(t.bid / 100, t.bid_lots, t.ask / 100, t.ask_lots) for t in TOPS]
    assert mids == pytest.approx([100.0025, 100.004, 100.004, 100.0066667, 100.006, 100.0041176], rel=1e-9)


@given(bid=st.integers(1, 10**9), spread=st.integers(1, 100), bid_lots=lots, ask_lots=lots)
def test_the_edge_is_the_weighted_mid_seen_from_the_mid(
    bid: int, spread: int, bid_lots: int, ask_lots: int
) -> None:
    edge = microprice_edge(bid, bid_lots, bid + spread, ask_lots)
    expected = weighted_mid(0, bid_lots, spread, ask_lots) - spread / 2
    assert edge == pytest.approx(expected, abs=1e-9)
    assert abs(edge) <= spread / 2


@given(bid_lots=lots, ask_lots=lots)
def test_imbalance_mirrors_when_the_sides_change_places(bid_lots: int, ask_lots: int) -> None:
    assert imbalance(bid_lots, ask_lots) == -imbalance(ask_lots, bid_lots)
    assert -1.0 < imbalance(bid_lots, ask_lots) < 1.0


@pytest.mark.parametrize(("bid_lots", "ask_lots"), [(0, 5), (5, 0), (0, 0)])
def test_an_empty_side_is_no_opinion(bid_lots: int, ask_lots: int) -> None:
    assert isnan(imbalance(bid_lots, ask_lots))
    assert isnan(weighted_mid(1, bid_lots, 2, ask_lots))
    assert isnan(microprice_edge(1, bid_lots, 2, ask_lots))


def test_a_decaying_sum_halves_with_its_half_life() -> None:
    total = Decaying(SECOND)
    total.add(SECOND, 8.0)
    assert total.at(2 * SECOND) == 4.0
    total.add(4 * SECOND, 1.0)
    assert total.value == 2.0


def test_a_time_that_runs_backwards_makes_nothing_grow() -> None:
    total = Decaying(SECOND)
    total.add(10 * SECOND, 8.0)
    total.add(9 * SECOND, 1.0)
    assert total.value == 9.0
    assert total.at(11 * SECOND) == 4.5


def test_decayed_flow_counts_in_average_depths() -> None:
    flow = OrderFlow(half_life=SECOND)
    flow.update(0, TOPS[0])
    assert isnan(flow.value)
    flow.update(0, TOPS[1])
    assert flow.value == pytest.approx(200 / 500)


def test_a_lost_book_breaks_the_chain_of_changes() -> None:
    flow = OrderFlow(half_life=SECOND)
    flow.update(0, TOPS[0])
    flow.lose()
    flow.update(0, TOPS[5])
    assert isnan(flow.value)


def test_trade_imbalance_follows_the_aggressor_and_forgets() -> None:
    trades = TradeImbalance(half_life=SECOND)
    assert isnan(trades.value)
    trades.update(0, 4.0, buyer_is_maker=False)
    assert trades.value == 1.0
    trades.update(SECOND, 2.0, buyer_is_maker=True)
    assert trades.value == 0.0
    trades.update(60 * SECOND, 1.0, buyer_is_maker=True)
    assert trades.value == pytest.approx(-1.0)


@given(st.lists(st.tuples(st.integers(0, 10**10), lots, st.booleans()), min_size=1, max_size=40))
def test_trade_imbalance_stays_between_minus_one_and_one(trades: list[tuple[int, int, bool]]) -> None:
    flow = TradeImbalance(half_life=SECOND)
    for time, traded, buyer_is_maker in trades:
        flow.update(time, traded, buyer_is_maker)
    assert -1.0 <= flow.value <= 1.0
