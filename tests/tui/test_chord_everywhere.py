"""The chord on every screen, over everything that can be open on it, while one types into it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.fakes import snapshots
from tests.tui.conftest import Bench, Console
from tui.screens.halted import HaltPanel
from tui.views.table import VIEWS, screens

TYPED = (*"0.1f",)  # a letter of the panel among them


def command(line: str) -> tuple[str, ...]:
    """Typed into the palette."""
    return ("colon", *(("space" if sign == " " else sign) for sign in line), "enter")


OPENED: dict[str, Sequence[str]] = {
    "nothing": (),
    "help": ("question_mark",),
    "the palette": ("colon", *TYPED),
    "the mode strip": ("m",),
    "going riskier": ("f5", *TYPED),
    "a kill by name": (*command("kill flatten"), *"flat"),
    "the end of the engine": (*command("stop"), *"sto"),
    "a ticket": ("b", *TYPED),
    "an amendment": (*command("amend d018"), *TYPED),
    "a closing": command("close eth"),
    "cancelling all": ("C",),
    "an alert": ("exclamation_mark", *TYPED),
    "a filter": ("slash", *TYPED),
    "labels": ("ctrl+o",),
    "a zoomed pane": ("z",),
    "a frozen display": ("space",),
    "the tour": command("tour"),
}

ELSEWHERE = ("nothing", "the palette", "a kill by name", "a ticket")  # the first screen has them all


async def halts(bench: Bench, what: str) -> None:
    """One press, one halt, and nothing on the screen but the panel."""
    before = len(bench.levels)
    bench.later(1)
    await bench.press("ctrl+backslash")
    assert bench.levels[before:] == ["halt"], what
    assert [type(screen) for screen in bench.app.screen_stack[1:]] == [HaltPanel], what
    await bench.press("escape")
    assert len(bench.app.screen_stack) == 1, what


@pytest.mark.parametrize(
    ("number", "link"),
    [pytest.param("1", "slow", marks=pytest.mark.long), *((view.number, "lan") for view in screens())],
)  # a slow line has 256 colours
async def test_the_chord_halts_over_everything_that_can_be_open(
    console: Console, number: str, link: str
) -> None:
    async with console(snapshots.in_mode("PAUSE"), link=link) as bench:
        bench.link.reply = lambda _command: (True, "reviewed")
        for what in OPENED if number == VIEWS[0].number else ELSEWHERE:
            await bench.press(number)
            for key in OPENED[what]:
                bench.later(0.2)
                await bench.pilot.press(key)
            await bench.beat()
            await halts(bench, f"{what} on screen {number}")


async def test_the_chord_halts_while_a_resume_is_typed(console: Console) -> None:
    async with console(snapshots.halted()) as bench:
        for keys in (
            ("R",),
            ("R", *"checked"),
            ("R", *"checked", "enter"),
            ("R", *"checked", "enter", *"res"),
        ):
            await bench.press(*keys)
            await halts(bench, "".join(keys))
            bench.later(1)
            await bench.press("K")


async def test_the_chord_halts_before_the_first_picture(console: Console) -> None:
    async with console(empty=True) as bench:
        await halts(bench, "no picture yet")


async def test_emergency_halts_before_the_first_picture(console: Console) -> None:
    async with console(empty=True) as bench:
        await bench.press("m", "e")
        assert bench.levels == ["halt"]
