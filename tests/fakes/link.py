"""An engine behind a link that answers like the real one, in memory."""

from __future__ import annotations

from collections.abc import Callable

from midas.domain.command import (
    AmendOrder,
    Answer,
    ClosePosition,
    Command,
    Kill,
    PlaceOrder,
    Resume,
    Review,
    SetMode,
    Stop,
)
from midas.domain.mode import KillLevel, KillOutcome, Mode
from midas.state.snapshot import Snapshot
from midas.state.views.mode import KillView, ModeChangeView, ModeView
from tests.fakes.hand import reviewed
from tests.fakes.snapshots import Desk, halt_view, normal
from tests.fakes.standing import alarms

LEVELS = [level.value for level in KillLevel]


class FakeLink:
    """Serves a fixed snapshot, keeps every command, and answers what a test tells it to."""

    def __init__(self, snapshot: Snapshot | None = None, age: int = 0) -> None:
        self.snapshot = snapshot
        self.age = age
        self.connected = True
        self.apart = False
        self.closed = False
        self.sent: list[tuple[Command, str]] = []
        self.reply: Callable[[Command], tuple[bool, str]] = lambda command: (
            True,
            f"done: {type(command).__name__}",
        )
        self.review: Callable[[Command], Review | None] = self._review
        self.silent = False  # commands are taken and not answered
        self.hz = 0.0  # pictures a second, as last asked for
        self._answers: list[Answer] = []
        self._owed: list[Answer] = []

    @classmethod
    def showing(cls, snapshot: Snapshot | None = None) -> FakeLink:
        """A link that shows the ordinary picture, or the given one."""
        return cls(snapshot if snapshot is not None else normal())

    @property
    def commands(self) -> list[Command]:
        """What was sent, in order."""
        return [command for command, _ in self.sent]

    def latest(self) -> Snapshot | None:
        """The picture."""
        return self.snapshot

    def age_ns(self) -> int:
        """As old as the test says."""
        return self.age

    def pace(self, hz: float) -> None:
        """Keep what was asked for."""
        self.hz = hz

    def submit(self, command: Command, actor: str) -> str:
        """Keep it and answer at the next beat."""
        self.sent.append((command, actor))
        key = f"c{len(self.sent)}"
        accepted, message, review = self.answer_to(command)
        (self._owed if self.silent else self._answers).append(Answer(key, accepted, message, 1, review))
        return key

    def speak(self) -> None:
        """Answer after all."""
        self._answers, self._owed, self.silent = [*self._answers, *self._owed], [], False

    def answer_to(self, command: Command) -> tuple[bool, str, Review | None]:
        """What the engine says."""
        return (*self.reply(command), self.review(command))

    def _review(self, command: Command) -> Review | None:
        """The first call of what is reviewed; the sample's own figures for an order."""
        if not isinstance(command, PlaceOrder | AmendOrder | ClosePosition) or command.confirmed:
            return None
        if isinstance(command, PlaceOrder) and self.snapshot is not None:
            return reviewed(command, self.snapshot)
        return Review("SELL", 0.0412, 61_772.0, 2_545.0, 2.55, 0.2, 0.0412, 0.0, 0.0)

    def answers(self) -> list[Answer]:
        """What was answered since."""
        answers, self._answers = self._answers, []
        return answers

    def close(self) -> None:
        """The console left."""
        self.closed = True


class LivingLink(FakeLink):
    """A small engine: the market moves with the clock and commands have their effect."""

    def __init__(self, clock: Callable[[], int]) -> None:
        super().__init__()
        self._clock = clock
        self.desk = Desk()
        self.desk.watch.alarms = alarms(self.desk.now)
        self.desk.books.alive = True
        self.reply = self._obey
        self._stepped = 0
        self._begun = clock()

    def latest(self) -> Snapshot:
        """Ten pictures a second, each an eighth of a second on."""
        due = (self._clock() - self._begun) // 100_000_000
        if due > self._stepped or self.snapshot is None:
            self._stepped = due
            self.desk.step()
            self.snapshot = self.desk.build()
        return self.snapshot

    def age_ns(self) -> int:
        """Never more than a tenth of a second."""
        return (self._clock() - self._begun) % 100_000_000

    def pull(self, level: str, actor: str) -> KillOutcome:
        """The kill socket."""
        standing = self.desk.kill.level if self.desk.kill.latched else ""
        if not standing or LEVELS.index(level) > LEVELS.index(standing):
            self.desk.kill = halt_view(self.desk.now, actor, level)
            self._mode("PAUSE" if level in ("halt", "all") else "EMERGENCY", actor, f"kill {level}")
        return KillOutcome(True, True, f"{level} latched")

    def answer_to(self, command: Command) -> tuple[bool, str, Review | None]:
        """A person's orders have their effect too."""
        if self.desk.kill.latched and isinstance(command, PlaceOrder) and command.side == "BUY":
            return False, "halted: no new risk can be opened", None
        return self.desk.hand.obey(command, self.latest()) or (*self._obey(command), None)

    def _obey(self, command: Command) -> tuple[bool, str]:
        if isinstance(command, SetMode):
            return self._set_mode(command)
        if isinstance(command, Kill):
            self.pull(command.level, "console")
            return True, "halted: no new risk can be opened"
        if isinstance(command, Resume):
            return self._resume(command)
        if isinstance(command, Stop):
            return True, "the engine stops"
        watched = self.desk.watch.obey(command, self.desk.now, self.desk.prices)
        return (
            watched
            or self.desk.books.obey(command, self.desk.now)
            or (True, f"done: {type(command).__name__}")
        )

    def _set_mode(self, command: SetMode) -> tuple[bool, str]:
        if self.desk.kill.latched and Mode(command.mode).safety < Mode.PAUSE.safety:
            return False, "halted: resume first (midas resume, or R here)"
        before = self.desk.mode.mode
        self._mode(command.mode, "operator console", command.reason or "by hand")
        return True, f"mode {before} -> {command.mode}"

    def _resume(self, command: Resume) -> tuple[bool, str]:
        if not command.confirmed:
            return (
                True,
                "Halted by the kill chord 12 s ago.\n"
                "Open: LONG 0.04120 BTC, LONG 0.6210 ETH; 2 exit orders.\n"
                "Reconciled: yes. Mode after: PAUSE.",
            )
        self.desk.kill = KillView(False)
        return True, "resumed: the latch is released, the mode stays PAUSE"

    def _mode(self, mode: str, by: str, cause: str) -> None:
        desk = self.desk
        change = ModeChangeView(desk.now, desk.mode.mode, mode, by, cause)
        desk.modes = (change, *desk.modes)
        desk.mode = ModeView(mode, by, cause, desk.now, "")
