"""What the timing of a strategy was worth: the same trades, begun at random.

A twin makes as many trades as the run did, each as long, as large and as dear, in an order and with pauses
that are drawn; none overlaps another of its instrument. Who beats few of them owes the result to the market.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from midas.backtest.series import Bars
from midas.reports.sheet import Trade, Twin

RUNS = 200
LOW, HIGH = 0.05, 0.95

Floats = NDArray[np.float64]


def twins(
    found: Sequence[Trade], series: Sequence[Bars], cash: float, seed: int, runs: int = RUNS, *,
    dear: float = 0.0,
) -> Twin | None:  # fmt: skip
    """None where nothing was traded. `found`: all closed trades, `seed`: of the chance.

    `dear`: the share of all it bought and sold that spread and impact took from the run.
    """
    mine = {bars.instrument.id: [t for t in found if t.instrument == bars.instrument.id] for bars in series}
    if not any(mine.values()):
        return None
    chance = np.random.default_rng((seed, 20))
    made = np.zeros(runs)
    for bars in series:
        if trades := mine[bars.instrument.id]:
            made += [_twin(trades, bars, chance, dear) for _ in range(runs)]
    result, totals = sum(t.profit for t in found) / cash, made / cash
    return Twin(
        runs=runs, median=float(np.median(totals)), low=float(np.quantile(totals, LOW)),
        high=float(np.quantile(totals, HIGH)), beaten=float(np.mean(totals < result)),
    )  # fmt: skip


def _twin(trades: Sequence[Trade], bars: Bars, chance: np.random.Generator, dear: float) -> float:
    """Profit of one."""
    order = chance.permutation(len(trades))
    lengths = np.array([_bars(trade, bars) for trade in trades])[order]
    begins = _places(lengths, len(bars), chance)
    put_in = np.array([t.quantity * t.entry for t in trades])[order]
    sides = np.array([1.0 if t.long else -1.0 for t in trades])[order]
    fees = np.array([t.fees - t.funding for t in trades])[order]
    entry, exit_ = bars.open[begins], bars.close[np.minimum(begins + lengths, len(bars)) - 1]
    grown = exit_ / entry
    return float((sides * put_in * (grown - 1.0) - fees - put_in * (1.0 + grown) * dear).sum())


def _places(lengths: NDArray[np.int64], total: int, chance: np.random.Generator) -> NDArray[np.int64]:
    """Where each begins: it cuts the free bars at a place of its own, all of them equally likely."""
    free = max(total - int(lengths.sum()), 0)
    cuts = np.sort(chance.integers(0, free + 1, len(lengths)))
    before = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    places: NDArray[np.int64] = np.minimum(cuts + before, total - 1)
    return places


def _bars(trade: Trade, bars: Bars) -> int:
    """How many bars it lasted, one at least."""
    return max(1, round((trade.closed_at - trade.opened_at) / bars.period))
