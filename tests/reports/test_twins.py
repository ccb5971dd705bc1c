"""Random twins of a run: what its timing was worth."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from midas.backtest.assumptions import Assumptions
from midas.backtest.ticks import marks
from midas.costs import CostModel, FeeSchedule
from midas.domain.time import MINUTE
from midas.reports import spending
from midas.reports.sheet import Trade
from midas.reports.trading import trades
from midas.reports.twins import _places, twins
from tests.backtest.stage import CASH, START, Script, bars, played, walk
from tests.fakes.desk import BTC


def trade(first: int, last: int, entry: float, exit_: float) -> Trade:
    """Bought at the opening of candle `first`, sold at the close of `last`."""
    opened, closed = START + MINUTE * first, START + MINUTE * (last + 1)
    return Trade(
        BTC.id, "s", True, opened, closed, 1.0, entry, exit_, exit_ - entry, exit_ / entry - 1.0, 0.0
    )


def test_perfect_timing_beats_all_twins_and_the_worst_none() -> None:
    series = bars(walk(400))
    rising = [n for n in range(400) if series.close[n] > series.open[n] + 0.5][:40]
    falling = [n for n in range(400) if series.close[n] < series.open[n] - 0.5][:40]
    best = [trade(n, n, float(series.open[n]), float(series.close[n])) for n in rising]
    worst = [trade(n, n, float(series.open[n]), float(series.close[n])) for n in falling]
    well, badly = twins(best, [series], 1_000.0, seed=1), twins(worst, [series], 1_000.0, seed=1)
    assert well is not None and badly is not None
    assert (well.beaten, badly.beaten, well.runs) == (1.0, 0.0, 200)
    assert well.low < well.median < well.high


def test_the_same_seed_has_the_same_twins_and_nothing_traded_has_none() -> None:
    series, some = bars(walk(200)), [trade(5, 9, 1_000.0, 1_001.0)]
    assert (
        twins(some, [series], 1e4, seed=3)
        == twins(some, [series], 1e4, seed=3)
        != twins(some, [series], 1e4, seed=4)
    )
    assert twins([], [series], 1e4, seed=3) is None


def test_the_trades_of_a_twin_never_overlap_and_stay_within_the_data() -> None:
    chance = np.random.default_rng(1)
    for _ in range(50):
        lengths = chance.integers(1, 9, 12)
        begins = _places(lengths, 100, chance)
        assert (begins[1:] >= (begins + lengths)[:-1]).all() and begins[-1] + lengths[-1] <= 100
    crowded = _places(np.array([60, 60]), 100, chance)  # more than there is room for
    assert (crowded < 100).all()


def test_a_trade_over_all_data_is_its_own_twin() -> None:
    series = bars(walk(100))
    whole = trade(0, 99, float(series.open[0]), float(series.close[-1]))
    found = twins([whole], [series], 1_000.0, seed=1)
    assert found is not None and abs(found.median - whole.profit / 1_000.0) < 1e-6 and found.low == found.high


def test_a_twin_pays_the_spread_and_impact_that_the_run_paid() -> None:
    """Begun at random itself, a run that pays 40 bps a round trip would lose to twins that pay none."""
    chance, series = np.random.default_rng(1), bars(walk(600))
    given = Assumptions(costs=CostModel(fees=FeeSchedule(Decimal(0), Decimal(0))), spread_bps=40.0 / 1.5)
    held = np.repeat(chance.random(100) < 0.5, 6)
    found = played(series, Script(held), given)
    dear = spending.costs(found.fills, [series], given).beyond
    assert abs(dear - 20e-4) < 1e-6
    mine, _ = trades(found.fills)
    charged, free = (twins(mine, [series], float(CASH), 1, dear=part) for part in (dear, 0.0))
    assert charged is not None and free is not None
    paid = sum(trade.quantity * (trade.entry + trade.exit) for trade in mine) * dear / float(CASH)
    assert abs(free.median - charged.median - paid) < 1e-5
    assert free.beaten == 0.0 and 0.2 < charged.beaten < 0.8


@pytest.mark.parametrize("length", [1, 3])
def test_a_twin_over_mids_is_moved_by_every_period_that_it_lasts(length: int) -> None:
    """In a market that rises by as much every minute no moment is better than another."""
    mids = 1e6 + np.arange(1.0, 101.0)
    series = marks(BTC, MINUTE, START + MINUTE * np.arange(1, 101), mids)
    first = Trade(
        BTC.id, "s", True, START + 50 * MINUTE, START + (50 + length) * MINUTE, 1.0, 1e6 + 50,
        1e6 + 50 + length, float(length), length / 1e6, 0.0,
    )  # fmt: skip
    found = twins([first], [series], 1e6, seed=1)
    assert found is not None and found.median == pytest.approx(length / 1e6, rel=1e-3)
