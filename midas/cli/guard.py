"""`midas guard`: a process of its own that acts where the engine hangs, by its own session with the venue.

It holds what it needs before it is needed: the keys of a configuration that may be broken later. What
reads a journal is loaded only when something has to be closed.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from midas.cli.guard_word import LOG, GuardWord, guard_of, tell
from midas.cli.log_file import LogFile
from midas.cli.options import settings_from
from midas.cli.running import LOCK as ENGINE_LOCK
from midas.cli.running import make_home
from midas.domain.mode import Environment, KillLevel
from midas.domain.time import SECOND
from midas.errors import AlreadyRunning, NotRunning, StoreError, VenueError
from midas.runtime.beats import beat_files, read_beat
from midas.runtime.guarding import Condition, Guarding, Look, Verdict
from midas.runtime.takeover import REPORT, Report, Takeover, sales
from midas.store.durable import write_durably
from midas.store.latch import LATCH, KillLatch
from midas.store.lock import GUARD_LOCK, InstanceLock

if TYPE_CHECKING:
    from midas.assembly.access import Access
    from midas.runtime.takeover import Holding
    from midas.settings import Settings
    from midas.venues.binance.emergency_session import EmergencySession

    Reached = tuple[EmergencySession, str]  # a session, and the account that it is of

BY = "midas guard"
AGAIN_S = 10.0  # before another try where an act could not be verified
FRESH = 2  # beats: the first one may have been written long before anybody looked
SURE = (Condition.WELL, Condition.NONE)  # `--once` needs to see no more

log = logging.getLogger("midas.guard")


def guard(args: Namespace) -> int:
    """Watch until asked to end; 1 where an act could not be verified, or a single look saw no step."""
    settings = settings_from(args)
    if args.supervised and not settings.guard.enabled:
        return 0
    make_home(settings.home)
    _log_to(settings.home / LOG, aloud=not args.supervised)
    patience = args.patience or settings.guard.patience_seconds
    level = KillLevel(args.level or settings.guard.level)
    watching = guard_of(settings.home) if args.once else None
    if watching is not None:
        return _told_by(watching, args.json)
    reach = _reach(settings)
    parent = os.getppid() if args.supervised else 0
    with _alone(settings.home, parent):
        watch = Guard(settings.home, patience, level, reach, parent)
        return watch.once(args.json) if args.once else watch.run()


class Guard:
    """One home's."""

    def __init__(
        self, home: Path, patience_s: float, level: KillLevel, reach: Callable[[], Reached],
        parent: int = 0,
    ) -> None:  # fmt: skip
        """`parent`: the supervisor that started it; 0: a person did."""
        self._home = home
        self._level = level
        self._reach = reach
        self._parent = parent
        self._guarding = Guarding(int(patience_s * SECOND))
        self._latch = KillLatch(home / LATCH)
        self._engine = InstanceLock(home / ENGINE_LOCK)
        self._beats = beat_files(home)
        self._word = GuardWord(os.getpid(), time.time_ns(), patience_s, level.value)
        self._ending = threading.Event()
        self._settled: tuple[object, ...] = ()  # what was acted on and verified
        self._tried: tuple[tuple[object, ...], float] = ((), 0.0)  # what was not, and when
        self._verified = True
        self._sold: dict[str, Decimal] = {}  # since the journal of that session knows nothing of it
        self._sold_until = 0  # beats heard then: an engine that was released after it has booked all that
        self._sales = sales(home)  # of a guard before us, too: the engine has still to look them up
        self._session = ""
        self._newest = Look(0, 0)

    def run(self) -> int:
        """Until SIGTERM or SIGINT, or where its supervisor has gone until nothing is left to guard."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._ending.set())
        while not self._ending.is_set():
            verdict = self._look()
            if verdict.acts and verdict.key != self._settled:
                self._act(verdict)
            if self._left_alone(verdict):
                break
            self._ending.wait(self._guarding.pause_s)
        return 0 if self._verified else 1

    def once(self, as_json: bool) -> int:
        """Until the engine's condition is known for sure, and acted on where it has to be."""
        while True:
            verdict = self._look()
            if verdict.acts:
                report = self._act(verdict)
                _print(as_json, verdict, report)
                return 0 if report.verified else 1
            if verdict.condition in SURE and (
                verdict.condition is Condition.NONE or self._guarding.beats >= FRESH
            ):
                _print(as_json, verdict, None)
                return 0
            if verdict.condition is Condition.STARTING and verdict.since_s >= self._word.patience_s:
                _print(as_json, verdict, None)
                return 1  # it may come, or hang: nobody can say that it is well
            self._ending.wait(self._guarding.pause_s)

    def _look(self) -> Verdict:
        self._newest = seen = self._seen()
        verdict = self._guarding.look(seen)
        if seen.latch is None and self._guarding.beats > self._sold_until:
            self._sold = {}  # a person released it: what it holds now, it holds since
        old = verdict.condition is Condition.WELL and self._guarding.beats < FRESH
        if verdict.condition.value != self._word.condition and not old:
            log.info("engine: %s", verdict.condition.value)
            self._tell(condition=verdict.condition.value)
        return verdict

    def _seen(self) -> Look:
        return Look(
            time.monotonic_ns(), self._holder(), read_beat(*self._beats),
            self._latch.read() if self._latch.is_set else None,
        )  # fmt: skip

    def _holder(self) -> int:
        try:
            return (self._engine.owner() or 0) if self._engine.held() else 0
        except OSError:
            return 0

    def _stepping(self) -> int:
        beat = read_beat(*self._beats)
        return 0 if beat is None or beat.ended else beat.pid

    def _left_alone(self, verdict: Verdict) -> bool:
        """Its supervisor was killed, and so has the engine ended; what stands latched is seen to first."""
        orphan = self._parent and os.getppid() != self._parent
        done = verdict.condition is Condition.NONE or verdict.key == self._settled != ()
        return bool(orphan and done and not self._holder())

    # acting

    def _act(self, verdict: Verdict) -> Report:
        """Latch first; then the venue. Nothing of ours is raised: the guard goes on watching."""
        level = self._level_of(verdict)
        report = Report(time.time_ns(), level.value, verdict.cause)
        key, tried_at = self._tried
        if key == verdict.key and time.monotonic() - tried_at < AGAIN_S:
            return report
        log.error("ACTING at level %s: %s", level.value, verdict.cause)
        seen = self._newest  # what the verdict is about: an engine that has come since has its account back
        report.latched = self._take_over(level, verdict, seen, report.at)
        named = seen.beat.session if seen.beat is not None else self._session
        if named != self._session:
            self._sales = self._sales if not self._session else []
            self._session, self._sold = named, {}
        self._sold_until = self._guarding.beats
        report.sales = self._sales  # an engine that wakes later looks up all of them
        try:
            session, account = self._reach()
        except (VenueError, NotRunning, OSError) as error:
            report.left.append(f"the venue can't be reached: {error}")
        else:
            alone = _Alone(self._holder, self._stepping, seen.holder, verdict.condition)
            clocks = (time.time_ns, time.sleep)
            held = partial(self._holdings, account)
            Takeover(session, held, alone, *clocks, self._sold, self._write).run(report, level)
            session.close()
        self._keep(report, verdict)
        return report

    def _level_of(self, verdict: Verdict) -> KillLevel:
        """Where a kill stands that is stronger than ours, its own."""
        latch = self._latch.read() if self._latch.is_set else None
        levels, wanted = list(KillLevel), verdict.level or self._level
        if latch is not None and levels.index(latch.level) > levels.index(wanted):
            return latch.level
        return wanted

    def _take_over(self, level: KillLevel, verdict: Verdict, seen: Look, at: int) -> str:
        """Why the latch isn't on the disk; empty where it is."""
        hangs = verdict.condition in (Condition.HUNG, Condition.DEAF) and seen.beat is not None
        try:
            if hangs:
                assert seen.beat is not None
                self._latch.take_over(seen.beat.session, level, BY, verdict.cause, at)
        except StoreError as error:
            log.error("the kill latch is not durable: %s", error)
            return str(error)
        return ""

    def _holdings(self, account: str) -> list[Holding]:
        from midas.assembly.holdings import holdings

        return holdings(self._home, account)

    def _keep(self, report: Report, verdict: Verdict) -> None:
        report.ended_at = report.ended_at or time.time_ns()
        self._verified = report.verified
        if report.verified or report.broken_off:
            self._settled, self._tried = verdict.key, ((), 0.0)
        else:
            self._tried = verdict.key, time.monotonic()
        outcome = "verified at the venue" if report.verified else report.broken_off or "; ".join(report.left)
        outcome += f"; but the latch isn't on the disk: {report.latched}" if report.latched else ""
        for line in report.lines:
            log.warning("%s", line)
        log.error("done: %s", outcome)
        self._write(report)
        self._tell(acted_at=report.at, outcome=outcome)

    def _write(self, report: Report) -> None:
        try:
            write_durably(self._home / REPORT, msgspec.json.format(msgspec.json.encode(report), indent=1))
        except OSError as error:
            log.error("the report can't be written: %s", error)

    def _tell(self, **changed: object) -> None:
        self._word = msgspec.structs.replace(self._word, **changed)
        tell(self._home, self._word)


