"""The scenes that the snapshots keep: what the engine says, and what the person did."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple

from midas.domain.mode import Mode
from midas.state.snapshot import Snapshot
from tests.fakes import snapshots
from tests.fakes.link import FakeLink
from tests.tui.conftest import Bench
from tui.app import ConsoleApp
from tui.habits import Habits


class Scene(NamedTuple):
    """One situation."""

    name: str
    snapshot: Callable[[], Snapshot | None]
    keys: tuple[str, ...] = ()
    prepare: Callable[[FakeLink], None] = lambda link: None


SCENES: tuple[Scene, ...] = (
    *(Scene(f"mode-{mode.value.lower()}", partial(snapshots.in_mode, mode.value)) for mode in Mode),
)


@asynccontextmanager
async def shown(scene: Scene, size: tuple[int, int], palette: str = "western") -> AsyncIterator[ConsoleApp]:
    """The console in that situation, standing still."""
    bench = Bench(scene.snapshot(), Habits(palette=palette))
    scene.prepare(bench.link)
    async with bench.app.run_test(size=size) as pilot:
        bench.pilot = pilot
        await bench.beat()
        for key in scene.keys:
            await bench.press(key)
        await bench.beat()
        yield bench.app
