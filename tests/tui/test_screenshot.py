"""The pictures for the documents."""

from __future__ import annotations

import time
from pathlib import Path

from tests.fakes.link import FakeLink, LivingLink
from tui.screenshot import SHOTS, Shot, take


def test_pictures_are_written_for_every_size(tmp_path: Path) -> None:
    shots = (Shot("trade", (80, 24)), Shot("trade", (120, 40)))
    paths = take(FakeLink.showing, tmp_path / "images", settle=0.3, shots=shots)
    assert [path.name for path in paths] == ["trade-80x24.svg", "trade-120x40.svg"]
    for path in paths:
        assert "NORMAL" in path.read_text()


def test_keys_are_pressed_before_a_picture_is_taken(tmp_path: Path) -> None:
    (path,) = take(FakeLink.showing, tmp_path, settle=0.3, shots=[Shot("risk", (120, 40), ("5",))])
    assert "last&#160;refused&#160;signal" in path.read_text()


def test_the_kill_panel_is_pictured_armed_and_last_since_it_halts_the_engine(tmp_path: Path) -> None:
    link = LivingLink(time.time_ns)
    (path,) = take(lambda: link, tmp_path, settle=0.6, shots=SHOTS[-1:], kill=link.pull)
    assert "armed:&#160;FLATTEN" in path.read_text()
    assert not any("ctrl+backslash" in shot.keys for shot in SHOTS[:-1])
