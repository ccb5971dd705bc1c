"""Screen 5: limits, exposure, losses, latch and modes."""

from __future__ import annotations

import math

import msgspec
import pytest

from midas.domain.mode import PERMISSIONS, Mode
from midas.domain.time import SECOND
from midas.state.snapshot import Snapshot
from midas.state.views.mode import GateView
from midas.state.views.risk import LimitView
from tests.fakes import snapshots
from tests.fakes.snapshots import NOW, normal
from tests.tui.conftest import Console
from tui.present import equity, exposure, limits, modes, numbers, risk, stops
from tui.present.lines import Sheet
from tui.present.picture import Picture, Spot
from tui.present.scale import PowerScale
from tui.screens.page import Page

SIZES = [(80, 24), (120, 40), (200, 60)]
replace = msgspec.structs.replace


def picture(snapshot: Snapshot) -> Picture:
    return Picture(snapshot, 0, 0, True, 0)


def spot(width: int, height: int, selected: str | None = None) -> Spot:
    return Spot(width, height, PowerScale(), True, selected)


def body(sheet: Sheet) -> str:
    return "\n".join("".join(piece.text for piece in row) for row in sheet.rows)


def with_limit(name: str, **changes: object) -> Snapshot:
    snapshot = normal()
    rows = tuple(replace(row, **changes) if row.name == name else row for row in snapshot.limits)
    return replace(snapshot, limits=rows, next_to_bind=name)


@pytest.mark.parametrize("size", SIZES)
async def test_every_limit_stands_there_with_what_is_left_of_it(
    console: Console, size: tuple[int, int]
) -> None:
    async with console(size=size) as bench:
        await bench.press("5")
        assert bench.focus == "limits"
        for limit in bench.snapshot.limits:
            assert bench.shows(f" {limit.title} ")
            assert bench.shows(limits.figure(limit, limit.room))
        assert bench.shows("position")
        assert {len(row) for row in bench.screen()} == {size[0]}


def test_the_next_limit_to_bind_is_named_with_its_room_and_what_it_does() -> None:
    text = body(limits.table(picture(normal()), spot(78, 18)))
    position = normal().limits[0]
    room = limits.figure(position, position.room)
    assert text.startswith(f"▸ next to bind: position (BTC-USDT) {limits.figure(position, position.value)}")
    assert f"room {room}; then orders beyond it refused" in " ".join(text.split())
    assert limits.ordered(picture(normal()))[0] == position


def test_what_binds_next_stands_on_top_then_the_fullest_and_equals_keep_their_order() -> None:
    snapshot = normal()
    shares = {"sector": 0.511, "crypto": 0.58, "cash": 0.514, "rate": 0.61, "position": 0.2}
    rows = tuple(replace(row, used=shares.get(row.name, 0.0)) for row in snapshot.limits)
    known = limits.ordered(picture(replace(snapshot, limits=rows, next_to_bind="position")))
    assert [limit.name for limit in known[:5]] == ["position", "rate", "crypto", "sector", "cash"]


def test_a_limit_that_binds_stands_before_the_next_one() -> None:
    bound = with_limit("rate", used=1.0, binding=True, room=0.0)
    assert limits.ordered(picture(replace(bound, next_to_bind="position")))[0].name == "rate"


def test_in_the_smallest_pane_it_is_still_named() -> None:
    sheet = limits.table(picture(normal()), spot(43, 6))
    assert body(sheet).startswith("▸ next to bind: position")
    assert "3 more: j" in "".join(piece.text for piece in sheet.foot)


def test_a_limit_that_binds_says_so_in_words_and_shape_not_by_colour_alone() -> None:
    bound = with_limit("crypto", value=0.61, used=1.02, room=0.0, binding=True, over=0.01)
    sheet = limits.table(picture(bound), spot(70, 14))
    text = body(sheet)
    assert "! crypto BINDS: 61.0%, at most 60.0%; 1.0% over" in text
    row = next(line for line in text.splitlines() if line.startswith("! crypto  "))
    assert "████" in row
    assert "over 1.0%" in row
    assert "1 of 7 BIND" in "".join(piece.text for piece in sheet.note)


