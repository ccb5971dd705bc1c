"""What a worker does: trials of one strategy on the candles that it was given once."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from math import sqrt
from pathlib import Path

import msgspec
import numpy as np

from midas.backtest.assumptions import Assumptions
from midas.backtest.compiled.objections import objection
from midas.backtest.compiled.path import Compiled, Refused, Trials
from midas.backtest.compiled.probe import disagreement
from midas.backtest.outcome import Curve, curve
from midas.backtest.record import Record
from midas.backtest.run import Looks, run
from midas.backtest.series import Bars
from midas.backtest.sweep.space import Parameters
from midas.backtest.sweep.trial import FAILED, OBJECTIVES, PRUNED, STEPPED, Job, Trial, known, measured
from midas.engine.config import EngineConfig
from midas.errors import CombinationRefused, MidasError, ParameterInvalid
from midas.parameters import checked
from midas.ports.strategy import Strategy
from midas.statistics.conventions import daily_closes, simple_returns
from midas.statistics.performance import sharpe_of_period
from midas.workspace import LoadedStrategy, load_strategies

RUNGS = 8  # looks at a trial that is stepped: after each eighth of its candles
TOGETHER = 32  # parameters that a strategy is asked about at once: what it answers stays in the cache
Medians = tuple[float | None, ...]


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """All that a trial needs beside its parameters; it travels to every worker once."""

    load: Callable[[], type[Strategy]]  # of a module, so that it can travel: `from_workspace`
    config: EngineConfig  # its one strategy has the parameters that stay
    series: tuple[Bars, ...]
    balances: dict[str, Decimal]
    given: Assumptions
    objective: str
    fast: str  # auto, never or only


class Task(msgspec.Struct, frozen=True):
    """Some trials, and the medians below which one is given up; empty: none is."""

    jobs: tuple[Job, ...]
    medians: Medians = ()


class Pruned(MidasError):
    """A trial is worse than half of those before it were at this point."""

    def __init__(self, partial: Medians, sharpe_day: float | None) -> None:
        super().__init__(f"below the median after {len(partial)} of {RUNGS} parts")
        self.partial = partial
        self.sharpe_day = sharpe_day


def from_workspace(workspace: Path, file: str) -> Callable[[], type[Strategy]]:
    """Loads a strategy's class wherever it is called."""
    return partial(_loaded, workspace, file)


def _loaded(workspace: Path, file: str) -> type[Strategy]:
    return load_strategies(workspace, {file: {}})[0].type


