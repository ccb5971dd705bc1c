"""A console over a fake link and a clock that moves only when a test says so."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from midas.domain.mode import KillOutcome
from midas.domain.time import SECOND
from midas.state.snapshot import Snapshot
from tests.fakes.link import FakeLink
from tests.fakes.settled import settle_at_once, settled
from tests.fakes.snapshots import NOW, normal
from tui.app import ConsoleApp
from tui.habits import Habits
from tui.screens.halted import HaltPanel
from tui.screens.ticket import Ticket


@pytest.fixture(autouse=True, scope="session")
def _no_waiting() -> Iterator[None]:
    """Keys take no longer than what they do."""
    with pytest.MonkeyPatch.context() as patch:
        settle_at_once(patch)
        yield


class Bench:
    """The app under test with everything it talks to."""

    def __init__(self, snapshot: Snapshot | None, habits: Habits | None = None) -> None:
        self.now = NOW
        self.kills: list[str] = []  # who pulled
        self.levels: list[str] = []  # and how far
        self.outcome = KillOutcome(True, True, "latched")
        self.link = FakeLink(snapshot)
        self.app = ConsoleApp(
            lambda: self.link, self.pull, lambda: self.now, "console test", False, habits or Habits()
        )
        self.pilot: Pilot[int]

    def pull(self, level: str, by: str) -> KillOutcome:
        """The kill socket."""
        self.kills.append(by)
        self.levels.append(level)
        return self.outcome

    async def press(self, *keys: str) -> None:
        """Type keys to a console at rest and let it take a beat."""
        await settled()
        await self.pilot.press(*keys)
        await self.beat()

    async def beat(self, count: int = 8) -> None:
        """A second of beats; what draws itself by a timer of real time has drawn when this returns."""
        for _ in range(count):
            self.app.beat()
        await self.pilot.pause()
        if isinstance(self.app.screen, HaltPanel | Ticket):
            await self.pilot.pause()
            self.app.screen.follow()
            await self.pilot.pause()

    @property
    def snapshot(self) -> Snapshot:
        """What the link shows."""
        assert self.link.snapshot is not None
        return self.link.snapshot

    @property
    def focus(self) -> str:
        """The pane with the keyboard."""
        assert self.app.focused is not None
        return self.app.focused.id or ""

    def shows(self, text: str) -> bool:
        """Whether the text stands anywhere on the screen."""
        return any(text in line for line in self.screen())

    def screen(self) -> list[str]:
        """What the terminal would show, a string a row."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    def later(self, seconds: float) -> None:
        """Move the clock on."""
        self.now += int(seconds * SECOND)


Console = Callable[..., AbstractAsyncContextManager[Bench]]


@pytest.fixture
def console() -> Console:
    """`async with console(snapshot, size=(80, 24)) as bench`."""

    @asynccontextmanager
    async def running(
        snapshot: Snapshot | None = None, size: tuple[int, int] = (120, 40), empty: bool = False,
        **habits: Any,
    ) -> AsyncIterator[Bench]:  # fmt: skip
        bench = Bench(None if empty else snapshot or normal(), Habits(**habits))
        async with bench.app.run_test(size=size) as pilot:
            bench.pilot = pilot
            await bench.beat()
            yield bench

    return running
