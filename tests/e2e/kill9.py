"""Kill the engine in the middle of a run, again and again: `python -m tests.e2e.kill9 --times 10`.

Each time: a fresh home, the recorded market at five times its speed, `kill -9` of the engine in the moment
in which an order of its reaches the exchange (or some seconds later, where none comes), then a second
engine. It must find the same exchange, continue the dead session, and end reconciled; the dead session must
replay as far as it reached.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.e2e.desk import REPOSITORY, ProcessDesk, finished, last_line, until

EARLIEST_S, LATEST_S = 3.0, 40.0
PATIENCE_S = 15.0  # for an order of ours to reach the exchange


def recording() -> str:
    """The recorded stream of the reference data."""
    folder = (REPOSITORY / os.environ.get("MIDAS_REFERENCE_DATA", "../shared")).resolve()
    found = sorted((folder / "data").glob("binance-spot-btcusdt-*.jsonl.gz"))
    if not found:
        sys.exit(f"no recorded BTCUSDT stream in {folder / 'data'}; set MIDAS_REFERENCE_DATA")
    return str(found[0])


def once(market: str, chance: random.Random, after_s: float) -> dict[str, Any]:
    """One killing and what came of it."""
    with tempfile.TemporaryDirectory(prefix="midas-kill9-") as folder:
        desk = ProcessDesk(Path(folder) / "home")
        try:
            return _once(desk, market, chance, after_s)
        finally:
            desk.close()


def _once(desk: ProcessDesk, market: str, chance: random.Random, after_s: float) -> dict[str, Any]:
    line = ["--no-ui", "--market", market, "--speed", "5", "--json", "--duration"]
    first = desk.start(*line, "60")
    until(lambda: (desk.home / "link.sock").exists(), "the engine's start", 60.0)
    moment = chance.uniform(EARLIEST_S, LATEST_S)
    time.sleep(moment)
    patience, known = time.monotonic() + PATIENCE_S, desk.market()["orders"]
    while time.monotonic() < patience and desk.market()["orders"] == known:
        time.sleep(0.001)
    first.send_signal(signal.SIGKILL)
    finished(first)
    left, instance = desk.market(), desk.market()["instance"]
    second = desk.run(*line, f"{after_s:g}")
    report = last_line(second.stdout) if second.stdout.strip() else {"reconciled": False}
    dead, alive = desk.sessions()[0].name, desk.sessions()[-1].name
    replayed = [desk.run("replay", name, "--verify", "--json") for name in (dead, alive)]
    whole = [last_line(done.stdout) for done in replayed]
    return {
        "killed_after_s": round(moment, 1),
        "in_the_moment_of_an_order": left["orders"] > known,
        "open_at_exchange": left["orders_open"],
        "trades_at_exchange": left["trades"],
        "same_exchange": desk.market()["instance"] == instance,
        "exit": second.returncode,
        "reconciled": report["reconciled"],
        "fills_after": report.get("fills"),
        "anomalies": report.get("anomalies"),
        "replayed": [done.returncode for done in replayed],
        "audits": [facts.get("identical") for facts in whole],
        "error": "" if second.returncode == 0 else second.stderr[-400:],
    }


def main() -> int:
    """Kill so many times; exit code 0 where every restart ended reconciled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--after", type=float, default=12.0, help="seconds that the second engine runs")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--market", help="a recorded stream or `synthetic`; default: the reference recording")
    arguments = parser.parse_args()
    market, chance, good = arguments.market or recording(), random.Random(arguments.seed), 0
    for _ in range(arguments.times):
        result = once(market, chance, arguments.after)
        good += result["exit"] == 0 and result["reconciled"] and result["same_exchange"]
        print(json.dumps(result), flush=True)
    print(json.dumps({"restarts": arguments.times, "reconciled": good}))
    return 0 if good == arguments.times else 1


if __name__ == "__main__":
    raise SystemExit(main())
