"""A sweep from its first trial, or from where it was left, to its last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import msgspec

from midas.backtest.compiled.objections import declares, objection
from midas.backtest.sweep.choosers import rounds
from midas.backtest.sweep.evaluate import Evaluator, Medians, Setup, Task, medians_of
from midas.backtest.sweep.executors import Executor
from midas.backtest.sweep.space import Parameters
from midas.backtest.sweep.storage import Store
from midas.backtest.sweep.trial import COMPILED, STEPPED, Job, Plan, Trial, ranked
from midas.errors import CombinationRefused, UsageError

AT_ONCE = 64  # compiled trials of one task: a few hundredths of a second, and one write to the disk
MEDIAN_OF = 5  # stepped trials, before one is given up for being worse than half of them

Told = Callable[[Sequence[Trial]], None]


def sweep(plan: Plan, store: Store, executor: Executor, at_once: int, told: Told) -> list[Trial]:
    """Make every trial that `store` hasn't, and return all, the best first.

    `at_once`: trials of one task. `told` hears of each as it is kept. Raises UsageError, StoreError.
    """
    asking = rounds(plan)
    jobs = next(asking)
    while True:
        _check(jobs, store)
        left = [job for job in jobs if job.number not in store.trials]
        medians = _medians(plan, store, jobs[0].number)
        for made in executor.made(_tasks(left, medians, at_once)):
            store.add(made)
            told(made)
        try:
            jobs = asking.send([store.trials[job.number] for job in jobs])
        except StopIteration:
            return ranked(store.trials.values())


def stepped_because(setup: Setup, parameters: Parameters) -> str:
    """Why no trial of this setup can be compiled; empty where they can."""
    evaluator = Evaluator(setup)
    kind = setup.load()
    try:
        checked = evaluator.checked(parameters)
    except CombinationRefused:
        checked = evaluator.checked({})
    if setup.fast == "never":
        return "--fast never"
    if not declares(kind):
        return f"{kind.name} has no `wanted`, which would say all of its opinions at once"
    return objection(setup.config, [kind(checked)], setup.series, setup.balances, setup.given)


def confirmed(setup: Setup, best: Trial) -> Trial:
    """The same trial on the engine itself, which asks `signal` about every candle.

    Raises UsageError where it comes to something else.
    """
    listened = len(setup.series) == 1 and getattr(setup.load(), "listen", None) and setup.fast != "never"
    if best.path == STEPPED and not listened:
        return best
    stepping = Evaluator(msgspec.structs.replace(setup, fast="never"))
    (found,) = stepping.make(Task((Job(best.number, best.parameters),)))
    if _bare(found) != _bare(best):
        how, says = ("compiled", "wanted") if best.path == COMPILED else ("listening", "listen")
        raise UsageError(
            f"trial {best.number} comes to {found.equity} on the engine and to {best.equity} {how}: its "
            f"`{says}` says something else than `signal`; --fast never leaves it out"
        )
    return found


def _bare(trial: Trial) -> Trial:
    """Without the way on which it was made."""
    return msgspec.structs.replace(trial, path=COMPILED, stepped="", partial=())


def _check(jobs: Sequence[Job], store: Store) -> None:
    for job in jobs:
        kept = store.trials.get(job.number)
        if kept is not None and kept.parameters != job.parameters:
            raise UsageError(
                f"{store.folder}: trial {job.number} was made with other parameters than would be chosen "
                "now, by another version; --fresh begins anew"
            )


def _medians(plan: Plan, store: Store, before: int) -> Medians:
    """Of whole rounds before this one alone: which worker was quicker must not matter."""
    if not plan.pruning:
        return ()
    return medians_of([t for t in store.trials.values() if t.number < before], MEDIAN_OF)


def _tasks(jobs: Sequence[Job], medians: Medians, at_once: int) -> Iterator[Task]:
    left = iter(jobs)
    while some := tuple(islice(left, at_once)):
        yield Task(some, medians)
