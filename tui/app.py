"""The console application: `run` connects, draws and leaves; the engine neither waits nor notices."""

from __future__ import annotations

import asyncio
import gc
import getpass
import logging
import os
import signal
import sys
import time
from functools import partial
from typing import Any, ClassVar

from rich.console import RenderableType
from textual._compositor import ChopsUpdate
from textual.binding import BindingType
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

from midas.domain.mode import KillLevel
from midas.errors import ConsoleFailed
from midas.runtime.bell import rings
from tui.acts.alerting import Alerting
from tui.acts.commanding import Commanding
from tui.acts.looks import Looks
from tui.acts.modes import Modes
from tui.acts.ordering import Ordering
from tui.acts.reading import Reading
from tui.acts.reconciling import Reconciling
from tui.acts.reports import Reports
from tui.acts.scopes import Scopes
from tui.acts.starting import Starting
from tui.acts.strategies import Strategies
from tui.acts.taking import Taking
from tui.acts.touring import Touring
from tui.acts.viewing import Viewing
from tui.desk import Desk
from tui.driver import ConsoleDriver, HungUp
from tui.entry import Entry
from tui.guard import FrameGuard
from tui.habits import Habits
from tui.halter import Halter
from tui.keymap import Keymap
from tui.keys import bindings
from tui.link_port import Archive, Clock, Connect, Kill, Watchdog
from tui.patch import Patch
from tui.present.status import Pace
from tui.screens.desk import TICKS
from tui.theme import Inks

SWITCH_INTERVAL_S = 0.0005

log = logging.getLogger("midas.console")
HABITS = Habits()
GC_THRESHOLDS = (20_000, 20, 20)  # pictures come and go eight times a second, and none holds a cycle


class ConsoleApp(
    Scopes, Modes, Ordering, Strategies, Alerting, Reconciling, Reading, Reports, Taking, Looks, Commanding,
    Touring, Starting, Viewing,
):  # fmt: skip
    """Keys to commands, snapshots to panes."""

    CSS_PATH = "console.tcss"
    TITLE = "midas"
    BINDINGS: ClassVar[list[BindingType]] = bindings(anywhere=True)
    ENABLE_COMMAND_PALETTE = False  # tui.screens.palette is ours

    def __init__(
        self, connect: Connect, kill: Kill, clock: Clock, actor: str = "console", moving: bool = True,
        habits: Habits = HABITS, steady: Clock | None = None,
    ) -> None:  # fmt: skip
        inks, self.habits = Inks(habits.theme, habits.palette), habits
        super().__init__(Desk(connect, clock, actor), inks, actor, Keymap(habits.keys))
        self.exports = habits.exports
        self.clock = clock
        self.halter = Halter(kill, clock, steady or clock, actor)
        self.guard = FrameGuard()
        self._moving = moving
        self._written = 0
        self.begin_pacing(habits.link)
        self.crash: Exception | None = None

    def get_default_screen(self) -> Screen[None]:
        """The one main screen."""
        return self.stage

    def on_mount(self) -> None:
        """Colours, the beat of the panes, and signals that must not end in a half-drawn terminal."""
        self.wear(self.inks)
        self.set_keymap(self.keymap.textual)
        if self.habits.newcomer:
            self.offer_tour()
        if self._moving:
            self.set_interval(1 / TICKS, self.beat)
            self.set_interval(1, self._measure)
        if isinstance(self._driver, LinuxDriver):
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGHUP, self._leave)
            loop.add_signal_handler(signal.SIGTERM, self._leave)

    def on_hung_up(self, _message: HungUp) -> None:
        """The terminal ended: leave; the engine trades on."""
        self._leave()

    def beat(self) -> None:
        """Eight times a second: answers, pictures, a repaint after a stall, a panel after a halt."""
        self.console_desk.settle()
        self.pull()
        self.watch_latch()
        self.watch_tour()
        if self.guard.catches_up(self._writer()):
            self.action_repaint()

    def entries(self) -> list[Entry]:
        """All commands, leaving last."""
        detach = Entry(
            "detach", "leave; the engine trades on", lambda _: self.action_detach(), key="^Q",
            also=("quit", "exit"),
        )  # fmt: skip
        return [*super().entries(), detach]

    def action_detach(self) -> None:
        """Leave; the engine trades on."""
        self._leave()

    def _handle_exception(self, error: Exception) -> None:
        """Textual's own seam: whatever it is goes to the log, and the console ends."""
        self.crash = self.crash or error
        log.error("the console failed", exc_info=error)
        super()._handle_exception(error)

    def _print_error_renderables(self) -> None:
        self._exit_renderables.clear()  # a person is told one sentence, by whoever runs us

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if isinstance(renderable, ChopsUpdate):
            renderable = Patch(renderable)  # type: ignore[assignment]  # like each CompositorUpdate
        if renderable is None or self.guard.admits(self._writer()):
            super()._display(screen, renderable)

    def _writer(self) -> WriterThread | None:
        return self._driver._writer_thread if isinstance(self._driver, LinuxDriver) else None

    def _measure(self) -> None:
        painted, self.guard.painted = self.guard.painted, 0
        written = self._driver.written if isinstance(self._driver, ConsoleDriver) else 0
        spent, self._written = written - self._written, written
        self.stage.pace = Pace(float(painted), self.guard.dropped, float(spent), self.profile_name)
        self.watch_pace(self.guard.dropped)

    def _leave(self) -> None:
        self.console_desk.close()
        self.exit(0)


def run(
    connect: Connect,
    kill: Kill,
    watchdog: Watchdog | None = None,
    archive: Archive | None = None,
    **habits: Any,
) -> int:
    """Attach to a running engine and draw until the person leaves; returns the exit code.

    `habits` are those of `Habits`, by name.

    Raises NotRunning where there is no engine to attach to, UsageError for keys that can't be had,
    and ConsoleFailed for a bug of ours.
    """
    app = ConsoleApp(connect, kill, time.time_ns, _actor(), True, Habits(**habits), time.monotonic_ns)
    app.console_desk.watchdog, app.console_desk.archive = watchdog, archive
    gc.freeze()  # what lives as long as we do isn't looked through again and again
    gc.set_threshold(*GC_THRESHOLDS)
    # A pull makes a dozen calls that give the interpreter away; each may wait so long to get it back.
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with rings(signal.SIGQUIT, partial(app.halter.pull, KillLevel.HALT, "SIGQUIT")):
        app.run(mouse=False)
    if app.crash is not None:
        raise ConsoleFailed(f"{type(app.crash).__name__}: {app.crash}")
    return app.return_code or 0


def _actor() -> str:
    """Who sits here, and where: the journal keeps it with every command."""
    try:
        terminal = f" {os.ttyname(sys.stdin.fileno()).removeprefix('/dev/')}"
    except (OSError, ValueError):
        terminal = ""
    return f"{getpass.getuser()}, console{terminal}"
