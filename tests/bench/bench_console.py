"""What the console costs while the market is busy (P8). `make bench-console`.

A real engine trades on the embedded exchange, sped up until its books change 200 times a second; a real
console at 120x40 is attached in a pty that is read. Its own user and system time come from /proc, its
bytes are what the pty received. Once as it starts (`lan`), once with `--link slow`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from tests.bench.running import Screen, cpu_seconds, engine, fresh_home, prepare, until_live

SPEED = 10.0  # each of two books changes ten times a market second
SECONDS = 20.0
SETTLE_S = 4.0


def measure(screen: Screen, seconds: float) -> tuple[float, float]:
    """Percent of a core and kB a second over that time."""
    screen.read(SETTLE_S)
    began, spent, received = time.monotonic(), cpu_seconds(screen.pid), screen.received
    screen.read(seconds)
    took = time.monotonic() - began
    cpu = (cpu_seconds(screen.pid) - spent) / took
    return 100 * cpu, (screen.received - received) / took / 1000


def main() -> None:
    """Print percent of a core as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--speed", type=float, default=SPEED)
    options = parser.parse_args()
    prepare()
    found: dict[str, tuple[float, float]] = {}
    with fresh_home() as home, engine(home, "--speed", str(options.speed)) as process:
        until_live(home)
        for profile in ("lan", "slow"):
            screen = Screen(home, "attach", "--link", profile)
            before, spent = time.monotonic(), cpu_seconds(process.pid)
            found[profile] = measure(screen, options.seconds)
            beside = (cpu_seconds(process.pid) - spent) / (time.monotonic() - before)
            screen.close()
            print(
                f"{profile}: {found[profile]}; the engine {100 * beside:.1f} %", file=sys.stderr, flush=True
            )
    (cpu, kb), (slow_cpu, slow_kb) = found["lan"], found["slow"]
    check = {"cpu_percent": cpu, "kb_per_s": kb, "slow_kb_per_s": slow_kb, "slow_cpu_percent": slow_cpu}
    check = {name: round(value, 2) for name, value in check.items()}
    print(json.dumps({"bench": "console", "value": check["cpu_percent"], "unit": "%", "check": check}))


if __name__ == "__main__":
    main()
