"""The closed trades one by one, how they are spread, and what all of them say together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from math import ceil, floor, log10
from statistics import median

from midas.backtest.outcome import entries
from midas.backtest.record import Charge
from midas.domain.decision import FillBooked
from midas.domain.order import OrderIntent
from midas.reports.endings import STRATEGY, closing, ending
from midas.reports.figures import measured
from midas.reports.sheet import ENDLESS, Bin, Trade, Trading
from midas.statistics.trades import RoundTrip, round_trips, trade_statistics

BINS = 24
KEPT = 1_000
OUTLIERS = 0.01  # of the trades at either end share the outermost bin, where there are a hundred


def trades(
    fills: Sequence[FillBooked], exits: Mapping[str, OrderIntent] | None = None,
    charges: Sequence[Charge] = (),
) -> tuple[list[Trade], int]:  # fmt: skip
    """Every closed trade of every strategy and instrument, oldest first, and how many are still open.

    `exits`: the orders that only reduced, by their id; what isn't among them is the strategy's own.
    `charges`: funding of what was held.
    """
    made: list[Trade] = []
    still = 0
    for strategy, instrument in sorted({(fill.strategy, fill.instrument) for fill in fills}):
        mine = [fill for fill in fills if fill.instrument == instrument and fill.strategy == strategy]
        paid = [each for each in charges if each.instrument == instrument and each.strategy == strategy]
        trips = round_trips(entries(mine, paid))
        orders = [(exits or {}).get(fill.client_id) for fill in closing(mine)]
        made += [
            _trade(strategy, instrument, trip, ending(order) if order is not None else STRATEGY)
            for trip, order in zip(trips.closed, orders, strict=True)
        ]
        still += trips.position != 0
    return sorted(made, key=lambda trade: (trade.closed_at, trade.instrument, trade.strategy)), still


def trading(found: Sequence[Trade], still: int, fills: Sequence[FillBooked]) -> Trading:
    """Their figures."""
    profits = [trade.profit for trade in found]
    said = trade_statistics(profits)
    return Trading(
        closed=len(found), won=sum(p > 0.0 for p in profits),
        even=sum(p == 0.0 for p in profits), open=still, fills=len(fills),
        makers=sum(fill.maker for fill in fills), profit_factor=measured(said.profit_factor, ENDLESS),
        win_rate=measured(said.win_rate), payoff=measured(said.payoff), expectancy=measured(said.expectancy),
        quality=measured(said.quality), best=max(profits, default=None), worst=min(profits, default=None),
        wins_in_row=_longest(p > 0.0 for p in profits), losses_in_row=_longest(p < 0.0 for p in profits),
        held_median=int(median(t.closed_at - t.opened_at for t in found)) if found else 0,
        ended=dict(Counter(trade.ended for trade in found)),
    )  # fmt: skip


def bins(results: Sequence[float]) -> tuple[Bin, ...]:
    """Equal steps of a round size, one of them beginning at 0."""
    if not results:
        return ()
    ordered = sorted(results)
    cut = floor(len(ordered) * OUTLIERS)
    low, high = ordered[cut], ordered[-1 - cut]
    step = _round_step(max(high - low, abs(high), abs(low)) / BINS or 0.001)
    first, last = floor(low / step), max(ceil(high / step), floor(low / step) + 1)
    counts = [0] * (last - first)
    for result in ordered:
        counts[min(max(floor(result / step) - first, 0), len(counts) - 1)] += 1
    return tuple(
        Bin(round((first + i) * step, 10), round((first + i + 1) * step, 10), count)
        for i, count in enumerate(counts)
    )


def _trade(strategy: str, instrument: str, trip: RoundTrip, ended: str) -> Trade:
    quantity = sum(abs(match.quantity) for match in trip.matches)
    paid = sum(abs(match.quantity) * match.entry for match in trip.matches)
    back = sum(abs(match.quantity) * match.exit for match in trip.matches)
    return Trade(
        instrument=instrument, strategy=strategy, long=trip.long, opened_at=trip.opened_at,
        closed_at=trip.closed_at, quantity=float(quantity), entry=float(paid / quantity),
        exit=float(back / quantity), profit=float(trip.profit),
        result=float(trip.profit / paid) if paid else 0.0, fees=float(trip.fees),
        ended=ended, funding=float(trip.funding),
    )  # fmt: skip


def _longest(flags: Iterable[bool]) -> int:
    return max((len(list(group)) for flag, group in groupby(flags) if flag), default=0)


def _round_step(width: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten."""
    power: float = 10.0 ** floor(log10(width))
    return next(step for step in (1.0, 2.0, 2.5, 5.0, 10.0) if step * power >= width * (1 - 1e-9)) * power
