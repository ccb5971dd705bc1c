"""The inbox: what may wait is conflated without losing anything, everything else is handed on untouched."""

from __future__ import annotations

import asyncio
import threading
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.domain.event import Event, LatchTripped, RulesRead, SessionClosing, Ticked
from midas.domain.market import Bar, BookDelta, BookLost, BookSnapshot, Quote, Trade
from midas.domain.time import SECOND
from midas.runtime import inbox as module
from midas.runtime.inbox import Inbox
from midas.state.book import OrderBook
from tests.fakes.nouns import BTC, ETH

BOOK = 40  # levels a side of the book that changes apply to


def quote(n: int, instrument: str = BTC.id) -> Quote:
    return Quote(instrument, n, n, 100 + n, 1, 200 + n, 1, n)


def trade(n: int, price: int, lots: int, sold: bool) -> Trade:
    return Trade(BTC.id, n, n, price, lots, sold, n)


def delta(first: int, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> BookDelta:
    rows = np.array([*bids, *asks], np.int64).reshape(-1, 2)
    return BookDelta(BTC.id, first, first, first, first + 2, len(bids), rows.tobytes())


def drained(inbox: Inbox) -> list[Event]:
    taken = []
    while (event := inbox.take()) is not None:
        taken.append(event)
    return taken


def late_inbox(full: int = 10**9) -> Inbox:
    """Behind from the first event on."""
    return Inbox(late=0, full=full)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(1, 50))
def test_of_waiting_quotes_the_last_one_wins(count: int) -> None:
    inbox = late_inbox()
    for n in range(count):
        inbox.put(quote(n))
    assert drained(inbox) == [quote(count - 1)]
    assert inbox.conflated == count - 1


def test_quotes_of_two_instruments_do_not_replace_each_other() -> None:
    inbox = late_inbox()
    for n in range(3):
        inbox.put(quote(n))
        inbox.put(quote(n, ETH.id))
    assert drained(inbox) == [quote(2), quote(2, ETH.id)]


def test_nothing_is_conflated_while_the_reader_keeps_up() -> None:
    inbox = Inbox(late=10)
    quotes = [quote(n) for n in range(10)]
    for each in quotes:
        inbox.put(each)
    assert drained(inbox) == quotes


LEVELS = st.integers(1, BOOK)
LOTS = st.integers(0, 50)
BIDS = st.lists(st.tuples(LEVELS.map(lambda n: 1_000 - n), LOTS), max_size=6)
ASKS = st.lists(st.tuples(LEVELS.map(lambda n: 1_000 + n), LOTS), max_size=6)


def whole_book() -> BookSnapshot:
    rows = [(1_000 - n, 5) for n in range(1, BOOK)] + [(1_000 + n, 5) for n in range(1, BOOK)]
    levels = np.array(rows, np.int64).tobytes()
    return BookSnapshot(BTC.id, 0, 0, 0, BOOK - 1, levels)


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(st.tuples(BIDS, ASKS), min_size=1, max_size=12))
def test_contiguous_changes_merge_to_the_same_final_book(
    changes: list[tuple[list[tuple[int, int]], list[tuple[int, int]]]],
) -> None:
    one_by_one, merged, inbox = OrderBook(), OrderBook(), late_inbox()
    for book in (one_by_one, merged):
        book.apply_snapshot(whole_book())
    for n, (bids, asks) in enumerate(changes):
        change = delta(1 + 3 * n, bids, asks)
        assert one_by_one.apply_delta(change)
        inbox.put(change)
    [left] = drained(inbox)
    assert isinstance(left, BookDelta)
    assert merged.apply_delta(left)
    for ours, theirs in zip(merged.top(3 * BOOK), one_by_one.top(3 * BOOK), strict=True):
        assert ours.tolist() == theirs.tolist()
    assert merged.last_id == one_by_one.last_id


def test_a_change_that_does_not_continue_the_waiting_one_is_not_merged() -> None:
    inbox = late_inbox()
    changes = [delta(1, [(999, 1)], []), delta(7, [(998, 1)], [])]
    for change in changes:
        inbox.put(change)
    assert drained(inbox) == changes


