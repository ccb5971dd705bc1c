"""Where the result came from: by strategy, by instrument, and by the regime that the rules saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from midas.backtest.record import Sight
from midas.backtest.series import Bars, Times
from midas.domain.decision import FillBooked
from midas.domain.opinion import RegimeLabel
from midas.reports.paths import Path, marks
from midas.reports.sheet import Part, Trade

_NONE = RegimeLabel.UNKNOWN


def by_strategy(fills: Sequence[FillBooked], series: Sequence[Bars], found: Sequence[Trade]) -> list[Part]:
    """What is still held counts at the last close."""
    last = {bars.instrument.id: float(bars.close[-1]) for bars in series if len(bars)}
    profit: dict[str, float] = defaultdict(float)
    fees: dict[str, float] = defaultdict(float)
    for fill in fills:
        signed = float(fill.quantity) * fill.side.sign
        profit[fill.strategy] += signed * (last[fill.instrument] - float(fill.price)) - float(fill.fee)
        fees[fill.strategy] += float(fill.fee)
    return [
        Part(
            kind="strategy", name=name, profit=profit[name], fees=fees[name],
            trades=sum(trade.strategy == name for trade in found),
        )
        for name in sorted(profit)
    ]  # fmt: skip


def by_instrument(
    paths: Mapping[str, Path], names: Mapping[str, str], fills: Sequence[FillBooked], found: Sequence[Trade]
) -> list[Part]:
    """`names`: as a person calls each id."""
    return [
        Part(
            kind="instrument", name=names[each], profit=float(path.profit[-1]) if len(path.profit) else 0.0,
            trades=sum(trade.instrument == each for trade in found),
            fees=float(sum(fill.fee for fill in fills if fill.instrument == each)),
        )
        for each, path in paths.items()
    ]  # fmt: skip


def by_regime(
    series: Sequence[Bars], paths: Mapping[str, Path], times: Times, seen: Sequence[Sight],
    found: Sequence[Trade],
) -> list[Part]:  # fmt: skip
    """What each bar brought counts for the regime that stood when it began; a trade for that of its entry."""
    profit: dict[RegimeLabel, float] = defaultdict(float)
    bars_in: dict[RegimeLabel, int] = defaultdict(int)
    trades: dict[RegimeLabel, int] = defaultdict(int)
    order = list(RegimeLabel)
    for bars in series:
        name = bars.instrument.id
        changes = [sight for sight in seen if sight.instrument == name]
        labels = _labels(changes, np.concatenate([[int(times[0]) - bars.period], times[:-1]]), order)
        moved = np.diff(paths[name].profit, prepend=0.0)
        traded = marks(bars, times) > 0.0
        for number, label in enumerate(order):
            there = labels == number
            profit[label] += float(moved[there].sum())
            bars_in[label] += int(np.count_nonzero(there & traded))
        opened = np.array([trade.opened_at for trade in found if trade.instrument == name], np.int64)
        for number in _labels(changes, opened, order).tolist():
            trades[order[number]] += 1
    total = sum(bars_in.values()) or 1
    return [
        Part(
            kind="regime", name=label.short, profit=profit[label], trades=trades[label],
            time=bars_in[label] / total,
        )
        for label in order if bars_in[label]
    ]  # fmt: skip


def _labels(changes: Sequence[Sight], at: Times, order: Sequence[RegimeLabel]) -> Times:
    """The place in `order` of the regime that stood at each time."""
    whens = np.array([sight.at for sight in changes], np.int64)
    which = np.array([order.index(_NONE), *(order.index(sight.label) for sight in changes)], np.int64)
    return which[np.searchsorted(whens, at, side="right")]
