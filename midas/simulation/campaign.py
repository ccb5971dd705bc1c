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
from midas.simulation.plan import Plan
from midas.simulation.world import Verdict, World

WORKERS = 2
AT_ONCE = 4  # seeds in one task
SHOWN = 20  # violated seeds that a report spells out


class Job(msgspec.Struct, frozen=True):
    """Some seeds, each with its own plan or all with one."""

    seeds: tuple[int, ...]
    plan: Plan | None = None


class Failed(msgspec.Struct, frozen=True):
    """A seed whose world violated something."""

    seed: int
    violations: tuple[str, ...]


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
    failed: tuple[Failed, ...]  # the first of them


class Tally:
    """Adds verdicts up."""

    def __init__(self) -> None:
        self.seeds = self.violations = self.orders = self.restarts = 0
        self.seconds = 0.0
        self.faults: Counter[str] = Counter()
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
        self._traces[verdict.seed] = int(verdict.trace, 16)
        if verdict.violations:
            self.failed.append(Failed(verdict.seed, verdict.violations))

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
            tuple(sorted(self.failed, key=lambda f: f.seed)[:SHOWN]),
        )  # fmt: skip


def verdicts(
    seeds: Sequence[int], plan: Plan | None = None, workers: int = WORKERS
) -> Generator[Verdict, None, None]:
    """Run every seed; verdicts come as they are done, in any order. Close it to end the processes."""
    if len(seeds) == 1:  # where somebody looks closer, another process would only be in the way
        with _silence():
            done = work(Job(tuple(seeds), plan))
        yield from done
        return
    jobs = (Job(tuple(some), plan) for some in _batches(seeds))
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the workers: two of them fill two cores
    with multiprocessing.get_context("spawn").Pool(workers, _prepare) as pool:
        for done in pool.imap_unordered(work, jobs):
            yield from done


def work(job: Job) -> list[Verdict]:
    """In a worker: the worlds of one job, one after the other."""
    done = []
    for seed in job.seeds:
        plan = plans.of(seed) if job.plan is None else msgspec.structs.replace(job.plan, seed=seed)
        done.append(World(plan).run())
    gc.collect()  # worlds are full of circles
    return done


def _prepare() -> None:
    """A worker leaves Ctrl+C to its parent, says nothing, and collects its garbage between worlds only."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
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


def _batches(seeds: Iterable[int]) -> Iterator[tuple[int, ...]]:
    left = iter(seeds)
    while some := tuple(islice(left, AT_ONCE)):
        yield some
