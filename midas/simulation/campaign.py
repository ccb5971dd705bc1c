"""Many worlds on a few processes: verdicts as they come, in any order."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Literal

import msgspec

from midas.runtime.workers import pool_of
from midas.simulation.mutants import planted
from midas.simulation.plan import Plan
from midas.simulation.world import Verdict, World

WORKERS = 2
AT_ONCE = 4  # seeds in one task
START: Literal["spawn", "fork"] = "fork" if sys.platform == "linux" else "spawn"


class Job(msgspec.Struct, frozen=True):
    """Some worlds, perhaps with a planted bug."""

    plans: tuple[Plan, ...]
    mutant: str = ""


def judged(
    wanted: Iterable[Plan], mutant: str = "", workers: int = WORKERS
) -> Generator[Verdict, None, None]:
    """Run every plan, with that bug planted; verdicts as they are done. Close it to end the processes."""
    jobs = (Job(some, mutant) for some in _batches(wanted))
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the workers: two of them fill two cores
    with pool_of(workers, _prepare, START) as pool:
        for done in pool.imap_unordered(work, jobs):
            yield from done


def work(job: Job) -> list[Verdict]:
    """In a worker: the worlds of one job, one after the other."""
    with planted(job.mutant):
        return [_alone(plan) for plan in job.plans]


def _alone(plan: Plan) -> Verdict:
    """One world, and no trace of it: worlds are full of circles.

    What outlives it, the compiler's tables above all, stays: looked through each time it would cost a tenth.
    """
    verdict = World(plan).run()
    gc.collect()
    gc.freeze()
    return verdict


def _prepare() -> None:
    """A worker says nothing, and collects its garbage between worlds only."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # it ends a copy of us, too
    logging.disable(logging.CRITICAL)
    gc.disable()
    gc.freeze()


@contextmanager
def silence() -> Iterator[None]:
    """A world that runs in this process tells nobody's log."""
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
