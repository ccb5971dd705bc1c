"""The console's side of the link: pictures in, commands out, answers matched. It never waits."""

from __future__ import annotations

from collections.abc import Callable

from midas.domain.command import Answer, Command
from midas.errors import MidasError
from midas.reports.shelf import Shelf
from midas.runtime.whereabouts import Whereabouts
from midas.state.snapshot import Snapshot
from tui.link_port import Archive, Clock, Connect, LinkClient, Watchdog
from tui.options import Options
from tui.present.picture import Picture

OnAnswer = Callable[[Answer], None]
LOST = "the engine left the line before it answered: look whether it was done"


class Desk:
    """Holds the link, the chosen instrument and the frozen display."""

    def __init__(self, connect: Connect, clock: Clock, actor: str) -> None:
        self._clock = clock
        self._actor = actor
        self._link: LinkClient = connect()
        self._started = clock()
        self._waiting: dict[str, OnAnswer] = {}
        self._frozen: Snapshot | None = None
        self._frozen_at = 0
        self.chosen = 0
        self.watchdog: Watchdog | None = None
        self.archive: Archive | None = None
        self._shelf: Shelf | None = None
        self.options = Options()

    @property
    def waited(self) -> int:
        """How long the console has run, in ns."""
        return self._clock() - self._started

    def now(self) -> int:
        """Wall time in ns, by the clock that was handed in."""
        return self._clock()

    def newest(self) -> Snapshot | None:
        """The engine's truth, never a frozen one."""
        return self._link.latest()

    def picture(self) -> Picture | None:
        """What the panes draw now; None before the first snapshot."""
        snapshot = self._frozen or self._link.latest()
        if snapshot is None:
            return None
        return self._around(snapshot)

    def truth(self) -> Picture | None:
        """As `picture`, but never frozen: for the banner and the halt panel."""
        snapshot = self._link.latest()
        if snapshot is None:
            return None
        return self._around(snapshot)

    @property
    def where(self) -> Whereabouts | None:
        """Which processes live; None where nobody looks."""
        return self.watchdog.look() if self.watchdog is not None else None

    def _around(self, snapshot: Snapshot) -> Picture:
        link, now = self._link, self._clock()
        frozen = now - self._frozen_at if self._frozen else 0
        return Picture(
            snapshot, self.chosen, link.age_ns(), link.connected, frozen, options=self.options,
            where=self.where, now=now, apart=link.apart, shelf=self._look(),
        )  # fmt: skip

    def pointed(self, pane: str, key: object) -> bool:
        """The cursor of a pane moved; True where other panes show something else now."""
        if pane != "runs" or not isinstance(key, str):
            return False
        self.options = self.options._replace(run=key.partition(":")[2])
        return True

    def _look(self) -> Shelf | None:
        """The kept runs with the sheets of the chosen and the marked ones."""
        if self.archive is None:
            return None
        known = [head.id for head in self._shelf.heads] if self._shelf is not None else []
        run = self.options.run if self.options.run in known else known[0] if known else ""
        self._shelf = self.archive.look([*([run] if run else []), *self.options.marked])
        return self._shelf

    def freeze(self) -> bool:
        """Hold or release the display; True while it is held."""
        self._frozen = None if self._frozen else self._link.latest()
        self._frozen_at = self._clock()
        return self._frozen is not None

    def shift(self, steps: int) -> None:
        """Show the next or previous instrument."""
        snapshot = self._link.latest()
        if snapshot is not None and snapshot.instruments:
            self.chosen = (self.chosen + steps) % len(snapshot.instruments)

    def send(self, command: Command, then: OnAnswer) -> None:
        """Submit a command; `then` gets its answer when it comes."""
        try:
            self._waiting[self._link.submit(command, self._actor)] = then
        except (MidasError, OSError) as error:
            then(Answer("", False, f"not sent: {error}", 0))

    def settle(self) -> None:
        """Hand out the answers that came; what a lost line owes is answered here."""
        for answer in self._link.answers():
            then = self._waiting.pop(answer.id, None)
            if then is not None:
                then(answer)
        if self._waiting and not self._link.connected:
            owed, self._waiting = self._waiting, {}
            for command_id, then in owed.items():
                then(Answer(command_id, False, LOST, 0))

    def pace(self, hz: float) -> None:
        """Ask the engine for at most so many pictures a second."""
        self._link.pace(hz)

    def close(self) -> None:
        """Leave the engine alone."""
        self._link.close()
