"""All criteria of risk over many seeds, on as many processes as there are cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Literal

import msgspec

from midas.research import calibration_evidence, tail_evidence
from midas.research.calibration_evidence import Recalibrated
from midas.research.criterion import Criterion
from midas.research.tail_evidence import Tested
from midas.runtime.workers import pool_of

SEEDS = range(2_001, 2_011)  # the filter's decay was chosen on seeds 9001 to 9008
FORECASTERS = 2  # a seed: twenty in all say whether an ECE is significant


class Work(msgspec.Struct, frozen=True):
    """One part of one seed."""

    kind: Literal["tail", "calibration"]
    seed: int


class Size(msgspec.Struct, frozen=True):
    """How much of everything; the default is what the criteria are stated for."""

    assets: int = tail_evidence.ASSETS
    days: int = tail_evidence.DAYS
    rows: int = calibration_evidence.JUDGED
    draws: int = 500


Done = list[Tested] | Recalibrated


def works(seeds: Sequence[int]) -> list[Work]:
    """The large parts first, so that no process is left with one alone."""
    forecasters = range(seeds[0] * FORECASTERS, seeds[0] * FORECASTERS + len(seeds) * FORECASTERS)
    return [Work("tail", seed) for seed in seeds] + [Work("calibration", seed) for seed in forecasters]


def criteria(
    todo: Sequence[Work],
    progress: Callable[[Work], None],
    size: Size | None = None,
    processes: int | None = None,
) -> dict[str, Criterion]:
    """F1, F2, B1 and B2; `progress` hears of each part as it ends. The same seeds give the same figures."""
    done: dict[Work, Done] = {}
    for work, found in _done(todo, size or Size(), processes or min(os.cpu_count() or 1, len(todo))):
        done[work] = found
        progress(work)
    tails = [each for work in todo if isinstance(found := done[work], list) for each in found]
    forecasters = [found for work in todo if isinstance(found := done[work], Recalibrated)]
    return {
        "F1": tail_evidence.coverage(tails),
        "F2": tail_evidence.shortfall(tails),
        "B1": calibration_evidence.calibration(forecasters),
        "B2": calibration_evidence.sharpness(forecasters),
    }


def _done(todo: Sequence[Work], size: Size, processes: int) -> Iterator[tuple[Work, Done]]:
    one = partial(_one, size)
    if processes <= 1:
        yield from map(one, todo)
        return
    with pool_of(processes) as pool:
        yield from pool.imap_unordered(one, todo)


def _one(size: Size, work: Work) -> tuple[Work, Done]:
    if work.kind == "tail":
        return work, tail_evidence.backtested(work.seed, size.assets, size.days)
    return work, calibration_evidence.recalibrated(work.seed, rows=size.rows, draws=size.draws)
