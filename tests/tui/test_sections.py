"""The sections of screen 5: how one goes from one to the next, and that a hidden one costs nothing."""

from __future__ import annotations

import pytest

from tests.tui.conftest import Console
from tui.present.tabs import sections_line
from tui.views.risk import VIEWS
from tui.views.table import numbered, screens, sections

NAMES = [view.section for view in VIEWS]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_its_number_shows_one_section_after_the_other(console: Console, size: tuple[int, int]) -> None:
    async with console(size=size) as bench:
        await bench.press("5")
        for name, view in zip(NAMES, VIEWS, strict=True):
            assert bench.shows(f"▸{name} ")
            assert bench.focus == view.home
            assert {len(row) for row in bench.screen()} == {size[0]}
            await bench.press("5")
        assert bench.shows("▸Limits ")


async def test_brackets_go_there_and_back_and_another_screen_begins_with_the_first(console: Console) -> None:
    async with console(size=(80, 24)) as bench:
        await bench.press("5", "right_square_bracket", "right_square_bracket", "left_square_bracket")
        assert bench.shows("▸Losses ")
        await bench.press("1", "5")
        assert bench.shows("▸Limits ")
        await bench.press("left_square_bracket")
        assert bench.shows("▸Tail ")
        assert bench.shows("[ ] section")


async def test_a_section_has_a_command_of_its_name(console: Console) -> None:
    async with console(size=(80, 24)) as bench:
        await bench.press("colon", *"risk breakers", "enter")
        assert bench.focus == "breakers"


async def test_panes_of_a_hidden_section_are_not_drawn(console: Console) -> None:
    async with console(size=(80, 24)) as bench:
        await bench.press("5")
        shown = {
            name for name, pane in bench.app.stage.panes.items() if pane.size.width and pane.is_on_screen
        }
        assert "limits" in shown
        assert not shown & {"tail", "calibration", "correlation", "breakers"}
        assert set(bench.app.stage.spots()) == {"limits", "refused"}


async def test_enter_on_a_refusal_shows_what_the_strategy_saw(console: Console) -> None:
    async with console(size=(80, 24)) as bench:
        await bench.press("5", "tab", "enter")
        assert bench.shows("What became of it")
        assert bench.shows("at most 35%: 1.2% over")


def test_each_number_is_one_screen_and_its_first_section_is_what_it_shows() -> None:
    assert [view.number for view in screens()] == ["1", "4", "5", "7", "8", "9"]
    assert numbered("5") is VIEWS[0]
    assert sections(VIEWS[3]) == list(VIEWS)


@pytest.mark.parametrize("width", [80, 120])
def test_the_strip_marks_the_present_section_by_shape_too(width: int) -> None:
    line = "".join(piece.text for piece in sections_line(NAMES, "Modes", "5  [ ]", width))
    assert "▸Modes" in line
    assert line.count("▸") == 1
    assert all(name in line for name in NAMES)
    assert len(line) == width
