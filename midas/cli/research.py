"""`midas research risk-evidence`: the criteria of risk on generated data, each against its oracle."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from midas.research.criterion import Criterion
from midas.research.risk_evidence import SEEDS, Size, Work, criteria, works

_INTERRUPTED = 130


def risk_evidence(args: Namespace, size: Size | None = None, processes: int | None = None) -> int:
    """Judge; 1 where a criterion isn't met or its control isn't told from it."""
    todo, done, began = works(args.seeds or SEEDS), 0, time.perf_counter()
    try:
        with _progress(len(todo)) as advance:

            def finished(work: Work) -> None:
                nonlocal done
                done += 1
                advance(work)

            found = criteria(todo, finished, size, processes)
    except KeyboardInterrupt:
        print(f"midas: interrupted after {done} of {len(todo)} parts; nothing is judged", file=sys.stderr)
        return _INTERRUPTED
    if not args.json:
        print("\n\n".join(_told(name, criterion) for name, criterion in found.items()))
        print(f"\n{len(args.seeds or SEEDS)} seeds, {time.perf_counter() - began:.0f} s")
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
def _progress(total: int) -> Iterator[Callable[[Work], None]]:
    """A bar on stderr where somebody watches."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("seeds", total=total)
        yield lambda work: progress.update(task, advance=1, description=f"{work.kind} {work.seed}")
