"""What every part of the console application shares: the desk, the colours, one line to say things in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual.app import App
from textual.events import Event, Key

from midas.domain.command import Answer
from midas.state.snapshot import Snapshot
from tui.desk import Desk
from tui.driver import ConsoleDriver
from tui.entry import Entry
from tui.export import write_private
from tui.keymap import Keymap
from tui.options import Options
from tui.present.levels import price_at
from tui.present.lines import Line
from tui.present.masking import masked
from tui.present.picture import Picture
from tui.present.status import Notice
from tui.screens.desk import DeskScreen, NoEffect
from tui.screens.page import Page
from tui.theme import Inks

NOTICE_SECONDS = 8.0


class Core(App[int]):
    """The base of the acts (`tui/acts`), which `tui.app.ConsoleApp` joins."""

    def __init__(self, desk: Desk, inks: Inks, actor: str, keymap: Keymap) -> None:
        super().__init__(driver_class=ConsoleDriver)
        self.console_desk = desk
        self.inks = inks
        self.actor = actor
        self.keymap = keymap
        self.stage = DeskScreen(desk, inks, keymap)
        self.exports: Path | None = None
        self._notices = 0

    @property
    def newest(self) -> Snapshot | None:
        """The engine's truth, never a frozen one."""
        return self.console_desk.newest()

    @property
    def options(self) -> Options:
        """How the person wants to see things."""
        return self.console_desk.options

    def entries(self) -> list[Entry]:
        """Commands of the palette; each act adds its own."""
        return []

    def wear(self, inks: Inks) -> None:
        """Take a theme and palette, everywhere."""
        self.inks = inks
        self.stage.dye(inks)

    def symbols(self) -> list[str]:
        """The names of the instruments, for completing a command."""
        snapshot = self.newest
        return [view.name for view in snapshot.instruments] if snapshot is not None else []

    def save(self, name: str, text: str) -> Path:
        """A file for this person alone. Raises OSError."""
        return write_private(name, text, self.exports)

    def see(self, options: Options) -> None:
        """Take other options and draw."""
        self.console_desk.options = options
        self.stage.draw_all()

    def on_no_effect(self, message: NoEffect) -> None:
        """Say why a key did nothing."""
        self.say(message.text)

    async def on_event(self, event: Event) -> None:
        """A hint stands until the next key."""
        if isinstance(event, Key) and not event.is_forwarded:
            self.stage.untell()
        await super().on_event(event)

    def answered(self, answer: Answer) -> None:
        """Show the engine's answer to a command."""
        self.say(answer.message, answer.accepted)

    def read(self, title: str, lines: Callable[[int], list[Line]]) -> None:
        """A page to read; `lines` are made for the width it has."""
        private = self.options.private
        told = (lambda width: [masked(line) for line in lines(width)]) if private else lines
        self.push_screen(Page(title, told, self.inks))

    def pointed(self, picture: Picture) -> str:
        """The price under the book's cursor while the book has the keyboard; else empty."""
        pane = self.stage.active
        return price_at(picture, pane.selected) if pane is not None and pane.id == "book" else ""

    def say(self, text: str, accepted: bool | None = None) -> None:
        """A line at the foot of the screen for a few seconds; True and False are the engine's own word.

        A hint of the console itself has neither, and goes with the next key.
        """
        self._notices += 1
        number = self._notices
        self.stage.tell(Notice(text, accepted))
        self.set_timer(NOTICE_SECONDS, lambda: self.stage.tell(None) if number == self._notices else None)
