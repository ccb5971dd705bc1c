"""Every mode and every state of the engine, the market and the line at three sizes, cell by cell.

After looking at what changed: `pytest tests/snapshots --snapshot-update`.
"""

from __future__ import annotations

import pytest

from tests.snapshots.cells import compare
from tests.snapshots.scenes import MODES, SIZES, STATES, Scene, looked_at, named

SCENES = (*MODES, *STATES)


@pytest.mark.parametrize("size", SIZES, ids=named)
@pytest.mark.parametrize("scene", SCENES, ids=named)
async def test_state(request: pytest.FixtureRequest, scene: Scene, size: tuple[int, int]) -> None:
    seen = await looked_at(scene, size)
    compare(f"{scene.name}-{named(size)}", seen, request.config.option.update_snapshots)


@pytest.mark.parametrize("scene", SCENES, ids=named)
async def test_state_without_colour(request: pytest.FixtureRequest, scene: Scene) -> None:
    seen = await looked_at(scene, (120, 40), "mono")
    compare(f"{scene.name}-mono", seen, request.config.option.update_snapshots)
