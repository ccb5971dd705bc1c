"""The tape without a terminal: direction, large prints, our own, and how fast it runs."""

from __future__ import annotations

import msgspec

from midas.domain.time import SECOND
from midas.state.views.market import MarkView, TradeView
from tests.fakes.snapshots import normal
from tui.present.picture import Picture, Spot
from tui.present.scale import PowerScale
from tui.present.tape import prints


def drawn(tape: tuple[TradeView, ...], marks: tuple[MarkView, ...] = (), width: int = 34) -> list[str]:
    view = msgspec.structs.replace(normal().instruments[0], tape=tape, marks=marks)
    snapshot = msgspec.structs.replace(normal(), instruments=(view,))
    sheet = prints(Picture(snapshot, 0, 0, True, 0), Spot(width, 20, PowerScale()))
    return ["".join(p.text for p in row) for row in (sheet.title, *sheet.rows)]


def tape(*sizes: float, apart: int = SECOND) -> tuple[TradeView, ...]:
    return tuple(
        TradeView((1_000 - n) * apart, 100.0, size, "SELL" if n % 2 else "BUY")
        for n, size in enumerate(sizes)
    )


def test_direction_is_a_shape() -> None:
    rows = drawn(tape(1.0, 1.0))
    assert "▲100.0" in rows[1]
    assert "▼100.0" in rows[2]


def test_a_large_print_is_marked_and_an_ordinary_one_is_not() -> None:
    rows = drawn(tape(*[1.0] * 12, 9.0))
    assert "■9.0" in rows[13]
    assert not any("■" in row for row in rows[:13])


def test_a_tape_of_very_unequal_prints_marks_only_its_largest_tenth() -> None:
    rows = drawn(tape(*[0.001] * 12, *[float(n) for n in range(1, 9)]))
    assert sum("■" in row for row in rows) == 2


def test_our_own_print_is_marked() -> None:
    ours = MarkView(1_000 * SECOND, 100.0, 1.0, "BUY", "ENTRY", "trend-following")
    rows = drawn(tape(1.0, 1.0), (ours,))
    assert "●1.0" in rows[1]
    assert "●" not in rows[2]


def test_the_rate_is_told_in_round_steps() -> None:
    assert "≥1/s" in drawn(tape(*[1.0] * 10))[0]
    assert "≥20/s" in drawn(tape(*[1.0] * 10, apart=SECOND // 30))[0]
    assert "under 1/s" in drawn(tape(*[1.0] * 3, apart=5 * SECOND))[0]


def test_every_row_fits_its_pane() -> None:
    for width in (26, 34, 78):
        assert {len(row) for row in drawn(tape(1.0, 123_456.0), width=width)[1:]} <= set(range(width + 1))
