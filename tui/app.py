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
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

from midas.domain.command import Answer, CancelOrder, Resume, SetMode, Stop
from midas.domain.command import Kill as KillCommand
from midas.domain.mode import Mode
from tui.desk import Desk, OnAnswer
from tui.driver import ConsoleDriver, HungUp
from tui.guard import FrameGuard
from tui.halter import Halter
from tui.keys import bindings
from tui.link_port import Clock, Connect, Kill
from tui.present import desk as present_desk
from tui.present.status import Notice, Pace
from tui.screens.dialogs import Confirm, Help, ModeStrip, ResumeDialog, Riskier, Typed
from tui.screens.halted import HaltPanel
from tui.screens.trade import TICKS, TradeScreen
from tui.theme import PALETTES, THEMES, Inks

NOTICE_SECONDS = 8.0
KILLS = {
    "all": "HALT and cancel every order of ours, stops and exits included. Positions stay, unprotected.",
    "flatten": "HALT, cancel, and close every position at market.",
    "disconnect": "HALT, cancel, close every position at market, and leave the venue.",
}


class ConsoleApp(App[int]):
    """Keys to commands, snapshots to panes."""

    CSS_PATH = "console.tcss"
    TITLE = "midas"
    BINDINGS: ClassVar[list[BindingType]] = bindings(anywhere=True)
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self, connect: Connect, kill: Kill, clock: Clock, actor: str = "console", moving: bool = True,
        palette: str = "western",
    ) -> None:  # fmt: skip
        super().__init__(driver_class=ConsoleDriver)
        self.console_desk = Desk(connect, clock, actor)
        self.halter = Halter(kill, clock)
        self.guard = FrameGuard()
        self.inks = Inks(palette=palette)
        self._actor = actor
        self._moving = moving
        self._was_latched = False
        self._trade = TradeScreen(self.console_desk, self.inks)
        self._notices = 0

    def get_default_screen(self) -> Screen[None]:
        """Screen 1."""
        return self._trade

    def on_mount(self) -> None:
        """Colours, the beat of the panes, and signals that must not end in a half-drawn terminal."""
        self._wear(self.inks)
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
        self._trade.pull(slow=not self.app_focus)
        self._watch_latch()
        if self.guard.catches_up(self._writer()):
            self.action_repaint()

    def halt_from_input(self, key: str) -> None:
        """On the driver's input thread: HALT leaves before the event loop hears of it."""
        self.halter.press(f"{self._actor} chord {key}")

    def action_halt(self) -> None:
        """The chord's second half: our driver has sent HALT from the input thread already."""
        if isinstance(self._driver, ConsoleDriver) and not self.halter.failure:
            self.action_report()
        else:
            self.halt_now("chord")

    def halt_now(self, how: str) -> None:
        """HALT by the kill socket, or by the link where that fails; then the panel."""
        if not self.halter.press(f"{self._actor} {how}"):
            self.console_desk.send(KillCommand("halt", f"{how} on the console"), self._answered)
        self.action_report()

    def action_emergency(self) -> None:
        """F9: halt at once; flattening is chosen in a second, confirmed step."""
        self.halt_now("F9")

    def action_report(self) -> None:
        """Open the halt panel, once."""
        if not any(isinstance(screen, HaltPanel) for screen in self.screen_stack):
            self.push_screen(HaltPanel(self.inks, self.console_desk.truth, self.halter), self._panel_closed)

    def action_mode(self, mode: str) -> None:
        """Safer at once; riskier asks for a reason and y."""
        snapshot = self.console_desk.newest()
        if snapshot is None or snapshot.mode.mode not in Mode.__members__:
            self._say("the engine has not told its mode yet", False)
            return
        before, after = Mode(snapshot.mode.mode), Mode(mode)
        if after is Mode.EMERGENCY:
            self.action_emergency()
        elif after is before:
            self._say(f"the mode is {mode} already", True)
        elif after.safety > before.safety:
            self.console_desk.send(SetMode(mode), self._answered)
        elif not isinstance(self.screen, Riskier):
            self.push_screen(Riskier(before.value, mode), lambda reason: self._riskier(mode, reason))

    def action_mode_strip(self) -> None:
        """`m`: the modes by letter."""
        self.push_screen(ModeStrip(), lambda mode: self.action_mode(mode) if mode else None)

    def action_resume(self) -> None:
        """Release a halt, in two steps."""
        snapshot = self.console_desk.newest()
        if snapshot is None or not snapshot.kill.latched:
            self._say("nothing is halted", True)
        elif not isinstance(self.screen, ResumeDialog):
            self.push_screen(
                ResumeDialog(self._ask_resume), lambda message: self._say(message, True) if message else None
            )

    def action_cancel(self) -> None:
        """Cancel the chosen working order, after y."""
        client_id = self._trade.chosen_order
        snapshot = self.console_desk.newest()
        order = next((o for o in snapshot.orders if o.client_id == client_id), None) if snapshot else None
        if order is None:
            self._say("no working order is chosen: Tab to the orders, then j or k", True)
            return
        text = present_desk.described(order)
        self.push_screen(
            Confirm(f"Cancel {order.short_id}?", text),
            lambda yes: self.console_desk.send(CancelOrder(order.client_id), self._answered) if yes else None,
        )

    def action_help(self) -> None:
        """All keys."""
        self.push_screen(Help())

    def action_palette(self) -> None:
        """All commands by name."""
        self.action_command_palette()

    def action_theme(self) -> None:
        """Dark or light."""
        self._wear(Inks(THEMES[(THEMES.index(self.inks.theme) + 1) % len(THEMES)], self.inks.palette))

    def action_sides(self) -> None:
        """The next palette of up and down."""
        self._wear(Inks(self.inks.theme, PALETTES[(PALETTES.index(self.inks.palette) + 1) % len(PALETTES)]))
        self._say(f"up and down: {self.inks.palette}", True)

    def action_repaint(self) -> None:
        """Send the whole screen again."""
        self.refresh()

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
            yield SystemCommand(f"kill {level}", text, lambda lv=level: self._ask_kill(lv))
        yield SystemCommand("resume", "release a halt, in two steps (R)", self.action_resume)
        yield SystemCommand("report", "the halt report (K)", self.action_report)
        yield SystemCommand("cancel", "cancel the chosen working order (c)", self.action_cancel)
        for palette in PALETTES:
            yield SystemCommand(
                f"palette {palette}",
                "colours of up and down",
                lambda p=palette: self._wear(Inks(self.inks.theme, p)),
            )
        for theme in THEMES:
            yield SystemCommand(
                f"theme {theme}",
                "colours of the screen",
                lambda t=theme: self._wear(Inks(t, self.inks.palette)),
            )
        yield SystemCommand("keys", "all keys (?)", self.action_help)
        yield SystemCommand("repaint", "paint the whole screen anew (Ctrl+L)", self.action_repaint)
        yield SystemCommand("detach", "leave; the engine trades on (Ctrl+Q)", self.action_detach)
        yield SystemCommand("stop", "end the engine", self._ask_stop)

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if self.is_headless or renderable is None or self.guard.admits(self._writer()):
            super()._display(screen, renderable)

    def _writer(self) -> WriterThread | None:
        return self._driver._writer_thread if isinstance(self._driver, LinuxDriver) else None

    def action_help_quit(self) -> None:
        """Ctrl+C copies or does nothing; it never ends anything."""
        self._say("Ctrl+Q leaves the console (the engine trades on); Ctrl+\\ halts", True)

    def _watch_latch(self) -> None:
        """A halt by any door opens the panel; so does attaching to a halted engine."""
        snapshot = self.console_desk.newest()
        latched = snapshot is not None and snapshot.kill.latched
        if latched and not self._was_latched:
            self.action_report()
        self._was_latched = latched

    def _panel_closed(self, choice: str | None) -> None:
        if choice == "resume":
            self.action_resume()

    def _riskier(self, mode: str, reason: str | None) -> None:
        if reason:
            self.console_desk.send(SetMode(mode, reason, confirmed=True), self._answered)

    def _ask_resume(self, reason: str, confirmed: bool, then: OnAnswer) -> None:
        self.console_desk.send(Resume(reason, confirmed), then)

    def _ask_kill(self, level: str) -> None:
        def fire(word: str | None) -> None:
            if word:
                self.console_desk.send(KillCommand(level, "from the console"), self._answered)
                self.action_report()

        self.push_screen(Typed(f"kill {level}", KILLS[level], level), fire)

    def _ask_stop(self) -> None:
        def stop(word: str | None) -> None:
            if word:
                self.console_desk.send(Stop("from the console"), self._answered)

        text = "The engine ends: no new risk, working orders are withdrawn, the account is reconciled."
        self.push_screen(Typed("Stop the engine", text, "stop"), stop)

    def _answered(self, answer: Answer) -> None:
        self._say(answer.message, answer.accepted)

    def _say(self, text: str, accepted: bool) -> None:
        """A line at the foot of the screen for a few seconds."""
        self._notices += 1
        number = self._notices
        self._trade.tell(Notice(text, accepted))
        self.set_timer(NOTICE_SECONDS, lambda: self._trade.tell(None) if number == self._notices else None)

    def _wear(self, inks: Inks) -> None:
        """Take a theme and palette, in our panes and in Textual's own widgets."""
        self.inks = inks
        theme = inks.textual()
        self.register_theme(theme)
        self.theme = theme.name
        self._trade.dye(inks)

    def _measure(self) -> None:
        painted, self.guard.painted = self.guard.painted, 0
        self._trade.pace = Pace(float(painted), self.guard.dropped)

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
