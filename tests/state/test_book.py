from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.domain.market import BookDelta, BookSnapshot
from midas.state.book import NO_SNAPSHOT, OrderBook
from midas.state.window import ROOM, WINDOW

Rows = list[tuple[int, int]]
Update = tuple[int, int, int]


class DictBook:
    """The plain reference: two dicts, everything sorted when asked."""

    def __init__(self) -> None:
        self.sides: tuple[dict[int, int], dict[int, int]] = ({}, {})

    def set(self, side: int, tick: int, lots: int) -> None:
        if lots:
            self.sides[side][tick] = lots
        else:
            self.sides[side].pop(tick, None)

    def top(self, side: int, n: int) -> Rows:
        return sorted(self.sides[side].items(), reverse=side == 0)[:n]


def array(rows: Rows) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.array(rows, np.int64).reshape(-1, 2)


def book(bids: Rows, asks: Rows) -> OrderBook:
    made = OrderBook()
    made.load(array(bids + asks), len(bids))
    made.valid = True
    return made


def delta(first_id: int, last_id: int, bids: Rows, asks: Rows) -> BookDelta:
    return BookDelta("BTC-USDT.x", 0, 0, first_id, last_id, len(bids), array(bids + asks).tobytes())


def snapshot(last_id: int, bids: Rows, asks: Rows) -> BookSnapshot:
    return BookSnapshot("BTC-USDT.x", 0, 0, last_id, len(bids), array(bids + asks).tobytes())


def assert_same(made: OrderBook, reference: DictBook) -> None:
    for side, (tick, lots) in enumerate(
        [(made.best_bid, made.best_bid_lots), (made.best_ask, made.best_ask_lots)]
    ):
        assert [(tick, lots)] == (reference.top(side, 1) or [(0, 0)])
    total = max(map(len, reference.sides)) + 1
    for n in (3, total):
        bids, asks = made.top(n)
        assert [tuple(row) for row in bids.tolist()] == reference.top(0, n)
        assert [tuple(row) for row in asks.tolist()] == reference.top(1, n)
    assert made.sizes == (len(reference.sides[0]), len(reference.sides[1]))


