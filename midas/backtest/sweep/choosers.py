"""Which trials are made, in rounds: what a round asks may depend on the rounds before it, on nothing else.

So the same seed asks the same in the same order, however many workers there are, and a sweep that goes on
asks what it would have asked.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from itertools import pairwise
from typing import Any

from midas.backtest.sweep.space import Axis, Parameters, drawn, grid
from midas.backtest.sweep.trial import DONE, PRUNED, Job, Plan, Trial
from midas.errors import UsageError

ROUND = 8  # trials that are asked at once where the next ones depend on them
Rounds = Generator[list[Job], list[Trial], None]  # gives jobs, is sent their trials in the same order


def size(plan: Plan) -> int:
    """How many trials there will be."""
    return plan.trials if plan.method == "tpe" else len(listed(plan))


def listed(plan: Plan) -> list[Parameters]:
    """All trials of a method that knows them before. Raises UsageError."""
    if plan.method == "grid":
        return grid(plan.axes, plan.rules)
    return drawn(plan.axes, plan.rules, plan.trials, plan.seed)


def rounds(plan: Plan) -> Rounds:
    """Of the plan's method. Raises UsageError where it can't be had."""
    if plan.method == "tpe":
        return _tpe(plan)
    return _listed(plan)


def _listed(plan: Plan) -> Rounds:
    jobs = [Job(number, parameters) for number, parameters in enumerate(listed(plan))]
    step = ROUND if plan.pruning else len(jobs)  # a median is of the rounds before
    for first in range(0, len(jobs), step):
        yield jobs[first : first + step]


def _tpe(plan: Plan) -> Rounds:
    """Tree-structured Parzen estimator (Bergstra et al. 2011), as Optuna has it."""
    optuna = _optuna()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=plan.seed, constant_liar=True)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    space = {axis.name: _distribution(optuna, axis) for axis in plan.axes}
    for first in range(0, plan.trials, ROUND):
        count = min(ROUND, plan.trials - first)
        asked = [study.ask(space) for _ in range(count)]
        made = yield [Job(first + n, dict(one.params)) for n, one in enumerate(asked)]
        for one, trial in zip(asked, made, strict=True):
            _tell(optuna.trial.TrialState, study, one, trial)


def _tell(states: Any, study: Any, one: Any, trial: Trial) -> None:
    """What came of it; of one that was given up how far it had come, so that its like is avoided."""
    if trial.state == DONE and trial.value is not None:
        study.tell(one, trial.value)
    elif trial.state == PRUNED:
        for place, value in enumerate(trial.partial):
            if value is not None:
                one.report(value, place)
        study.tell(one, state=states.PRUNED)
    else:
        study.tell(one, state=states.FAIL)


def _distribution(optuna: Any, axis: Axis) -> Any:
    if not axis.values:
        return optuna.distributions.FloatDistribution(axis.low, axis.high)
    values: Sequence[Any] = axis.values
    steps = {b - a for a, b in pairwise(values)} if _whole(values) else set()
    if len(steps) == 1 and (step := steps.pop()) > 0:
        return optuna.distributions.IntDistribution(values[0], values[-1], step=step)
    return optuna.distributions.CategoricalDistribution(list(values))


def _whole(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) for value in values)


def _optuna() -> Any:
    try:
        import optuna
    except ModuleNotFoundError:
        raise UsageError(
            "--method tpe needs Optuna, which isn't installed: pip install 'midas[optuna]', or take "
            "--method random"
        ) from None
    return optuna
