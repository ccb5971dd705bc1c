"""Returns by month, and the falls from one peak to the next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from midas.backtest.series import Floats, Times
from midas.domain.time import SECOND
from midas.reports.paths import fallen
from midas.reports.sheet import Fall, Month

DEEPEST = 10
SHALLOW = 1e-6  # a fall below it is rounding


def months(ends: Times, closes: Floats, cash: float) -> tuple[Month, ...]:
    """Of daily closes; a day belongs to the month in which it begins."""
    table: list[Month] = []
    before = last = cash
    for end, close in zip(ends.tolist(), closes.tolist(), strict=True):
        day = datetime.fromtimestamp(end // SECOND - 1, UTC)
        if not table or (table[-1].year, table[-1].month) != (day.year, day.month):
            before = last
            table.append(Month(day.year, day.month, 0.0))
        last = close
        table[-1] = Month(day.year, day.month, last / before - 1.0 if before > 0.0 else 0.0)
    return tuple(table)


def falls(times: Times, equity: Floats, cash: float, begins: int) -> tuple[Fall, ...]:
    """The ten deepest, deepest first, and the longest; `begins` is when what it began with was there."""
    if not len(times):
        return ()
    depth = fallen(equity, cash)
    under = depth < -SHALLOW
    edges = np.flatnonzero(np.diff(np.concatenate([[False], under, [False]]).astype(np.int8)))
    found = [_fall(times, depth, int(first), int(after), begins) for first, after in _pairs(edges.tolist())]
    ordered = sorted(found, key=lambda fall: fall.depth)
    longest = max(found, key=lambda fall: fall.days(int(times[-1])), default=None)
    deepest = ordered[:DEEPEST]
    return tuple(deepest if longest is None or longest in deepest else [*deepest, longest])


def _fall(times: Times, depth: Floats, first: int, after: int, begins: int) -> Fall:
    trough = first + int(np.argmin(depth[first:after]))
    peak = int(times[first - 1]) if first else begins
    return Fall(
        float(depth[trough]), peak, int(times[trough]), int(times[after]) if after < len(times) else 0
    )


def _pairs(edges: Sequence[int]) -> list[tuple[int, int]]:
    return list(zip(edges[::2], edges[1::2], strict=True))
