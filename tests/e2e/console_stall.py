"""What a terminal that stops reading, and one that goes away, do: `python -m tests.e2e.console_stall`.

A real engine, a real console. The terminal is not read for eight seconds; then the screen must be the
console's own again, and neither loop may have stood still. Then the terminal is closed. One line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from midas.assembly.access import sockets
from midas.runtime.link import SocketLink
from midas.state.snapshot import Snapshot
from tests.e2e.desk import REPOSITORY, ProcessDesk, until
from tests.e2e.eyes import Eyes

LOOP_GAP_MS, ENGINE_GAP_MS, GONE_S = 60.0, 20.0, 2.0
SIZE = (120, 40)


def gap(console: Eyes, file: Path) -> float:
    """The longest gap of the console's loop since the last question, in ms."""
    file.unlink(missing_ok=True)
    os.kill(console.pid, signal.SIGUSR2)
    until(lambda: file.exists() and bool(file.read_text()), "the probe's answer", 60.0, 0.01)
    return float(file.read_text())


def differing(console: Eyes) -> int:
    """Rows of the terminal that a full repaint of a frozen display changes: what it had got wrong."""
    console.key("space")
    console.until(" FROZEN ")
    console.look(1.0)
    before = console.rows
    console.key("c-l")
    console.look(2.0)
    after = console.rows
    console.key("space")
    # Banner and footer are never frozen.
    return sum(one != other for one, other in zip(before[3:-2], after[3:-2], strict=True))


def engine_gap(home: Path) -> float:
    """The engine's own longest lateness of the last minute, in ms."""
    link = SocketLink(sockets(home)[0], 4.0)
    link.start()
    try:
        return longest(link.wait_for_snapshot())
    finally:
        link.close()


def longest(snapshot: Snapshot) -> float:
    """Of the histogram of its loop."""
    return max(h.max_ms for h in snapshot.health.histograms if h.name == "loop")


def stall(desk: ProcessDesk, seconds: float) -> dict[str, float]:
    """Not read for so long."""
    file = desk.home / "gap"
    console = Eyes(["-m", "tests.e2e.probed_console", str(file)], SIZE, desk.home, REPOSITORY)
    console.until("HALT ^", 30.0)
    console.look(3.0)
    gap(console, file)
    time.sleep(seconds)
    found = gap(console, file)
    console.look(2.0)
    wrong = differing(console)
    sequence = desk.facts("status")["sequence"]
    gone = hang_up(console)
    time.sleep(1.0)
    return {
        "loop_gap_ms": found,
        "engine_gap_ms": engine_gap(desk.home),
        "rows_differing": wrong,
        "console_gone_s": gone,
        "events_after_hang_up": desk.facts("status")["sequence"] - sequence,
    }


def hang_up(console: Eyes) -> float:
    """Close the terminal; seconds until no process is left of the console."""
    os.close(console.fd)
    began = time.monotonic()
    while time.monotonic() - began < 10 * GONE_S:
        if os.waitpid(console.pid, os.WNOHANG)[0]:
            break
        time.sleep(0.01)
    return round(time.monotonic() - began, 2)


def main() -> int:
    """0 where all of it holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--speed", default="10")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="midas-stall-") as folder:
        desk = ProcessDesk(Path(folder) / "h")
        try:
            desk.start("--no-ui", "--market", "synthetic", "--seed", "7", "--speed", arguments.speed)
            until(lambda: desk.engine() is not None, "the engine's start", 90.0)
            time.sleep(5.0)
            result = stall(desk, arguments.seconds)
        finally:
            desk.close()
    print(json.dumps(result))
    good = (
        result["loop_gap_ms"] < LOOP_GAP_MS
        and result["engine_gap_ms"] < ENGINE_GAP_MS
        and result["rows_differing"] == 0
        and result["console_gone_s"] < GONE_S
        and result["events_after_hang_up"] > 0
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
