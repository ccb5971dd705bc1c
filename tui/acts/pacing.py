"""How much the line to the terminal is given: chosen by the person, or by what the terminal keeps up with."""

from __future__ import annotations

from functools import partial

from tui.core import Core
from tui.entry import Entry
from tui.pace import CHOICES, LAN, PROFILES, Automatic, Profile, unwatched

LINKS = {
    "lan": "the book 8 times a second, all colours",
    "slow": "under 15 kB/s: the book twice a second, the rest once, 256 colours",
    "auto": "lan, and slow while the terminal can't keep up",
}


class Pacing(Core):
    """Never touches the engine, except to ask it for fewer pictures."""

    link_choice: str
    _automatic: Automatic
    _asked = 0.0

    def entries(self) -> list[Entry]:
        """The three choices."""
        return [
            *super().entries(),
            *(Entry(f"link {name}", LINKS[name], partial(self._link, name)) for name in CHOICES),
        ]

    def choose_link(self, choice: str) -> None:
        """lan, slow or auto."""
        self.begin_pacing(choice)
        self.take_profile()

    def begin_pacing(self, choice: str) -> None:
        """As `choose_link`, before there is a screen."""
        self.link_choice, self._automatic = choice, Automatic()

    @property
    def profile(self) -> Profile:
        """What holds now, whoever looks."""
        return PROFILES.get(self.link_choice, self._automatic.profile)

    @property
    def profile_name(self) -> str:
        """`slow`, `slow (auto)`."""
        return f"{self.profile.name} (auto)" if self.link_choice == "auto" else self.profile.name

    def pull(self) -> None:
        """Let the panes that are due draw; ask the engine for no more pictures than are drawn."""
        profile = self.profile if self.app_focus else unwatched(self.profile)
        if profile.hz != self._asked:
            self._asked = profile.hz
            self.console_desk.pace(profile.hz)
        self.stage.pull(profile)

    def take_profile(self) -> None:
        """The number of colours, everywhere."""
        if self.inks.deep != self.profile.deep:
            self.wear(self.inks)

    def watch_pace(self, dropped: int) -> None:
        """Once a second: whether the terminal keeps up; `dropped` frames since the start."""
        if self.link_choice == "auto" and self._automatic.second(dropped):
            slow = self.profile is not LAN
            self.say(
                "the terminal can't keep up: link slow, until a minute has been calm"
                if slow
                else "the terminal has kept up for a minute: link lan",
                not slow,
            )
            self.take_profile()

    def _link(self, choice: str, _rest: str) -> None:
        self.choose_link(choice)
        self.say(f"link {choice}: {LINKS[choice]}")
