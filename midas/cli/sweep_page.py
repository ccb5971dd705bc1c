"""The page that a sweep prints: its best trials, and what they are worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from textwrap import wrap

import msgspec

from midas.backtest.sweep.trial import COMPILED, DONE, FAILED, PRUNED, Plan, Trial

SHOWN = 10
WIDTH = 79
NAMES = {"return": "return", "drawdown": "largest fall"}


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A sweep as it is told."""

    id: str
    plan: Plan
    total: int  # trials that were asked for
    kept: int  # made in an earlier run of the same command
    seconds: float
    interrupted: bool
    overfitting: float | None = None  # PBO of choosing by the Sharpe ratio of days
    trials: list[Trial]  # the best first


def page(ended: Ended) -> list[str]:
    """For a terminal of 80 columns."""
    return [row.rstrip() for row in _rows(ended)]


def _rows(ended: Ended) -> Iterator[str]:
    plan, trials = ended.plan, ended.trials
    made = len(trials) - ended.kept
    fast = sum(trial.path == COMPILED and trial.state == DONE for trial in trials)
    share = f"{len(trials):,} of {ended.total:,} trials"
    yield f"{plan.strategy}: {share} ({plan.method}), the best by {plan.objective}"
    kept = f", {ended.kept:,} were kept from before" if ended.kept else ""
    yield f"{made:,} made in {ended.seconds:.1f} s{kept}; {fast:,} of all were compiled"
    reasons = Counter(trial.stepped for trial in trials if trial.stepped)
    if reasons:
        why, times = reasons.most_common(1)[0]
        yield from wrap(f"the engine was stepped: {why}", WIDTH)
        if len(reasons) > 1:
            yield f"  (in {times:,} trials; {reasons.total() - times:,} others had other reasons)"
    yield ""
    yield from _table(trials)
    yield ""
    for state, words in ((PRUNED, "given up below the median"), (FAILED, "failed")):
        found = [trial for trial in trials if trial.state == state]
        if found:
            yield from wrap(f"{len(found):,} {words}, the first: {found[0].reason}", WIDTH)
    if trials and trials[0].value is None:
        yield f"no trial has a {plan.objective}: {trials[0].reason}; --objective return needs least"
    if ended.overfitting is not None:
        yield f"overfitted (PBO): {ended.overfitting:.0%}, the chance that what is best on half of the days"
        yield "is below the middle on the others; pure luck gives about 50%"
    yield "Each is counted as a trial. The best of many is partly luck, and says less the"
    yield "more there were: judge it on candles that it wasn't chosen on."


def _table(trials: list[Trial]) -> Iterator[str]:
    names = list(trials[0].parameters) if trials else []
    yield f"{'':>4}{'objective':>11}{'return':>10}{'max fall':>10}{'fills':>8}  {' '.join(names)}"[:WIDTH]
    for place, trial in enumerate(trials[:SHOWN], 1):
        values = "  ".join(f"{name}={value}" for name, value in trial.parameters.items())
        yield (
            f"{place:>3} {_number(trial.value):>11}{_share(trial.total_return):>10}{_share(trial.fall):>10}"
            f"{trial.fills:>8,}  {values}"
        )[:WIDTH]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2%}"