def test_a_limit_that_is_used_up_has_no_room_and_is_not_over() -> None:
    bound = with_limit("crypto", value=0.60, used=1.0, room=0.0, binding=True)
    row = next(r for r in body(limits.table(picture(bound), spot(70, 14))).splitlines() if "████" in r)
    assert "none" in row
    assert "over" not in row


def test_what_is_not_known_yet_has_words_instead_of_a_zero() -> None:
    unknown = with_limit(
        "position", value=0.0, used=0.0, room=math.nan, room_money=math.nan, detail="no price yet"
    )
    text = body(limits.table(picture(unknown), spot(78, 14)))
    row = next(line for line in text.splitlines() if line.startswith("▸ position  "))
    assert "0.0%" not in row
    assert "not known yet, no price yet" in text
    assert "nan" not in text


def test_a_limit_of_very_little_is_drawn_as_full_as_it_is() -> None:
    tiny = with_limit("position", title="VaR 1 min", value=0.00013, maximum=0.0002, used=0.65, room=0.00007)
    row = next(r for r in body(limits.table(picture(tiny), spot(70, 14))).splitlines() if "VaR 1 min  " in r)
    assert "▓▓▓▓▓▓▓▓░░░░" in row
    still = with_limit("drawdown", value=0.00013, used=0.001)
    row = next(r for r in body(limits.table(picture(still), spot(70, 14))).splitlines() if "drawdown  " in r)
    assert "▓" not in row


def test_a_limit_that_binds_from_above_shows_its_least() -> None:
    text = body(limits.table(picture(normal()), spot(65, 18, "limit:cash")))
    assert "≥10.0%" in text
    assert "at least 10.0%" in text


def test_a_limit_that_the_console_does_not_know_keeps_the_engines_words() -> None:
    odd = LimitView("leverage", "leverage", 1.2, 3.0, 0.4, "x", "deleverage", False, "", 1.8)
    said = limits.explained(picture(normal()), odd)
    assert said[0] == "leverage 1.2x, at most 3x"
    assert said[2] == "When it binds: deleverage."


async def test_enter_explains_the_chosen_limit_on_a_page(console: Console) -> None:
    async with console() as bench:
        await bench.press("5", "j", "j", "enter")
        assert isinstance(bench.app.screen, Page)
        crypto = bench.snapshot.limits[2]
        assert bench.shows(f"crypto {limits.figure(crypto, crypto.value)}, at most 60.0%")
        assert bench.shows("When it binds: new positions refused")
        await bench.press("escape")
        assert bench.shows("▶ crypto")


def test_exposure_is_a_tree_over_its_instruments_then_told_by_strategy() -> None:
    lines = body(exposure.table(picture(normal()), spot(65, 16))).splitlines()
    names = [line.strip().split()[0] for line in lines if line.strip()]
    assert names[1:7] == ["everything", "binance", "crypto", "crypto", "BTC-USDT", "ETH-USDT"]
    assert lines[5].startswith("      BTC-USDT"), "a branch stands further in than what holds it"
    for view in normal().exposures:
        name = view.name.partition(".")[0]
        assert f"{view.worst * 100:.1f}%" in next(line for line in lines if line.strip().startswith(name))


def test_a_branch_beyond_its_limit_has_a_mark_and_a_solid_bar() -> None:
    snapshot = normal()
    tree = tuple(replace(b, worst=0.62) if b.scope == "class" else b for b in snapshot.tree)
    lines = body(exposure.table(picture(replace(snapshot, tree=tree)), spot(100, 16))).splitlines()
    assert "!62.0%" in lines[3]
    assert "█████" in lines[3]


def test_what_is_next_to_nothing_of_a_limit_is_drawn_as_nothing_in_every_pane() -> None:
    snapshot = normal()
    tree = tuple(replace(b, worst=0.0001, maximum=0.2) for b in snapshot.tree)
    lines = body(exposure.table(picture(replace(snapshot, tree=tree)), spot(100, 16))).splitlines()
    assert "░░░" in lines[3] and "▓" not in lines[3]
    little = tuple(replace(t, value=0.0002) for t in snapshot.triggers if t.name.startswith("drawdown"))
    shown = replace(snapshot, triggers=little, open_risk=0.0)
    drawn = next(
        line for line in body(equity.curve(picture(shown), spot(60, 20))).splitlines() if "drawdown" in line
    )
    assert "░░░" in drawn and "▓" not in drawn


