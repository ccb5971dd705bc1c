"""Commands by name: found by any letters, completed, refused with a reason, repeated."""

from __future__ import annotations

import pytest
from textual.fuzzy import FuzzySearch

from midas.domain.command import Kill, Resume, SetMode, SetStrategy
from tests.fakes import snapshots
from tests.tui.conftest import Console
from tui.entry import Entry, found, offered
from tui.screens.dialogs import Typed
from tui.screens.halted import HaltPanel
from tui.screens.page import Help
from tui.screens.palette import Palette


def _nothing(_rest: str) -> None:
    return None


ENTRIES = [
    Entry("kill all", "cancel every order", _nothing),
    Entry("kill flatten", "close every position", _nothing),
    Entry("mode pause", "no new entries", _nothing),
    Entry("symbol", "the instrument of every pane", _nothing, "SYMBOL"),
]


@pytest.mark.parametrize(
    ("line", "verb", "rest"),
    [
        ("kill  all", "kill all", ""),
        ("SYMBOL eth-usdt", "symbol", "eth-usdt"),
        ("mode pause", "mode pause", ""),
    ],
)
def test_a_line_names_its_verb_whatever_its_case_and_blanks(line: str, verb: str, rest: str) -> None:
    named = found(ENTRIES, line)
    assert named is not None
    assert (named[0].verb, named[1]) == (verb, rest)


def test_half_a_verb_names_nothing_but_offers_what_fits() -> None:
    assert found(ENTRIES, "kil") is None
    assert [e.verb for e in offered(ENTRIES, "kfl", FuzzySearch())] == ["kill flatten"]
    assert offered(ENTRIES, "position", FuzzySearch())[0].verb == "kill flatten"


async def test_a_command_by_its_letters(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"mo pa", "enter")
        assert bench.link.commands == [SetMode("PAUSE")]
        assert not isinstance(bench.app.screen, Palette)


async def test_arguments_are_completed_and_a_wrong_one_comes_back_with_the_reason(console: Console) -> None:
    async with console() as bench:
        await bench.press("ctrl+p", *"symbol", "space", *"e", "tab", "enter")
        assert bench.shows("book ETH-USDT")
        await bench.press("colon", *"symbol xyz", "enter")
        assert isinstance(bench.app.screen, Palette)
        assert bench.shows("no instrument is called xyz; there are BTC-USDT, ETH-USDT")


async def test_a_verb_without_its_argument_waits_for_it(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"symbol", "enter")
        assert isinstance(bench.app.screen, Palette)
        assert bench.shows("symbol ETH-USDT")


async def test_nothing_irreversible_happens_on_enter(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"kill flatten", "enter")
        assert isinstance(bench.app.screen, Typed)
        assert bench.link.commands == []
        await bench.press("escape")
        assert bench.link.commands == []


async def test_a_strategy_is_paused_by_name_with_a_reason(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"strategy", "space", *"trend", "tab", *"too", "space", *"wild", "enter")
        assert bench.link.commands == [SetStrategy("trend-following", False, "too wild")]


async def test_a_strategy_goes_on_only_after_y(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"strategy trend-following resume looked at it", "enter")
        review = SetStrategy("trend-following", True, "looked at it")
        assert bench.link.commands == [review], "what was killed goes on in two steps"
        bench.later(1.0)
        await bench.press("y")
        assert bench.link.commands[1:] == [
            SetStrategy("trend-following", True, "looked at it", confirmed=True)
        ]


async def test_an_unknown_strategy_comes_back_with_those_there_are(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"strategy nobody pause", "enter")
        assert bench.shows("no strategy is called nobody; there are trend-following, book-imbalance")
        assert bench.link.commands == []


async def test_a_typed_reason_to_resume_brings_the_review_at_once(console: Console) -> None:
    async with console(snapshots.halted()) as bench:
        await bench.press("escape", "colon", *"resume feed is back", "enter")
        assert bench.link.commands == [Resume("feed is back")]
        assert bench.shows("type resume, then Enter")


async def test_halt_by_name_needs_no_confirmation(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"halt", "enter")
        assert bench.kills == ["console test, palette"]
        assert isinstance(bench.app.screen, HaltPanel)


async def test_what_is_only_like_a_command_is_completed_and_not_run(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"mopa", "enter")
        assert bench.link.commands == []
        assert bench.shows("this comes near it: Enter runs it")
        await bench.press("enter")
        assert bench.link.commands == [SetMode("PAUSE")]


async def test_a_beginning_of_several_commands_offers_them(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"mode", "enter")
        assert bench.shows("which one? ↑↓ choose: mode normal, mode defensive")
        assert bench.link.commands == []
        await bench.press("down", "down", "enter")
        assert bench.link.commands == [SetMode("DEFENSIVE")]


async def test_enter_on_an_empty_line_runs_nothing(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", "enter")
        assert isinstance(bench.app.screen, Palette)


@pytest.mark.parametrize("word", ["help", "keys"])
async def test_a_command_has_the_names_that_people_try(console: Console, word: str) -> None:
    async with console() as bench:
        await bench.press("colon", *word, "enter")
        assert isinstance(bench.app.screen, Help)
        names = {name for entry in bench.app.entries() for name in entry.names}
        assert {"quit", "exit", "privacy", "jump", "order buy"} <= names


async def test_what_could_not_be_run_is_not_offered_again(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"symbol xyz", "enter", "escape", "colon")
        assert not bench.shows("↑ again")


async def test_nonsense_is_told_once(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"qqqxxx", "enter")
        assert sum("nothing is called that" in row for row in bench.screen()) == 1


async def test_the_whole_text_of_a_grave_command_is_shown(console: Console) -> None:
    async with console(size=(80, 24)) as bench:
        await bench.press("colon", *"kill all")
        assert bench.shows("stay, unprotected.")


async def test_the_last_lines_are_offered_again(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"keys", "enter")
        assert isinstance(bench.app.screen, Help)
        await bench.press("escape", "colon")
        assert bench.shows("↑ again: keys")
        await bench.press("up")
        assert bench.shows("▶ keys")
        await bench.press("enter")
        assert isinstance(bench.app.screen, Help)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_every_command_has_words_and_fits(console: Console, size: tuple[int, int]) -> None:
    async with console(size=size) as bench:
        entries = bench.app.entries()
        assert len({e.verb for e in entries}) == len(entries)
        assert all(e.help for e in entries)
        await bench.press("colon")
        assert {len(row) for row in bench.screen()} == {size[0]}


async def test_a_strategy_is_halted_by_name_at_once(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"kill strategy trend-following", "enter")
        assert bench.link.commands == [Kill("halt", "palette", "strategy", "trend-following")]


async def test_a_kill_by_name_that_takes_more_shows_its_preview_and_asks_y(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"kill instrument BTC-USDT flatten", "enter")
        assert bench.link.commands == [Kill("flatten", "palette", "instrument", "BTC-USDT", preview=True)]
        bench.later(1.0)
        await bench.press("y")
        assert bench.link.commands[1:] == [Kill("flatten", "palette", "instrument", "BTC-USDT")]


async def test_what_was_killed_by_name_goes_on_only_after_y(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"reopen venue binance checked it", "enter")
        assert bench.link.commands == [Resume("checked it", False, "venue", "binance")]
        bench.later(1.0)
        await bench.press("y")
        assert bench.link.commands[1:] == [Resume("checked it", True, "venue", "binance")]


async def test_a_kill_by_name_with_an_unknown_level_stops_nothing(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"kill venue binance softly", "enter")
        assert bench.shows("there is no level softly; there are halt, all, flatten")
        assert bench.link.commands == []
