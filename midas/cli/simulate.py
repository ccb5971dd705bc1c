"""`midas simulate`: many simulated worlds, each from one seed, and what was violated in them."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from midas.simulation import plan as plans
from midas.simulation.campaign import Report, Tally, judged, verdicts
from midas.simulation.coverage import SEEDS_MIN
from midas.simulation.exhaustive import every_place
from midas.simulation.hunt import hunted
from midas.simulation.mutants import named
from midas.simulation.plan import Plan
from midas.simulation.shrink import kept, shrunk
from midas.simulation.world import Verdict

SEEDS = range(1, 101)
_INTERRUPTED = 130


def simulate(args: Namespace) -> int:
    """Run them; 1 where anything was violated or left out, 130 where Ctrl+C ended it before all were done."""
    if args.mutants:
        return _hunt(args)
    if args.mutant:
        named(args.mutant)
    plan = plans.read(Path(args.plan).expanduser()) if args.plan else None
    seeds = args.seeds or (SEEDS if plan is None else range(plan.seed, plan.seed + 1))
    if args.show_plan:
        print(plans.written(_shown(plan, seeds)))
        return 0
    began, tally, interrupted = time.perf_counter(), Tally(), False
    try:
        with _progress(_worlds(args, seeds)) as advance, closing(_verdicts(args, seeds, plan)) as done:
            for verdict in done:
                tally.add(verdict)
                advance(verdict)
    except KeyboardInterrupt:
        interrupted = True
    report = tally.report()
    _tell(report, time.perf_counter() - began, as_json=args.json)
    if args.shrink:
        _shrink(report)
    whole = plan is None and not args.crash_every_step and not args.mutant and report.seeds >= SEEDS_MIN
    if report.violations or (whole and report.untouched):
        return 1
    return _INTERRUPTED if interrupted else 0


def _verdicts(args: Namespace, seeds: range, plan: Plan | None) -> Generator[Verdict, None, None]:
    if args.crash_every_step:
        return judged(every_place(seeds), args.mutant)
    if args.mutant:
        return judged((_shown(plan, range(seed, seed + 1)) for seed in seeds), args.mutant)
    return verdicts(seeds, plan)


def _worlds(args: Namespace, seeds: range) -> int | None:
    """How many there are; None where only running them tells."""
    return None if args.crash_every_step else len(seeds)


def _hunt(args: Namespace) -> int:
    """The mutation gate: 1 where a bug got away."""
    escaped = 0
    for caught in hunted():
        escaped += not caught.seeds
        if args.json:
            print(msgspec.json.encode(caught).decode())
        else:
            told = f"seed {caught.seeds:3}  {caught.invariant:4}" if caught.seeds else "not caught    "
            print(f"{caught.mutant:30} {told} {caught.evidence[:120]}", flush=True)
    return 1 if escaped else 0


def _shrink(report: Report) -> None:
    """The first failure of each invariant, as small as it can be."""
    shown: set[str] = set()
    for failed in report.failed:
        invariant = failed.violations[0].partition(" ")[0]
        if failed.plan is not None and invariant not in shown:
            shown.add(invariant)
            print(f"seed {failed.seed}: {kept(shrunk(failed.plan))}")


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
        if report.untouched and report.seeds >= SEEDS_MIN:
            print(f"never met: {', '.join(report.untouched)}")
    print(msgspec.json.encode(report).decode())


@contextmanager
def _progress(total: int | None) -> Iterator[Callable[[Verdict], None]]:
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