# Few distinct ticks in clusters from one cell to three windows apart: absent levels are deleted, sides run
# empty, the touch leaves the window in both directions.
ticks = st.builds(
    lambda cluster, offset: 1_000_000 + cluster + offset,
    st.sampled_from([0, 1, WINDOW // 4 + 1, WINDOW // 2, WINDOW, -WINDOW, 3 * WINDOW, -3 * WINDOW]),
    st.integers(0, 4),
)
update = st.tuples(st.integers(0, 1), ticks, st.integers(0, 3))
batches = st.lists(st.lists(update, max_size=8), max_size=12)


@settings(max_examples=300, deadline=None)
@given(batches)
def test_any_sequence_of_updates_leaves_the_levels_of_a_plain_dict_book(batches: list[list[Update]]) -> None:
    made, reference = OrderBook(), DictBook()
    for batch in batches:
        bids = [(tick, lots) for side, tick, lots in batch if side == 0]
        asks = [(tick, lots) for side, tick, lots in batch if side == 1]
        for side, rows in enumerate((bids, asks)):
            for tick, lots in rows:
                reference.set(side, tick, lots)
        made.apply(array(bids + asks), len(bids))
        assert_same(made, reference)


@settings(max_examples=150, deadline=None)
@given(st.lists(update, max_size=60))
def test_a_trace_writes_the_touch_after_each_update(updates: list[Update]) -> None:
    made, reference, expected = OrderBook(), DictBook(), []
    for side, tick, lots in updates:
        reference.set(side, tick, lots)
        expected.append([(reference.top(s, 1) or [(0, 0)])[0][0] for s in (0, 1)])
    touch = np.empty((len(updates), 2), np.int64)
    made.trace(np.array(updates, np.int64).reshape(-1, 3), touch)
    assert touch.tolist() == expected
    assert_same(made, reference)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(ticks, st.integers(1, 9)), st.dictionaries(ticks, st.integers(1, 9)), st.lists(update))
def test_a_load_replaces_whatever_was_there(
    bids: dict[int, int], asks: dict[int, int], before: list[Update]
) -> None:
    made, reference = OrderBook(), DictBook()
    made.trace(np.array(before, np.int64).reshape(-1, 3), np.empty((len(before), 2), np.int64))
    made.load(array([*bids.items(), *asks.items()]), len(bids))
    reference.sides[0].update(bids)
    reference.sides[1].update(asks)
    assert_same(made, reference)


def test_more_far_levels_than_there_was_room_for_are_all_kept() -> None:
    rows = [(5 * WINDOW + 7 * i, i + 1) for i in range(6 * ROOM)]
    made = book([(100, 1)], [(101, 1)])
    made.apply(array(rows), 0)
    made.apply(array([(90_000_000 + i, 1) for i in range(5 * ROOM)]), 0)
    assert made.sizes == (1, 1 + 11 * ROOM)
    assert made.top(6 * ROOM + 1)[1][1:].tolist() == [list(row) for row in rows]


def test_a_walking_price_stays_exact_across_many_recentrings() -> None:
    made, reference = OrderBook(), DictBook()
    for step in range(60):
        middle = 500_000 + step * WINDOW // 9
        for side, tick in ((0, middle - 1), (1, middle + 1)):
            reference.set(side, tick, step + 1)
        for tick in [tick for tick in reference.sides[1] if tick <= middle]:
            reference.set(1, tick, 0)
        crossed = [(tick, 0) for tick in range(middle - WINDOW // 9, middle + 1)]
        made.apply(array([(middle - 1, step + 1), *crossed, (middle + 1, step + 1)]), 1)
        assert_same(made, reference)


def test_bytes_and_arrays_say_the_same() -> None:
    rows = array([(99, 4), (100, 0), (102, 7)])
    one, other = book([(100, 5)], [(101, 5)]), book([(100, 5)], [(101, 5)])
    one.apply(rows, 2)
    other.apply(rows.tobytes(), 2)
    assert one.top(9)[0].tolist() == other.top(9)[0].tolist() == [[99, 4]]
    assert one.top(9)[1].tolist() == other.top(9)[1].tolist() == [[101, 5], [102, 7]]


def test_a_book_without_a_snapshot_shows_nothing_and_takes_no_delta() -> None:
    made = OrderBook()
    assert (made.valid, made.reason) == (False, NO_SNAPSHOT)
    assert not made.apply_delta(delta(1, 2, [(100, 1)], []))
    assert made.sizes == (0, 0)


def test_contiguous_deltas_follow_a_snapshot() -> None:
    made = OrderBook()
    assert made.apply_snapshot(snapshot(10, [(100, 5), (99, 1)], [(101, 4)]))
    assert made.apply_delta(delta(11, 15, [(100, 0)], [(102, 3)]))
    assert made.apply_delta(delta(16, 16, [], [(101, 9)]))
    assert (made.best_bid, made.best_bid_lots, made.best_ask, made.best_ask_lots) == (99, 1, 101, 9)
    assert made.last_id == 16


@pytest.mark.parametrize(("first", "last"), [(12, 15), (10, 12), (5, 9)])
def test_a_gap_hides_the_book_until_the_next_snapshot(first: int, last: int) -> None:
    made = OrderBook()
    made.apply_snapshot(snapshot(10, [(100, 5)], [(101, 4)]))
    assert not made.apply_delta(delta(first, last, [(100, 7)], []))
    assert (made.valid, made.reason) == (False, f"gap: expected update 11, got {first}")
    assert made.best_bid_lots == made.best_ask_lots == 0
    assert made.top(5)[0].tolist() == []
    assert not made.apply_delta(delta(11, 11, [(100, 7)], []))
    assert made.apply_snapshot(snapshot(20, [(98, 2)], [(99, 2)]))
    assert (made.valid, made.reason, made.best_bid) == (True, "", 98)


def test_a_crossed_book_is_a_lost_book() -> None:
    made = OrderBook()
    made.apply_snapshot(snapshot(10, [(100, 5)], [(101, 4)]))
    assert not made.apply_delta(delta(11, 12, [(101, 1)], []))
    assert (made.valid, made.reason) == (False, "crossed: bid 101 ticks, ask 101 ticks")
    assert not made.apply_snapshot(snapshot(20, [(103, 5)], [(101, 4)]))
    assert not made.valid


def test_an_emptied_side_is_valid_but_has_no_touch() -> None:
    made = OrderBook()
    made.apply_snapshot(snapshot(1, [(100, 5)], [(101, 4)]))
    assert made.apply_delta(delta(2, 2, [], [(101, 0)]))
    assert (made.valid, made.best_ask, made.best_ask_lots) == (True, 0, 0)
    assert isnan(made.imbalance(1)) and isnan(made.imbalance(5)) and isnan(made.microprice())


@pytest.mark.parametrize(
    ("bid", "bid_lots", "ask", "ask_lots", "expected"),
    [
        (9999, 500, 10001, 300, 10000.25),
        (9999, 700, 10001, 300, 10000.4),
        (10000, 200, 10001, 300, 10000.4),
        (10000, 200, 10002, 400, 10000.66666667),
        (10000, 150, 10002, 350, 10000.6),
        (9999, 600, 10001, 250, 10000.41176471),
    ],
)
def test_the_microprice_leans_towards_the_thinner_side(
    bid: int, bid_lots: int, ask: int, ask_lots: int, expected: float
) -> None:
    made = book([(bid, bid_lots)], [(ask, ask_lots)])
    assert made.microprice() == pytest.approx(expected, abs=1e-8)
    assert made.imbalance(1) == (bid_lots - ask_lots) / (bid_lots + ask_lots)


def test_depth_and_imbalance_sum_exactly_the_levels_asked_for() -> None:
    made = book([(100, 5), (98, 3), (90, 7)], [(101, 4), (102, 1), (400_000, 50)])
    assert made.imbalance(2) == (8 - 5) / (8 + 5)
    assert made.imbalance(50) == (15 - 55) / (15 + 55)
    assert made.depth(2) == (8, 5)
    assert made.depth(0) == (5, 4)
    assert made.depth(500_000) == (15, 55)
    assert made.cumulative(3)[0].tolist() == [[100, 5], [98, 8], [90, 15]]
    assert made.cumulative(3)[1].tolist() == [[101, 4], [102, 5], [400_000, 55]]
