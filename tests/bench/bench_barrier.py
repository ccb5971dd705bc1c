"""How long an order intent waits for the disk while the engine drains a backlog.

One coroutine steps 100,000 events of about 10 us of pure Python each, sleeping 50 us after each
millisecond of stepping, as the runner does; another one asks for a barrier every few milliseconds.
Prints one JSON object: the p99 of the barrier in milliseconds.

    python tests/bench/bench_barrier.py [--events 100000] [--loop uvloop|asyncio] [--unpaced]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from midas.store.integrity import verify
from midas.store.journal import Journal

STEPPING_SECONDS = 0.001
PAUSE_SECONDS = 0.00005
SWITCH_SECONDS = 0.0005
BODY = b'{"kind":"order.intent","symbol":"BTCUSDT","quantity":"0.00120000","price":"67012.34"}'


def step(state: dict[int, float]) -> None:
    """About 10 us of pure Python, like one market event through the engine."""
    for slot in range(80):
        state[slot & 15] = state.get(slot & 15, 0.0) * 0.5 + slot


async def drain(events: int, journal: Journal, paced: bool) -> None:
    """Step the backlog; every 20th event leaves a record in the journal."""
    state: dict[int, float] = {}
    since = time.perf_counter()
    for sequence in range(events):
        step(state)
        if sequence % 20 == 0:
            journal.append(sequence, "timer", sequence, BODY)
        if time.perf_counter() - since >= STEPPING_SECONDS:
            # uvloop's timers count milliseconds: asyncio.sleep(50 us) would not sleep at all there.
            if paced:
                time.sleep(PAUSE_SECONDS)
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


async def measure(directory: Path, events: int, paced: bool) -> tuple[list[float], float]:
    """The sorted waits and the seconds that the drain took."""
    journal = await Journal.open(directory)
    waits: list[float] = []
    asking = asyncio.create_task(intents(journal, waits))
    began = time.perf_counter()
    await drain(events, journal, paced)
    took = time.perf_counter() - began
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await journal.close()
    return sorted(waits) or [took], took  # unpaced, not one barrier may come through


def main() -> None:
    """Run once and print the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    parser.add_argument("--unpaced", action="store_true", help="show what happens without the pacing rule")
    arguments = parser.parse_args()
    if not arguments.unpaced:
        sys.setswitchinterval(SWITCH_SECONDS)
    factory = uvloop.new_event_loop if arguments.loop == "uvloop" else asyncio.new_event_loop
    with tempfile.TemporaryDirectory() as home, asyncio.Runner(loop_factory=factory) as runner:
        directory = Path(home) / "bench"
        waits, took = runner.run(measure(directory, arguments.events, not arguments.unpaced))
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
