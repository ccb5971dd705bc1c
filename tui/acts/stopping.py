"""Stopping and going on again: the chord, the panel, kill levels, resume, the end of the engine."""

from __future__ import annotations

from functools import partial

from midas.domain.command import Kill as KillCommand
from midas.domain.command import Resume, Stop
from tui.core import Core
from tui.desk import OnAnswer
from tui.driver import ConsoleDriver
from tui.entry import Entry
from tui.halter import Halter
from tui.screens.dialogs import ResumeDialog, Typed
from tui.screens.halted import HaltPanel

KILLS = {
    "all": "HALT and cancel every order of ours, stops and exits included. Positions stay, unprotected.",
    "flatten": "HALT, cancel, and close every position at market.",
    "disconnect": "HALT, cancel, close every position at market, and leave the venue.",
}


class Stopping(Core):
    """Needs `halter`, which the application makes."""

    halter: Halter
    _was_latched = False

    def entries(self) -> list[Entry]:
        """Stopping and going on."""
        return [
            Entry("halt", "no new risk, now; exits and stops stay", self._halt_typed, key="^\\"),
            *(
                Entry(f"kill {level}", text, partial(self._kill_typed, level))
                for level, text in KILLS.items()
            ),
            Entry("report", "the halt report", lambda _: self.action_report(), key="K"),
            Entry("resume", "release a halt, in two steps", lambda _: self.action_resume(), key="R"),
            *super().entries(),
            Entry("stop", "end the engine", lambda _: self.ask_stop()),
        ]

    def _halt_typed(self, _rest: str) -> None:
        self.halt_now("palette")

    def _kill_typed(self, level: str, _rest: str) -> None:
        self.ask_kill(level)

    def halt_from_input(self, key: str) -> None:
        """On the driver's input thread: HALT leaves before the event loop hears of it."""
        self.halter.press(f"{self.actor} chord {key}")

    def action_halt(self) -> None:
        """The chord's second half: our driver has sent HALT from the input thread already."""
        if isinstance(self._driver, ConsoleDriver) and not self.halter.failure:
            self.action_report()
        else:
            self.halt_now("chord")

    def halt_now(self, how: str) -> None:
        """HALT by the kill socket, or by the link where that fails; then the panel."""
        if not self.halter.press(f"{self.actor} {how}"):
            self.console_desk.send(KillCommand("halt", f"{how} on the console"), self.answered)
        self.action_report()

    def action_emergency(self) -> None:
        """F9: halt at once; flattening is chosen in a second, confirmed step."""
        self.halt_now("F9")

    def action_report(self) -> None:
        """Open the halt panel, once."""
        if not any(isinstance(screen, HaltPanel) for screen in self.screen_stack):
            self.push_screen(HaltPanel(self.inks, self.console_desk.truth, self.halter), self._panel_closed)

    def action_resume(self) -> None:
        """Release a halt, in two steps."""
        snapshot = self.newest
        if snapshot is None or not snapshot.kill.latched:
            self.say("nothing is halted")
        elif not isinstance(self.screen, ResumeDialog):
            self.push_screen(
                ResumeDialog(self._ask_resume), lambda message: self.say(message) if message else None
            )

    def watch_latch(self) -> None:
        """A halt by any door opens the panel; so does attaching to a halted engine."""
        snapshot = self.newest
        latched = snapshot is not None and snapshot.kill.latched
        if latched and not self._was_latched:
            self.action_report()
        self._was_latched = latched

    def ask_kill(self, level: str) -> None:
        """A kill level by name, after its word was typed."""

        def fire(word: str | None) -> None:
            if word:
                self.console_desk.send(KillCommand(level, "from the console"), self.answered)
                self.action_report()

        self.push_screen(Typed(f"kill {level}", KILLS[level], level), fire)

    def ask_stop(self) -> None:
        """The end of the engine, after its word was typed."""

        def stop(word: str | None) -> None:
            if word:
                self.console_desk.send(Stop("from the console"), self.answered)

        text = "The engine ends: no new risk, working orders are withdrawn, the account is reconciled."
        self.push_screen(Typed("Stop the engine", text, "stop"), stop)

    def _panel_closed(self, choice: str | None) -> None:
        if choice == "resume":
            self.action_resume()

    def _ask_resume(self, reason: str, confirmed: bool, then: OnAnswer) -> None:
        self.console_desk.send(Resume(reason, confirmed), then)
