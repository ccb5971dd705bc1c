"""How long an order intent waits for the disk while the engine drains a backlog.

One coroutine steps 100,000 events of about 10 us of pure Python each and pauses after each slice of
stepping: 50 us of real sleep, so that the journal's thread gets the interpreter lock, then three turns
of the loop, so that the end of a commit, the waiting task and what that task starts all run now and
not one slice later each. Another coroutine asks for a barrier every few milliseconds. Prints one JSON
object: the p99 of the barrier in milliseconds.

    python tests/bench/bench_barrier.py [--events N] [--slice-us 500] [--turns 3] [--loop NAME] [--unpaced]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import uvloop

from midas.store.integrity import verify
from midas.store.journal import Journal

PAUSE_SECONDS = 0.00005
SWITCH_SECONDS = 0.0005
BODY = b'{"kind":"order.intent","symbol":"BTCUSDT","quantity":"0.00120000","price":"67012.34"}'


def step(state: dict[int, float]) -> None:
    """About 10 us of pure Python, like one market event through the engine."""
    for slot in range(80):
        state[slot & 15] = state.get(slot & 15, 0.0) * 0.5 + slot


class Pace(NamedTuple):
    """How the drain shares the process: stepping at a stretch, then a sleep and turns of the loop."""

    slice_seconds: float
    pause_seconds: float
    turns: int


async def drain(events: int, journal: Journal, pace: Pace) -> None:
    """Step the backlog; every 20th event leaves a record in the journal."""
    state: dict[int, float] = {}
    since = time.perf_counter()
    for sequence in range(events):
        step(state)
        if sequence % 20 == 0:
            journal.append(sequence, "timer", sequence, BODY)
        if time.perf_counter() - since >= pace.slice_seconds:
            # uvloop's timers count milliseconds: asyncio.sleep(50 us) would not sleep at all there.
            if pace.pause_seconds:
                time.sleep(pace.pause_seconds)
            for _ in range(pace.turns):
                await asyncio.sleep(0)
            since = time.perf_counter()


async def intents(journal: Journal, waits: list[float]) -> None:
    """Ask for a barrier again and again, as the execution of orders does."""
    while True:
        journal.append(len(waits), "order.intent", 0, BODY)
        asked = time.perf_counter()
        await journal.barrier()
        waits.append(time.perf_counter() - asked)
        await asyncio.sleep(0.002)


async def measure(directory: Path, events: int, pace: Pace) -> tuple[list[float], float]:
    """The sorted waits and the seconds that the drain took."""
    journal = await Journal.open(directory)
    waits: list[float] = []
    asking = asyncio.create_task(intents(journal, waits))
    began = time.perf_counter()
    await drain(events, journal, pace)
    took = time.perf_counter() - began
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await journal.close()
    return sorted(waits) or [took], took  # unpaced, not one barrier may come through


def main() -> None:
    """Run once and print the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--slice-us", type=int, default=500)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    parser.add_argument("--unpaced", action="store_true", help="show what happens without the pacing rule")
    arguments = parser.parse_args()
    if not arguments.unpaced:
        sys.setswitchinterval(SWITCH_SECONDS)
    pace = Pace(arguments.slice_us / 1e6, PAUSE_SECONDS, arguments.turns)
    if arguments.unpaced:
        pace = Pace(0.001, 0, 1)
    factory = uvloop.new_event_loop if arguments.loop == "uvloop" else asyncio.new_event_loop
    with tempfile.TemporaryDirectory() as home, asyncio.Runner(loop_factory=factory) as runner:
        directory = Path(home) / "bench"
        waits, took = runner.run(measure(directory, arguments.events, pace))
        report = verify(directory)
    check = {
        "p50_ms": round(waits[len(waits) // 2] * 1e3, 3),
        "max_ms": round(waits[-1] * 1e3, 3),
        "barriers": len(waits),
        "records": report.records,
        "sealed": report.sealed,
        "events_per_second": round(arguments.events / took),
    }
    value = round(waits[int(len(waits) * 0.99)] * 1e3, 3)
    print(json.dumps({"bench": "barrier", "value": value, "unit": "ms", "check": check}))


if __name__ == "__main__":
    main()
