"""What the trade screen shows, at every size and in every state of the link."""

from __future__ import annotations

import re

import msgspec
import pytest

from midas.domain.mode import KillOutcome
from midas.domain.time import SECOND
from tests.fakes import snapshots
from tests.fakes.link import FakeLink
from tests.fakes.snapshots import NOW, normal
from tests.tui.conftest import Console
from tui.app import ConsoleApp
from tui.habits import Habits

SIZES = [(80, 24), (100, 32), (120, 40), (160, 44), (200, 60)]


@pytest.mark.parametrize("size", SIZES)
async def test_the_core_is_on_every_screen(console: Console, size: tuple[int, int]) -> None:
    async with console(size=size) as bench:
        for text in (
            "SIM",
            "▲ NORMAL",
            "HALT ^\\",
            "P&L",
            "DD 0.6/10%",
            "book BTC-USDT",
            "signals",
            "working",
            "events",
        ):
            assert bench.shows(text), text


@pytest.mark.parametrize("size", SIZES)
async def test_rows_are_exactly_as_wide_as_the_terminal(console: Console, size: tuple[int, int]) -> None:
    async with console(size=size) as bench:
        rows = bench.screen()
        assert len(rows) == size[1]
        assert {len(row) for row in rows} == {size[0]}


async def test_a_tiny_terminal_keeps_banner_position_and_kill_hint(console: Console) -> None:
    async with console(size=(60, 12)) as bench:
        for text in ("SIM", "NORMAL", "HALT ^\\", "BTC"):
            assert bench.shows(text), text
        assert not bench.shows("tape")


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (10, 4), (40, 10)])
async def test_no_size_is_too_small_for_any_key(console: Console, size: tuple[int, int]) -> None:
    async with console(size=size) as bench:
        await bench.press("9", "z", "tab", "1", "j", "enter", "escape", "question_mark", "escape")
        await bench.press("b", "1", "f2", "escape", "escape", "colon", "m", "escape", "ctrl+o", "escape")
        await bench.press("ctrl+backslash", "f", "j")
        assert bench.kills, "the chord works in every size"
        assert bench.app.crash is None


