"""Keys that come faster than the console draws, and late answers, end nothing that they weren't meant for."""

from __future__ import annotations

import pytest
from textual import events

from tests.fakes import runs
from tests.fakes.settled import settled
from tests.fakes.snapshots import in_mode
from tests.tui.conftest import Bench, Console
from tui.screens.dialogs import Question
from tui.screens.ticket import Ticket


async def at_once(bench: Bench, *keys: str) -> None:
    """Keys that lie in the terminal together, as after a pause of the line."""
    await settled()
    for key in keys:
        bench.app.post_message(events.Key(key, key if len(key) == 1 else None))
    await bench.beat()


@pytest.mark.parametrize(
    "opened", ["b", "colon", "question_mark", "ctrl+o", "m", "exclamation_mark", "K", "f9"]
)
async def test_escape_pressed_often_closes_a_dialogue_and_not_the_console(
    console: Console, opened: str
) -> None:
    async with console() as bench:
        await bench.press(opened)
        await at_once(bench, "escape", "escape", "escape", "escape")
        assert bench.app.crash is None and bench.app.screen is bench.app.stage
        assert bench.focus == "book"


async def test_enter_pressed_twice_runs_a_line_of_the_palette_once(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"screen risk")
        await at_once(bench, "enter", "enter")
        assert bench.app.crash is None and bench.app.stage.view.number == "5"


async def test_keys_typed_ahead_of_a_screen_reach_the_pane_that_it_shows(console: Console) -> None:
    async with console() as bench:
        bench.app.console_desk.archive = runs.three()
        await at_once(bench, "7", "x", "j", "x")
        assert len(bench.app.options.marked) == 2


async def test_an_order_taken_while_a_question_lies_on_its_ticket_closes_the_ticket_alone(
    console: Console,
) -> None:
    async with console(in_mode("DEFENSIVE")) as bench:
        await bench.press("b", *"0.01", "f2")
        bench.later(5)
        bench.link.silent = True
        await bench.press("y")
        ticket = bench.app.screen
        assert isinstance(ticket, Ticket) and ticket.stage == "sending"
        await bench.press("f5")
        assert isinstance(bench.app.screen, Question)
        bench.link.speak()
        await bench.beat()
        assert isinstance(bench.app.screen, Question)
        await bench.press("escape")
        assert bench.app.screen_stack == [bench.app.stage]
