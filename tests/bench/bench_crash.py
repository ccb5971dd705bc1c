"""How often the engine can be killed under order flow without losing or doubling an order.

`make bench-crash`. A churning desk trades through a fault proxy; `kill -9` ends its engine in the moment that
chance chooses, and the next one adopts what it left. At samples the engine is stopped instead, and journal
and venue are compared.
Prints one JSON object; Ctrl-C ends with what was done.

    python -m tests.bench.bench_crash [--times N] [--minutes M] [--seed S]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.e2e.crashing import CrashDesk

TIMES = 500
MINUTES = 20.0
SAMPLE_EVERY = 50
NORMAL_EVERY = 5  # a crash may leave a cautious mode behind, in which nothing would flow


def crash(desk: CrashDesk, times: int, minutes: float, told: Progress) -> dict[str, Any]:
    """Kill so often, or for so long; what was found."""
    task = told.add_task("kills", total=times)
    end, samples, unequal = time.monotonic() + 60 * minutes, 0, []
    desk.start()
    desk.normal()
    desk.hurt()
    began = time.monotonic()
    with suppress(KeyboardInterrupt):
        while desk.kills < times and time.monotonic() < end:
            if desk.kills % NORMAL_EVERY == NORMAL_EVERY - 1:
                desk.normal()
            desk.kill()
            if desk.kills % SAMPLE_EVERY == 0 and desk.kills < times:
                samples += 1
                found = _sample(desk)
                if not found["equal"] or found["replays_wrong"]:
                    unequal.append(found)
            desk.start()
            told.update(task, completed=desk.kills)
    took = time.monotonic() - began
    desk.tell(disarm=True)
    settled = desk.settled()
    code = desk.stop()
    found = desk.compared() | {"replays_wrong": desk.replayed()}
    said = desk.tell(say=True)
    check = found | {
        "orders": said["orders"],
        "sent_twice": said["twice"],
        "hurt": said["hurt"],
        "moments": dict(desk.moments),
        "ended_by_themselves": dict(desk.ended),
        "samples": samples,
        "samples_unequal": unequal,
        "settled_s": round(settled, 1),
        "last_exit": code,
        "cycle_s": round(took / max(1, desk.kills), 2),
    }
    return {"bench": "crash", "value": desk.kills, "unit": "kills", "check": check}


def _sample(desk: CrashDesk) -> dict[str, object]:
    """A clean end instead of a kill; then both sides say what was traded."""
    desk.tell(disarm=True)  # a clean end needs answers
    desk.start()
    desk.normal()
    desk.stop()
    desk.hurt()
    return desk.compared() | {"replays_wrong": desk.replayed()}


def good(result: dict[str, Any]) -> bool:
    """Whether nothing was lost and nothing doubled, and what is recorded decides the same again."""
    check = result["check"]
    wrong = ("sent_twice", "samples_unequal", "replays_wrong")
    return bool(check["equal"] and check["balances_equal"] and not any(check[name] for name in wrong))


def main() -> int:
    """Run once and print the result; exit code 1 where something was lost or doubled."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        tempfile.TemporaryDirectory(prefix="midas-crash-") as folder,
        Progress(*columns, console=Console(file=sys.stderr)) as told,
    ):
        desk = CrashDesk(Path(folder), arguments.seed)
        try:
            result = crash(desk, arguments.times, arguments.minutes, told)
        finally:
            desk.close()
    print(json.dumps(result))
    return 0 if good(result) else 1


if __name__ == "__main__":
    raise SystemExit(main())
