"""When one connection may follow another: only where nothing would be missed."""

from __future__ import annotations

from midas.domain.market import BookDelta, BookSnapshot
from midas.domain.time import HOUR, MINUTE, SECOND
from midas.venues.binance.depth import DepthAssembler
from midas.venues.binance.renewal import Renewal, due_at

NAME = "BTC-USDT.binance"
START = 1_795_248_000 * SECOND


def book(last_id: int = 100) -> DepthAssembler:
    made = DepthAssembler(NAME)
    made.on_snapshot(BookSnapshot(NAME, 0, 0, last_id, 0, b""))
    return made


def diff(first: int, last: int) -> BookDelta:
    return BookDelta(NAME, 0, 0, first, last, 0, b"")


def test_it_is_due_minutes_before_the_cut_and_not_everywhere_at_once() -> None:
    dues = [due_at(0, chance) for chance in (0.0, 0.5, 1.0)]
    assert dues == [24 * HOUR - 5 * MINUTE, 24 * HOUR - 20 * MINUTE, 24 * HOUR - 35 * MINUTE]


def test_the_new_one_waits_until_the_old_one_has_said_what_comes_before() -> None:
    old = book()
    renewal = Renewal({NAME: old})
    renewal.hold(diff(106, 108), START)
    assert not renewal.continues(START + 2 * SECOND)
    old.on_diff(diff(101, 105))
    assert renewal.continues(START + 2 * SECOND)


def test_a_quiet_book_hinders_nothing_and_one_that_moved_only_on_the_old_one_does() -> None:
    old, other = book(), book()
    renewal = Renewal({NAME: old, "ETH-USDT.binance": other})
    renewal.hold(diff(101, 102), START)
    assert not renewal.continues(START)
    assert renewal.continues(START + SECOND)
    other.on_diff(diff(101, 105))
    assert not renewal.continues(START + SECOND)


def test_what_counts_in_other_steps_is_never_moved_to() -> None:
    renewal = Renewal({NAME: book()})
    renewal.hold(diff(101, 102), START)
    renewal.spoilt = True
    assert not renewal.continues(START + MINUTE)
