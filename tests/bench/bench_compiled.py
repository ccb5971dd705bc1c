"""P1v: the run of P1 on the compiled path, from candles to fills and curve. `make bench-compiled`.

Fills one by one, money and the curve are compared with the engine's own; that isn't part of the time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from decimal import Decimal

import numpy as np

from midas.backtest.assumptions import Assumptions
from midas.backtest.compiled.path import Compiled, compiled
from midas.backtest.outcome import Curve
from midas.backtest.series import Bars
from tests.bench.bench_backtest import CASH, EQUITY, FILLS, bars, config, once
from tests.bench.ema_cross import CrossParameters, EmaCross

RUNS = 15


def fast(series: Bars) -> tuple[Compiled, Curve, float, float]:
    """One run with its curve: CPU seconds, and those on the wall."""
    cpu, wall = time.process_time(), time.perf_counter()
    strategies, balances = [EmaCross(CrossParameters())], {"USDT": CASH, "BTC": Decimal(0)}
    found = compiled(config(), strategies, [series], balances, Assumptions())
    assert isinstance(found, Compiled), found.reason
    curve = found.curve()
    return found, curve, time.process_time() - cpu, time.perf_counter() - wall


def main() -> None:
    """Print the median of the runs as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=500_000, help="only so many bars")
    parser.add_argument("--runs", type=int, default=RUNS)
    arguments = parser.parse_args()
    series = bars(arguments.n)
    fast(series)  # compiles
    runs = [fast(series) for _ in range(arguments.runs)]
    found, curve, _, _ = runs[-1]
    slow = once(series)
    assert found.fills() == slow.fills, "other fills than the engine's"
    assert (found.cash, found.equity) == (slow.cash, slow.equity), "other money than the engine's"
    assert np.array_equal(curve.equity, slow.curve.equity), "another curve than the engine's"
    whole = arguments.n >= 500_000
    assert not whole or (len(slow.fills), round(slow.equity, 2)) == (FILLS, EQUITY), "other trades than P1's"
    cpu = statistics.median(run[2] for run in runs)
    wall = statistics.median(run[3] for run in runs)
    print(
        json.dumps(
            {
                "bench": "compiled",
                "value": round(len(series) / wall),
                "unit": "bars/s",
                "cpu": round(len(series) / cpu),
                "check": {"fills": len(found.places), "equity": round(found.equity, 2)},
            }
        )
    )


if __name__ == "__main__":
    main()
