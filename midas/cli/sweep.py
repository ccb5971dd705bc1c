"""`midas sweep`: one strategy with many parameters on the same candles, kept trial by trial."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path

import msgspec

from midas.backtest.series import Bars
from midas.backtest.settings import configured
from midas.backtest.sweep.choosers import size
from midas.backtest.sweep.evaluate import Setup, from_workspace
from midas.backtest.sweep.executors import executor_of
from midas.backtest.sweep.luck import overfitted
from midas.backtest.sweep.run import AT_ONCE, Told, confirmed, stepped_because, sweep
from midas.backtest.sweep.space import Axis, Parameters, axis, grid, rule
from midas.backtest.sweep.storage import FOLDER, Store
from midas.backtest.sweep.trial import DONE, FAILED, Plan, Trial, ranked
from midas.backtest.tables import bars_of, read_tables
from midas.backtest.trials import Span, Tried, count, counted, digest_of, span_of
from midas.cli.options import settings_from
from midas.cli.sweep_page import Ended, page
from midas.cli.trying import asked, assumptions_from, cash_from, check_typed, refused, units_from
from midas.cli.waiting import waiting
from midas.domain.time import DAY
from midas.errors import ParameterInvalid, UsageError
from midas.parameters import checked
from midas.reports import words
from midas.runtime.records import WHOLE, code_hash
from midas.settings import Settings
from midas.statistics.conventions import LEAST_SHARPE, LEAST_SORTINO

_INTERRUPTED = 130


def run(args: Namespace) -> int:
    """Make what isn't made yet, and tell; 130 where Ctrl+C ended it, and the same command goes on."""
    settings = settings_from(args)
    setup, plan = _asked(args, settings)
    total, first = size(plan), _first(plan)
    why = stepped_because(setup, first)
    if why and args.fast == "only":
        raise UsageError(f"--fast only: {why}; --fast auto steps the engine where it has to")
    folder = settings.home / FOLDER / plan.id
    workers = args.workers or os.cpu_count() or 1
    began, interrupted = time.perf_counter(), False
    with closing(Store(folder, plan, fresh=args.fresh)) as store:
        before, ledger = len(store.trials), _Ledger(settings.home, plan, span_of(setup.series))
        ledger.count(store.trials.values())  # a kill may have left some uncounted
        try:
            with _progress(total, store) as shown, executor_of(args.executor, setup, workers) as executor:

                def told(made: Sequence[Trial]) -> None:
                    ledger.count(made)
                    shown(made)

                sweep(plan, store, executor, 1 if why else AT_ONCE, told)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            ledger.count(store.trials.values())
        trials = ranked(store.trials.values())
    if not interrupted and trials and trials[0].state == DONE and trials[0].value is not None:
        confirmed(setup, trials[0])
    ended = Ended(
        id=plan.id, plan=plan, total=total, kept=before, seconds=time.perf_counter() - began,
        interrupted=interrupted, overfitting=overfitted(trials),
        trials=[msgspec.structs.replace(trial, tenths=msgspec.UNSET) for trial in trials],
    )  # fmt: skip
    _tell(args, ended, folder)
    return _INTERRUPTED if interrupted else 0


def _tell(args: Namespace, ended: Ended, folder: Path) -> None:
    if args.html:
        from midas.reports.sweep_html import document

        path = Path(args.html).expanduser()
        try:
            path.write_text(document(ended.plan, ended.trials, ended.overfitting))
        except OSError as error:
            raise UsageError(f"--html {path}: can't be written: {error.strerror or error}") from None
    if args.json:
        print(msgspec.json.encode(ended, enc_hook=str).decode())
    else:
        print("\n".join(page(ended)))
    if ended.interrupted:
        left = ended.total - len(ended.trials)
        print(f"midas: interrupted; {folder} keeps the trials, the same command makes the other {left:,}",
              file=sys.stderr)  # fmt: skip


def _asked(args: Namespace, settings: Settings) -> tuple[Setup, Plan]:
    """Raises UsageError."""
    check_typed(args, settings, {})
    every = [axis(text) for text in args.set]
    files = [Path(name).expanduser() for name in args.data]
    with waiting("midas: reading the data"):
        series = asked(bars_of(read_tables(files, args.symbol or "", time.time_ns())), args)
    _check_length(args, series)
    given = assumptions_from(args, settings)
    if len({each.name for each in every}) < len(every):
        raise UsageError("--set: one parameter is given twice")
    fixed = {each.name: each.values[0] for each in every if len(each.values) == 1}
    axes = tuple(each for each in every if len(each.values) != 1)
    if not axes:
        raise UsageError("--set: nothing varies; give at least one parameter several values, as fast=5..54")
    instruments = tuple(bars.instrument for bars in series)
    config = configured(
        settings, args.strategy, fixed, instruments, min(bars.period for bars in series), given.spread_bps,
        units_from(args), series,
    )  # fmt: skip
    balances = dict.fromkeys((i.base for i in instruments), Decimal(0))
    balances[config.quote] = cash_from(args, settings, config.quote)
    setup = Setup(
        load=from_workspace(settings.workspace, args.strategy), config=config, series=tuple(series),
        balances=balances, given=given, objective=args.objective, fast=args.fast,
    )  # fmt: skip
    return setup, _plan(args, settings, setup, axes)


