"""Who makes the trials: this process, others on this machine, or somebody's Ray or Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from secrets import token_hex
from typing import Any, Protocol

from midas.backtest.sweep.evaluate import Evaluator, Setup, Task
from midas.backtest.sweep.trial import Trial
from midas.errors import UsageError
from midas.runtime.workers import pool_of


class Executor(Protocol):
    """Makes trials somewhere."""

    def made(self, tasks: Iterable[Task]) -> Iterator[list[Trial]]:
        """Those of each task as it is done, in any order."""


def executor_of(name: str, setup: Setup, workers: int) -> AbstractContextManager[Executor]:
    """`process`, `ray` or `dask`; leaving its block ends what it started. Raises UsageError."""
    match name:
        case "ray":
            return _ray(setup, workers)
        case "dask":
            return _dask(setup, workers)
    return _here(setup) if workers == 1 else _processes(setup, workers)


class Here:
    """This process alone."""

    def __init__(self, setup: Setup) -> None:
        self._evaluator = Evaluator(setup)

    def made(self, tasks: Iterable[Task]) -> Iterator[list[Trial]]:
        """One after the other."""
        return map(self._evaluator.make, tasks)


@contextmanager
def _here(setup: Setup) -> Iterator[Executor]:
    yield Here(setup)


_worker: Evaluator | None = None


def install(setup: Setup) -> None:
    """In a worker, once: what all of its trials share."""
    global _worker
    _worker = Evaluator(setup)


def work(task: Task) -> list[Trial]:
    """In a worker."""
    assert _worker is not None
    return _worker.make(task)


class Processes:
    """Others on this machine."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    def made(self, tasks: Iterable[Task]) -> Iterator[list[Trial]]:
        """As they are done."""
        found: Iterator[list[Trial]] = self._pool.imap_unordered(work, tasks)
        return found


@contextmanager
def _processes(setup: Setup, workers: int) -> Iterator[Executor]:
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the workers: each fills one core
    with pool_of(workers, partial(install, setup)) as pool:
        yield Processes(pool)


class Cluster:
    """A cluster that was handed the setup: `submit` a task, and wait for the first that is done."""

    def __init__(self, submit: Any, first_done: Any, at_once: int) -> None:
        self._submit = submit
        self._first_done = first_done
        self._at_once = at_once

    def made(self, tasks: Iterable[Task]) -> Iterator[list[Trial]]:
        """As they are done; no more are out than the cluster can work on."""
        left, out = iter(tasks), list[Any]()
        while True:
            while len(out) < self._at_once and (task := next(left, None)) is not None:
                out.append(self._submit(task))
            if not out:
                return
            done, out, trials = self._first_done(out)
            del done
            yield trials


_known: dict[str, Evaluator] = {}


def remotely(name: str, setup: Setup, task: Task) -> list[Trial]:
    """On a cluster: a worker keeps the evaluator of the sweep that it was last asked for, by its `name`."""
    if name not in _known:
        _known.clear()
        _known[name] = Evaluator(setup)
    return _known[name].make(task)


def _name() -> str:
    """Of one sweep among all that a cluster ever sees, by whatever process: its workers outlive ours."""
    return token_hex(16)


@contextmanager
def _ray(setup: Setup, workers: int) -> Iterator[Executor]:
    try:
        import ray
    except ModuleNotFoundError:
        raise UsageError(_missing("ray")) from None
    ours = not ray.is_initialized()
    if ours:
        ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    kept, remote, name = ray.put(setup), ray.remote(remotely), _name()

    def first_done(out: list[Any]) -> tuple[Any, list[Any], list[Trial]]:
        done, rest = ray.wait(out, num_returns=1)
        return done[0], rest, ray.get(done[0])

    try:
        yield Cluster(lambda task: remote.remote(name, kept, task), first_done, 2 * workers)
    finally:
        if ours:
            ray.shutdown()


@contextmanager
def _dask(setup: Setup, workers: int) -> Iterator[Executor]:
    try:
        import distributed
    except ModuleNotFoundError:
        raise UsageError(_missing("dask")) from None
    address = os.environ.get("DASK_SCHEDULER_ADDRESS")
    client = (
        distributed.Client(address)
        if address
        else distributed.Client(n_workers=workers, threads_per_worker=1, dashboard_address=None)
    )
    with client:
        kept, name = client.scatter(setup, broadcast=True), _name()

        def first_done(out: list[Any]) -> tuple[Any, list[Any], list[Trial]]:
            ready = distributed.wait(out, return_when="FIRST_COMPLETED")
            done = next(iter(ready.done))
            return done, [each for each in out if each is not done], done.result()

        yield Cluster(
            lambda task: client.submit(remotely, name, kept, task, pure=False), first_done, 2 * workers
        )


def _missing(name: str) -> str:
    return (
        f"--executor {name}: it isn't installed: pip install 'midas[{name}]', or leave the option out for "
        "processes on this machine"
    )