class _Alone:
    """Why the guard may no longer act: an engine has come, or begun to step, that finds the latch itself."""

    def __init__(
        self, holder: Callable[[], int], stepping: Callable[[], int], known: int, condition: Condition
    ) -> None:  # fmt: skip
        self._holder = holder
        self._stepping = stepping
        self._known = known
        self._starting = condition is Condition.STARTING

    def __call__(self) -> str:
        """Empty while it may."""
        there = self._holder()
        if there not in (0, self._known):
            return f"engine {there} has started and finds the latch itself"
        if self._starting and there and self._stepping() == there:
            return f"engine {there} steps now and finds the latch itself"
        return ""


def _told_by(guard: GuardWord, as_json: bool) -> int:
    """What a guard that runs sees: a second one would act beside it, and knows no more."""
    if as_json:
        print(json.dumps({"condition": guard.condition, "since_s": 0.0, "report": None, "guard": guard.pid}))
    else:
        seen = guard.condition or "not known yet"
        acted = f"; it acted: {guard.outcome}" if guard.acted_at else ""
        print(f"engine: {seen}, by the guard that watches it (process {guard.pid}){acted}")
    return 0 if guard.condition in [condition.value for condition in SURE] else 1


def _alone(home: Path, parent: int) -> InstanceLock:
    """The lock. A supervised one waits for it: the guard of a supervisor that was killed leaves in time."""
    lock = InstanceLock(home / GUARD_LOCK)
    while parent and lock.held() and os.getppid() == parent:
        time.sleep(1.0)
    if lock.held():
        owner = lock.owner() or "unknown"
        raise AlreadyRunning(
            f"a guard (process {owner}) watches {home} already: `midas status` tells what it sees, "
            "and `kill` with that number ends it"
        )
    return lock


