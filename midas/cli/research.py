"""`midas research WORD`: acceptance criteria on generated data, each against its oracle."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from midas.cli.options import settings_from
from midas.reports.words import counted
from midas.research import cost_evidence, leak_evidence, overfitting_evidence
from midas.research.criterion import Criterion
from midas.research.risk_evidence import SEEDS, Size, criteria, works

_INTERRUPTED = 130

Finished = Callable[[str], None]
"""Hears what has been done of all parts, one at a time."""


def risk_evidence(args: Namespace, size: Size | None = None, processes: int | None = None) -> int:
    """Judge; 1 where a criterion isn't met or its control isn't told from it."""
    todo = works(args.seeds or SEEDS)

    def judge(finished: Finished) -> dict[str, Criterion]:
        return criteria(todo, lambda work: finished(f"{work.kind} {work.seed}"), size, processes)

    return _judged(args, len(todo), judge, counted(len(args.seeds or SEEDS), "seed"))


def overfitting(args: Namespace) -> int:
    """C5 and C6: 1 where one isn't met."""
    seeds = args.seeds or overfitting_evidence.SEEDS

    def judge(finished: Finished) -> dict[str, Criterion]:
        return overfitting_evidence.criteria(seeds, lambda seed: finished(f"seed {seed}"))

    return _judged(args, len(seeds), judge, counted(len(seeds), "seed"))


def leaks(args: Namespace) -> int:
    """I1: 1 where a planted leak isn't found or something shipped is accused."""
    todo = leak_evidence.subjects(settings_from(args))
    found: list[leak_evidence.Verdict] = []

    def judge(finished: Finished) -> dict[str, Criterion]:
        found.extend(leak_evidence.verdicts(todo, finished))
        if not args.json:
            print("\n".join(map(accused, found)), end="\n\n")
        return {"I1": leak_evidence.criterion(found)}

    return _judged(args, len(todo), judge, counted(len(todo), "subject"))


def costs(args: Namespace) -> int:
    """E1 and E3: 1 where one isn't met."""
    seeds = args.seeds or cost_evidence.SEEDS

    def judge(finished: Finished) -> dict[str, Criterion]:
        return cost_evidence.criteria(seeds, finished)

    return _judged(args, cost_evidence.parts(seeds), judge, counted(len(seeds), "seed"))


def accused(verdict: leak_evidence.Verdict) -> str:
    """One subject, for a person."""
    clean = "said nothing: not judged" if verdict.silent else "clean"
    words = verdict.found[0] if verdict.found else clean
    return f"{'planted' if verdict.planted else 'shipped':8} {verdict.name:36} {words}"


def _judged(
    args: Namespace, parts: int, judge: Callable[[Finished], dict[str, Criterion]], of_what: str
) -> int:
    """Every criterion as a table for a person (not with --json), and all of them in the last line."""
    done, began = 0, time.perf_counter()
    try:
        with _progress(parts) as advance:

            def finished(what: str) -> None:
                nonlocal done
                done += 1
                advance(what)

            found = judge(finished)
    except KeyboardInterrupt:
        print(f"midas: interrupted after {done} of {parts} parts; nothing is judged", file=sys.stderr)
        return _INTERRUPTED
    if not args.json:
        print("\n\n".join(_told(name, criterion) for name, criterion in found.items()))
        print(f"\n{of_what}, {time.perf_counter() - began:.0f} s")
    print(msgspec.json.encode({"criteria": found}).decode())
    return 0 if all(criterion.passed for criterion in found.values()) else 1


def _told(name: str, criterion: Criterion) -> str:
    lines = [f"{name}  {'ok' if criterion.passed else 'FAILED'}  {criterion.title}"]
    control = criterion.control
    lines.append(f"  {'':22}{'value':>10}{'oracle':>10}{'control' if control else '':>10}  goal")
    for figure, value in criterion.value.items():
        goal = criterion.goal.get(figure)
        against = f"{control.value[figure]:10.4g}" if control else f"{'':10}"
        oracle = criterion.oracle.get(figure, float("nan"))
        lines.append(f"  {figure:22}{value:10.4g}{oracle:10.4g}{against}  {goal.text if goal else '-'}")
    if control:
        verdict = "passes, so that the test tells nothing" if control.passed else "fails, as it must"
        lines.append(f"  control: {control.name} {verdict}")
    return "\n".join(lines)


@contextmanager
def _progress(total: int) -> Iterator[Finished]:
    """A bar on stderr where somebody watches."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("seeds", total=total)
        yield lambda what: progress.update(task, advance=1, description=what)
