"""The sections of screen 5 at three sizes and without colour, cell by cell: one console walks through all.

After looking at what changed: `pytest tests/snapshots --snapshot-update`.
"""

from __future__ import annotations

import pytest

from tests.fakes import snapshots
from tests.snapshots.cells import cells, compare
from tests.snapshots.scenes import SIZES, Scene, named, walking
from tui.views.risk import VIEWS

CALM = Scene("risk", keys=("5",))
TROUBLED = Scene("risk-troubled", snapshots.troubled, ("5",))
CASES = [(CALM, size, "") for size in SIZES] + [(CALM, (120, 40), "mono")]
CASES += [(TROUBLED, (80, 24), ""), (TROUBLED, (120, 40), "mono")]


@pytest.mark.parametrize(("scene", "size", "palette"), CASES)
async def test_section(
    request: pytest.FixtureRequest, scene: Scene, size: tuple[int, int], palette: str
) -> None:
    async with walking(scene, size, palette or "western") as bench:
        for view in VIEWS:
            name = f"{scene.name}-{view.section.lower()}-{palette or named(size)}"
            compare(name, cells(bench.app), request.config.option.update_snapshots)
            await bench.press("5")
