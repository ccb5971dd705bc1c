"""The synthetic market's order flow on one core, every row logged. `make bench-market`."""

from __future__ import annotations

import argparse
import json
import statistics
from time import perf_counter

import numpy as np

from midas.domain.time import SECOND
from midas.venues.sim.facts.tape import Tape, audit, event_times, spread
from midas.venues.sim.world.micro import Micro, MicroParameters
from midas.venues.sim.world.micro_kernel import Floats, Ints

SLICES_A_SECOND = 10
RUNS = 5
BLOCK_SECONDS = 600


def moves(seconds: int) -> Floats:
    """The fundamental's ticks a slice: half a tick a second, as in the suite of facts."""
    count = seconds * SLICES_A_SECOND
    return np.random.default_rng(16).normal(0.0, 0.6 / np.sqrt(SLICES_A_SECOND), count)


def run(steps: Floats) -> tuple[float, list[Ints]]:
    """Seconds in the kernel, and the blocks of rows that it wrote."""
    micro = Micro(MicroParameters(), 16, 10_000, 250.0)
    times = np.arange(len(steps) + 1) * (SECOND // SLICES_A_SECOND)
    activity = np.ones(len(steps))
    size = BLOCK_SECONDS * SLICES_A_SECOND
    blocks, taken = [], 0.0
    for first in range(0, len(steps), size):
        part = slice(first, first + size)
        started = perf_counter()
        blocks.append(micro.run_path(times[first : first + size + 1], steps[part], activity[part]))
        taken += perf_counter() - started
    return taken, blocks


def main() -> None:
    """Print the median of five runs as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=18_000, help="seconds of market time a run")
    seconds = parser.parse_args().seconds
    steps = moves(seconds)
    run(steps[:SLICES_A_SECOND])
    runs = [run(steps) for _ in range(RUNS)]
    tape = Tape(rows=np.concatenate(runs[-1][1]), seconds=seconds)
    events = len(event_times(tape))
    broken, crossed = audit(tape)
    print(
        json.dumps(
            {
                "bench": "market",
                "value": round(events / statistics.median(taken for taken, _ in runs)),
                "unit": "events/s",
                "check": {
                    "events": events,
                    "rows": len(tape.rows),
                    "crossed": crossed,
                    "conserved": broken == 0,
                    "spread_mean_ticks": round(spread(tape)[0], 3),
                },
            }
        )
    )


if __name__ == "__main__":
    main()
