"""The book without a terminal: grouping, depth, what reaching a level costs, our own orders."""

from __future__ import annotations

import msgspec
import pytest

from midas.state.views.market import LevelView
from tests.fakes.snapshots import normal
from tui.options import Options
from tui.present import book, levels
from tui.present.grouping import GROUPS, side
from tui.present.picture import Picture, Spot
from tui.present.scale import PowerScale


def picture(options: Options) -> Picture:
    return Picture(normal(), 0, 0, True, 0, options=options)


def drawn(options: Options, price: float | None = None, height: int = 25) -> str:
    shown = picture(options)
    selected = levels.key_of(normal().instruments[0], price) if price is not None else None
    sheet = book.ladder(shown, shown.instrument, Spot(36, height, PowerScale(), selected=selected))
    return "\n".join("".join(p.text for p in row) for row in [list(sheet.note), *sheet.rows])


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("bids", [True, False])
def test_grouping_loses_nothing_and_keeps_the_order(group: int, bids: bool) -> None:
    view = normal().instruments[0]
    levels = side(view, bids, Options(group=group))
    plain = side(view, bids, Options())
    assert sum(level.size for level in levels) == pytest.approx(sum(level.size for level in plain))
    assert sum(level.own for level in levels) == pytest.approx(sum(level.own for level in plain))
    assert levels[-1].cumulative == plain[-1].cumulative
    prices = [level.price for level in levels]
    assert prices == sorted(prices, reverse=bids)
    for level in levels:
        assert level.price / (view.tick_size * group) == pytest.approx(
            round(level.price / (view.tick_size * group)), abs=1e-6
        )


def test_bids_are_rounded_down_and_asks_up() -> None:
    view = normal().instruments[0]
    best_bid, best_ask = view.book.bids[0].price, view.book.asks[0].price
    assert side(view, True, Options(group=5))[0].price <= best_bid
    assert side(view, False, Options(group=5))[0].price >= best_ask


def test_depth_limits_the_levels_of_a_side() -> None:
    assert len(side(normal().instruments[0], True, Options(depth=5))) == 5
    assert ", 5 deep" in drawn(Options(depth=5))


def test_the_note_names_the_step() -> None:
    assert "tick 0.1" in drawn(Options())
    assert "0.5 = 5 ticks" in drawn(Options(group=5))


def test_the_chosen_level_says_what_taking_everything_up_to_it_costs() -> None:
    level = normal().instruments[0].book.bids[3]
    body = drawn(Options(), level.price)
    assert f"▶{level.price:.1f} to here" in body
    assert f"avg {level.average:.1f} slip {level.slip_bps:.2f}bp" in body


def test_the_queue_before_our_order_is_a_bound() -> None:
    view = normal().instruments[0]
    level = next(level for level in view.book.bids if level.own)
    body = drawn(Options(), level.price, height=60)
    assert f"queue ≤{level.ahead:.5f}" in body


@pytest.mark.parametrize("width", [78, 120, 198])
def test_a_roomy_book_says_at_each_level_what_reaching_it_costs(width: int) -> None:
    shown = picture(Options())
    sheet = book.ladder(shown, shown.instrument, Spot(width, 50, PowerScale()))
    level = normal().instruments[0].book.asks[2]
    rows = ["".join(p.text for p in row) for row in sheet.rows]
    row = next(row for row in rows if f"{level.price:.1f}│" in row)
    assert f"{level.average:.2f}" in row
    assert len(row) <= width
    assert any("≤" in row for row in rows)


def test_without_a_cursor_our_way_out_is_priced() -> None:
    assert "sell our 0.04320 @" in drawn(Options())


def test_a_thin_book_and_an_empty_hand_are_said() -> None:
    view = normal().instruments[0]
    assert view.book.closing is not None
    thin = msgspec.structs.replace(view.book.closing, covered=False)
    for closing, words in ((thin, "book too thin"), (None, "we hold no BTC")):
        shown = msgspec.structs.replace(view, book=msgspec.structs.replace(view.book, closing=closing))
        sheet = book.ladder(picture(Options()), shown, Spot(48, 25, PowerScale()))
        assert any(words in "".join(p.text for p in row) for row in sheet.rows)


