"""Stopping and going on again: the chord, the panel, kill levels, resume, the end of the engine."""

from __future__ import annotations

from functools import partial

from textual.events import Event, Key

from midas.domain.command import Kill as KillCommand
from midas.domain.command import Resume, Stop
from midas.domain.mode import KillLevel
from tui.core import Core
from tui.desk import OnAnswer
from tui.driver import ConsoleDriver
from tui.entry import Entry
from tui.halter import Halter
from tui.link_port import Clock
from tui.screens.dialogs import ResumeDialog, Typed
from tui.screens.halted import HaltPanel

KILLS = {
    "all": "HALT and cancel every order of ours, stops and exits included. Positions stay, unprotected.",
    "flatten": "HALT, cancel, and close every position at market.",
    "disconnect": "HALT, cancel, close every position at market, and leave the venue.",
}


class Stopping(Core):
    """Needs `halter` and `clock`, which the application makes."""

    halter: Halter
    clock: Clock
    _level_seen = ""

    def entries(self) -> list[Entry]:
        """Stopping and going on."""
        return [
            Entry("halt", "no new risk, now; exits and stops stay", self._halt_typed, key="^\\"),
            *(
                Entry(f"kill {level}", text, partial(self._kill_typed, level))
                for level, text in KILLS.items()
            ),
            Entry("report", "the halt report", lambda _: self.action_report(), key="K"),
            Entry("resume", "release a halt, in two steps", self._resume_typed, "[REASON]", "R"),
            *super().entries(),
            Entry("stop", "end the engine", lambda _: self.ask_stop()),
        ]

    def _halt_typed(self, _rest: str) -> None:
        self.halt_now("palette")

    def _kill_typed(self, level: str, _rest: str) -> None:
        self.ask_kill(level)

    def _resume_typed(self, reason: str) -> None:
        self.action_resume(reason)

    def key_from_input(self, key: str, alone: bool) -> None:
        """On the driver's input thread: the kill switch hears a key before the event loop does."""
        self.halter.key(key, alone)

    async def on_event(self, event: Event) -> None:
        """A driver without an input thread of ours (tests) has its keys heard here."""
        if isinstance(event, Key) and not event.is_forwarded and not isinstance(self._driver, ConsoleDriver):
            self.key_from_input(event.key, alone=True)
        await super().on_event(event)

    def action_halt(self) -> None:
        """The chord's second half: the kill switch has heard it already."""
        self.show_panel()

    def halt_now(self, how: str) -> None:
        """HALT by something else than the chord; then the panel."""
        self.halter.pull(KillLevel.HALT, how)
        self.show_panel()

    def action_emergency(self) -> None:
        """F9: halt at once, and the panel with flatten chosen; the chord fires it."""
        self.halt_now("EMERGENCY")
        self.halter.choose(KillLevel.FLATTEN)

    def action_report(self) -> None:
        """The panel, whether or not anything is halted."""
        self.show_panel()

    def show_panel(self) -> None:
        """The panel on top of the main screen; a halt leaves no other dialogue open."""
        panel = next((s for s in self.screen_stack if isinstance(s, HaltPanel)), None)
        while len(self.screen_stack) > 1 and self.screen is not panel:
            self.pop_screen()
        if panel is None:
            desk = self.console_desk
            panel = HaltPanel(self.inks, desk.truth, lambda: desk.where, self.halter, self.clock, self.save)
            self.push_screen(panel, self._panel_closed)
        else:
            panel.follow()

    def action_resume(self, reason: str = "") -> None:
        """Release a halt, in two steps; with a reason the review comes at once."""
        snapshot = self.newest
        if snapshot is None or not snapshot.kill.latched:
            self.say("nothing is halted")
        elif not isinstance(self.screen, ResumeDialog):
            self.push_screen(
                ResumeDialog(self._ask_resume, reason),
                lambda message: self.say(message, True) if message else None,
            )

    def watch_latch(self) -> None:
        """A halt by any door opens the panel, as does attaching to a halted desk; a higher level again."""
        for pull in self.halter.unanswered():
            command = KillCommand(pull.level.value, f"{pull.how} on the console")
            self.console_desk.send(command, self.answered)
        if self.halter.pulled():  # by SIGQUIT, say, of which the loop hears nothing else
            self.show_panel()
        snapshot = self.newest
        if snapshot is None:
            return
        kill = snapshot.kill
        self.halter.settle(kill)
        level = kill.level if kill.latched else ""
        if level and level != self._level_seen:
            self.show_panel()
        self._level_seen = level

    def ask_kill(self, level: str) -> None:
        """A kill level by name, after its word was typed."""

        def fire(word: str | None) -> None:
            if word:
                self.halter.pull(KillLevel(level), "palette")
                self.show_panel()

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
