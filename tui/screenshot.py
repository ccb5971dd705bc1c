"""Pictures of the console without a terminal: `make screenshots` calls `take` on a running engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from midas.domain.mode import KillOutcome
from tui.app import ConsoleApp
from tui.link_port import Archive, Connect, Kill

WIDE = (120, 40)
ACTOR = "operator, console"


class Shot(NamedTuple):
    """One picture: its name, the size of the terminal, and what is pressed before it is taken."""

    name: str
    size: tuple[int, int]
    keys: tuple[str, ...] = ()  # Textual's names

    @property
    def file(self) -> str:
        """`trade-120x40.svg`."""
        return f"{self.name}-{self.size[0]}x{self.size[1]}.svg"


SHOTS = (
    *(Shot("trade", size) for size in ((80, 24), WIDE, (200, 60))),
    Shot("orders", WIDE, ("4", "j")),
    Shot("risk", WIDE, ("5",)),
    Shot("reports", WIDE, ("7",)),
    Shot("log", WIDE, ("8",)),
    Shot("system", WIDE, ("9",)),
    Shot("ticket", WIDE, ("b", "0", ".", "0", "1", "f2")),
    Shot("kill", WIDE, ("ctrl+backslash", "f")),  # halts the engine: stays the last one
)


def take(
    connect: Connect,
    folder: Path,
    settle: float = 3.0,
    shots: Sequence[Shot] = SHOTS,
    kill: Kill | None = None,
    archive: Archive | None = None,
) -> list[Path]:
    """Write each shot after `settle` seconds of watching the engine, and a third of that after each key."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for shot in shots:
        app = ConsoleApp(connect, kill or _never, time.time_ns, ACTOR, steady=time.monotonic_ns)
        made.append(asyncio.run(_picture(app, archive, folder, settle, shot)))
    return made


async def _picture(app: ConsoleApp, archive: Archive | None, folder: Path, settle: float, shot: Shot) -> Path:
    app.console_desk.archive = archive
    path = folder / shot.file
    async with app.run_test(size=shot.size) as pilot:
        await asyncio.sleep(settle)
        for key in shot.keys:
            await pilot.press(key)
            await asyncio.sleep(settle / 3)
        path.write_text(app.export_screenshot(title="midas"), encoding="utf-8")
    app.console_desk.close()
    return path


def _never(_level: str, actor: str) -> KillOutcome:
    """Nobody presses the chord in a picture."""
    raise AssertionError(f"{actor} pressed the chord in a picture")
