"""Both suites of stylised facts over many seeds: run, keep, judge."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Literal

import msgspec
import numpy as np

from midas import __version__
from midas.errors import ConfigInvalid
from midas.runtime.workers import pool_of
from midas.venues.sim.facts import book, daily
from midas.venues.sim.facts.row import Row
from midas.venues.sim.world.macro import Macro, MacroParameters
from midas.venues.sim.world.micro import MicroParameters
from midas.venues.sim.world.parameters import World

Suite = Literal["macro", "micro"]

DAYS: Final = 5_040  # twenty years
ASSETS: Final = 10
CONTROL_FAILS_MIN: Final = 6  # rows that an i.i.d. normal control must fail, or the suite has no teeth
_DAILY_VOLATILITY: Final = 0.02  # of every asset; no fact depends on it
_DAYS_A_RUN: Final = 60  # bounds the memory of a path
_LONGER: Final = 9  # times that a sample may be made longer to show every regime


class Work(msgspec.Struct, frozen=True):
    """One seed of one suite; `days` counts in the macro suite only."""

    suite: Suite
    seed: int
    days: int


class Finished(msgspec.Struct, frozen=True):
    """A seed's rows, each with one value."""

    work: Work
    rows: list[Row]


class Kept:
    """Finished seeds in a file of JSON lines, so that an interrupted judgement goes on where it stood.

    It knows the world and the bands, not code: who changes a kernel starts a new file.
    """

    def __init__(self, path: Path | None, world: World | None = None) -> None:
        self._path = path
        self._made_by = _made_by(world)

    def load(self) -> dict[Work, list[Row]]:
        """What stands in the file and was made by the same parameters; a torn last line is left out."""
        if self._path is None or not self._path.exists():
            return {}
        found: dict[Work, list[Row]] = {}
        for line in self._read().splitlines():
            try:
                entry = json.loads(line)
                if entry["made_by"] == self._made_by:
                    finished = msgspec.convert(entry["finished"], Finished)
                    found[finished.work] = finished.rows
            except (ValueError, KeyError, TypeError):
                continue
        return found

    def add(self, finished: Finished) -> None:
        """Append one seed."""
        if self._path is None:
            return
        # json, not msgspec: a statistic that is NaN must come back as NaN.
        line = json.dumps({"made_by": self._made_by, "finished": msgspec.to_builtins(finished)})
        try:
            with self._path.open("a") as file:
                file.write(line + "\n")
        except OSError as error:
            raise self._refused("written", error) from None

    def _read(self) -> str:
        assert self._path is not None
        try:
            return self._path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise self._refused("read", error) from None

    def _refused(self, act: str, error: Exception) -> ConfigInvalid:
        return ConfigInvalid(f"--keep {self._path}: can't be {act} ({error}); name a text file of your own")


def simulated(seed: int, days: int, world: World | None = None) -> daily.Sample:
    """Daily returns and labels of a world's assets; without one, of the reference market's ten."""
    chosen = world.macro if world else MacroParameters()
    macro = Macro(chosen, world.day_volatility if world else [_DAILY_VOLATILITY] * ASSETS, seed)
    sample = _days(macro, days, chosen.steps_per_day)
    for _ in range(_LONGER):
        if sample.whole.complete:
            break
        more = _days(macro, days, chosen.steps_per_day)
        sample = msgspec.structs.replace(sample, beyond=_joined(sample.beyond, more))
    return sample


def _days(macro: Macro, days: int, steps: int) -> daily.Sample:
    returns, regimes = [], []
    for first in range(0, days, _DAYS_A_RUN):
        path = macro.run(min(_DAYS_A_RUN, days - first) * steps)
        returns.append(path.returns.reshape(-1, steps, path.returns.shape[1]).sum(axis=1))
        regimes.append(path.regime[::steps])
    return daily.Sample(np.concatenate(returns), np.concatenate(regimes))


def _joined(before: daily.Sample | None, more: daily.Sample) -> daily.Sample:
    return msgspec.structs.replace(before, beyond=more).whole if before else more


def judged(
    works: Sequence[Work],
    kept: Kept,
    progress: Callable[[Work], None],
    processes: int | None = None,
    world: World | None = None,
) -> list[Row]:
    """The rows over all seeds, suite after suite; `progress` hears of each seed as it ends.

    Without a world the reference market is judged.
    """
    done = kept.load()
    missing = [work for work in works if work not in done]
    for work in works:
        if work in done:
            progress(work)
    for finished in _finished(missing, processes or min(os.cpu_count() or 1, len(missing)), world):
        kept.add(finished)
        done[finished.work] = finished.rows
        progress(finished.work)
    return _merged([done[work] for work in works])


def control(seeds: Iterable[int], days: int) -> list[Row]:
    """The macro suite's rows of independent normal returns."""
    return daily.rows([daily.measured(daily.iid_normal(days, ASSETS, seed)) for seed in seeds])


def _finished(works: Sequence[Work], processes: int, world: World | None) -> Iterator[Finished]:
    one = partial(_one, world)
    if processes <= 1:
        yield from map(one, works)
        return
    with pool_of(processes) as pool:
        yield from pool.imap_unordered(one, works)


def _one(world: World | None, work: Work) -> Finished:
    if work.suite == "macro":
        return Finished(work, daily.rows([daily.measured(simulated(work.seed, work.days, world))]))
    if world:
        return Finished(work, book.served(world, work.seed))
    return Finished(work, book.rows([work.seed], lambda _: None))


def _merged(seeds: Sequence[Sequence[Row]]) -> list[Row]:
    """One row a fact, in the order of first sight, with every seed's value."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in (row for rows in seeds for row in rows):
        found.setdefault((row.suite, row.name), []).append(row)
    return [
        msgspec.structs.replace(
            rows[0],
            values=tuple(value for row in rows for value in row.values),
            assets={name: tuple(v for row in rows for v in row.assets[name]) for name in rows[0].assets},
        )
        for rows in found.values()
    ]


def reference_hash() -> str:
    """Of the reference market's parameters, as `World.hash` of a world's."""
    described = msgspec.json.encode((MacroParameters(), MicroParameters()))
    return hashlib.sha256(described).hexdigest()[:16]


def _made_by(world: World | None) -> str:
    """Of every parameter and band: seeds kept under others say nothing."""
    bands = [(fact.name, fact.low, fact.high) for fact in daily.FACTS]
    bands += [(fact.name, fact.low, fact.high) for fact in book.FACTS]
    described = msgspec.json.encode((__version__, world.hash if world else reference_hash(), bands))
    return hashlib.sha256(described).hexdigest()[:16]
