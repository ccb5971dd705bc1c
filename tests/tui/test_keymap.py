"""Moved keys: worn everywhere, checked, and the chord stays."""

from __future__ import annotations

import re

import pytest

from midas.errors import UsageError
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
