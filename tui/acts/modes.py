"""Changing the mode: safer at once, riskier with a reason and y."""

from __future__ import annotations

from functools import partial

from midas.domain.command import SetMode
from midas.domain.mode import Mode
from tui.acts.stopping import Stopping
from tui.entry import Entry
from tui.screens.dialogs import ModeStrip, Riskier

TOLD = {
    Mode.NORMAL: "trade (riskier: asks for a reason)",
    Mode.DEFENSIVE: "half exposure, only confident signals",
    Mode.OBSERVATION: "no new entries, signals recorded",
    Mode.PAUSE: "no new entries, exits are managed",
    Mode.EMERGENCY: "HALT at once, FLATTEN chosen: ^\\ fires it within 5 s",
}


class Modes(Stopping):
    """EMERGENCY is a way of stopping, so this stands on it."""

    def entries(self) -> list[Entry]:
        """One for each mode."""
        return [
            *(
                Entry(f"mode {m.value.lower()}", TOLD[m], partial(self._typed, m), key=f"F{5 + m.safety}")
                for m in Mode
            ),
            *super().entries(),
        ]

    def _typed(self, mode: Mode, _rest: str) -> None:
        self.action_mode(mode.value)

    def action_mode(self, mode: str) -> None:
        """Safer at once; riskier asks for a reason and y."""
        if mode == Mode.EMERGENCY.value:  # whatever is known of the engine
            self.action_emergency()
            return
        snapshot = self.newest
        if snapshot is None or snapshot.mode.mode not in Mode.__members__:
            self.say("the engine has not told its mode yet")
            return
        before, after = Mode(snapshot.mode.mode), Mode(mode)
        if after is before:
            self.say(f"the mode is {mode} already")
        elif after.safety > before.safety:
            self.console_desk.send(SetMode(mode), self.answered)
        elif snapshot.kill.latched:
            self.say("a halt holds: R releases it, and a riskier mode comes after that")
        elif not isinstance(self.screen, Riskier):
            ask = Riskier(before.value, mode, self.console_desk.now)
            self.push_screen(ask, lambda reason: self._riskier(mode, reason))

    def action_mode_strip(self) -> None:
        """`m`: the modes by letter."""
        self.push_screen(ModeStrip(), lambda mode: self.action_mode(mode) if mode else None)

    def _riskier(self, mode: str, reason: str | None) -> None:
        if reason:
            self.console_desk.send(SetMode(mode, reason, confirmed=True), self.answered)
