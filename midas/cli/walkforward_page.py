"""The page of a walk forward: what was chosen when, what came of it, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite, nan
from statistics import median
from textwrap import wrap

from midas.backtest.forward import LEAST, Found
from midas.cli.data_page import length, moment
from midas.domain.time import DAY
from midas.reports.words import counted, too_few

WIDTH = 79
NARROW = 0.5  # of an efficiency: a warning


def page(strategy: str, instruments: Sequence[str], found: Found) -> list[str]:
    """For a terminal of 80 columns."""
    remarks = filter(None, (_silent(found), _same(found)))
    rows = [*_windows(strategy, instruments, found), *remarks, "", *_verdict(found)]
    return [row.rstrip() for row in rows]


def _windows(strategy: str, instruments: Sequence[str], found: Found) -> Iterator[str]:
    """A row for each, with what was chosen."""
    shown = len("2020-01-31") if found.step == DAY else len("2020-01-31 12:00")
    many = len(found.configurations)
    yield from wrap(
        f"{strategy} on {', '.join(instruments)}: {counted(many, 'combination')}, "
        f"{counted(len(found.windows), 'window')}", WIDTH,
    )  # fmt: skip
    yield f"periods of {length(found.step)}; judged on what nobody had seen when choosing"
    yield ""
    head = f"{'judged':{shown + 2}}{'until':{shown + 2}}{'Sharpe before':>13}{'after':>8}{'return':>9}  "
    yield f"{head}chosen"
    for window in found.windows:
        first, last = (found.begins + place * found.step for place in window.test)
        chosen = " ".join(f"{name}={value}" for name, value in window.chosen.items()) or "as configured"
        begins, ends = (f"{moment(at)[:shown]:{shown + 2}}" for at in (first, last))
        row = f"{begins}{ends}{_number(window.before):>13}{_number(window.after):>8}{window.earned:>9.2%}  "
        yield from wrap(f"{row}{chosen}", WIDTH, subsequent_indent=" " * len(head), break_on_hyphens=False)


def _silent(found: Found) -> str:
    """Why a Sharpe ratio of a window isn't there."""
    short = any(last - first < LEAST for first, last in (window.test for window in found.windows))
    known = [window.before for window in found.windows]
    known += [w.after for w in found.windows if w.test[1] - w.test[0] >= LEAST]
    reasons = [] if all(map(isfinite, known)) else ["nothing was traded there, so that nothing varies"]
    reasons += [f"a Sharpe ratio takes {LEAST} periods"] if short else []
    return "-: " + "; or ".join(reasons) if reasons else ""


def _same(found: Found) -> str:
    """Combinations between which there was nothing to choose."""
    many = len(found.configurations)
    if not found.distinct or found.distinct == many:
        return ""
    if found.distinct == 1:
        return "all combinations made the same: nothing was chosen between them"
    return f"only {found.distinct} of {many} combinations made something of their own"


def _verdict(found: Found) -> Iterator[str]:
    """What all windows come to; a figure that isn't there says why."""
    annual = "annual" if found.step == DAY else "not annualised"
    many, paths = len(found.configurations), [each for each in found.paths if isfinite(each)]
    weak = " (weak)" if found.efficiency < NARROW else ""
    alone = "nothing was chosen: give --set several values" if many < 2 else ""
    same = "all combinations made the same" if many > 1 and found.distinct == 1 else ""
    still = "" if isfinite(found.sharpe) else "nothing was traded out of sample"
    short = alone or "too few periods to cut into blocks"
    trials = f"P(no luck), {counted(found.trials, 'trial')} counted (DSR)"
    yield _row("return", f"{found.total:+.2%}", f"of {counted(found.periods, 'period')} out of sample")
    if found.paid:
        yield _row("", f"{-found.paid:+.2%}", "paid of it to go over from window to window")
    yield _row(f"Sharpe, {annual}", _number(found.sharpe), still or "out of sample, all windows in a row")
    yield _row("efficiency", _number(found.efficiency),
               f"of the Sharpe ratio in sample{weak}" if isfinite(found.efficiency)
               else still or "nothing was gained in sample")  # fmt: skip
    yield _row("with hindsight", _number(found.hindsight), "the best one there, chosen afterwards")
    traded = f"{len(paths)} of {len(found.paths)}" if len(paths) < len(found.paths) else f"{len(paths)}"
    yield _row("combinatorial", _number(median(paths) if paths else nan),
               f"median of {traded} purged paths, lowest {_number(min(paths))}" if paths
               else "nothing was traded on the purged paths" if found.paths
               else "too few periods for purged paths")  # fmt: skip
    known = isfinite(found.overfitting) and not same
    yield _row("overfitting (PBO)", _share(found.overfitting if known else nan),
               "chance that the chosen one is below average" if known else same or short)  # fmt: skip
    if known:
        yield _row("", _share(found.loss), "chance that it loses money out of sample")
        yield _row("Sharpe kept (slope)", _number(found.slope), "out of sample, of each 1.00 more in sample")
    lacks = "too few periods out of sample" if found.periods < LEAST else too_few(found.trials)
    yield _row("after all trials", _share(found.deflated),
               trials if isfinite(found.deflated) else still or lacks)  # fmt: skip


def _row(name: str, value: str, more: str) -> str:
    return f"{name:24}{value:>9}  {more}"


def _number(value: float) -> str:
    return f"{value:.2f}" if isfinite(value) else "-"


def _share(value: float) -> str:
    return f"{value:.0%}" if isfinite(value) else "-"
