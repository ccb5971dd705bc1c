"""The sections of screen 7 at three sizes and without colour, with runs and without any.

After looking at what changed: `pytest tests/snapshots --snapshot-update`.
"""

from __future__ import annotations

import pytest

from tests.fakes import runs
from tests.snapshots.cells import cells, compare
from tests.snapshots.scenes import SIZES, Scene, named, walking
from tests.tui.conftest import Bench
from tui.views.reports import VIEWS


def _three(bench: Bench) -> None:
    archive = runs.three()
    archive.board = runs.board()
    bench.app.console_desk.archive = archive


def _none(bench: Bench) -> None:
    bench.app.console_desk.archive = runs.Archive()


MARKED = Scene("reports", keys=("7", "j", "x", "j", "x"), prepare=_three)
EMPTY = Scene("reports-empty", keys=("7",), prepare=_none)
CASES = [(MARKED, size, "") for size in SIZES] + [(MARKED, (120, 40), "mono"), (EMPTY, (80, 24), "")]


@pytest.mark.parametrize(("scene", "size", "palette"), CASES)
async def test_section(
    request: pytest.FixtureRequest, scene: Scene, size: tuple[int, int], palette: str
) -> None:
    async with walking(scene, size, palette or "western") as bench:
        for view in VIEWS:
            name = f"{scene.name}-{view.section.lower()}-{palette or named(size)}"
            compare(name, cells(bench.app), request.config.option.update_snapshots)
            await bench.press("7")
