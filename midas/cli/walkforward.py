"""`midas walkforward`: parameters chosen on the past alone, and what they then did."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path

import msgspec
import numpy as np

from midas.backtest import forward
from midas.backtest.compiled.objections import declares
from midas.backtest.compiled.path import timed
from midas.backtest.conditions import taking
from midas.backtest.outcome import Outcome
from midas.backtest.record import Record
from midas.backtest.run import run, seldom_collected
from midas.backtest.series import Bars
from midas.backtest.settings import configured, workspace_parameters
from midas.backtest.sweep.space import axis
from midas.backtest.tables import bars_of, read_tables
from midas.backtest.trials import digest_of
from midas.backtest.walk_store import Combination, WalkStore
from midas.backtest.walkforward import Switching
from midas.cli.counting import ratios_tried, sharpe_day
from midas.cli.options import settings_from
from midas.cli.trying import (
    asked,
    assumptions_from,
    cash_from,
    check_typed,
    strategies_for,
    units_from,
)
from midas.cli.waiting import waiting
from midas.cli.walkforward_page import page
from midas.costs import BPS
from midas.errors import UsageError
from midas.reports.words import counted
from midas.runtime.records import WHOLE, code_hash
from midas.settings import Settings

_INTERRUPTED = 130
KEPT = 2  # what is kept of a combination


def walkforward(args: Namespace) -> int:
    """Try every combination once, walk, and tell; 130 where somebody interrupted it."""
    settings = settings_from(args)
    files = [Path(name).expanduser() for name in args.data]
    tried = forward.grid(_values(text) for text in args.set or ())
    for parameters in tried:
        check_typed(args, settings, parameters)
    with waiting("midas: reading the data"):
        series = asked(bars_of(read_tables(files, args.symbol or "", time.time_ns())), args)
    period = min(bars.period for bars in series)
    begins = min(int(bars.time[0]) - bars.period for bars in series)
    ends = max(int(bars.time[-1]) for bars in series)
    step = forward.step_of(begins, ends, period)
    windows = forward.windows_of((ends - begins) // step, args.train or 0, args.test or 0, args.rolling)
    data = digest_of(series)
    store = WalkStore(settings.home, _name(args, settings, series, (data, begins, ends, step)))
    made: list[Combination] = []
    try:
        with _progress(len(tried)) as advance, seldom_collected():
            for parameters in tried:
                known = store.find(parameters)
                if known is None:
                    outcome, cash = _one(args, settings, series, parameters)
                    if outcome.interrupted:
                        raise KeyboardInterrupt
                    known = Combination(
                        parameters=parameters, cash=cash, sharpe_day=sharpe_day(outcome, cash),
                        returns=forward.returns_of(outcome, cash, begins, ends, step),
                        held=forward.shares_of(outcome, series, cash, begins, ends, step),
                    )  # fmt: skip
                    store.add(known)
                made.append(known)
                advance(1)
    except KeyboardInterrupt:
        kept = "what was made is kept, the same command goes on" if made else "the same command begins anew"
        print(f"midas: interrupted after {len(made)} of {counted(len(tried), 'combination')}; {kept}",
              file=sys.stderr)  # fmt: skip
        return _INTERRUPTED
    finally:
        store.close()
    fixed = workspace_parameters(settings, args.strategy)
    ratios = [(fixed | each.parameters, each.sharpe_day) for each in made]
    trials, variance = ratios_tried(settings.home, args.strategy, series, ratios, "walkforward")
    columns = np.array([each.returns for each in made]).T
    switching = Switching(np.array([each.held for each in made]).swapaxes(0, 1), _rate(args, settings))
    found = forward.summary(tried, columns, windows, begins, step, trials, variance, switching)
    if args.json:
        print(msgspec.json.encode(found).decode())
    else:
        print("\n".join(page(args.strategy, [bars.instrument.name for bars in series], found)))
    return 0


def _rate(args: Namespace, settings: Settings) -> float:
    """What a taker pays of what changes hands, but for impact."""
    return taking(assumptions_from(args, settings)).total_bps / BPS


def _name(args: Namespace, settings: Settings, series: Sequence[Bars], data: tuple[object, ...]) -> str:
    """Of all that a combination's returns depend on, but for its own parameters."""
    given = assumptions_from(args, settings)
    instruments = tuple(bars.instrument for bars in series)
    period = min(bars.period for bars in series)
    config = configured(
        settings, args.strategy, {}, instruments, period, given.spread_bps, units_from(args), series
    )
    file = settings.workspace / "strategies" / f"{args.strategy.replace('-', '_')}.py"
    cash = cash_from(args, settings, config.quote)
    code = code_hash([file], WHOLE) if file.is_file() else ""
    every = (KEPT, config, given, cash, args.fast, code, data)
    return blake2b(msgspec.json.encode(every, order="sorted"), digest_size=8).hexdigest()


def _one(
    args: Namespace, settings: Settings, series: Sequence[Bars], parameters: dict[str, object]
) -> tuple[Outcome, float]:
    """One combination over all data, over arrays where that is proven the same, and what it began with."""
    given = assumptions_from(args, settings)
    instruments = tuple(bars.instrument for bars in series)
    period = min(bars.period for bars in series)
    config = configured(
        settings, args.strategy, parameters, instruments, period, given.spread_bps, units_from(args), series
    )
    strategies = strategies_for(settings, config, parameters)
    balances = dict.fromkeys((i.base for i in instruments), Decimal(0))
    balances[config.quote] = cash_from(args, settings, config.quote)
    if args.fast != "never" and declares(strategies[0]):
        found = timed(config, strategies, series, balances, given)
        if isinstance(found, Outcome):
            return found, float(balances[config.quote])
    made = run(
        config, strategies, series, balances, given, record=Record(keep=False), listens=args.fast != "never"
    )
    return made, float(balances[config.quote])


def _values(text: str) -> tuple[str, list[object]]:
    """`horizon=10,20,30` or `5..20:5`: a name and what is tried of it."""
    found = axis(text)
    if not found.values:
        raise UsageError(f"--set {text}: expected values, or a range with a step as in 0.1..0.9:0.1")
    return found.name, list(found.values)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """A bar with the time left, on stderr, where somebody watches."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("combinations", total=total)
        yield lambda more: progress.update(task, advance=more)
