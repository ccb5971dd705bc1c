from __future__ import annotations

import random
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.domain.market import BookDelta, BookLost, BookSnapshot
from midas.state.book import OrderBook
from midas.venues.binance.depth import BUFFERED_MAX, BookEvent, DepthAssembler

Levels = dict[tuple[int, int], int]  # (side, tick): lots


def diff(first: int, last: int, previous: int | None = None, levels: Levels | None = None) -> BookDelta:
    rows = sorted((levels or {}).items())
    packed = np.array([(tick, lots) for (_, tick), lots in rows], np.int64).tobytes()
    bids = sum(1 for (side, _), _ in rows if side == 0)
    return BookDelta("X", 0, 0, first if previous is None else previous + 1, last, bids, packed)


def snapshot(last: int, levels: Levels | None = None) -> BookSnapshot:
    rows = sorted((levels or {}).items())
    packed = np.array([(tick, lots) for (_, tick), lots in rows], np.int64).tobytes()
    return BookSnapshot("X", 0, 0, last, sum(1 for (side, _), _ in rows if side == 0), packed)


def ids(events: Iterable[BookEvent]) -> list[tuple[int, int]]:
    return [(e.first_id, e.last_id) for e in events if isinstance(e, BookDelta)]


def test_diffs_before_the_snapshot_are_dropped_and_the_one_across_it_is_joined() -> None:
    made = DepthAssembler("X")
    assert made.wants_snapshot
    for first, last in ((1, 5), (6, 9), (10, 14), (15, 15)):
        assert made.on_diff(diff(first, last)) == []
    events = made.on_snapshot(snapshot(11))
    assert isinstance(events[0], BookSnapshot)
    assert ids(events) == [(12, 14), (15, 15)]
    assert not made.wants_snapshot
    assert ids(made.on_diff(diff(16, 20))) == [(16, 20)]


def test_a_snapshot_older_than_the_first_diff_is_not_stitched() -> None:
    made = DepthAssembler("X")
    made.on_diff(diff(10, 14))
    assert made.on_snapshot(snapshot(8)) == []
    assert made.wants_snapshot
    assert ids(made.on_snapshot(snapshot(9))) == [(10, 14)]


def test_a_snapshot_before_any_diff_is_joined_by_the_diff_that_spans_it() -> None:
    made = DepthAssembler("X")
    assert len(made.on_snapshot(snapshot(11))) == 1
    assert made.on_diff(diff(6, 9)) == []
    assert ids(made.on_diff(diff(10, 14))) == [(12, 14)]


def test_a_gap_is_a_lost_book_that_wants_a_new_snapshot() -> None:
    made = DepthAssembler("X")
    made.on_snapshot(snapshot(11))
    made.on_diff(diff(12, 14))
    (lost,) = made.on_diff(diff(16, 20))
    assert lost == BookLost("X", 0, "gap: update 14 was the last, the next begins after 15")
    assert (made.wants_snapshot, made.gaps) == (True, 1)
    assert made.on_diff(diff(21, 22)) == []
    assert ids(made.on_snapshot(snapshot(17))) == [(18, 20), (21, 22)]


def test_an_overlap_after_the_first_diff_is_a_gap_too() -> None:
    made = DepthAssembler("X")
    made.on_snapshot(snapshot(11))
    made.on_diff(diff(12, 14))
    assert isinstance(made.on_diff(diff(14, 20))[0], BookLost)


def test_a_repeated_diff_changes_nothing() -> None:
    made = DepthAssembler("X")
    made.on_snapshot(snapshot(11))
    made.on_diff(diff(12, 14))
    assert made.on_diff(diff(12, 14)) == []
    assert ids(made.on_diff(diff(15, 15))) == [(15, 15)]


def test_a_gap_among_buffered_diffs_keeps_only_those_after_it() -> None:
    made = DepthAssembler("X")
    for first, last in ((1, 5), (8, 9), (10, 12)):
        made.on_diff(diff(first, last))
    assert made.on_snapshot(snapshot(4)) == []
    assert ids(made.on_snapshot(snapshot(8))) == [(9, 9), (10, 12)]
    assert made.gaps == 1


def test_a_snapshot_that_nobody_wants_is_ignored() -> None:
    made = DepthAssembler("X")
    made.on_snapshot(snapshot(11))
    made.on_diff(diff(12, 14))
    assert made.on_snapshot(snapshot(13)) == []
    assert ids(made.on_diff(diff(15, 16))) == [(15, 16)]


