"""Many seeds on a few processes: verdicts as they come, and a report that doesn't show their order."""

from __future__ import annotations

import gc
import hashlib
import logging
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

import msgspec

from midas.simulation import plan as plans
from midas.simulation.coverage import untouched
from midas.simulation.mutants import planted
from midas.simulation.plan import Plan
from midas.simulation.world import Verdict, World

WORKERS = 2
AT_ONCE = 4  # seeds in one task
SHOWN = 20  # violated seeds that a report spells out


class Job(msgspec.Struct, frozen=True):
    """Some worlds, perhaps with a planted bug."""

    plans: tuple[Plan, ...]
    mutant: str = ""


class Failed(msgspec.Struct, frozen=True):
    """A seed whose world violated something."""

    seed: int
    violations: tuple[str, ...]
    plan: Plan | None = None


class Report(msgspec.Struct, frozen=True):
    """What a campaign came to."""

    seeds: int
    violations: int
    virtual_hours: float
    trace: str  # of all seeds, equal for equal seeds
    orders_per_seed: float
    faults_per_seed: float
    virtual_minutes_per_seed: float
    restarts: int
    faults: dict[str, int]
    pairs: dict[str, int]  # of an order's state and an event, how often they met
    untouched: tuple[str, ...]  # what should have been met and wasn't
    failed: tuple[Failed, ...]  # the first of them


class Tally:
    """Adds verdicts up."""

    def __init__(self) -> None:
        self.seeds = self.violations = self.orders = self.restarts = 0
        self.seconds = 0.0
        self.faults: Counter[str] = Counter()
        self.pairs: Counter[str] = Counter()
        self.failed: list[Failed] = []
        self._traces: dict[int, int] = {}

    def add(self, verdict: Verdict) -> None:
        """One more world."""
        self.seeds += 1
        self.violations += len(verdict.violations)
        self.orders += verdict.orders
        self.restarts += verdict.lives - 1
        self.seconds += verdict.virtual_seconds
        self.faults.update(verdict.faults)
        self.pairs.update(verdict.pairs)
        self._traces[verdict.seed] = self._traces.get(verdict.seed, 0) ^ int(verdict.trace, 16)
        if verdict.violations:
            self.failed.append(Failed(verdict.seed, verdict.violations, verdict.plan))

    def report(self) -> Report:
        """The sum so far."""
        seeds = max(1, self.seeds)
        digest = hashlib.sha256()
        for seed, trace in sorted(self._traces.items()):
            digest.update(f"{seed} {trace:016x}\n".encode())
        return Report(
            self.seeds, self.violations, round(self.seconds / 3600, 3), digest.hexdigest()[:32],
            round(self.orders / seeds, 2), round(self.faults.total() / seeds, 2),
            round(self.seconds / 60 / seeds, 2), self.restarts, dict(sorted(self.faults.items())),
            dict(sorted(self.pairs.items())), tuple(untouched(self.pairs, self.faults)),
            tuple(sorted(self.failed, key=lambda f: f.seed)[:SHOWN]),
        )  # fmt: skip


def verdicts(
    seeds: Sequence[int], plan: Plan | None = None, workers: int = WORKERS
) -> Generator[Verdict, None, None]:
    """Run every seed; verdicts come as they are done, in any order. Close it to end the processes."""
    wanted = (plans.of(s) if plan is None else msgspec.structs.replace(plan, seed=s) for s in seeds)
    if len(seeds) == 1:  # where somebody looks closer, another process would only be in the way
        with _silence():
            done = work(Job(tuple(wanted)))
        yield from done
        return
    yield from judged(wanted, "", workers)


def judged(
    wanted: Iterable[Plan], mutant: str = "", workers: int = WORKERS
) -> Generator[Verdict, None, None]:
    """Run every plan, with that bug planted; verdicts come as they are done."""
    jobs = (Job(some, mutant) for some in _batches(wanted))
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the workers: two of them fill two cores
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # inherited: Ctrl+C is for this process alone
    try:
        pool = multiprocessing.get_context("spawn").Pool(workers, _prepare)
    finally:
        signal.signal(signal.SIGINT, before)
    with pool:
        for done in pool.imap_unordered(work, jobs):
            yield from done


def work(job: Job) -> list[Verdict]:
    """In a worker: the worlds of one job, one after the other."""
    with planted(job.mutant):
        done = [World(plan).run() for plan in job.plans]
    gc.collect()  # worlds are full of circles
    return done


def _prepare() -> None:
    """A worker says nothing, and collects its garbage between worlds only."""
    logging.disable(logging.CRITICAL)
    gc.disable()
    gc.freeze()


@contextmanager
def _silence() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _batches(wanted: Iterable[Plan]) -> Iterator[tuple[Plan, ...]]:
    left = iter(wanted)
    while some := tuple(islice(left, AT_ONCE)):
        yield some
