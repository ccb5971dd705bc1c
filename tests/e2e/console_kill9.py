"""Kill the console under load, again and again: `python -m tests.e2e.console_kill9 --times 100`.

One real engine at ten times the market's speed. Each console is killed with `kill -9` at a moment between
its first byte and some seconds of drawing. At the end the engine is stopped, and its record must replay
whole: every event in its place, every decision made again. One line of JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.e2e.desk import REPOSITORY, ProcessDesk, until
from tests.e2e.eyes import Eyes

LATEST_S = 2.0
SIZE = (120, 40)


def once(desk: ProcessDesk, chance: random.Random) -> None:
    """One console: opened, looked at, killed."""
    console = Eyes(["-m", "midas", "attach"], SIZE, desk.home, REPOSITORY)
    try:
        if chance.random() < 0.8:  # the others are killed while they start
            console.until("HALT ^", 60.0)
        console.look(chance.uniform(0.0, LATEST_S))
    finally:
        console.close()


def killed(desk: ProcessDesk, times: int, chance: random.Random) -> dict[str, Any]:
    """So many consoles on one engine, and what its record says afterwards."""
    engine = desk.start("--no-ui", "--market", "synthetic", "--seed", "7", "--speed", "10")
    until(lambda: desk.engine() is not None, "the engine's start", 90.0)
    seen, stood = 0, 0
    for _ in range(times):
        once(desk, chance)
        sequence = desk.status()["sequence"]
        stood += sequence <= seen
        seen = sequence
    alive = engine.poll() is None
    desk.run("stop")
    time.sleep(0.5)
    [session] = desk.sessions()
    facts = desk.facts("replay", session.name, "--verify")
    return {
        "times": times,
        "engine_lived": alive,
        "stood_still": stood,
        "events": facts["events"],
        "complete": facts["complete"],
        "identical": facts["identical"] == facts["audits"] > 0,
    }


def main() -> int:
    """0 where the engine lived through all of it and its record has no gap."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="midas-kill9-") as folder:
        desk = ProcessDesk(Path(folder) / "h")
        try:
            result = killed(desk, arguments.times, random.Random(arguments.seed))
        finally:
            desk.close()
    print(json.dumps(result))
    good = result["engine_lived"] and not result["stood_still"] and result["complete"] and result["identical"]
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
