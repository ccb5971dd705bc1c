"""P4: 1,000 pairs of averages on the first 100,000 closes, by the sweep itself. `make bench-sweep`.

Each trial is kept, and its bounds are checked; a sample of them is compared with the engine.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import msgspec

from midas.backtest.assumptions import Assumptions
from midas.backtest.run import run
from midas.backtest.series import Bars
from midas.backtest.sweep.evaluate import Evaluator, Setup, Task
from midas.backtest.sweep.run import AT_ONCE
from midas.backtest.sweep.storage import Store
from midas.backtest.sweep.trial import COMPILED, Job, Plan, Trial
from tests.bench.bench_backtest import CASH, bars, config
from tests.bench.ema_cross import CrossParameters, EmaCross

BARS = 100_000
RUNS = 5
SAMPLE = 20


def load() -> type[EmaCross]:
    """For workers."""
    return EmaCross


def setup(series: Bars) -> Setup:
    """As P1's."""
    return Setup(
        load=load, config=config(), series=(series,), balances={"USDT": CASH, "BTC": Decimal(0)},
        given=Assumptions(), objective="sharpe", fast="only",
    )  # fmt: skip


def pairs() -> list[Job]:
    """Fast 5..54, slow 10 to 200 more."""
    every = ((fast, fast + 10 * j) for fast in range(5, 55) for j in range(1, 21))
    return [Job(number, {"fast": fast, "slow": slow}) for number, (fast, slow) in enumerate(every)]


def once(jobs: list[Job], given: Setup, folder: Path) -> tuple[list[Trial], float, float]:
    """All trials on one core, each kept: (trials, CPU seconds, those on the wall)."""
    plan = Plan(strategy="ema-cross", data="", setting="", axes=())
    store = Store(folder, plan, fresh=True)
    cpu, wall = time.process_time(), time.perf_counter()
    evaluator = Evaluator(given)
    for first in range(0, len(jobs), AT_ONCE):
        store.add(evaluator.make(Task(tuple(jobs[first : first + AT_ONCE]))))
    spent = time.process_time() - cpu, time.perf_counter() - wall
    store.close()
    return [store.trials[job.number] for job in jobs], *spent


def stepped(trial: Trial, given: Setup) -> int:
    """Orders of the same trial on the engine."""
    parameters = msgspec.convert(trial.parameters, CrossParameters)
    outcome = run(given.config, [EmaCross(parameters)], given.series, given.balances, given.given)
    assert (len(outcome.fills), outcome.equity) == (trial.fills, trial.equity), f"{trial} on the engine"
    return len(outcome.fills)


def main() -> None:
    """Print the median of the runs as one line of JSON; `cpu` is of the best one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=BARS, help="only so many bars")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--sample", type=int, default=SAMPLE, help="trials that the engine makes as well")
    arguments = parser.parse_args()
    given, jobs = setup(bars(arguments.n)), pairs()
    with tempfile.TemporaryDirectory() as folder:
        once(jobs[:AT_ONCE], given, Path(folder))  # compiles
        runs = [once(jobs, given, Path(folder)) for _ in range(arguments.runs)]
    trials = runs[-1][0]
    assert all(trial.path == COMPILED and not trial.reason for trial in trials if trial.fills), "refused"
    assert len({msgspec.json.encode(made) for made, _, _ in runs}) == 1, "runs of the same trials differ"
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    chosen = trials[:: max(1, len(trials) // max(arguments.sample, 1))][: arguments.sample]
    sampled = sum(stepped(trial, given) for trial in chosen)
    check = {
        "orders": sum(trial.fills for trial in trials), "rss_mb": round(rss),
        "sampled": len(chosen), "sampled_orders": sampled,
    }  # fmt: skip
    print(
        json.dumps(
            {
                "bench": "sweep",
                "value": round(len(jobs) / statistics.median(wall for _, _, wall in runs)),
                "unit": "combos/s",
                "cpu": round(len(jobs) / min(cpu for _, cpu, _ in runs)),
                "check": check,
            }
        )
    )


if __name__ == "__main__":
    main()
