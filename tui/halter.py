"""The kill switch of the console: the first chord halts at once, a second one fires what was armed.

Every pull has a thread and a connection of its own, so that neither the reading of keys nor the drawing
waits for an engine that doesn't answer.
"""

from __future__ import annotations

from threading import Lock, Thread

from midas.domain.mode import KillLevel, KillOutcome
from midas.domain.time import MILLISECOND
from midas.errors import MidasError
from midas.state.views.mode import KillView
from tui.arming import Arming
from tui.chord import CHORD_KEYS, CHORD_NAMES
from tui.link_port import Clock, Kill

REPEAT = 300 * MILLISECOND  # chords closer together are one that is held
HEAD_START_S = 0.03  # for a pull before whoever asked for it goes on: drawing the panel would only delay it
_ORDER = list(KillLevel)


class Pull:
    """One pull at the switch and what has come of it."""

    def __init__(self, level: KillLevel, how: str, at: int, since: int) -> None:
        self.level = level
        self.how = how
        self.at = at  # wall ns
        self.since = since  # steady ns
        self.outcome: KillOutcome | None = None  # None while it is under way


class Halter:
    """Takes keys from the input thread, and pulls from anywhere."""

    def __init__(self, kill: Kill, clock: Clock, steady: Clock, actor: str) -> None:
        self._kill = kill
        self._clock = clock
        self._steady = steady
        self._actor = actor
        self._lock = Lock()
        self._chord_at = -REPEAT
        self._unanswered: list[Pull] = []
        self._pulled = False
        self.arming = Arming()
        self.pending: Pull | None = None  # the newest pull, until the engine itself confirms it

    def key(self, key: str, alone: bool) -> None:
        """A key was read; `alone`: nothing else came with it. On the thread that reads the terminal."""
        now = self._steady()
        if key not in CHORD_KEYS:
            self.arming.heard(key, alone, now)
            return
        level = self.arming.take(alone, now)
        held, self._chord_at = now - self._chord_at < REPEAT, now
        if level is not None:
            self.pull(level, CHORD_NAMES.get(key, key))
        elif not held:
            self.pull(KillLevel.HALT, CHORD_NAMES.get(key, key))

    def pull(self, level: KillLevel, how: str) -> None:
        """Begin a pull; returns after 30 ms at the latest, whatever the engine does."""
        pull = Pull(level, how, self._clock(), self._steady())
        with self._lock:
            standing = self.pending
            self._pulled = True
            if standing is None or _ORDER.index(level) >= _ORDER.index(standing.level):
                self.pending = pull
        # Not a daemon: a console that is left right after the chord still finishes it.
        thread = Thread(target=self._send, args=(pull,), name="pull")
        thread.start()
        thread.join(HEAD_START_S)

    def now(self) -> int:
        """The steady clock by which keys are timed."""
        return self._steady()

    def arm(self, level: KillLevel, key: str, shown: int) -> bool:
        """The letter of the panel that is on the screen since `shown`."""
        return self.arming.arm(level, key, shown, self._steady())

    def choose(self, level: KillLevel) -> None:
        """EMERGENCY chooses without a letter."""
        self.arming.choose(level, self._steady())

    def armed(self) -> tuple[KillLevel | None, int, float]:
        """What the next chord fires, for how many ns more, and which share of its time that is."""
        return self.arming.left(self._steady())

    def waited(self, pull: Pull) -> int:
        """How long ago it began, in ns."""
        return self._steady() - pull.since

    def settle(self, kill: KillView) -> None:
        """The engine's own word: a pull that it has latched is no longer pending."""
        with self._lock:
            pull = self.pending
            if pull is None:
                return
            # Latched and released again between two pictures is confirmed, too.
            if kill.tripped_at >= pull.at if not kill.latched else _reaches(kill.level, pull.level):
                self.pending = None

    def pulled(self) -> bool:
        """Whether anything was pulled since the last question: then the panel belongs on the screen."""
        with self._lock:
            pulled, self._pulled = self._pulled, False
        return pulled

    def unanswered(self) -> list[Pull]:
        """Pulls that the kill socket did not answer, each once: they go over the link too."""
        with self._lock:
            pulls, self._unanswered = self._unanswered, []
        return pulls

    def _send(self, pull: Pull) -> None:
        try:
            outcome = self._kill(pull.level.value, f"{self._actor}, {pull.how}")
        except (MidasError, OSError) as error:
            outcome = KillOutcome(False, False, str(error) or type(error).__name__)
        with self._lock:
            pull.outcome = outcome
            if not outcome.answered:
                self._unanswered.append(pull)


def _reaches(level: str, wanted: KillLevel) -> bool:
    words = [known.value for known in _ORDER]
    return level in words and words.index(level) >= words.index(wanted.value)
