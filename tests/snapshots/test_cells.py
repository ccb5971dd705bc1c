"""Every screen, dialogue, mode and state at three sizes, cell by cell.

After looking at what changed: `pytest tests/snapshots --snapshot-update`.
"""

from __future__ import annotations

import pytest

from tests.snapshots.cells import cells, compare
from tests.snapshots.scenes import SCENES, Scene, shown

SIZES = ((80, 24), (120, 40), (200, 60))


def _name(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


@pytest.mark.parametrize("size", SIZES, ids=_name)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
async def test_scene(request: pytest.FixtureRequest, scene: Scene, size: tuple[int, int]) -> None:
    async with shown(scene, size) as app:
        compare(f"{scene.name}-{_name(size)}", cells(app), request.config.option.update_snapshots)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
async def test_scene_without_colour(request: pytest.FixtureRequest, scene: Scene) -> None:
    async with shown(scene, (120, 40), "mono") as app:
        compare(f"{scene.name}-mono", cells(app), request.config.option.update_snapshots)
