"""What a line is given: the rates of panes, the number of colours, and the automatic choice between them."""

from __future__ import annotations

import re

import pytest

from tests.tui.conftest import Bench, Console
from tui.colours import nearest, shown
from tui.pace import CALM_S, LAN, SLOW, Automatic, unwatched
from tui.theme import THEMES, Inks

ROWS = ("book", "tape")


def drawn(bench: Bench, beats: int = 8) -> dict[str, int]:
    """How often each pane drew in so many beats of a market that moves at each."""
    counts = dict.fromkeys(ROWS, 0)
    for name in ROWS:
        pane = bench.app.stage.panes[name]
        show = pane.kind.draw

        def counting(picture, spot, name=name, show=show):  # type: ignore[no-untyped-def]
            counts[name] += 1
            return show(picture, spot)

        pane.kind = pane.kind._replace(draw=counting)
    for _ in range(beats):
        bench.app.beat()
    return counts


async def test_each_profile_has_its_own_rates(console: Console) -> None:
    async with console() as bench:
        bench.app.choose_link("lan")
        assert drawn(bench) == {"book": 8, "tape": 4}
        assert bench.link.hz == LAN.hz
    async with console() as bench:
        bench.app.choose_link("slow")
        assert drawn(bench) == {"book": 2, "tape": 1}
        assert bench.link.hz == SLOW.hz


async def test_without_the_keyboard_a_lan_console_draws_once_a_second(console: Console) -> None:
    async with console() as bench:
        bench.app.choose_link("lan")
        bench.app.app_focus = False
        assert drawn(bench) == {"book": 1, "tape": 1}


async def test_without_the_keyboard_a_slow_console_stands_still_and_says_so(console: Console) -> None:
    async with console() as bench:
        bench.app.choose_link("slow")
        bench.app.app_focus = False
        await bench.beat()
        assert bench.shows("PAUSED")
        assert drawn(bench) == {"book": 0, "tape": 0}
        bench.app.app_focus = True
        await bench.beat()
        assert not bench.shows("PAUSED")


async def test_the_palette_offers_the_three_choices_and_the_status_line_says_slow(console: Console) -> None:
    async with console() as bench:
        verbs = {entry.verb: entry for entry in bench.app.entries()}
        for choice in ("lan", "auto", "slow"):
            verbs[f"link {choice}"].run("")
            assert bench.app.link_choice == choice
        bench.app._measure()
        bench.app.stage.tell(None)
        assert bench.shows("link slow")


async def test_slow_lines_get_256_colours_and_keep_them_through_a_change_of_theme(console: Console) -> None:
    async with console() as bench:
        bench.app.choose_link("slow")
        assert not bench.app.inks.deep
        bench.app.action_theme()
        assert (bench.app.inks.theme, bench.app.inks.deep) == ("light", False)
        bench.app.choose_link("lan")
        assert bench.app.inks.deep


async def test_dropped_frames_lower_the_automatic_choice_and_a_calm_minute_raises_it(
    console: Console,
) -> None:
    async with console() as bench:
        bench.app.choose_link("auto")
        assert bench.app.profile is LAN
        bench.app.guard.dropped = 5
        bench.app._measure()
        assert (bench.app.profile, bench.app.profile_name) == (SLOW, "slow (auto)")
        assert bench.shows("can't keep up")
        for _ in range(CALM_S):
            bench.app._measure()
        assert bench.app.profile is LAN


def test_one_late_frame_is_no_slow_line_and_each_drop_starts_the_minute_anew() -> None:
    automatic = Automatic()
    assert not automatic.second(1)
    assert automatic.second(9)
    for _ in range(CALM_S - 1):
        assert not automatic.second(9)
    assert not automatic.second(10)
    assert automatic.profile is SLOW


def test_a_slow_line_that_nobody_watches_carries_only_the_banner() -> None:
    assert unwatched(SLOW).rate(8, 4) == unwatched(SLOW).rate(1, 4) == 0
    assert unwatched(LAN).rate(8, 4) == unwatched(LAN).rate(1, 4) == 1


@pytest.mark.parametrize("number", [16, 52, 231, 232, 244, 255])
def test_a_colour_of_the_256_is_its_own_nearest(number: int) -> None:
    assert shown(nearest(shown(number))) == shown(number)


@pytest.mark.parametrize("theme", THEMES)
def test_the_bars_of_the_book_can_be_seen_in_256_colours(theme: str) -> None:
    inks = Inks(theme, deep=False)
    grounds = {name: inks.style("text", name).bgcolor for name in ("", "bar_bid", "bar_ask")}
    assert grounds["bar_bid"] == grounds["bar_ask"] != grounds[""]
    assert all(re.fullmatch(r"color\(\d+\)", str(colour.name)) for colour in grounds.values() if colour)
