"""P3: a strategy that is shown each of 1,000,000 ticks, and takes at every thousandth. `make bench-ticks`.

The engine itself, with risk reviews, ledger and audits on; the venue is the matcher of midas' own exchange.
"""

from __future__ import annotations

import argparse
import json
import statistics
from decimal import Decimal
from typing import ClassVar

import msgspec
import numpy as np

from midas.analysis.regime import RegimeRules
from midas.api import Briefing, Family, Hears, MarketView, Opinion, Urgency
from midas.backtest.assumptions import Assumptions
from midas.backtest.outcome import Outcome
from midas.backtest.tick_run import run_ticks
from midas.backtest.ticks import Ticks
from midas.domain.time import DAY, MINUTE
from midas.engine.config import EngineConfig, StrategyConfig
from midas.execution.worker import ExecutionRules
from midas.statistics.sizing import SizingPolicy
from tests.bench.bench_backtest import LIMITS, PAIR, TRIGGERS
from tests.bench.inputs import bench_file

RUNS = 5
CASH = Decimal(1_000_000)
EVERY = 1_000
LONG = Opinion(direction=1.0, confidence=1.0, urgency=Urgency.AGGRESSIVE, reason="its turn")
FLAT = Opinion(direction=0.0, confidence=1.0, urgency=Urgency.AGGRESSIVE, reason="its turn")


class TakerParameters(msgspec.Struct, frozen=True):
    """How often."""

    every: int = EVERY


class Taker:
    """Buys one lot and sells it again, a side each time."""

    name: ClassVar[str] = "taker"
    family: ClassVar[Family] = Family.SCALPING
    hears: ClassVar[str] = Hears.TICK
    trades_unknown: ClassVar[bool] = True
    unaided: ClassVar[bool] = True
    Parameters: ClassVar[type[msgspec.Struct]] = TakerParameters

    def __init__(self, parameters: TakerParameters) -> None:
        self._every = parameters.every
        self._left = parameters.every
        self._long = False

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        """None between its turns."""
        self._left -= 1
        if self._left:
            return None
        self._left, self._long = self._every, not self._long
        return LONG if self._long else FLAT


def config() -> EngineConfig:
    """One unit, and limits of which none binds."""
    return EngineConfig(
        instruments=(PAIR,), quote="USDT", period=MINUTE, audit_every=365 * DAY, regime=RegimeRules(),
        limits=LIMITS, sizing=SizingPolicy(), execution=ExecutionRules(), studies_all=False,
        triggers=TRIGGERS, strategies=(StrategyConfig(Taker.name, 1.0, (PAIR.id,), {}, units=Decimal(1)),),
    )  # fmt: skip


def ticks(n: int) -> Ticks:
    """The first `n` of the reference's ticks."""
    with np.load(bench_file("ticks.npz")) as data:
        printed = np.where(data["kind"][:n] == 1, data["trade_qty"][:n], 0)
        return Ticks(
            instrument=PAIR, time=data["ts"][:n], bid=data["bid"][:n], bid_lots=data["bid_qty"][:n],
            ask=data["ask"][:n], ask_lots=data["ask_qty"][:n], price=data["trade_px"][:n], printed=printed,
            sold=data["aggressor"][:n] == 0,
        )  # fmt: skip


def once(source: Ticks) -> Outcome:
    """One run from a fresh engine."""
    return run_ticks(
        config(), [Taker(TakerParameters())], source, {"USDT": CASH, "BTC": Decimal(0)}, Assumptions()
    )


def main() -> None:
    """Print the median of the runs as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=1_000_000, help="only so many ticks")
    parser.add_argument("--runs", type=int, default=RUNS)
    arguments = parser.parse_args()
    source = ticks(arguments.n)
    runs = [once(source) for _ in range(arguments.runs)]
    assert len({one.digest for one in runs}) == 1, "runs of the same ticks decided differently"
    last = runs[-1]
    assert len(last.fills) == arguments.n // EVERY, "an order didn't trade, or traded in parts"
    assert last.bars == arguments.n, "not every tick was stepped"
    wall = statistics.median(one.wall for one in runs)
    cpu = statistics.median(one.seconds for one in runs)
    check = {"fills": len(last.fills), "equity": round(last.equity, 2), "audits": last.audits}
    value, spent = round(last.bars / wall), round(last.bars / cpu)
    print(json.dumps({"bench": "ticks", "value": value, "unit": "ticks/s", "cpu": spent, "check": check}))


if __name__ == "__main__":
    main()
