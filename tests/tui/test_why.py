"""The page of a signal: why its size is what it is."""

from __future__ import annotations

import msgspec
import pytest

from midas.state.views.signals import SignalView, SizeStepView
from tests.fakes.snapshots import normal
from tui.present import why
from tui.present.picture import Picture

STEPS = (
    SizeStepView("share of equity", 1.0, 0.2, "its share is 20.0% of equity"),
    SizeStepView("confidence", 0.8, 0.16, "confidence 0.80"),
    SizeStepView("own trades", 1.0, 0.16, "insufficient data: 3 of 30 trades of its own"),
    SizeStepView("regime", 0.0, 0.0, "the regime allows no position"),
)


def page(width: int, **changes: object) -> str:
    snapshot = normal()
    signal: SignalView = msgspec.structs.replace(snapshot.signals[0], **changes)
    rows = why.whole(Picture(snapshot, 0, 0, True, 0), signal, False, width)
    assert all(sum(len(piece.text) for piece in row) <= width for row in rows)
    return "\n".join("".join(piece.text for piece in row) for row in rows)


@pytest.mark.parametrize("width", [76, 116, 196])
def test_each_step_of_a_size_is_a_line_with_its_factor_and_what_it_left(width: int) -> None:
    text = page(width, steps=STEPS, probability=0.6)
    assert "Why this size" in text
    assert "share of equity    x 1.00   20.0%  its share is 20.0% of equity" in text
    assert "confidence         x 0.80   16.0%  confidence 0.80" in text
    assert "regime             x 0.00    0.0%  the regime allows no position" in text
    assert "chance     .60" in text


def test_a_signal_that_was_never_sized_has_no_such_lines() -> None:
    text = page(80)
    assert "Why this size" not in text
    assert "chance " not in text