class Evaluator:
    """Makes trials; what they share is worked out once."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._kind = setup.load()
        self._trials: Trials | None = None
        self._refused = "" if setup.fast != "never" else "--fast never"
        self._probed = False

    def checked(self, parameters: Parameters) -> msgspec.Struct:
        """Those that stay and these, as the strategy wants them.

        Raises ParameterInvalid, and CombinationRefused where they don't go together.
        """
        wanted = self.setup.config.strategies[0].parameters | parameters
        try:
            return checked(self._kind.Parameters, wanted)
        except ParameterInvalid as error:
            if error.key:
                raise
            raise CombinationRefused(f"{self._kind.name} refuses {error.value}: {error.sentence}") from None

    def make(self, task: Task) -> list[Trial]:
        """The trials of one task; one whose parameters its strategy refuses has failed."""
        made: list[Trial] = []
        jobs: list[Job] = []
        for job in task.jobs:
            try:
                self.checked(job.parameters)
            except CombinationRefused as error:
                made.append(
                    Trial(number=job.number, parameters=job.parameters, state=FAILED, reason=str(error))
                )
            else:
                jobs.append(job)
        return made + self._made(Task(tuple(jobs), task.medians)) if jobs else made

    def _made(self, task: Task) -> list[Trial]:
        jobs = task.jobs
        parameters = [self.checked(job.parameters) for job in jobs]
        trials = self._ready(parameters[0])
        if trials is None:
            return [self._slowly(job, task.medians, self._refused) for job in jobs]
        if not self._probed:
            self._refused = self._probe(parameters[0], trials.wanted(parameters[:1])[0])
            self._probed = True
            if self._refused:
                self._trials = None
                return self._made(task)
        made: list[Trial] = []
        for first in range(0, len(jobs), TOGETHER):
            some = slice(first, first + TOGETHER)
            found = trials.made(trials.wanted(parameters[some]))
            made += [self._fast(job, one, task) for job, one in zip(jobs[some], found, strict=True)]
        return made

    def _ready(self, parameters: msgspec.Struct) -> Trials | None:
        if self._trials is None and not self._refused:
            it = self.setup
            strategy = self._kind(parameters)
            self._refused = objection(it.config, [strategy], it.series, it.balances, it.given)
            if not self._refused:
                kind = self._kind
                self._trials = Trials(it.config, kind, it.series[0], it.balances, it.given)  # type: ignore[arg-type]
        return self._trials

    def _probe(self, parameters: msgspec.Struct, wanted: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> str:
        it = self.setup
        return disagreement(self._kind, parameters, wanted, it.series[0], it.config.bar_spread)

    def _fast(self, job: Job, found: Compiled | Refused, task: Task) -> Trial:
        if isinstance(found, Refused):
            return self._slowly(job, task.medians, found.reason)
        return measured(
            job, found.daily(), self.setup.objective, fills=len(found.places), equity=found.equity
        )

    def _slowly(self, job: Job, medians: Medians, why: str) -> Trial:
        """On the engine itself."""
        if self.setup.fast == "only":
            return Trial(number=job.number, parameters=job.parameters, state=FAILED, reason=why)
        it, record = self.setup, Record(keep=False)
        entry = msgspec.structs.replace(
            it.config.strategies[0], parameters=it.config.strategies[0].parameters | job.parameters
        )
        config = msgspec.structs.replace(it.config, strategies=(entry,))
        watched = Rungs(it, record, medians)
        try:
            wanted = self.checked(job.parameters)
            strategy = LoadedStrategy(self._kind.name, Path(self._kind.name), self._kind, wanted).make()
            with _uncollected():
                outcome = run(
                    config, [strategy], it.series, it.balances, it.given, record=record,
                    looks=Looks(watched.advance, watched.every), listens=it.fast != "never",
                )  # fmt: skip
        except Pruned as pruned:
            return Trial(
                number=job.number, parameters=job.parameters, state=PRUNED, reason=str(pruned),
                fills=len(record.fills), path=STEPPED, stepped=why, partial=pruned.partial,
                sharpe_day=pruned.sharpe_day,
            )  # fmt: skip
        if outcome.interrupted:
            raise KeyboardInterrupt
        return measured(
            job, _daily(outcome.curve, float(it.balances[it.config.quote])), it.objective,
            fills=len(outcome.fills), equity=outcome.equity, path=STEPPED, stepped=why,
            partial=tuple(watched.values),
        )  # fmt: skip


@contextmanager
def _uncollected() -> Iterator[None]:
    """A short run ends before there is anything to collect, and looking takes a tenth of a second."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


class Rungs:
    """What a trial that is stepped has reached after each part of its candles."""

    def __init__(self, setup: Setup, record: Record, medians: Medians) -> None:
        self._setup = setup
        self._record = record
        self._medians = medians
        self._cash = float(setup.balances[setup.config.quote])
        self._count = sum(map(len, setup.series))
        self.every = max(1, -(-self._count // RUNGS))
        self._bars = 0
        self.values: list[float | None] = []

    def advance(self, more: int) -> None:
        """So many more bars were stepped. Raises Pruned, but not after the last one: that trial is whole."""
        self._bars += more
        if len(self._setup.series) != 1 or self._bars >= self._count:
            return
        bars = self._setup.series[0]
        reached = bars.between(0, int(bars.time[self._bars - 1]))
        daily = _daily(curve([reached], self._record.fills, self._cash, self._record.charges), self._cash)
        returns = simple_returns(daily)
        self.values.append(known(OBJECTIVES[self._setup.objective](returns)))
        place = len(self.values) - 1
        median = self._medians[place] if place < len(self._medians) else None
        if median is not None and (value := self.values[-1]) is not None and value < median:
            day = known(sharpe_of_period(returns))
            raise Pruned(tuple(self.values), _of_all(day, self._bars / self._count))


def _of_all(sharpe_day: float | None, share: float) -> float | None:
    """A Sharpe ratio of a `share` of the days as luck would leave it of all: its error shrinks with the root.

    Without those that were given up the others look alike, and the best of them hardly like luck.
    """
    return None if sharpe_day is None else sharpe_day * sqrt(share)


def _daily(found: Curve, cash: float) -> list[float]:
    return [cash, *daily_closes(zip((found.time - 1).tolist(), found.equity.tolist(), strict=True))]


def medians_of(trials: Sequence[Trial], least: int) -> Medians:
    """Of what earlier trials had reached after each part; None where fewer than `least` say."""
    found: list[float | None] = []
    for place in range(RUNGS - 1):
        values = sorted(
            value for t in trials if len(t.partial) > place and (value := t.partial[place]) is not None
        )
        half = len(values) // 2
        middle = values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2 if values else 0.0
        found.append(middle if len(values) >= least else None)
    return tuple(found)
