"""How long a start takes and what the engine weighs (P6). `make bench-start`.

Medians of five: `midas --help`; the console's first screen with the market on it after `midas attach` to a
running engine; a headless engine in an empty home, the exchange not running, until it trades - account
reconciled, both streams up, every book valid, every strategy hearing the market. `rss_mb` is that engine's
a few seconds later. `cold_paint_s`, `cold_frame_s`: a bare `midas`, which starts all three processes, until
anything is drawn, and until the market is.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

from tests.bench.running import (
    MIDAS,
    REPOSITORY,
    Screen,
    engine,
    environment,
    fresh_home,
    prepare,
    resident_mb,
    until_live,
)

RUNS = 5
SETTLE_S = 5.0
# The banner, the foot of the book with numbers in it, the keys: the first and the last of the screen.
DRAWN = ("HALT", "spread", "detach")


def helping() -> float:
    """Seconds for `midas --help`."""
    with fresh_home() as home:
        began = time.monotonic()
        subprocess.run(
            [*MIDAS, "--help"], env=environment(home), cwd=REPOSITORY, capture_output=True, check=True
        )
        return time.monotonic() - began


def trading(attached: int) -> tuple[float, float, list[float]]:
    """Seconds until a fresh engine trades, its MB some seconds later, first frames of consoles on it."""
    with fresh_home() as home:
        began = time.monotonic()
        with engine(home) as process:
            until_live(home)
            took = time.monotonic() - began
            time.sleep(SETTLE_S)
            frames = []
            for _ in range(attached):
                screen = Screen(home, "attach")
                frames.append(first_frame(screen))
                screen.close()
            return took, resident_mb(process.pid), frames


def first_frame(screen: Screen) -> float:
    """Seconds from the start of a console until the market is on its screen."""
    seen = screen.read(60.0, lambda text: all(word in text for word in DRAWN))
    if not all(word in seen for word in DRAWN):
        raise TimeoutError(f"no first frame: {seen[-500:]!r}")
    return time.monotonic() - screen.began


def cold() -> tuple[float, float]:
    """Seconds of a bare `midas` until anything is drawn, and until the market is."""
    with fresh_home() as home:
        screen = Screen(home)
        screen.read(60.0, bool)
        painted = time.monotonic() - screen.began
        frame = first_frame(screen)
        screen.close()
        return painted, frame


def say(what: str) -> None:
    """Progress."""
    print(what, file=sys.stderr, flush=True)


def main() -> None:
    """Print the medians as one line of JSON; the value is the time until a headless engine trades."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=RUNS)
    count = parser.parse_args().runs
    prepare()
    helps = [helping() for _ in range(count)]
    say(f"help {helps}")
    rows = []
    for _ in range(count):
        rows.append(trading(1))
        say(f"trading {rows[-1]}")
    colds = [cold() for _ in range(count)]
    say(f"cold {colds}")
    check = {
        "help_s": statistics.median(helps),
        "first_frame_s": statistics.median(frame for _, _, frames in rows for frame in frames),
        "trading_s": statistics.median(took for took, _, _ in rows),
        "rss_mb": statistics.median(mb for _, mb, _ in rows),
        "cold_paint_s": statistics.median(painted for painted, _ in colds),
        "cold_frame_s": statistics.median(frame for _, frame in colds),
    }
    check = {name: round(value, 3) for name, value in check.items()}
    print(json.dumps({"bench": "start", "value": check["trading_s"], "unit": "s", "check": check}))


if __name__ == "__main__":
    main()
