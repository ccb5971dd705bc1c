"""Trials that made exactly the same: a parameter that decided nothing looks like a choice, and is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from midas.backtest.sweep.trial import DONE, Trial

Result = tuple[object, ...]


def result(trial: Trial) -> Result:
    """What came of it, without what it was made with."""
    return trial.value, trial.total_return, trial.fall, trial.fills, trial.equity


def alike(trials: Iterable[Trial]) -> list[list[Trial]]:
    """Those that were made, each result once, in the order of its first trial."""
    found: dict[Result, list[Trial]] = {}
    for trial in trials:
        if trial.state == DONE:
            found.setdefault(result(trial), []).append(trial)
    return list(found.values())


def idle(trials: Sequence[Trial]) -> list[str]:
    """Parameters that changed nothing, whatever the others were."""
    made = [trial for trial in trials if trial.state == DONE]
    names = list(made[0].parameters) if made else []
    return [name for name in names if _idle(made, name)]


def _idle(made: Sequence[Trial], name: str) -> bool:
    """Whether every two trials that differ in it alone came to the same, and there are such."""
    groups: dict[tuple[object, ...], list[Trial]] = {}
    for trial in made:
        others = tuple(value for key, value in trial.parameters.items() if key != name)
        groups.setdefault(others, []).append(trial)
    several = [group for group in groups.values() if len(group) > 1]
    return bool(several) and all(len({result(trial) for trial in group}) == 1 for group in several)
