"""`midas simulate`: many simulated worlds, each from one seed, and what was violated in them."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from midas.simulation import plan as plans
from midas.simulation.campaign import Report, Tally, verdicts
from midas.simulation.plan import Plan
from midas.simulation.world import Verdict

SEEDS = range(1, 101)
_INTERRUPTED = 130


def simulate(args: Namespace) -> int:
    """Run them; 1 where anything was violated, 130 where Ctrl+C ended it before all were done."""
    plan = plans.read(Path(args.plan).expanduser()) if args.plan else None
    seeds = args.seeds or (SEEDS if plan is None else range(plan.seed, plan.seed + 1))
    if args.show_plan:
        print(plans.written(_shown(plan, seeds)))
        return 0
    began, tally, interrupted = time.perf_counter(), Tally(), False
    try:
        with _progress(len(seeds)) as advance, closing(verdicts(seeds, plan)) as done:
            for verdict in done:
                tally.add(verdict)
                advance(verdict)
    except KeyboardInterrupt:
        interrupted = True
    report = tally.report()
    _tell(report, time.perf_counter() - began, as_json=args.json)
    if report.violations:
        return 1
    return _INTERRUPTED if interrupted else 0


def _shown(plan: Plan | None, seeds: range) -> Plan:
    return plans.of(seeds[0]) if plan is None else msgspec.structs.replace(plan, seed=seeds[0])


def _tell(report: Report, seconds: float, *, as_json: bool) -> None:
    if not as_json:
        for failed in report.failed:
            for sentence in failed.violations:
                print(f"seed {failed.seed}: {sentence}")
        print(
            f"{report.seeds} seeds in {seconds:.0f} s, {report.virtual_hours:,.1f} virtual hours, "
            f"{report.orders_per_seed} orders and {report.faults_per_seed} faults a seed, "
            f"{report.violations} violations"
        )
    print(msgspec.json.encode(report).decode())


@contextmanager
def _progress(total: int) -> Iterator[Callable[[Verdict], None]]:
    """A bar on stderr where somebody watches."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task, violated = progress.add_task("seeds", total=total), 0

        def advance(verdict: Verdict) -> None:
            nonlocal violated
            violated += bool(verdict.violations)
            progress.update(task, advance=1, description=f"seeds, {violated} violated")

        yield advance
