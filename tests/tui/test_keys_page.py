"""The table of keys: one for the bindings, the page behind ? and the guide."""

from __future__ import annotations

from tests.keys_page import BEGIN, END, GUIDE, renewed
from tui.keys import rows
from tui.present.keys_page import markdown


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
