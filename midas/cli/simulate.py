"""`midas simulate`: many simulated worlds, each from one seed, and what was violated in them."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path

import msgspec

from midas.errors import UsageError
from midas.simulation import plan as plans
from midas.simulation.campaign import Job, judged, silence, work
from midas.simulation.coverage import SEEDS_MIN
from midas.simulation.exhaustive import every_place, measured, places, plain
from midas.simulation.hunt import hunted
from midas.simulation.mutants import named
from midas.simulation.plan import Plan
from midas.simulation.shrink import kept, shrunk
from midas.simulation.tally import Kept, Report, Tally, made_by
from midas.simulation.world import Verdict

SEEDS = range(1, 101)
_INTERRUPTED = 130
KEEP_S = 5.0  # between two writes of what is kept


def simulate(args: Namespace) -> int:
    """Run them; 1 where anything was violated or left out, 130 where Ctrl+C ended it before all were done."""
    if args.mutants:
        _alone(args)
        return _hunt(args)
    if args.mutant:
        named(args.mutant)
    _handless(args)
    plan = plans.read(Path(args.plan).expanduser()) if args.plan else None
    seeds = args.seeds or (SEEDS if plan is None else range(plan.seed, plan.seed + 1))
    if args.show_plan:
        print(plans.written(_plan(args, plan, seeds[0])))
        return 0
    began, tally = time.perf_counter(), Tally()
    interrupted = _run(args, seeds, plan, tally)
    report = tally.report()
    _tell(report, time.perf_counter() - began, as_json=args.json)
    if args.shrink:
        _shrink(report)
    if args.mutant and not report.violations and not interrupted:
        worlds = _counted(report.worlds, "world")
        print(f"midas: {args.mutant} got away: nothing noticed it in {worlds}", file=sys.stderr)
        return 1
    whole = plan is None and not args.crash_every_step and not args.mutant and report.seeds >= SEEDS_MIN
    if report.violations or (whole and report.untouched):
        return 1
    return _INTERRUPTED if interrupted else 0


def _alone(args: Namespace) -> None:
    """The gate plants its own bugs, into the worlds of the seeds. Raises UsageError."""
    others = ("seeds", "hands", "plan", "show_plan", "crash_every_step", "shrink", "keep", "mutant")
    if given := [f"--{name.replace('_', '-')}" for name in others if getattr(args, name)]:
        raise UsageError(f"--mutants plants every bug in worlds of its own: leave {', '.join(given)} out")


def _handless(args: Namespace) -> None:
    """Hands are drawn with a seed's own faults. Raises UsageError."""
    if args.hands and args.plan:
        raise UsageError("--hands draws a plan for each seed: leave it out, a plan says itself what hands do")
    if args.hands and args.crash_every_step:
        raise UsageError("--crash-every-step has worlds of its own, without hands: leave --hands out")


def _run(args: Namespace, seeds: range, plan: Plan | None, tally: Tally) -> bool:
    """Add all worlds up, those that are kept first; whether Ctrl+C ended it before all were done."""
    path = Path(args.keep).expanduser() if args.keep else None
    keeper = Kept(path, made_by((args.crash_every_step, args.mutant, plan, args.hands)) if path else "")
    for part in keeper.parts(seeds):
        tally.merge(part)
    done = {(seed, place) for seed, place, _ in tally.worlds}
    wanted, total = _wanted(args, seeds, plan)
    left = (plan for plan in wanted if (plan.seed, plan.place) not in done)
    fresh, written = Tally(), time.monotonic()
    try:
        with (
            _progress(total, len(done)) as advance,
            closing(_judged(left, total - len(done), args)) as verdicts,
        ):
            for verdict in verdicts:
                tally.add(verdict)
                fresh.add(verdict)
                advance(verdict)
                if time.monotonic() - written > KEEP_S:
                    keeper.add(fresh.part())
                    fresh, written = Tally(), time.monotonic()
    except KeyboardInterrupt:
        hint = (
            f"{path} keeps them, and the same command goes on" if path else "--keep FILE would have kept them"
        )
        print(f"midas: interrupted after {len(tally.worlds)} of {total} worlds; {hint}", file=sys.stderr)
        return True
    finally:
        keeper.add(fresh.part())
    return False


def _wanted(args: Namespace, seeds: range, plan: Plan | None) -> tuple[Iterator[Plan], int]:
    """The plans of all worlds, and how many there are."""
    if not args.crash_every_step:
        return (_plan(args, plan, seed) for seed in seeds), len(seeds)
    with silence():
        sizes = [(lively, measured(lively)) for lively in map(plain, seeds)]
    return chain.from_iterable(every_place(*one) for one in sizes), sum(places(size) for _, size in sizes)


def _judged(wanted: Iterator[Plan], worlds: int, args: Namespace) -> Generator[Verdict, None, None]:
    if worlds == 1:  # where somebody looks closer, another process would only be in the way
        with silence():
            done = work(Job(tuple(wanted), args.mutant))
        yield from done
    elif worlds > 1:
        yield from judged(wanted, args.mutant)


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


def _plan(args: Namespace, plan: Plan | None, seed: int) -> Plan:
    """Of one seed: the given one, or its own."""
    if plan is not None:
        return msgspec.structs.replace(plan, seed=seed)
    return plans.busy(seed) if args.hands else plans.of(seed)


def _tell(report: Report, seconds: float, *, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(report).decode())
    else:
        for failed in report.failed:
            for sentence in failed.violations:
                print(f"seed {failed.seed}: {sentence}")
        print(
            f"{_counted(report.seeds, 'seed')}, {_counted(report.worlds, 'world')} in {seconds:.0f} s, "
            f"{report.virtual_hours:,.1f} virtual hours, "
            f"{report.orders_per_seed} orders and {report.faults_per_seed} faults a world, "
            f"{_counted(report.violations, 'violation')}"
        )
        if report.hands:
            print(f"hands: {', '.join(f'{kind} {number:,}' for kind, number in report.hands.items())}")
        if report.untouched and report.seeds >= SEEDS_MIN:
            print(f"never met: {', '.join(report.untouched)}")


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


@contextmanager
def _progress(total: int, done: int) -> Iterator[Callable[[Verdict], None]]:
    """A bar on stderr where somebody watches."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task, violated = progress.add_task("worlds", total=total, completed=done), 0

        def advance(verdict: Verdict) -> None:
            nonlocal violated
            violated += bool(verdict.violations)
            progress.update(task, advance=1, description=f"worlds, {violated} violated")

        yield advance
