"""What lives in a home, for a console whose engine has fallen silent: read by a thread, never awaited."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from midas.cli.alive import lives
from midas.cli.exchange import RUN_FILE as EXCHANGE_FILE
from midas.cli.fate import read_fate
from midas.cli.guard_word import guard_of
from midas.cli.processes import began_by_midas
from midas.cli.running import LOCK
from midas.cli.supervision import Supervision, supervision, supervisor
from midas.domain.unreadable import UNREADABLE
from midas.errors import MidasError
from midas.runtime.whereabouts import Whereabouts
from midas.store.latch import LATCH, KillLatch
from midas.store.lock import InstanceLock
from midas.venues.sim.runfile import RunFile

LOOK_S = 0.5

Start = Callable[[list[str]], None]  # the engine with these flags; returns once it answers


class HomeWatch:
    """Looks twice a second from `begin` to `close`; what a console asks for is answered at once."""

    def __init__(self, home: Path, start: Start, now: Callable[[], int] = time.time_ns) -> None:
        self._home = home
        self._start = start
        self._now = now
        self._gone_since = 0
        self._starting = False
        self._failed = ""
        self._by_hand = False  # the exchange that was seen last
        self._found = self.seen()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="whereabouts", daemon=True)

    def begin(self) -> None:
        """Go on looking."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._ended.set()

    def look(self) -> Whereabouts:
        """What was found last."""
        return self._found

    def start(self) -> None:
        """Start the engine again as it was started before; what comes of it is seen by looking."""
        if not self._starting:
            self._starting, self._failed = True, ""
            threading.Thread(target=self._start_engine, name="start", daemon=True).start()

    def seen(self) -> Whereabouts:
        """One look."""
        engine, fate = self._engine(), read_fate(self._home)
        waiting = supervisor(self._home)
        word = waiting or supervision(self._home)
        self._gone_since = 0 if engine else self._gone_since or self._now()
        known = fate if fate is not None and not engine else None
        exchange = self._exchange()
        return Whereabouts(
            engine=engine,
            up=fate is not None and fate.pid == engine and fate.up_at > 0,
            ended_at=(known.ended_at if known and known.ended_at else self._gone_since) if not engine else 0,
            ended=(known.why if known.wanted else known.sentence) if known else "",
            wanted=known is not None and known.wanted,
            next_at=self._next_at(waiting) if waiting is not None and not engine else 0,
            gave_up=word is not None and word.gave_up and not engine,
            exchange=exchange,
            exchange_by_hand=self._by_hand,
            starting=self._starting,
            failed=self._failed,
            **self._latch(),
            **self._guard(),
        )

    def _latch(self) -> dict[str, Any]:
        """As it lies on the disk: an engine that hangs or has ended tells no picture of it."""
        found = KillLatch(self._home / LATCH).read()
        return {} if found is None else {"latched": found.level.value, "latched_by": found.by}

    def _guard(self) -> dict[str, Any]:
        found = guard_of(self._home)
        if found is None:
            return {}
        return {
            "guard": found.pid, "guard_level": found.level, "guard_patience_s": found.patience_s,
            "guard_sees": found.condition, "guard_acted_at": found.acted_at, "guard_outcome": found.outcome,
        }  # fmt: skip

    def _next_at(self, waiting: Supervision) -> int:
        """A supervisor that has begun the next start, which takes the lock a second later, is at it now."""
        return waiting.next_at or (self._now() if waiting.engine and waiting.crashes else 0)

    def _engine(self) -> int:
        lock = InstanceLock(self._home / LOCK)
        try:
            return (lock.owner() or 0) if lock.held() else 0
        except OSError:
            return 0

    def _exchange(self) -> int:
        """Its process; one that ends cleanly takes its file along."""
        try:
            found = msgspec.json.decode((self._home / EXCHANGE_FILE).read_bytes(), type=RunFile)
        except (OSError, *UNREADABLE):
            return 0
        self._by_hand = not began_by_midas(self._home, found.instance)
        return found.pid if lives(found.pid) else 0

    def _follow(self) -> None:
        while not self._ended.wait(LOOK_S):
            self._found = self.seen()

    def _start_engine(self) -> None:
        word = supervision(self._home)
        try:
            self._start(list(word.flags) if word is not None else [])
        except (MidasError, OSError) as error:  # no process can be made, say
            self._failed = str(error)
        finally:
            self._starting = False
