"""`midas supervise`: runs the engine as a child and starts it again after a crash. Nothing heavy is imported.

A crash is an end that nobody asked for. An engine that was stopped, that came to its own end, or that
refuses to start (exit code 2) is left alone; so is one that crashes again and again. The kill latch lies
on the disk: a halted engine comes back halted.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from argparse import Namespace
from collections import deque
from contextlib import suppress
from pathlib import Path

import msgspec

from midas.cli.fate import Fate, read_fate, write_fate
from midas.cli.flags import run_flags
from midas.cli.guard_keeper import GuardKeeper, guard_command
from midas.cli.guard_word import LOG as GUARD_LOG
from midas.cli.running import ENGINE_LOG, make_home
from midas.cli.running import LOCK as ENGINE_LOCK
from midas.cli.supervision import LOCK, Supervision, tell
from midas.errors import StoreError, UsageError
from midas.store.lock import InstanceLock

PAUSES_S = (1.0, 2.0, 5.0, 10.0)
CRASHES_MAX = 5
WITHIN_S = 300.0
UP_S = 120.0  # no start takes so long: it traded, even if the disk kept no word of it
DYING_S = 5.0
STOP_S = 60.0  # an engine that was asked to end and still runs then is ended by force

_HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD)
_FORWARDED = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}


class Restarts:
    """How long to wait after a crash, and when to give up."""

    def __init__(self, pauses: tuple[float, ...] = PAUSES_S) -> None:
        self._pauses = pauses
        self._crashes: deque[float] = deque()

    def after(self, now: float) -> float | None:
        """Seconds until the next start after a crash at `now`; None: it crashes too often."""
        while self._crashes and now - self._crashes[0] > WITHIN_S:
            self._crashes.popleft()
        self._crashes.append(now)
        if len(self._crashes) >= CRASHES_MAX:
            return None
        return self._pauses[min(len(self._crashes), len(self._pauses)) - 1]


class Signals:
    """Signals as numbers to wait for, so that none is lost and no handler runs in the middle of anything."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in _HEARD:
            signal.signal(number, _noted)

    def close(self) -> None:
        """Hear nothing more."""
        signal.set_wakeup_fd(-1)
        for number in _HEARD:
            signal.signal(number, signal.SIG_DFL)
        os.close(self._read)
        os.close(self._write)

    def wait(self, timeout: float | None) -> list[signal.Signals]:
        """Those that came; empty when the time is over."""
        ready, _, _ = select.select([self._read], [], [], timeout)
        return [signal.Signals(number) for number in os.read(self._read, 64)] if ready else []