def test_an_empty_side_is_no_error() -> None:
    view = normal().instruments[0]
    lonely = msgspec.structs.replace(view.book, asks=(), bids=(LevelView(100.0, 1.0, 1.0),), coarse=())
    shown = msgspec.structs.replace(view, book=lonely)
    assert book.ladder(picture(Options()), shown, Spot(36, 25, PowerScale())).rows


def moved_market(ticks: int) -> Picture:
    """The same desk after the whole book went up by that many ticks."""
    view = normal().instruments[0]
    by = ticks * view.tick_size
    bids, asks = (
        tuple(msgspec.structs.replace(level, price=round(level.price + by, 1)) for level in side)
        for side in (view.book.bids, view.book.asks)
    )
    later = msgspec.structs.replace(
        view, book=msgspec.structs.replace(view.book, bids=bids, asks=asks, coarse=())
    )
    snapshot = msgspec.structs.replace(normal(), instruments=(later, *normal().instruments[1:]))
    return Picture(snapshot, 0, 0, True, 0)


@pytest.mark.parametrize("ticks", [-7, -1, 0, 1, 7, 30, -60])
def test_the_cursor_stays_on_its_price_when_the_market_moves(ticks: int) -> None:
    view = normal().instruments[0]
    price = view.book.bids[3].price
    key = levels.key_of(view, price)
    shown = moved_market(ticks)
    found = levels.level_at(shown, key)
    assert found is not None
    assert found[1].price == pytest.approx(price)
    sheet = book.ladder(shown, shown.instrument, Spot(36, 25, PowerScale(), selected=key))
    rows = ["".join(p.text for p in row) for row in sheet.rows]
    assert any(row.startswith("▶") and f"{price:.1f}│" in row for row in rows)
    assert any(row.startswith(f"▶{price:.1f} ") for row in rows)
    outside = ticks in (30, -60)
    assert outside == any("outside the 25 levels" in row for row in rows)


def test_a_level_that_vanishes_keeps_its_row_with_nothing_in_it() -> None:
    view = normal().instruments[0]
    gone = view.book.bids[2]
    left = (*view.book.bids[:2], *view.book.bids[3:])
    later = msgspec.structs.replace(view, book=msgspec.structs.replace(view.book, bids=left))
    shown = levels.drawn(later, Options(), levels.key_of(view, gone.price))
    assert (shown.place, shown.outside) == (3, False)
    assert shown.level is not None
    assert shown.level.price == pytest.approx(gone.price)
    assert (shown.level.size, shown.level.own) == (0.0, 0.0)
    assert shown.level.cumulative == left[1].cumulative


@pytest.mark.parametrize("steps", [1, -1])
def test_the_cursor_walks_every_level_that_is_known_and_the_window_goes_along(steps: int) -> None:
    shown, key = picture(Options()), None
    book_shown = normal().instruments[0].book
    for level in book_shown.bids if steps > 0 else book_shown.asks:
        key = levels.walked(shown, key, steps)
        assert key == levels.key_of(normal().instruments[0], level.price)
        sheet = book.ladder(shown, shown.instrument, Spot(36, 14, PowerScale(), selected=key))
        rows = ["".join(p.text for p in row) for row in sheet.rows]
        assert len(rows) == 14
        assert any(row.startswith("▶") and f"{level.price:.1f}│" in row for row in rows)
    assert "touch" in "".join(p.text for p in sheet.note)
    assert levels.walked(shown, key, steps) == key


@pytest.mark.parametrize("bids", [True, False])
def test_a_coarser_book_keeps_the_cursor_at_the_level_that_holds_its_price(bids: bool) -> None:
    view = normal().instruments[0]
    price = (view.book.bids if bids else view.book.asks)[6].price
    shown = levels.drawn(view, Options(group=10), levels.key_of(view, price))
    assert shown.level is not None
    assert abs(shown.level.price - price) < 10 * view.tick_size
    assert (shown.place > 0, shown.level.price <= price) == (bids, bids) or shown.level.price == price


def test_a_cursor_of_another_instrument_stands_nowhere() -> None:
    shown = picture(Options())
    other = shown.snapshot.instruments[1]
    assert levels.level_at(shown, levels.key_of(other, other.bid)) is None