def _reach(settings: Settings) -> Callable[[], Reached]:
    """How to open a session: the keys of DEMO and LIVE are read now, SIM's stand in its run file then."""
    from midas.venues.binance.emergency_session import EmergencySession

    if settings.environment is Environment.SIM:
        return lambda: _embedded(settings.home)
    from midas.assembly.access import access

    found = access(settings)
    keys = (found.api_key, found.api_secret)

    def reached() -> Reached:
        session = EmergencySession(found.endpoints.rest, *keys, time.time_ns)
        return session, whose(found, session.uid)

    return reached


def whose(found: Access, uid: Callable[[], int]) -> str:
    """The account's name; where the venue doesn't tell it, one that no journal of an account bears.

    Cancels need no name and go out all the same; nothing is sold by a journal that may be another account's.
    """
    from midas.assembly.access import identified

    try:
        return identified(found, uid()).account
    except VenueError as error:
        log.warning("whose account it is: %s", error)
        return f"{found.account}, of whom the venue doesn't tell"


def _embedded(home: Path) -> Reached:
    from midas.assembly.access import simulated
    from midas.cli.exchange import RUN_FILE, answering
    from midas.venues.binance.emergency_session import EmergencySession

    found = answering(home / RUN_FILE)
    if found is None:
        raise NotRunning("the embedded exchange doesn't answer")
    keys = (found.api_key, found.api_secret)
    reach = simulated(found.http, found.ws, found.instance, keys, found.speed)
    return EmergencySession(reach.endpoints.rest, *keys, time.time_ns), reach.account


def _print(as_json: bool, verdict: Verdict, report: Report | None) -> None:
    if as_json:
        acted = None if report is None else msgspec.to_builtins(report)
        print(
            json.dumps(
                {"condition": verdict.condition.value, "since_s": round(verdict.since_s, 3), "report": acted}
            )
        )
        return
    print(f"engine: {verdict.condition.value}" + (f"; {verdict.cause}" if verdict.cause else ""))
    if report is not None:
        print("\n".join(report.lines))


def _log_to(path: Path, aloud: bool) -> None:
    handlers: list[logging.Handler] = [LogFile(path)]
    if aloud:
        handlers.append(logging.StreamHandler(sys.stderr))
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", handlers=handlers
    )  # fmt: skip
