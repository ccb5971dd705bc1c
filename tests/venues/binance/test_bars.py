from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from midas.domain.market import Bar
from midas.domain.time import SECOND
from midas.venues.binance.bars import BarSequence


def bar(number: int) -> Bar:
    return Bar("X", number * SECOND, 0, SECOND, 1.0, 1.0, 1.0, 1.0, 0.0, 0)


def numbers(bars: list[Bar]) -> list[int]:
    return [b.time // SECOND for b in bars]


def test_bars_in_order_pass_at_once_and_old_ones_never() -> None:
    row = BarSequence(SECOND)
    assert [numbers(row.on_bar(bar(n))) for n in (5, 6, 6, 4, 7)] == [[5], [6], [], [], [7]]
    assert row.missing is None


def test_a_hole_holds_newer_bars_until_it_is_filled_in_order() -> None:
    row = BarSequence(SECOND)
    row.on_bar(bar(5))
    assert row.on_bar(bar(9)) == []
    assert row.on_bar(bar(10)) == []
    assert row.missing == (6 * SECOND, 8 * SECOND)
    assert numbers(row.fill([bar(5), bar(6), bar(7)])) == [6, 7]
    assert row.missing == (8 * SECOND, 8 * SECOND)
    assert numbers(row.fill([bar(8), bar(9), bar(10), bar(11)])) == [8, 9, 10]
    assert row.missing is None


def test_a_hole_that_nobody_can_fill_is_skipped_and_counted() -> None:
    row = BarSequence(SECOND)
    row.on_bar(bar(5))
    for n in (9, 10, 14):
        row.on_bar(bar(n))
    assert numbers(row.skip([bar(7), bar(8)])) == [7, 8, 9, 10]
    assert (row.holes, row.missing) == (1, (11 * SECOND, 13 * SECOND))
    assert numbers(row.skip([])) == [14]
    assert row.holes == 4


def test_a_row_that_begins_after_history_misses_what_lies_between() -> None:
    row = BarSequence(SECOND)
    row.begin(3 * SECOND)
    assert row.on_bar(bar(5)) == []
    assert numbers(row.fill([bar(4)])) == [4, 5]


@given(st.lists(st.one_of(st.integers(1, 40), st.none()), max_size=60))
def test_whatever_comes_bars_pass_once_in_order_and_without_a_silent_hole(script: list[int | None]) -> None:
    row, passed = BarSequence(SECOND), list[int]()
    for step in script:
        if step is not None:
            passed += numbers(row.on_bar(bar(step)))
        elif row.missing is not None:
            first, last = (time // SECOND for time in row.missing)
            passed += numbers(row.fill([bar(n) for n in range(first, last + 1)]))
    assert passed == (list(range(passed[0], passed[-1] + 1)) if passed else [])
    assert row.holes == 0
