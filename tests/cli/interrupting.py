"""Interrupt sweeps and walks forward at random moments: `python -m tests.cli.interrupting --times 40`.

Each kind of command runs whole once. Then it is begun anew in an empty home, and ended by Ctrl+C or
`kill -9` (drawn by the seed) at a random moment, some times over, before it may end by itself. What it then
prints and counts must be what the first one did, Ctrl+C must end it with exit status 130 and no traceback,
and no worker may be left. One line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from midas.backtest.trials import counted
from midas.workspace import copy_template
from tests.cli.test_sweep import PLAIN, STRATEGY, write_candles

IN_A_ROW = 4  # interruptions, before a run may end
KINDS: dict[str, list[str]] = {
    "grid": ["sweep", "above", "--set", "span=2..60", "--fast", "never", "--workers", "2"],
    "grid-compiled": ["sweep", "above", "--set", "span=2..90", "--set", "share=0.98..1.02:0.0005",
                      "--workers", "2"],
    "random": ["sweep", "above", "--set", "span=2..90", "--set", "share=0.98..1.02", "--fast", "never",
               "--method", "random", "--trials", "60", "--workers", "1"],
    "tpe": ["sweep", "above", "--set", "span=2..90", "--set", "share=0.98..1.02", "--fast", "never",
            "--method", "tpe", "--trials", "48", "--prune", "--workers", "2"],
    "walkforward": ["walkforward", "above", "--set", f"span={','.join(map(str, range(2, 40)))}",
                    "--fast", "never"],
}  # fmt: skip


class Desk:
    """A workspace, candles, and a home for each run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = folder / "desk"
        copy_template(self.workspace)
        (self.workspace / "strategies" / "above.py").write_text(STRATEGY)
        self.candles = folder / "btcusdt-1d.csv"
        write_candles(self.candles)

    def start(self, kind: str, home: Path) -> subprocess.Popen[str]:
        """The command in a process group of its own, as a terminal would start it."""
        environ = {
            **os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "MIDAS_HOME": str(home),
            "MIDAS_RISK__STOPS__ENABLED": "false", "MIDAS_RISK__TRIGGERS__SHARPE_DEFENSIVE": "-10",
        }  # fmt: skip
        command = [sys.executable, "-m", "midas", *KINDS[kind], "--data", str(self.candles), *PLAIN, "--json"]
        return subprocess.Popen(
            command, cwd=self.workspace, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True,
        )  # fmt: skip


def result(told: str, home: Path) -> dict[str, Any]:
    """What a run says, without how long it took and what it had from before, and what the ledger counts."""
    said = json.loads(told)
    for passing in ("seconds", "kept"):
        said.pop(passing, None)
    ledger = sorted(json.dumps([each.parameters, each.sharpe_day], sort_keys=True) for each in counted(home))
    return {"said": said, "ledger": ledger}


def alive(group: int) -> bool:
    """Whether a process of that group is still there after a while."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.1)
    return True


def interrupted(running: subprocess.Popen[str], hard: bool, wrong: list[str]) -> bool:
    """Ends it, and whether it had anything left to do; `wrong` hears what it should not have done."""
    group = running.pid
    if hard:
        running.kill()
    else:
        os.killpg(group, signal.SIGINT)  # as a terminal sends it
    _, told = running.communicate()
    if alive(group):
        wrong.append("a worker is left")
        os.killpg(group, signal.SIGKILL)
    begun = "midas" in told and "from midas.cli import main" not in told  # or it was Python's own start
    ended = running.returncode in (0, 130, -signal.SIGINT)  # a shell calls the last two alike
    if not hard and begun and ("Traceback" in told or not ended):
        wrong.append(f"exit {running.returncode}: {told[-400:]}")
    return running.returncode != 0


def chain(desk: Desk, kind: str, whole_s: float, chance: random.Random, times: Counter[str]) -> list[str]:
    """One run with interruptions in it; what came of it that should not have."""
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(dir=desk.folder) as home:
        for _ in range(IN_A_ROW):
            running, hard = desk.start(kind, Path(home)), chance.random() < 0.5
            time.sleep(chance.uniform(0.0, 1.1 * whole_s))
            if not interrupted(running, hard, wrong):
                break
            times["kill -9" if hard else "Ctrl+C"] += 1
        ending = desk.start(kind, Path(home))
        told, errors = ending.communicate()
        if ending.returncode:
            return [*wrong, f"it doesn't go on: {errors[-400:]}"]
        found = result(told, Path(home))
    expected = json.loads((desk.folder / f"{kind}.json").read_text())
    wrong += [f"another {part}" for part in expected if found[part] != expected[part]]
    return wrong


def campaign(kinds: list[str], times: int, seed: int) -> dict[str, Any]:
    """At least so many interruptions of each kind."""
    chance, told = random.Random(seed), dict[str, Any]()
    with tempfile.TemporaryDirectory(prefix="midas-interrupting-") as folder:
        desk = Desk(Path(folder))
        for kind in kinds:
            home, began = Path(folder) / f"home-{kind}", time.monotonic()
            whole, errors = (running := desk.start(kind, home)).communicate()
            assert running.returncode == 0, errors
            whole_s = time.monotonic() - began
            (desk.folder / f"{kind}.json").write_text(json.dumps(result(whole, home)))
            done, runs, wrong = Counter[str](), 0, list[str]()
            while done.total() < times:
                wrong += chain(desk, kind, whole_s, chance, done)
                runs += 1
            told[kind] = {**done, "runs": runs, "wrong": wrong, "whole_s": round(whole_s, 1)}
            print(json.dumps({kind: told[kind]}), file=sys.stderr, flush=True)
    return told


def main() -> int:
    """Print what became of all of them; 1 where anything came out otherwise."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=40, help="interruptions of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what runs beside it deaf to it
    told = campaign(arguments.kinds, arguments.times, arguments.seed)
    print(json.dumps(told))
    return int(any(each["wrong"] for each in told.values()))


if __name__ == "__main__":
    sys.exit(main())
