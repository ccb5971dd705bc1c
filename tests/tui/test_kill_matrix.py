"""A part of the kill matrix on every run; the whole of it is `python -m tests.e2e.kill_matrix`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from tests.e2e.kill_lane import Lane, a_lane
from tests.e2e.kill_matrix import MODALS, Cell, once, unread
from tests.e2e.kill_never import drill

pytestmark = pytest.mark.long

NAMED = {modal.name: modal for modal in MODALS}
STALL_S = 3.0


@pytest.fixture(scope="module")
def lane() -> Iterator[Lane]:
    """One desk and one console for all of them."""
    with a_lane() as lane:
        yield lane


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("none", "free"),
        ("palette, typing", "free"),
        ("riskier, typing", "free"),
        ("ticket to sell, typing", "free"),
        ("kill by name, typing", "blocked"),
        ("kill panel, armed", "blocked"),
        ("none", "command"),
        ("palette, typing", "killed"),
    ],
)
def test_the_halt_is_latched(lane: Lane, name: str, condition: str) -> None:
    result = once(lane, Cell("1", NAMED[name], condition))
    assert not result.trouble


def test_the_halt_is_latched_while_the_terminal_is_unread(lane: Lane) -> None:
    result = once(lane, Cell("1", NAMED["none"], "unread"), partial(unread, seconds=STALL_S))
    assert not result.trouble


@pytest.mark.parametrize(
    "name",
    [
        "a chord held from 0.1 s after the letter on",
        "letter and chord in one read",
        "a bracketed paste with letter and chord",
        "a raw paste with letter and chord",
        "the letter, Esc and the chord in one read",
        "f, then the chord",
    ],
)
def test_what_fires_and_what_must_not(lane: Lane, name: str) -> None:
    assert drill(lane, name) == ""
