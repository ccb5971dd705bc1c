"""The table of keys: one for the bindings, the page behind ? and the guide."""

from __future__ import annotations

import pytest

from tests.keys_page import BEGIN, END, GUIDE, renewed
from tests.tui.conftest import Console
from tui.keys import Row, rows
from tui.present.keys_page import markdown, page


def test_the_guide_shows_the_keys_as_they_are() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    assert guide.count(BEGIN) == guide.count(END) == 1
    assert renewed(guide) == guide, "run `make keys`"


def test_the_table_tells_every_key_with_its_name() -> None:
    table = markdown()
    for row in rows():
        if row.action and row.help:
            assert f"| {row.id} |" in table
            assert row.help in table


def _shown(row: Row) -> str:
    return row.shown


@pytest.mark.parametrize("width", [70, 96, 150])
def test_the_page_cuts_no_explanation_and_keeps_names_to_its_end(width: int) -> None:
    lines = ["".join(piece.text for piece in line) for line in page("chart", "Candles.", width, _shown)]
    assert all(len(line) <= width for line in lines)
    assert not any("…" in line for line in lines)
    heading = next(place for place, line in enumerate(lines) if "[console.keys]" in line)
    assert not any("symbol-previous" in line for line in lines[:heading])
    assert any("symbol-previous" in line for line in lines[heading:])
    told = " ".join(" ".join(lines[:heading]).split())
    assert all(row.help in told for row in rows())


def test_a_key_of_every_section_names_their_screens_and_not_two_dozen_panes() -> None:
    assert "| `[` | previous section of the screen | the sections of screens 5 and 7 | less |" in markdown()


async def test_a_page_down_shows_what_comes_next(console: Console) -> None:
    async with console(size=(80, 24)) as bench:
        await bench.press("question_mark")
        before = bench.screen()
        await bench.press("pagedown")
        after = bench.screen()
        assert before[20][2:-2] == after[2][2:-2] != before[2][2:-2]


def test_no_name_tells_the_key_instead_of_what_it_does() -> None:
    names = [row.id for row in rows() if row.action]
    assert not any("bracket" in name or name.startswith("at-") for name in names)
