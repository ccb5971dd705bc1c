"""Presenters without a terminal."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.binding import Binding

from midas.domain.time import HOUR, SECOND
from tests.fakes.snapshots import Desk, normal
from tui.keymap import Keymap
from tui.keys import GROUPS, bindings, hints, rows
from tui.layout import plan
from tui.present import book, chart, desk, headline, lines, numbers, risk
from tui.present.gauge import gauge
from tui.present.lines import Line, Piece, Sheet, fit, frame, settled, shade, width_of
from tui.present.picture import Picture, Spot, window
from tui.present.scale import PowerScale, cells
from tui.theme import PALETTES, THEMES, Inks
from tui.views.table import VIEWS
from tui.views.view import View
from tui.widgets.canvas import changed


def picture(chosen: int = 0) -> Picture:
    return Picture(normal(), chosen, 0, True, 0)


def text(line: list[Piece]) -> str:
    return "".join(piece.text for piece in line)


def test_nan_is_a_dash_everywhere() -> None:
    for shown in (numbers.fixed, numbers.signed, numbers.money):
        assert shown(math.nan, 2) == "-"
    for one in (numbers.percent, numbers.share, numbers.brief, numbers.duration, numbers.milliseconds):
        assert one(math.nan) == "-"


def test_nothing_is_minus_zero() -> None:
    assert numbers.fixed(-0.001, 2) == "0.00"
    assert numbers.signed(-0.001, 2) == "0.00"
    assert numbers.percent(-0.00001) == "0.00%"


@given(st.floats(-1e12, 1e12), st.integers(0, 8), st.integers(6, 12))
def test_a_fitted_quantity_never_outgrows_its_column(value: float, decimals: int, width: int) -> None:
    assert len(numbers.fitted(value, decimals, width)) <= max(width, 12)


def test_durations_stay_short() -> None:
    assert [numbers.duration(s * SECOND) for s in (0.2, 12, 240, 11_040)] == ["0.2s", "12s", "4m", "3h04"]
    assert numbers.duration(3 * 24 * HOUR + 4 * HOUR) == "3d04h"


@given(st.lists(st.tuples(st.text(max_size=12), st.sampled_from(["text", "dim"]))), st.integers(0, 60))
def test_a_fitted_line_is_exactly_as_wide_as_asked(parts: list[tuple[str, str]], width: int) -> None:
    line = [Piece(lines.clean(words), ink) for words, ink in parts]
    assert width_of(fit(line, width)) == width


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", " ", "ab", "  c ", "中"]),
            st.sampled_from(["text", "dim"]),
            st.sampled_from(["", "bar_bid"]),
        ),
        max_size=8,
    ),
    st.integers(0, 14),
)
def test_a_settled_line_looks_like_the_fitted_one(parts: list[tuple[str, str, str]], width: int) -> None:
    line = [Piece(*part) for part in parts]
    assert looks(settled(line, width)) == looks(fit(line, width))
    assert width_of(settled(line, width)) == width


def looks(line: Line) -> list[tuple[str, str, str]]:
    """Every character with what can be seen of its inks: a blank has only a ground."""
    return [(c, "" if c == " " else piece.ink, piece.ground) for piece in line for c in piece.text]


@given(st.integers(0, 20))
def test_shading_changes_no_character(covered: int) -> None:
    line = [Piece("1.234"), Piece(" 61779.4", "up"), Piece("│own   ")]
    shaded = shade(line, covered, "bar_bid")
    assert text(shaded) == text(line)
    assert sum(len(p.text) for p in shaded if p.ground) == min(covered, 20)


def test_changed_rows_leave_their_frames_alone() -> None:
    before = [Piece("│", "edge"), Piece("08:05 ", "dim"), Piece("1.0"), Piece("│", "edge")]
    after = [Piece("│", "edge"), Piece("08:05 ", "dim"), Piece("2.0"), Piece("│", "edge")]
    assert changed(before, after) == (7, 1)


def test_a_frame_has_the_asked_size_even_when_its_title_is_too_long() -> None:
    framed = frame(Sheet([Piece("a very long title indeed")], [[Piece("row")]]), 12, 5, heavy=True)
    assert [width_of(row) for row in framed] == [12] * 5


def test_the_bar_scale_moves_only_in_powers_of_two_and_late() -> None:
    scale = PowerScale()
    assert scale.fit(3.0) == 4.0
    assert scale.fit(1.1) == 4.0
    assert scale.fit(5.0) == 8.0
    assert scale.fit(1.9) == 2.0


def test_a_gauge_is_full_only_when_used_up() -> None:
    assert gauge(0.999, 10) == "▓" * 9 + "░"
    assert gauge(1.0, 10) == "▓" * 10
    assert gauge(0.001, 10).count("▓") == 1
    assert gauge(math.nan, 4) == "░" * 4


def test_a_bar_never_outgrows_its_row() -> None:
    assert cells(5.0, 4.0, 36) == 36
    assert cells(0.0, 4.0, 36) == 0
    assert cells(0.0001, 4.0, 36) >= 1


@given(st.integers(1, 40), st.integers(0, 39), st.integers(1, 12))
def test_a_window_always_holds_the_chosen_item(count: int, chosen: int, room: int) -> None:
    chosen = min(chosen, count - 1)
    shown = window(count, chosen, room)
    assert chosen in shown
    assert len(shown) <= room


def test_the_ladder_is_best_inside_and_sums_outwards() -> None:
    shown = picture()
    sheet = book.ladder(shown, shown.instrument, Spot(36, 25, PowerScale()))
    prices = [float(text(row)[17:26]) for row in sheet.rows if "│" in text(row) and "price" not in text(row)]
    assert prices == sorted(prices, reverse=True)
    assert len(prices) == 20


def test_our_own_orders_stand_in_the_ladder_with_what_is_left_of_them() -> None:
    sheet = book.ladder(picture(), picture().instrument, Spot(36, 45, PowerScale()))
    own = [text(row).partition("│")[2].strip() for row in sheet.rows]
    assert "S 0.03120" in own
    assert "B 0.00820" in own


def test_a_book_that_cannot_be_trusted_shows_its_reason_and_no_number() -> None:
    view = normal().instruments[0]
    broken = msgspec.structs.replace(
        view, book=msgspec.structs.replace(view.book, valid=False, reason="gap of 312 updates")
    )
    body = "\n".join(text(row) for row in book.ladder(picture(), broken, Spot(36, 25, PowerScale())).rows)
    assert "gap of 312 updates" in body
    assert "617" not in body


def test_candles_show_our_fills_and_the_last_price() -> None:
    body = [text(row) for row in chart.chart(picture(), Spot(82, 33, PowerScale())).rows]
    joined = "\n".join(body)
    assert "▲" in joined
    assert "▽" in joined
    assert "◄" in joined


def test_a_flat_market_still_draws() -> None:
    view = normal().instruments[0]
    same = tuple(
        msgspec.structs.replace(b, open=100.0, high=100.0, low=100.0, close=100.0, volume=0.0)
        for b in view.bars
    )
    flat = msgspec.structs.replace(view, bars=same, last=100.0)
    shown = picture()._replace(snapshot=msgspec.structs.replace(normal(), instruments=(flat,)))
    assert any(
        "╹" in text(r) or "╻" in text(r) or "┃" in text(r)
        for r in chart.chart(shown, Spot(50, 20, PowerScale())).rows
    )


def test_a_closed_position_takes_no_row_where_room_is_short() -> None:
    snapshot = normal()
    closed = msgspec.structs.replace(snapshot.positions[1], quantity=0.0, average_price=0.0)
    both = msgspec.structs.replace(snapshot, positions=(snapshot.positions[0], closed))
    shown = picture()._replace(snapshot=both)
    narrow = desk.holdings(shown, Spot(67, 7, PowerScale()))
    assert text(narrow.title).startswith("positions 1 ")
    assert not any("FLAT" in text(row) for row in narrow.rows)
    assert any("FLAT" in text(row) for row in desk.holdings(shown, Spot(110, 9, PowerScale())).rows)


def test_the_next_limit_to_bind_is_named_even_when_there_is_no_room_for_all() -> None:
    body = "\n".join(text(row) for row in risk.limits(picture(), Spot(26, 5, PowerScale())).rows)
    assert "▸position" in body
    assert "binds next: position" in body


def test_limits_say_used_and_allowed_in_their_unit() -> None:
    limits = {limit.name: limit for limit in normal().limits}
    assert risk.figures(limits["drawdown"]) == "0.6/10%"
    assert risk.figures(limits["rate"]) == "3/10"


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_the_banner_never_loses_mode_environment_or_kill_hint(width: int) -> None:
    line = text(headline.first_line(picture(), width))
    assert len(line) == width
    for part in ("SIM", "NORMAL", "HALT ^\\"):
        assert part in line


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: f"{view.name}{view.section}")
@pytest.mark.parametrize(
    "size", [(80, 24), (99, 31), (100, 32), (120, 40), (159, 60), (160, 44), (200, 60), (300, 90)]
)
def test_panes_tile_the_terminal_without_overlap(size: tuple[int, int], view: View) -> None:
    width, height = size
    covered = [[0] * width for _ in range(height)]
    for region in plan(view.tiers, width, height, strip=bool(view.section)).regions.values():
        for y in range(region.y, region.bottom):
            for x in range(region.x, region.right):
                covered[y][x] += 1
    assert {count for row in covered for count in row} == {1}


def test_every_pane_can_be_zoomed() -> None:
    for view in VIEWS:
        for kind in view.kinds:
            assert plan(view.tiers, 80, 24, zoomed=kind.name).regions[kind.name].size == (80, 20)


def test_every_key_is_bound_once_and_documented() -> None:
    keys = [
        (key, pane)
        for row in rows()
        if row.action
        for key in row.keys.split(",")
        for pane in row.panes or ("",)
    ]
    assert len(keys) == len(set(keys))
    assert all(row.help for row in rows() if row.action)
    made = [b for b in (*bindings(True), *bindings(False)) if isinstance(b, Binding)]
    bound = {key for binding in made for key in binding.key.split(",")}
    assert bound == {key for key, _ in keys}
    assert GROUPS["Stopping"][0].anywhere


def test_the_footer_offers_only_what_works_now() -> None:
    shown = Keymap().shown
    assert ("c", "cancel") not in hints(latched=False, orders=False, pane="book", shown=shown)
    assert ("c", "cancel") in hints(latched=False, orders=True, pane="book", shown=shown)
    assert hints(latched=True, orders=False, pane="book", shown=shown)[0] == ("R", "resume")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("palette", PALETTES)
def test_every_palette_knows_every_ink(theme: str, palette: str) -> None:
    inks = Inks(theme, palette)
    for ink in ("up", "down", "alarm", "mode_emergency", "environment_live", "bar_bid", "no such ink"):
        assert inks.style(ink, ink).color is not None


def test_mono_has_no_hue_but_keeps_the_alarm_loud() -> None:
    inks = Inks("dark", "mono")
    for ink in ("up", "down", "warn", "alarm", "mode_pause", "environment_live"):
        colour = inks.style(ink, ink).color
        assert colour is not None
        red, green, blue = colour.get_truecolor()
        assert max(red, green, blue) - min(red, green, blue) < 24
    assert inks.style("alarm_bar", "alarm_bar").bgcolor != inks.style("mode_normal", "mode_normal").bgcolor


def test_the_sample_desk_is_deterministic() -> None:
    first, second = Desk(), Desk()
    for _ in range(16):
        first.step()
        second.step()
    assert msgspec.msgpack.encode(first.build()) == msgspec.msgpack.encode(second.build())
