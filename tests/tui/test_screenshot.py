"""The pictures for the documents."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.link import FakeLink
from tui.screenshot import take


def test_pictures_are_written_for_every_size(tmp_path: Path) -> None:
    paths = take(FakeLink.showing, tmp_path / "images", settle=0.3, sizes=((80, 24), (120, 40)))
    assert [path.name for path in paths] == ["trade-80x24.svg", "trade-120x40.svg"]
    for path in paths:
        assert "NORMAL" in path.read_text()
