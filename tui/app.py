"""The console application: `run` connects, draws and leaves; the engine neither waits nor notices."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterable
from typing import ClassVar

from rich.console import RenderableType
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

from midas.domain.mode import Mode
from tui.acts.looks import Looks
from tui.acts.modes import Modes
from tui.acts.ordering import Ordering
from tui.acts.stopping import KILLS
from tui.desk import Desk
from tui.driver import HungUp
from tui.guard import FrameGuard
from tui.halter import Halter
from tui.keys import bindings
from tui.link_port import Clock, Connect, Kill
from tui.present.status import Pace
from tui.screens.desk import TICKS
from tui.theme import PALETTES, THEMES, Inks


class ConsoleApp(Modes, Ordering, Looks):
    """Keys to commands, snapshots to panes."""

    CSS_PATH = "console.tcss"
    TITLE = "midas"
    BINDINGS: ClassVar[list[BindingType]] = bindings(anywhere=True)
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self, connect: Connect, kill: Kill, clock: Clock, actor: str = "console", moving: bool = True,
        palette: str = "western",
    ) -> None:  # fmt: skip
        super().__init__(Desk(connect, clock, actor), Inks(palette=palette), actor)
        self.halter = Halter(kill, clock)
        self.guard = FrameGuard()
        self._moving = moving

    def get_default_screen(self) -> Screen[None]:
        """The one main screen."""
        return self.stage

    def on_mount(self) -> None:
        """Colours, the beat of the panes, and signals that must not end in a half-drawn terminal."""
        self.wear(self.inks)
        if self._moving:
            self.set_interval(1 / TICKS, self.beat)
            self.set_interval(1, self._measure)
        if isinstance(self._driver, LinuxDriver):
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGHUP, self._leave)
            loop.add_signal_handler(signal.SIGTERM, self._leave)
            loop.add_signal_handler(signal.SIGQUIT, self.halt_now, "SIGQUIT")

    def on_hung_up(self, _message: HungUp) -> None:
        """The terminal ended: leave; the engine trades on."""
        self._leave()

    def beat(self) -> None:
        """Eight times a second: answers, pictures, a repaint after a stall, a panel after a halt."""
        self.console_desk.settle()
        self.stage.pull(slow=not self.app_focus)
        self.watch_latch()
        if self.guard.catches_up(self._writer()):
            self.action_repaint()

    def action_palette(self) -> None:
        """All commands by name."""
        self.action_command_palette()

    def action_detach(self) -> None:
        """Leave; the engine trades on."""
        self._leave()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Only what exists."""
        for mode in Mode:
            yield SystemCommand(
                f"mode {mode.value.lower()}", "set the mode", lambda m=mode.value: self.action_mode(m)
            )
        yield SystemCommand("halt", "no new risk, now (Ctrl+\\)", lambda: self.halt_now("palette"))
        for level, text in KILLS.items():
            yield SystemCommand(f"kill {level}", text, lambda lv=level: self.ask_kill(lv))
        yield SystemCommand("resume", "release a halt, in two steps (R)", self.action_resume)
        yield SystemCommand("report", "the halt report (K)", self.action_report)
        yield SystemCommand("cancel", "cancel the chosen working order (c)", self.action_cancel)
        for palette in PALETTES:
            yield SystemCommand(
                f"palette {palette}", "colours of up and down",
                lambda p=palette: self.wear(Inks(self.inks.theme, p)),
            )  # fmt: skip
        for theme in THEMES:
            yield SystemCommand(
                f"theme {theme}", "colours of the screen",
                lambda t=theme: self.wear(Inks(t, self.inks.palette)),
            )  # fmt: skip
        yield SystemCommand("keys", "all keys (?)", self.action_help)
        yield SystemCommand("repaint", "paint the whole screen anew (Ctrl+L)", self.action_repaint)
        yield SystemCommand("detach", "leave; the engine trades on (Ctrl+Q)", self.action_detach)
        yield SystemCommand("stop", "end the engine", self.ask_stop)

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if self.is_headless or renderable is None or self.guard.admits(self._writer()):
            super()._display(screen, renderable)

    def _writer(self) -> WriterThread | None:
        return self._driver._writer_thread if isinstance(self._driver, LinuxDriver) else None

    def _measure(self) -> None:
        painted, self.guard.painted = self.guard.painted, 0
        self.stage.pace = Pace(float(painted), self.guard.dropped)

    def _leave(self) -> None:
        self.console_desk.close()
        self.exit(0)


def run(connect: Connect, kill: Kill, palette: str = "western") -> int:
    """Attach to a running engine and draw until the person leaves; returns the exit code.

    Raises NotRunning where there is no engine to attach to.
    """
    app = ConsoleApp(connect, kill, time.time_ns, _actor(), palette=palette)
    app.run(mouse=False)
    return app.return_code or 0


def _actor() -> str:
    """Who sits here: the journal keeps it with every command."""
    try:
        return f"console {os.ttyname(sys.stdin.fileno())}"
    except (OSError, ValueError):
        return "console"