def test_no_change_is_merged_across_a_snapshot_or_a_lost_book() -> None:
    inbox = late_inbox()
    events: list[Event] = [
        delta(1, [(999, 1)], []), whole_book(), delta(4, [(998, 1)], []),
        BookLost(BTC.id, 5, "gap"), delta(7, [(997, 1)], []),
    ]  # fmt: skip
    for event in events:
        inbox.put(event)
    assert drained(inbox) == events


def test_a_long_merged_change_is_left_alone() -> None:
    inbox = late_inbox()
    rows = [(900 - n, 1) for n in range(module.MERGED_MAX // 16)]
    inbox.put(delta(1, rows, []))
    inbox.put(delta(4, [(999, 1)], []))
    assert len(drained(inbox)) == 2


TRADES = st.lists(st.tuples(st.integers(100, 103), st.integers(1, 1_000), st.booleans()), min_size=1)


@settings(deadline=None)  # a busy machine is no failure
@given(TRADES, st.integers(0, 5))
def test_trades_never_lose_a_lot_nor_their_count(prints: list[tuple[int, int, bool]], full: int) -> None:
    inbox = late_inbox(full)
    for n, (price, lots, sold) in enumerate(prints):
        inbox.put(trade(n, price, lots, sold))
    left = [event for event in drained(inbox) if isinstance(event, Trade)]
    assert sum(t.lots for t in left) == sum(lots for _, lots, _ in prints)
    assert sum(t.count for t in left) == len(prints)
    assert left[-1].price == prints[-1][0]


@settings(deadline=None)  # a busy machine is no failure
@given(TRADES)
def test_below_the_hard_limit_every_price_keeps_its_lots(prints: list[tuple[int, int, bool]]) -> None:
    inbox = late_inbox()
    for n, (price, lots, sold) in enumerate(prints):
        inbox.put(trade(n, price, lots, sold))
    left = [event for event in drained(inbox) if isinstance(event, Trade)]
    for key in {(price, sold) for price, _, sold in prints}:
        ours = sum(t.lots for t in left if (t.price, t.buyer_is_maker) == key)
        assert ours == sum(lots for price, lots, sold in prints if (price, sold) == key)
    assert all((a.price, a.buyer_is_maker) != (b.price, b.buyer_is_maker) for a, b in pairwise(left))


def test_bars_and_control_events_are_never_touched() -> None:
    inbox = late_inbox(full=0)
    bars = [Bar(BTC.id, n, n, SECOND, 1.0, 1.0, 1.0, 1.0, 1.0, 1) for n in range(5)]
    ticks = [Ticked(n, 0) for n in range(5)]
    for bar, tick in zip(bars, ticks, strict=True):
        inbox.put(bar)
        inbox.put(tick)
    assert drained(inbox) == [*ticks, *bars]
    assert inbox.conflated == 0


def test_control_is_taken_before_market_data_that_came_earlier() -> None:
    inbox = Inbox()
    inbox.put(quote(1))
    inbox.put(SessionClosing(2, "asked"))
    assert [type(event) for event in drained(inbox)] == [SessionClosing, Quote]


async def test_a_kill_from_another_thread_wakes_the_reader() -> None:
    inbox = Inbox()
    inbox.bind(asyncio.get_running_loop())
    tripped = LatchTripped("halt", "test", "", 1)
    threading.Timer(0.05, inbox.put_from_thread, (tripped,)).start()
    await asyncio.wait_for(inbox.wait(), 30.0)
    assert inbox.take() == tripped
    assert inbox.take() is None


def test_a_kill_after_the_loop_has_ended_is_kept_without_a_complaint() -> None:
    inbox, loop = Inbox(), asyncio.new_event_loop()
    inbox.bind(loop)
    loop.close()
    inbox.put_from_thread(LatchTripped("halt", "test", "", 1))
    assert len(inbox) == 1


def test_nothing_is_merged_across_a_change_of_the_venues_rules() -> None:
    inbox, read = late_inbox(), RulesRead(BTC.id, "", BTC, 2)
    for event in (quote(1), read, quote(3), quote(4)):
        inbox.put(event)
    assert drained(inbox) == [quote(1), read, quote(4)]