class Supervisor:
    """One home's. `run` returns the exit code of the last engine."""

    def __init__(
        self, home: Path, command: list[str], flags: list[str], duration: float | None, heard: Signals,
        restarts: Restarts | None = None, guard: GuardKeeper | None = None,
    ) -> None:  # fmt: skip
        self._home = home
        self._command = [*command, *flags]
        self._end = time.monotonic() + duration if duration is not None else None
        self._heard = heard
        self._restarts = restarts or Restarts()
        self._guard = guard
        self._word = Supervision(os.getpid(), time.time_ns(), tuple(flags))
        self._stopping = False

    def run(self) -> int:
        """Until the engine ends for good, and with it its guard."""
        try:
            return self._run()
        finally:
            if self._guard is not None:
                self._guard.end()
            self._forget()

    def _forget(self) -> None:
        """Nobody starts here again for now: what the last engine left in memory, if it was killed, goes."""
        from midas.runtime.beats import forget_beats

        with suppress(OSError):
            if not InstanceLock(self._home / ENGINE_LOCK).held():
                forget_beats(self._home)

    def _run(self) -> int:
        while True:
            began = time.monotonic()
            code, fate = self._engine()
            came_up = fate.up_at or time.monotonic() - began > UP_S
            if fate.wanted or self._stopping or code == 0:
                if self._stopping and not fate.wanted:
                    self._keep(msgspec.structs.replace(fate, why="asked to end", wanted=True))
                self._tell(engine=0)
                return max(code, 0)
            if code == UsageError.exit_code or not (self._word.crashes or came_up):
                self._tell(engine=0)  # refused to start: its own sentence says why
                return code if code > 0 else 1
            pause = self._restarts.after(time.monotonic())
            self._tell(engine=0, crashes=self._word.crashes + 1, gave_up=pause is None)
            if pause is None:
                _say(f"engine {fate.pid} ended ({fate.sentence}); {CRASHES_MAX} crashes: not started again")
                return code if code > 0 else 1
            _say(f"engine {fate.pid} ended ({fate.sentence}); it starts again in {pause:g} s")
            if not self._pause(pause):
                return 0

    def _engine(self) -> tuple[int, Fate]:
        """One engine from start to end."""
        left = [] if self._end is None else ["--duration", f"{max(1.0, self._end - time.monotonic()):.3f}"]
        child = subprocess.Popen([*self._command, *left], stdin=subprocess.DEVNULL, start_new_session=True)
        self._tell(engine=child.pid, next_at=0)
        code = self._wait(child)
        fate = read_fate(self._home)
        if fate is None or fate.pid != child.pid:
            fate = Fate(child.pid, 0)
        if not fate.ended_at or fate.code != code:
            why = "" if code < 0 else fate.why or self._last_line()
            fate = msgspec.structs.replace(fate, ended_at=time.time_ns(), code=code, why=why)
            self._keep(fate)
        return code, fate

    def _keep(self, fate: Fate) -> None:
        """The word of an engine of ours; one that runs in this home without us has its own to say."""
        with suppress(OSError):
            if not InstanceLock(self._home / ENGINE_LOCK).held():
                write_fate(self._home, fate)

    def _wait(self, child: subprocess.Popen[bytes]) -> int:
        """Its exit code; signals for us go on to it."""
        deadline: float | None = None
        quit_at: float | None = None
        while child.poll() is None:
            for number in self._heard.wait(self._left(deadline)):
                if number in _FORWARDED and child.poll() is None:
                    child.send_signal(number)
                if number is signal.SIGQUIT:
                    quit_at = time.monotonic()
                if number in (signal.SIGTERM, signal.SIGINT):
                    self._stopping, deadline = True, deadline or time.monotonic() + STOP_S
            if deadline is not None and time.monotonic() >= deadline and child.poll() is None:
                _say(f"engine {child.pid} doesn't end within {STOP_S:.0f} s: it is ended by force")
                child.kill()
            if self._guard is not None and not self._stopping:
                self._guard.tend()
        if quit_at is not None and time.monotonic() - quit_at < DYING_S:
            self._halt()  # whoever died of it, or as it came, may not have latched
        return child.wait()

    def _left(self, deadline: float | None) -> float | None:
        """Until something has to be done that no signal asks for."""
        waits = [] if deadline is None else [max(0.0, deadline - time.monotonic())]
        if self._guard is not None and not self._stopping and (due := self._guard.due_s) is not None:
            waits.append(due)
        return min(waits, default=None)

    def _pause(self, seconds: float) -> bool:
        """Wait for the next start; False where a signal asks for none."""
        end = time.monotonic() + seconds
        self._tell(next_at=time.time_ns() + int(seconds * 1e9))
        while (left := end - time.monotonic()) > 0:
            came = self._heard.wait(left)
            if signal.SIGQUIT in came:
                self._halt()  # before an end that was asked for at the same moment
            if signal.SIGTERM in came or signal.SIGINT in came:
                self._tell(next_at=0)
                return False
            if signal.SIGUSR1 in came:
                break
        return True

    def _halt(self) -> None:
        """The chord while no engine runs: the next one finds the latch."""
        from midas.domain.mode import KillLevel
        from midas.store.latch import LATCH, KillLatch

        try:
            KillLatch(self._home / LATCH).trip(KillLevel.HALT, "SIGQUIT", "to the supervisor", time.time_ns())
            _say("halt latched: the next engine finds it")
        except StoreError as error:
            _say(f"a halt can't be latched: {error}")

    def _last_line(self) -> str:
        """What a Python that died printed last, where its output is our log."""
        log = self._home / ENGINE_LOG
        try:
            if not os.path.samestat(os.fstat(2), log.stat()):
                return ""
            lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        except OSError:
            return ""
        return lines[-1].removeprefix("midas: ") if lines else ""

    def _tell(self, **changed: object) -> None:
        self._word = msgspec.structs.replace(self._word, **changed)
        tell(self._home, self._word)


def supervise(args: Namespace) -> int:
    """Run the engine until it ends for good; its exit code."""
    home = _home(args)
    make_home(home)
    flags = run_flags(args) + (["--json"] if args.json else [])
    command = [sys.executable, "-m", "midas", "--no-ui"]
    heard = Signals()  # before anybody can find us and send one
    with InstanceLock(home / LOCK):
        keeper = GuardKeeper(home / GUARD_LOG, guard_command(args))
        return Supervisor(home, command, flags, args.duration, heard, guard=keeper).run()


def _home(args: Namespace) -> Path:
    """Where `midas` started us it names the home, and nothing heavy need be loaded to find it."""
    named = os.environ.get("MIDAS_HOME", "")
    if os.path.isabs(named):
        return Path(named)
    from midas.cli.options import home_from

    return home_from(args)


def _noted(number: int, frame: object) -> None:
    """The wakeup descriptor has it already."""


def _say(sentence: str) -> None:
    print(f"midas: {sentence}", file=sys.stderr, flush=True)
