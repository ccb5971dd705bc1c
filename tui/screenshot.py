"""Pictures of the console without a terminal: `make screenshots` calls `take` on a running engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from midas.domain.mode import KillOutcome
from tui.app import ConsoleApp
from tui.link_port import Connect

SIZES = ((80, 24), (120, 40), (200, 60))


def take(
    connect: Connect, folder: Path, settle: float = 3.0, sizes: Sequence[tuple[int, int]] = SIZES
) -> list[Path]:
    """Write `trade-120x40.svg` and its like: the screen after `settle` seconds of watching the engine."""
    folder.mkdir(parents=True, exist_ok=True)
    return [asyncio.run(_picture(connect, folder, settle, size)) for size in sizes]


async def _picture(connect: Connect, folder: Path, settle: float, size: tuple[int, int]) -> Path:
    app = ConsoleApp(connect, _never, time.time_ns, "screenshot")
    path = folder / f"trade-{size[0]}x{size[1]}.svg"
    async with app.run_test(size=size):
        await asyncio.sleep(settle)
        path.write_text(app.export_screenshot(title="midas"), encoding="utf-8")
    app.console_desk.close()
    return path


def _never(_level: str, actor: str) -> KillOutcome:
    """Nobody presses the chord in a picture."""
    raise AssertionError(f"{actor} pressed the chord in a picture")
