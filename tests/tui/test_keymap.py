"""Moved keys: worn everywhere, checked, and the chord stays."""

from __future__ import annotations

import re

import pytest

from midas.errors import UsageError
from tests.fakes import snapshots
from tests.tui.conftest import Console
from tui.keymap import Keymap
from tui.keys import rows


async def test_a_moved_key_acts_and_the_old_one_does_not(console: Console) -> None:
    async with console(keys={"zoom": "Z"}) as bench:
        await bench.press("z")
        assert not bench.app.stage.zoomed
        await bench.press("Z")
        assert bench.app.stage.zoomed
        assert bench.shows("Z zoom")


async def test_a_moved_key_stands_in_footer_and_palette(console: Console) -> None:
    async with console(snapshots.halted(), keys={"resume": "ctrl+r", "symbol-next": "ctrl+t"}) as bench:
        await bench.press("escape", "z")
        assert bench.shows("^r resume  K report")
        await bench.press("colon", *"resume")
        assert any("release a halt" in row and "^r" in row for row in bench.screen())
    assert Keymap({"symbol-next": "ctrl+t"}).worn("l") == "^t"


async def test_the_number_of_no_screen_says_which_there_are(console: Console) -> None:
    async with console() as bench:
        await bench.press("2")
        assert bench.shows(
            "there is no screen 2; there are 1 Trade, 4 Orders, 5 Risk, 7 Reports, 8 Log and 9 System"
        )
    async with console(keys={"zoom": "2"}) as bench:
        await bench.press("2")
        assert bench.app.stage.zoomed
        assert not bench.shows("there is no screen 2")


@pytest.mark.parametrize(
    ("moved", "told"),
    [
        ({"halt": "f1"}, "the kill chord can't be moved"),
        ({"zom": "Z"}, "did you mean zoom?"),
        ({"zoom": "ctrl+backslash"}, "already the key of halt"),
        ({"zoom": "f12"}, "already the key of halt"),
        ({"zoom": "c"}, "already the key of cancel"),
        ({"zoom": ""}, "expected a key"),
    ],
)
def test_a_key_that_can_not_be_had_is_refused_with_the_reason(moved: dict[str, str], told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        Keymap(moved)


def test_signs_may_be_written_as_they_look() -> None:
    assert Keymap({"zoom": ";"}).textual == {"zoom": "semicolon"}


def test_every_action_has_a_name_of_its_own() -> None:
    named: dict[str, set[str]] = {}
    for row in rows():
        if row.action:
            named.setdefault(row.id, set()).add(row.keys)
    assert all(len(keys) == 1 for keys in named.values()), named