def test_exposure_gives_up_a_heading_before_a_row() -> None:
    rows = len(normal().tree) + 3
    text = body(exposure.table(picture(normal()), spot(52, rows + 1)))
    assert all(view.name.partition(".")[0] in text for view in normal().exposures)
    assert "by strategy" not in text
    assert "by trend-following" in text, "which is no instrument"


@pytest.mark.parametrize(("width", "height"), [(33, 10), (51, 13), (98, 20)])
def test_each_trigger_says_how_far_the_loss_is_and_what_it_does(width: int, height: int) -> None:
    text = body(equity.curve(picture(normal()), spot(width, height)))
    assert text.count("→") == len(normal().triggers)
    assert "DEFENSIVE" in text
    assert "0.61" in text


def test_the_curve_reaches_from_its_lowest_to_its_highest_point() -> None:
    tall = equity.heights([10.0, 12.0, 11.0, 9.0], 4, 5)
    assert tall[1] == 40
    assert tall[3] == 1
    assert equity.heights([5.0, 5.0], 3, 2) == [8, 8, 8]


def test_without_a_curve_there_are_words() -> None:
    snapshot = normal()
    empty = replace(snapshot, money=replace(snapshot.money, curve=()), triggers=())
    text = body(equity.curve(picture(empty), spot(51, 13)))
    assert "the curve begins with the second picture" in text
    assert "no loss budget before" in text


@pytest.mark.parametrize("mode", list(Mode), ids=lambda mode: mode.value)
def test_the_present_mode_is_marked_with_author_cause_and_end(mode: Mode) -> None:
    text = body(modes.table(picture(snapshots.in_mode(mode.value)), spot(65, 10)))
    assert text.count("▶") == 1
    marked = next(line for line in text.splitlines() if "▶" in line)
    assert mode.value in marked
    assert f"×{PERMISSIONS[mode].exposure:g}" in marked
    assert "set by trigger drawdown at" in text
    assert "ends: " in text or "until changed" in text


def test_defensive_says_that_it_halves_and_that_only_a_persons_entries_stay() -> None:
    text = body(modes.table(picture(normal()), spot(78, 12)))
    row = next(line for line in text.splitlines() if "DEFENSIVE" in line)
    assert row.split()[-1] == "halved"
    assert "only yours" in row


def test_what_a_profile_switches_off_is_named_below_the_limits() -> None:
    assert "off in this profile: US dollar" in body(limits.table(picture(normal()), spot(65, 18)))


def test_every_change_of_the_mode_is_told_with_author_and_cause() -> None:
    text = body(modes.changes(picture(normal()), spot(51, 10)))
    assert "▲ NORMAL → ◆ DEFENSIVE" in text
    assert "trigger: drawdown 5.1%" in text


def test_closed_gates_are_told_with_reason_and_age() -> None:
    gates = (GateView("BTC-USDT.binance", "feed silent for 9.0 s", NOW - 4 * SECOND),)
    text = body(stops.overview(picture(replace(normal(), gates=gates)), spot(51, 10)))
    assert "✗ BTC-USDT closed 4.0s: feed silent for 9.0 s" in text
    assert "every gate is open" not in text


def test_a_set_latch_says_who_and_what_is_left() -> None:
    text = body(stops.overview(picture(snapshots.flattened()), spot(80, 14)))
    assert "■ HALTED" in text
    assert "level flatten" in text
    assert "halt       " not in text  # it has happened


def test_each_level_says_what_it_would_do() -> None:
    text = body(stops.overview(picture(normal()), spot(60, 12)))
    assert "cancels 3, closes 2: 6.12 (13.4 bp)" in text
    assert "leaves 0.04120 BTC and 0.6210 ETH unprotected" in text


async def test_values_of_a_silent_market_are_marked_stale(console: Console) -> None:
    async with console(snapshots.stale()) as bench:
        await bench.press("5")
        assert sum("STALE 9.0s" in row for row in bench.screen()) >= 2