def _plan(args: Namespace, settings: Settings, setup: Setup, axes: tuple[Axis, ...]) -> Plan:
    if args.prune and len(setup.series) > 1:
        raise UsageError(
            "--prune: judges a trial half way on the candles of one instrument; leave it out with several"
        )
    rules = tuple(rule(text, axes) for text in args.where or ())
    if rules and args.method == "tpe":
        raise UsageError("--where: tpe chooses from all combinations; take --method random, or grid")
    _check(setup, axes)
    file = settings.workspace / "strategies" / f"{args.strategy.replace('-', '_')}.py"
    source = (setup.config, setup.balances, setup.given, code_hash([file], WHOLE))
    return Plan(
        strategy=args.strategy, data=digest_of(setup.series), axes=axes,
        setting=blake2b(msgspec.json.encode(source, order="sorted"), digest_size=8).hexdigest(),
        fixed=dict(setup.config.strategies[0].parameters), rules=rules, method=args.method,
        trials=0 if args.method == "grid" else args.trials, seed=args.seed, objective=args.objective,
        pruning=args.prune, fast=args.fast,
    )  # fmt: skip


def _check_length(args: Namespace, series: Sequence[Bars]) -> None:
    """Whether so many days can tell the objective at all. Raises UsageError."""
    least = {"sharpe": LEAST_SHARPE, "sortino": LEAST_SORTINO}.get(args.objective, 0)
    begins = min(int(bars.time[0]) - bars.period for bars in series)
    days = (max(int(bars.time[-1]) for bars in series) - 1) // DAY - begins // DAY + 1
    if days < least:
        told = f"{words.counted(days, 'day')} can't tell it, {least} can"
        raise UsageError(f"--objective {args.objective}: {told}; give more data, or --objective return")


def _check(setup: Setup, axes: tuple[Axis, ...]) -> None:
    """Whether the strategy takes each value by itself. Raises UsageError."""
    kind, fixed = setup.load().Parameters, setup.config.strategies[0].parameters
    for name, value in [(name, value) for name, value in fixed.items()] + [
        (each.name, value) for each in axes for value in each.values or ((each.low + each.high) / 2,)
    ]:
        try:
            checked(kind, {name: value})
        except ParameterInvalid as error:
            if error.key:
                raise refused(error, {name: value}) from None


def _first(plan: Plan) -> Parameters:
    """Any combination."""
    listed = [msgspec.structs.replace(a, values=a.values[:1] or (a.low,)) for a in plan.axes]
    return grid(listed)[0]


class _Ledger:
    """Every trial counts against the luck of the best one, once, as soon as anybody could see it.

    One that failed never saw the data.
    """

    def __init__(self, home: Path, plan: Plan, of: Span) -> None:
        self._home = home
        self._plan = plan
        self._of = of
        self._by = f"sweep {plan.id}"
        tried = counted(home, plan.data, plan.strategy)
        self._known = {_key(each.parameters) for each in tried if each.by == self._by}

    def count(self, trials: Iterable[Trial]) -> None:
        """Those that aren't in it yet. Raises StoreError."""
        plan, now = self._plan, time.time_ns()
        found: dict[bytes, Tried] = {}
        for trial in trials:
            if trial.state == FAILED:
                continue
            parameters: dict[str, object] = {**plan.fixed, **trial.parameters}
            if (key := _key(parameters)) not in self._known:
                found[key] = Tried(
                    strategy=plan.strategy, data=plan.data, parameters=parameters,
                    sharpe_day=trial.sharpe_day, at=now, by=self._by, of=self._of,
                )  # fmt: skip
        count(self._home, found.values())
        self._known.update(found)


def _key(parameters: Mapping[str, object]) -> bytes:
    return msgspec.json.encode(parameters, order="sorted")


@contextmanager
def _progress(total: int, store: Store) -> Iterator[Told]:
    """A bar with the time left and the best until now, on stderr, where somebody watches."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("trials"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        TextColumn("{task.fields[best]}"),
    )  # fmt: skip
    best = next((t for t in ranked(store.trials.values())), None)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("trials", total=total, completed=len(store.trials), best=_said(best))

        def told(made: Sequence[Trial]) -> None:
            nonlocal best
            best = ranked([*made, *([best] if best is not None else [])])[0]
            progress.update(task, completed=len(store.trials), best=_said(best))

        yield told


def _said(best: Trial | None) -> str:
    if best is None or best.value is None:
        return ""
    return f"best {best.value:.4g}: " + " ".join(f"{k}={v}" for k, v in best.parameters.items())
