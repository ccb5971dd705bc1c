"""A partial frame must leave the terminal as the whole screen would."""

from __future__ import annotations

from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate
from textual.strip import Strip

from tests.tui.test_squeeze import cells
from tui.patch import Patch

STYLES = [
    None,
    Style(color="#010203"),
    Style(color="#010203", bgcolor="#040506"),
    Style(color="#090909", bold=True),
    Style(bgcolor="#040506", italic=True),
]
CONSOLE = Console(file=StringIO(), color_system="truecolor", force_terminal=True)
runs = st.lists(
    st.tuples(st.sampled_from(["a", "bcd", "  ", "│x", "中", "e中"]), st.sampled_from(STYLES)), min_size=1
)


def strip_of(parts: list[tuple[str, Style | None]]) -> Strip:
    return Strip([Segment(text, style) for text, style in parts])


def looks(strip: Strip) -> list[tuple[str, object]]:
    """Each cell with its pen, a wide character as itself and an empty cell."""
    seen: list[tuple[str, object]] = []
    for character, *pen in cells(strip.render(CONSOLE))[0]:
        seen.append((character, pen))
        if character == "中":
            seen.append(("", pen))
    return seen


@given(runs, runs, st.integers(0, 20), st.integers(1, 20))
def test_the_cells_of_a_span_and_no_others_are_written(
    left: list[tuple[str, Style | None]], right: list[tuple[str, Style | None]], start: int, size: int
) -> None:
    one, two = strip_of(left), strip_of(right)
    width = one.cell_length + two.cell_length
    start = min(start, width - 1)
    end = min(start + size, width)
    update = ChopsUpdate([{0: one, one.cell_length: two}], [(0, start, end)], [[one.cell_length, width]])
    written = Patch(update).render_segments(CONSOLE)
    seen, attributes, front, back = cells(written)
    assert (attributes, front, back) == (frozenset(), "", "")
    assert written.startswith(f"\x1b[1;{start + 1}H")
    expected = [
        pair
        for strip, base in ((one, 0), (two, one.cell_length))
        for pair in looks(strip.crop(max(0, start - base), min(max(0, end - base), strip.cell_length)))
    ]
    shown = [(character, pen) for character, *pen in seen]
    assert shown == [pair for pair in expected if pair[0]]


def test_a_colour_is_named_once_and_the_next_cell_needs_no_move() -> None:
    style = Style(color="#010203")
    update = ChopsUpdate(
        [{0: Strip([Segment("ab", style)]), 2: Strip([Segment("cd", style)])}], [(0, 1, 4)], [[2, 4]]
    )
    assert Patch(update).render_segments(CONSOLE) == "\x1b[1;2H\x1b[38;2;1;2;3mbcd\x1b[0m"