async def test_amounts_are_hidden_in_private(console: Console) -> None:
    async with console() as bench:
        await bench.press("5")
        equity_text = f"{bench.snapshot.money.equity:,.2f}"
        assert bench.shows(equity_text)
        bench.app.see(bench.app.options._replace(private=True))
        await bench.beat()
        middle = bench.screen()[3:-2]
        assert not any(equity_text in row for row in middle)


def test_limits_without_a_row_are_counted_in_the_edge() -> None:
    shown = picture(normal())
    low = risk.limits(shown, spot(34, 5))
    assert "+" in "".join(piece.text for piece in low.foot)
    assert "".join(piece.text for piece in low.foot).endswith("more: 5")
    assert not risk.limits(shown, spot(34, 12)).foot


def test_a_gauge_is_empty_where_its_value_is_printed_as_nothing() -> None:
    tiny = with_limit("day", value=0.0004, used=0.02)
    row = next(r for r in body(limits.table(picture(tiny), spot(90, 14))).splitlines() if " day loss  " in r)
    assert "▓" not in row
    small = with_limit("day", value=0.0006, used=0.03)
    row = next(r for r in body(limits.table(picture(small), spot(90, 14))).splitlines() if " day loss  " in r)
    assert "▓░" in row


def lacking() -> Snapshot:
    """A VaR limit of 0.01 % that nobody can compute yet."""
    row = LimitView(
        "VaR", "VaR 1 d", 0.0, 0.0001, 1.0, "%", "reject", True, "BTC-USDT has 31 of 120 bars of 1 d"
    )
    return replace(normal(), limits=(*normal().limits, row), next_to_bind="VaR")


def test_a_limit_that_cant_be_computed_stands_on_top_says_why_and_that_everything_is_refused() -> None:
    sheet = limits.table(picture(lacking()), spot(76, 24))
    text = " ".join(body(sheet).split())
    assert text.startswith(
        "! VaR 1 d BINDS: not known yet, BTC-USDT has 31 of 120 bars of 1 d; every entry is"
    )
    assert "refused until it is known, exits not" in text
    (row,) = [line for line in body(sheet).splitlines() if line.startswith("! VaR 1 d  ")]
    assert "0.01%" in row
    assert "not known" in row
    assert "1 of 8 BIND" in "".join(piece.text for piece in sheet.note)
    told = " ".join(limits.explained(picture(lacking()), limits.ordered(picture(lacking()))[0]))
    assert "Room: none while it isn't known." in told


def test_on_the_trade_screen_it_binds_too() -> None:
    text = body(risk.limits(picture(lacking()), spot(40, 14)))
    assert "BINDS: VaR 1 d not known" in text
    assert "?/0.01%" in text


@pytest.mark.parametrize(
    ("value", "maximum", "now", "bound"),
    [
        (0.0, 0.2, "0.0%", "20.0%"), (0.121, 0.2, "12.1%", "20.0%"), (0.0004, 0.15, "0.04%", "15.0%"),
        (0.00004, 0.0001, "0.004%", "0.01%"), (0.0021, 0.0025, "0.2%", "0.25%"), (1e-7, 0.2, "~0%", "20.0%"),
    ],
)  # fmt: skip
def test_small_shares_have_the_digits_that_they_need(
    value: float, maximum: float, now: str, bound: str
) -> None:
    assert (numbers.near(value), numbers.exact(maximum)) == (now, bound)


@pytest.mark.parametrize("width", [78, 118])
def test_a_mode_that_ends_by_itself_says_when_at_the_earliest_and_how_far_it_goes(width: int) -> None:
    view = replace(
        snapshots.in_mode("DEFENSIVE", "trigger", "drawdown 0.41% above 0.01%").mode,
        ends_when="drawdown below 0.008%", earliest_at=NOW + 300 * SECOND,
    )  # fmt: skip
    text = " ".join(body(modes.table(picture(replace(normal(), mode=view)), spot(width, 9))).split())
    assert "ends: drawdown below 0.008%, not before " in text
    assert "then NORMAL, never past the mode that a person set" in text
    kept = replace(view, earliest_at=0, ends_when="a person")
    assert "not before" not in body(modes.table(picture(replace(normal(), mode=kept)), spot(width, 9)))