def test_futures_are_chained_by_the_id_before_not_by_counting() -> None:
    made = DepthAssembler("X")
    made.on_diff(diff(100, 110, previous=95))
    made.on_diff(diff(130, 140, previous=110))
    assert ids(made.on_snapshot(snapshot(105))) == [(106, 110), (111, 140)]
    assert ids(made.on_diff(diff(155, 160, previous=140))) == [(141, 160)]
    assert isinstance(made.on_diff(diff(170, 180, previous=165))[0], BookLost)


def test_a_long_wait_for_a_snapshot_keeps_only_the_newest_diffs() -> None:
    made = DepthAssembler("X")
    for number in range(1, BUFFERED_MAX + 500):
        made.on_diff(diff(number, number))
    assert made.on_snapshot(snapshot(400)) == []
    assert len(made.on_snapshot(snapshot(BUFFERED_MAX))) == 500


def test_a_book_lost_twice_is_told_once() -> None:
    made = DepthAssembler("X")
    made.on_snapshot(snapshot(11))
    assert made.lost("disconnected", 5) == [BookLost("X", 5, "disconnected")]
    assert made.lost("disconnected", 6) == []


class Venue:
    """A market whose every past state is known: levels as of each id, and the diffs between."""

    def __init__(self, seed: int, futures: bool) -> None:
        draw = random.Random(seed)
        self.states: dict[int, Levels] = {0: {}}
        self.diffs: list[BookDelta] = []
        levels: Levels = {}
        last = 0
        for _ in range(30):
            previous, changed = last, {}
            if futures:
                last += draw.randrange(3)  # ids that belong to other symbols
                self._hold(previous, last, levels)
            first = last + 1
            for _ in range(draw.randrange(1, 4)):
                side = draw.randrange(2)
                key = (side, 100 + side * 10 + draw.randrange(8))
                changed[key] = lots = draw.randrange(4)
                levels = {**levels, key: lots}
                last += 1
                self.states[last] = {key: lots for key, lots in levels.items() if lots}
            self.diffs.append(diff(first, last, previous if futures else None, changed))

    def _hold(self, first: int, last: int, levels: Levels) -> None:
        for number in range(first, last + 1):
            self.states[number] = {key: lots for key, lots in levels.items() if lots}


actions = st.lists(
    st.sampled_from(
        ["next", "next", "next", "next", "drop", "repeat", "swap", "snapshot", "stale", "early", "lost"]
    ),
    max_size=60,
)


def apply(book: OrderBook, events: list[BookEvent]) -> None:
    for event in events:
        if isinstance(event, BookLost):
            book.invalidate(event.reason)
        elif isinstance(event, BookSnapshot):
            book.apply_snapshot(event)
        else:
            book.apply_delta(event)


def levels_of(book: OrderBook) -> Levels:
    bids, asks = book.top(50)
    return {(side, tick): lots for side, rows in enumerate((bids, asks)) for tick, lots in rows.tolist()}


@pytest.mark.parametrize("futures", [False, True])
@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 10**6), script=actions)
def test_whatever_is_dropped_repeated_or_swapped_the_book_is_right_or_lost(
    futures: bool, seed: int, script: list[str]
) -> None:
    venue, made, book = Venue(seed, futures), DepthAssembler("X"), OrderBook()
    draw, place = random.Random(seed + 1), 0
    for action in script:
        now = venue.diffs[place - 1].last_id if place else 0
        if action == "next" and place < len(venue.diffs):
            apply(book, made.on_diff(venue.diffs[place]))
            place += 1
        elif action == "drop":
            place = min(place + 1, len(venue.diffs))
        elif action == "repeat" and place:
            apply(book, made.on_diff(venue.diffs[draw.randrange(place)]))
        elif action == "swap" and place + 1 < len(venue.diffs):
            apply(book, made.on_diff(venue.diffs[place + 1]))
            apply(book, made.on_diff(venue.diffs[place]))
            place += 2
        elif action in ("snapshot", "stale", "early"):
            last = {
                "snapshot": now,
                "stale": draw.randrange(now + 1),
                "early": draw.randrange(len(venue.states)),
            }[action]
            apply(book, made.on_snapshot(snapshot(last, venue.states[last])))
        elif action == "lost":
            apply(book, made.lost("disconnected", 0))
        if book.valid:
            assert levels_of(book) == venue.states[book.last_id]
        assert book.valid or made.wants_snapshot
