"""P1: an EMA cross over 500,000 bars on the engine itself. `make bench-backtest`.

Risk reviews, ledger and audits are on. The bars have no gaps, so that the next opening is this close.
"""

from __future__ import annotations

import argparse
import json
import statistics
from decimal import Decimal

import numpy as np

from midas.analysis.regime import RegimeRules
from midas.backtest.assumptions import Assumptions
from midas.backtest.outcome import Outcome
from midas.backtest.run import run
from midas.backtest.series import Bars
from midas.domain.instrument import Instrument
from midas.domain.limits import Asset, Assets, Limits
from midas.domain.time import DAY, MINUTE, SECOND
from midas.domain.triggers import TriggerRules
from midas.engine.config import EngineConfig, StrategyConfig
from midas.execution.worker import ExecutionRules
from midas.statistics.sizing import SizingPolicy
from tests.bench.ema_cross import CrossParameters, EmaCross
from tests.bench.inputs import bench_file

RUNS = 5
CASH = Decimal(1_000_000)
UNITS = Decimal(10)
FILLS, EQUITY = 7_097, 986_671.06  # of all bars
PAIR = Instrument(
    venue="binance", symbol="BTCUSDT", base="BTC", quote="USDT", tick_size=Decimal("0.01"),
    lot_size=Decimal(1), quantity_min=Decimal(1), quantity_max=Decimal(9_000), notional_min=Decimal(5),
)  # fmt: skip
LIMITS = Limits(
    profile="crypto-only", position_max=0.20, sector_max=0.90, correlation_max=0.70, usd_max=1.0,
    crypto_max=0.90, cash_min=0.10, order_rate_max=20, order_notional_max=10_000.0, price_collar_bps=50.0,
    cluster_max=0.40, strategy_max=0.90, duplicate_window=5 * SECOND, repeats_max=30,
    fat_finger_multiple=10.0, fat_finger_share=0.5, assets=Assets("cash", {"BTC": Asset("crypto", "crypto")}),
)  # fmt: skip

# Paying 10 bps 7,097 times loses steadily: a Sharpe ratio below 0.5 would halve the units after 30 days.
TRIGGERS = TriggerRules(sharpe_defensive=-1e9)


def config() -> EngineConfig:
    """Fixed units, and limits of which none binds."""
    return EngineConfig(
        instruments=(PAIR,), quote="USDT", period=MINUTE, audit_every=365 * DAY, regime=RegimeRules(),
        limits=LIMITS, sizing=SizingPolicy(), execution=ExecutionRules(), bar_spread=0.0, studies_all=False,
        triggers=TRIGGERS,
        strategies=(StrategyConfig(EmaCross.name, 1.0, (PAIR.id,), {}, units=UNITS),),
    )  # fmt: skip


def bars(n: int) -> Bars:
    """The first `n` of the reference's bars."""
    with np.load(bench_file("bars.npz")) as data:
        columns = {name: data[name][:n] for name in ("open", "high", "low", "close", "volume")}
        return Bars(instrument=PAIR, period=MINUTE, time=data["ts"][:n], **columns)


def once(series: Bars) -> Outcome:
    """One run from a fresh engine."""
    return run(
        config(), [EmaCross(CrossParameters())], [series], {"USDT": CASH, "BTC": Decimal(0)}, Assumptions()
    )


def main() -> None:
    """Print the median of the runs as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=500_000, help="only so many bars")
    parser.add_argument("--runs", type=int, default=RUNS)
    arguments = parser.parse_args()
    series = bars(arguments.n)
    runs = [once(series) for _ in range(arguments.runs)]
    assert len({one.digest for one in runs}) == 1, "runs of the same bars decided differently"
    last = runs[-1]
    assert abs(last.equity - last.curve.equity[-1]) < 1e-6 * last.equity, "the fills don't make the ledger"
    whole = arguments.n >= 500_000
    assert not whole or (len(last.fills), round(last.equity, 2)) == (FILLS, EQUITY), "other trades than P1's"
    wall = statistics.median(one.wall for one in runs)
    cpu = statistics.median(one.seconds for one in runs)
    check = {"fills": len(last.fills), "equity": round(last.equity, 2), "audits": last.audits}
    value = round(last.bars / wall)
    print(
        json.dumps(
            {
                "bench": "backtest",
                "value": value,
                "unit": "bars/s",
                "cpu": round(last.bars / cpu),
                "check": check,
            }
        )
    )


if __name__ == "__main__":
    main()
