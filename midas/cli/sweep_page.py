"""The page that a sweep prints: its best trials, and what they are worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from textwrap import wrap

import msgspec

from midas.backtest.sweep.alike import alike, idle
from midas.backtest.sweep.trial import COMPILED, DONE, FAILED, PRUNED, Plan, Trial
from midas.reports.sweep_html import NAMES, left_out
from midas.reports.words import counted

SHOWN = 10
WIDTH = 79


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
    share = f"{len(trials):,} of {counted(ended.total, 'trial')}"
    yield f"{plan.strategy}: {share} ({plan.method}), the best by {NAMES[plan.objective]}"
    yield from _made(ended)
    if not trials:
        yield "nothing was made yet: the same command begins"
        return
    yield ""
    yield from _table(ended)
    yield ""
    for state, words in ((PRUNED, "given up below the median"), (FAILED, "failed")):
        found = [trial for trial in trials if trial.state == state]
        if found:
            yield from _wrapped(f"{len(found):,} {words}, the first: {found[0].reason}")
    if trials[0].value is None:
        yield from _wrapped(
            f"no trial has a {NAMES[plan.objective]}: {trials[0].reason}; --objective return needs least"
        )
    yield from _wrapped(_same(trials))
    if ended.overfitting is not None:
        yield f"overfitted (PBO): {ended.overfitting:.0%}, the chance that what is best on half of the days"
        yield from _wrapped(
            f"is below the middle on the others; pure luck gives about 50%.{left_out(trials)}"
        )
    yield "Each that ran is counted. The best of many is partly luck, and says less the"
    yield "more there were: judge it on candles that it wasn't chosen on, as `midas"
    yield "walkforward` does."


def _made(ended: Ended) -> Iterator[str]:
    """How many, how fast, and on which path."""
    made = len(ended.trials) - ended.kept
    fast = sum(trial.path == COMPILED and trial.state == DONE for trial in ended.trials)
    kept = f", {ended.kept:,} kept from before" if ended.kept else ""
    arrays = f"; {fast:,} over arrays" if fast else ""
    yield f"{made:,} made in {ended.seconds:.1f} s{kept}{arrays}"
    reasons = Counter(trial.stepped for trial in ended.trials if trial.stepped)
    if reasons:
        why, times = reasons.most_common(1)[0]
        other = f" (in {times:,}; {reasons.total() - times:,} others had other reasons)"
        more = other if len(reasons) > 1 else ""
        yield from _wrapped(f"{reasons.total():,} stepped candle by candle on the engine, since {why}{more}")


def _same(trials: list[Trial]) -> str:
    """What made no difference; empty where everything did."""
    groups = alike(trials)
    again = sum(map(len, groups)) - len(groups)
    if not again:
        return ""
    without = idle(trials)
    if without:
        names = " and ".join(without)
        return (
            f"{names} changed nothing: trials that differ in nothing else made the same. What it decides was "
            "never reached, or something else came first (a stop of [risk.stops], say)."
        )
    return f"{counted(again, 'trial')} made exactly what another one did: told beside it."


def _table(ended: Ended) -> Iterator[str]:
    """Each result once."""
    name = NAMES[ended.plan.objective]
    yield f"{'':>4}{name:>13}{'return':>10}{'max fall':>10}{'fills':>8}  parameters"
    done = alike(ended.trials)
    others = [[trial] for trial in ended.trials if trial.state != DONE]
    for place, group in enumerate((done or others)[:SHOWN], 1):
        trial = group[0]
        more = f"  +{len(group) - 1:,} alike" if len(group) > 1 else ""
        row = (
            f"{place:>3} {_number(trial.value):>13}{_share(trial.total_return):>10}{_share(trial.fall):>10}"
            f"{trial.fills:>8,}  "
        )
        yield from wrap(f"{row}{_values(trial)}{more}", WIDTH, subsequent_indent=" " * len(row))


def _values(trial: Trial) -> str:
    return "  ".join(f"{name}={value}" for name, value in trial.parameters.items())


def _wrapped(text: str) -> Iterator[str]:
    yield from wrap(text, WIDTH, break_on_hyphens=False)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2%}"