async def test_a_terminal_without_colour_is_drawn_too(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with console(size=(100, 32)) as bench:
        await bench.press("tab", "4", "j")
        assert bench.shows("positions")
        await bench.press("ctrl+backslash")
        assert bench.shows("HALT")


async def test_a_wide_screen_shows_both_books_account_and_machine(console: Console) -> None:
    async with console(size=(200, 60)) as bench:
        for text in ("book BTC-USDT", "book ETH-USDT", "account", "machine", "strategies"):
            assert bench.shows(text), text


async def test_the_same_price_stands_in_banner_chart_book_and_tape(console: Console) -> None:
    async with console() as bench:
        last = f"{bench.snapshot.instruments[0].last:.1f}"
        rows = bench.screen()
        assert last in rows[0]
        assert any(f"◄{last}" in row for row in rows)
        assert any(f"── {last}" in row for row in rows)
        assert f"{last}" in rows[4][94:]


@pytest.mark.parametrize("key", ["l", "right", "h", "left"])
async def test_the_other_instrument_in_every_pane(console: Console, key: str) -> None:
    async with console() as bench:
        await bench.press(key)
        assert bench.shows("book ETH-USDT")
        assert bench.shows("chart ETH-USDT")
        assert bench.shows("143/200 bars, 120 synthetic")


async def test_the_book_cursor_starts_at_the_touch_and_sums_to_here(console: Console) -> None:
    async with console() as bench:
        await bench.press("j", "j")
        second = bench.snapshot.instruments[0].book.bids[1]
        assert bench.shows(f"▶{second.price:.1f} to here {second.cumulative:.5f} BTC")
        await bench.press("k", "k", "k")
        ask = bench.snapshot.instruments[0].book.asks[1]
        assert bench.shows(f"▶{ask.price:.1f}")
        await bench.press("full_stop")
        assert bench.shows("micro")


async def test_the_chosen_signal_explains_itself(console: Console) -> None:
    async with console() as bench:
        bench.app.stage.panes["signals"].focus()
        await bench.press("j", "j")
        assert bench.shows("+0.44 imbalance")
        assert bench.shows("refused: worst case 83 % would pass 80 %")


async def test_tab_visits_every_pane_and_comes_back(console: Console) -> None:
    async with console() as bench:
        seen = []
        for _ in range(7):
            await bench.press("tab")
            seen.append(bench.focus)
        assert sorted(seen) == ["book", "chart", "desk", "events", "risk", "signals", "tape"]


async def test_zoom_fills_the_middle_and_returns(console: Console) -> None:
    async with console(size=(80, 24)) as bench:
        assert not bench.shows("chart BTC-USDT")
        await bench.press("z", "shift+tab")
        assert bench.shows("chart BTC-USDT")
        await bench.press("escape")
        assert bench.shows("book BTC-USDT")


async def test_a_frozen_display_stands_still_and_says_so(console: Console) -> None:
    async with console() as bench:
        await bench.press("space")
        bench.later(4)
        bench.link.snapshot = snapshots.in_mode("PAUSE")
        await bench.beat()
        assert bench.shows("DISPLAY FROZEN 4.0s")
        assert bench.shows("‖ PAUSE")
        assert bench.shows(" FROZEN ")
        await bench.press("space")
        assert not bench.shows("FROZEN")


async def test_a_silent_feed_marks_the_market_panes_stale(console: Console) -> None:
    async with console(snapshots.stale()) as bench:
        heads = [row for row in bench.screen() if "STALE 9.0s" in row]
        marked = sum(row.count("STALE 9.0s") for row in heads)
        assert marked == 5, "chart, book, tape, and what is worth as much as prices say: risk, positions"
        assert bench.shows("gate closed BTC-USDT.binance: feed silent for 9.0 s")
        assert bench.shows("○ down")


async def test_a_silent_engine_marks_everything_stale_and_says_so(console: Console) -> None:
    async with console() as bench:
        bench.link.age = 3 * SECOND + SECOND // 5
        await bench.beat()
        assert bench.shows("engine not answering 3.2s · reconnecting")
        assert sum("STALE 3.2s" in row for row in bench.screen()) >= 4


async def test_a_lost_link_is_said_at_once_and_forgotten_when_it_is_back(console: Console) -> None:
    async with console() as bench:
        bench.link.connected = False
        await bench.beat()
        assert bench.shows("engine not answering")
        bench.link.connected = True
        await bench.beat()
        assert not bench.shows("engine not answering")


async def test_before_the_first_snapshot_it_waits_in_words(console: Console) -> None:
    async with console(empty=True) as bench:
        assert bench.shows("waiting for the engine's first picture")
        assert bench.shows("no data yet")
        bench.link.snapshot = normal()
        await bench.beat()
        assert bench.shows("▲ NORMAL")


async def test_a_start_without_data_has_words_instead_of_nan(console: Console) -> None:
    async with console(snapshots.starting()) as bench:
        assert not any(re.search(r"\bnan\b", row) for row in bench.screen())
        for text in (
            "no book: waiting for the first",
            "no bar closed yet",
            "no trade printed yet",
            "flat: no position",
        ):
            assert bench.shows(text), text


async def test_control_characters_never_reach_the_terminal(console: Console) -> None:
    snapshot = normal()
    evil = msgspec.structs.replace(snapshot.events[0], text="venue says \x1b]0;owned\x07 \x1b[2J")
    async with console(msgspec.structs.replace(snapshot, events=(evil, *snapshot.events[1:]))) as bench:
        assert bench.shows("venue says ·]0;owned")
        assert not any("\x1b" in row or "\x07" in row for row in bench.screen())


async def test_live_is_a_word_on_the_screen(console: Console) -> None:
    async with console(msgspec.structs.replace(normal(), environment="LIVE")) as bench:
        assert bench.screen()[0].startswith(" LIVE ")


@pytest.mark.parametrize("mode", ["NORMAL", "DEFENSIVE", "OBSERVATION", "PAUSE", "EMERGENCY"])
async def test_each_mode_is_a_shape_a_word_and_its_author(console: Console, mode: str) -> None:
    shapes = {"NORMAL": "▲", "DEFENSIVE": "◆", "OBSERVATION": "◎", "PAUSE": "‖", "EMERGENCY": "■"}
    async with console(snapshots.in_mode(mode)) as bench:
        assert f"{shapes[mode]} {mode}" in bench.screen()[0]
        assert "by trigger drawdown" in bench.screen()[1]


async def test_palettes_and_themes_change_no_character(console: Console) -> None:
    async with console() as bench:
        before = bench.screen()[:-1]
        for key in ("P", "P", "P", "t"):
            await bench.press(key)
            assert bench.screen()[:-1] == before


async def test_the_configured_palette_is_what_it_opens_with() -> None:
    def nobody(_level: str, by: str) -> KillOutcome:
        raise AssertionError(f"{by} pressed nothing")

    app = ConsoleApp(lambda: FakeLink(None), nobody, lambda: NOW, moving=False, habits=Habits(palette="mono"))
    async with app.run_test() as _:
        assert app.inks.palette == "mono"
        assert app.theme == "midas-dark-mono"


async def test_answers_leave_the_last_line_after_a_while(console: Console) -> None:
    async with console() as bench:
        await bench.press("f5")
        assert bench.shows("the mode is NORMAL already")
        bench.app.stage.tell(None)
        assert bench.screen()[-1].startswith(" midas 0.1.0")


async def test_a_key_without_effect_says_why_for_a_while(console: Console) -> None:
    async with console() as bench:
        await bench.press("9", "j")
        assert bench.shows("nothing can be chosen in this pane")
        await bench.press("ampersand")
        assert bench.shows("· & works in events on screen 1; events on screen 8")
        assert not bench.shows("nothing can be chosen")


async def test_a_hint_is_no_answer_of_the_engine_and_goes_with_the_next_key(console: Console) -> None:
    async with console() as bench:
        await bench.press("2")
        assert bench.screen()[-1].startswith(
            " · there is no screen 2; there are 1 Trade, 4 Orders, 5 Risk, 7 Reports, 8 Log and 9 System"
        )
        await bench.press("j")
        assert bench.screen()[-1].startswith(" midas ")
        await bench.press("c")
        assert bench.shows(" · no working order is chosen")
        await bench.press("f6", "j")
        assert bench.shows(" ✓ done: SetMode")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_no_hint_about_another_pane_is_cut(console: Console, size: tuple[int, int]) -> None:
    async with console(size=size) as bench:
        for key in ("a", "x", "d", "left_square_bracket", "slash", "i"):
            await bench.press("1", "full_stop", key)
            assert "…" not in bench.screen()[-1], bench.screen()[-1]
