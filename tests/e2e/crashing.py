"""An engine that is killed again and again: one exchange and one fault proxy stay, engines come and go.

Each engine is a real process with the real client on real SQLite. Its start is cheap, because it is forked
from a process that has loaded midas already; from there on it runs `midas --no-ui` as anybody would.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from midas.assembly.access import sockets
from midas.assembly.inherit import inherited
from midas.cli.exchange import RUN_FILE
from midas.domain.carry import Carried
from midas.domain.command import SetMode
from midas.errors import MidasError
from midas.runtime.link import SocketLink
from midas.state.reconcile import NEVER
from midas.state.snapshot import Snapshot
from midas.store.survey import Reading
from midas.venues.sim.runfile import RunFile, write
from tests.e2e.desk import REPOSITORY, is_zombie, until
from tests.fakes.proxy import ORDER

CHURN = REPOSITORY / "tests" / "fakes" / "churn"
SETTLED_S = 120.0
KILL_WITHIN_S = 2.0  # of a start, where no order leaves
FIRST_WITHIN_S = 60.0  # the same, until orders have flowed once
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# What happens to requests on their way, all the time; an order that never arrives blocks its instrument for
# the 14 s that its request may live, so that is the rarest.
HURTS: tuple[dict[str, object], ...] = (
    {"kind": "drop_answer", "path": ORDER, "chance": 0.02},
    {"kind": "reset_after", "path": ORDER, "chance": 0.03},
    {"kind": "reset_mid", "path": ORDER, "chance": 0.02},
    {"kind": "reset_before", "path": ORDER, "chance": 0.003},
    {"kind": "answer", "path": ORDER, "chance": 0.02, "status": 504, "effect": True},
    {"kind": "delay_answer", "path": ORDER, "chance": 0.05, "seconds": 0.2},
    {"kind": "delay", "path": ORDER, "chance": 0.05, "seconds": 0.1},
    {"kind": "reset_after", "path": "DELETE /api/v3/order", "chance": 0.03},
    {"kind": "reset_before", "path": "GET /api/v3", "chance": 0.005},
    {"kind": "answer", "path": "GET /api/v3", "chance": 0.005, "status": 503},
    {"kind": "delay_answer", "path": "GET /api/v3", "chance": 0.02, "seconds": 0.1},
)


class CrashDesk:
    """Exchange, proxy, nursery, and at most one engine. `close` ends them all."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.workspace = folder / "workspace"
        self.kills = 0
        self.moments: Counter[str] = Counter()  # what the engine was about when it was killed
        self.ended: Counter[str] = Counter()  # what engines said that ended by themselves
        self._chance = random.Random(seed)
        self._engine = 0
        shutil.copytree(CHURN, self.workspace, ignore=shutil.ignore_patterns("__pycache__"))
        self.home.mkdir(parents=True)
        self._exchange = self._begin("tests.e2e.crash_processes", "exchange", str(folder / "exchange.json"))
        self.venue = msgspec.json.decode(self._exchange_said(), type=RunFile)
        port = urlsplit(self.venue.http).port or 0
        self._proxy = self._begin("tests.fakes.proxy", "--target", str(port), "--seed", str(seed))
        through, control = json.loads(_line(self._proxy))
        self._control = socket.create_connection(("127.0.0.1", control))
        self._words = self._control.makefile("rb")
        self._nursery = self._begin("tests.e2e.crash_processes", "nursery", str(folder / "engine.log"))
        _line(self._nursery)
        behind = {"http": f"http://127.0.0.1:{through}", "ws": f"ws://127.0.0.1:{through}"}
        write(self.home / RUN_FILE, msgspec.structs.replace(self.venue, **behind))

    def hurt(self) -> None:
        """From now on the network is a bad one."""
        for fault in HURTS:
            self.tell(arm={"times": 0} | fault)

    def tell(self, **word: object) -> dict[str, Any]:
        """Say something to the proxy; what it counted so far."""
        self._control.sendall(json.dumps(word).encode() + b"\n")
        said: dict[str, Any] = json.loads(self._words.readline())
        return said

    def start(self) -> None:
        """The next engine."""
        assert not self._engine, "one engine runs already"
        _tell(self._nursery, "start")
        self._engine = int(_line(self._nursery))

    def kill(self) -> None:
        """SIGKILL, in the moment that chance chooses: while it recovers, or with orders on their way."""
        began, before = time.monotonic(), int(self.tell(say=True)["orders"])
        flowed = self.moments["orders flowed"]
        recovering = self._chance.random() < 0.25 and flowed > 0
        if recovering:
            time.sleep(self._chance.uniform(0.0, 0.6))
        else:
            wanted = before + self._chance.randint(1, 8)
            end = began + (KILL_WITHIN_S if flowed else FIRST_WITHIN_S)
            while time.monotonic() < end and int(self.tell(say=True)["orders"]) < wanted:
                time.sleep(0.002)
            time.sleep(self._chance.choice((0.0, self._chance.uniform(0.0, 0.03))))
        os.kill(self._engine, signal.SIGKILL)
        if self._reap() != -signal.SIGKILL:
            return  # it had ended by itself, as where the venue can't be reached; the next start tries again
        self.kills += 1
        some = int(self.tell(say=True)["orders"]) > before
        self.moments["orders flowed" if some else "it recovered" if recovering else "no order came"] += 1

    def stop(self) -> int:
        """SIGTERM: withdraw, reconcile, seal; the exit code."""
        os.kill(self._engine, signal.SIGTERM)
        return self._reap()

    def normal(self) -> None:
        """A person who lets it trade again, whatever the last crash made of its mode."""
        with self.link() as link:
            if link.wait_for_snapshot().mode.mode != "NORMAL":
                link.ask(SetMode("NORMAL", "crash bench", confirmed=True), "crash bench")

    def settled(self) -> float:
        """Wait until no order is in doubt; how many seconds that took. Fails after 120 s."""
        began = time.monotonic()
        with self.link() as link:
            while True:
                seen = link.latest()
                if seen is not None and not seen.recovering and seen.money.reconciled and not _doubts(seen):
                    return time.monotonic() - began
                doubts = _doubts(seen) if seen is not None else []
                assert time.monotonic() < began + SETTLED_S, (
                    f"after {SETTLED_S:.0f} s still UNKNOWN: {doubts}"
                )
                time.sleep(0.05)

    @contextmanager
    def link(self) -> Iterator[SocketLink]:
        """A console's connection to the engine."""
        path = sockets(self.home)[0]
        link: list[SocketLink] = []

        def connected() -> bool:
            if is_zombie(self._engine):
                self._reap()
                self.start()  # as its supervisor would
            link[:] = [SocketLink(path, 10.0)]
            try:
                link[0].start()
            except MidasError:
                return False
            return True

        until(connected, "the engine's link", 60.0, 0.01)
        try:
            yield link[0]
        finally:
            link[0].close()

    def compared(self) -> dict[str, object]:
        """Journal against venue, while no engine runs: trades, how often each was booked, and balances."""
        carried, problems = inherited(self.home, f"sim-{self.venue.instance[:12]}")
        theirs = {symbol: self._trades(symbol) for symbol in self._symbols()}
        ours = {
            name.partition(".")[0].replace("-", ""): set(ids) - {NEVER}
            for name, ids in carried.trade_ids.items()
        }
        count = sum(len(ids) for ids in theirs.values())
        booked = sum(sleeve.fills for sleeve in carried.sleeves)
        missing = {s: sorted(ids ^ ours.get(s, set()))[:5] for s, ids in theirs.items()}
        return {
            "venue_trades": count,
            "journal_fills": booked,
            "differing": {s: ids for s, ids in missing.items() if ids},
            "balances_equal": self._balances() == _held(carried),
            "equal": booked == count and not any(missing.values()) and not problems,
            "problems": problems,
        }

    def replayed(self) -> dict[str, str]:
        """What is wrong with the records of the newest two engines that made any; empty: nothing."""
        made = [path for path in sorted((self.home / "sessions").iterdir()) if Reading(path).begun]
        wrong: dict[str, str] = {}
        for name in [path.name for path in made[-2:]]:
            done = subprocess.run(
                [sys.executable, "-m", "midas", "replay", name, "--verify"], cwd=self.workspace,
                env=self._environ(), text=True, capture_output=True, check=False,
            )  # fmt: skip
            if done.returncode:
                wrong[name] = (done.stdout + done.stderr)[-300:]
        return wrong

    def close(self) -> None:
        """End everything that was started here."""
        if self._engine:
            os.kill(self._engine, signal.SIGKILL)
            self._reap()
        self._words.close()
        self._control.close()
        for process in (self._nursery, self._proxy, self._exchange):
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def _reap(self) -> int:
        _tell(self._nursery, "reap")
        self._engine = 0
        code = int(_line(self._nursery))
        if code > 0:
            self.ended[(self.folder / "engine.log").read_text().strip().splitlines()[-1][-120:]] += 1
        return code

    def _begin(self, module: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments], cwd=self.workspace, text=True, env=self._environ(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MIDAS_")}
        return kept | {"MIDAS_HOME": str(self.home), "PYTHONPATH": str(REPOSITORY)}

    def _exchange_said(self) -> str:
        return Path(_line(self._exchange)).read_text()

    def _symbols(self) -> list[str]:
        with _DIRECT.open(f"{self.venue.http}/api/v3/exchangeInfo", timeout=30) as reply:
            return [row["symbol"] for row in json.load(reply)["symbols"]]

    def _trades(self, symbol: str) -> set[int]:
        found: set[int] = set()
        while True:
            page = self._asked(
                "myTrades", symbol=symbol, fromId=str(max(found, default=-1) + 1), limit="1000"
            )
            found |= {row["id"] for row in page}
            if len(page) < 1000:
                return found

    def _balances(self) -> dict[str, float]:
        held = self._asked("account")["balances"]
        sums = {row["asset"]: float(row["free"]) + float(row["locked"]) for row in held}
        return {asset: round(total, 6) for asset, total in sums.items() if total}

    def _asked(self, path: str, **parameters: str) -> Any:
        query = urlencode(parameters | {"timestamp": str(time.time_ns() // 1_000_000)})
        signature = hmac.new(self.venue.api_secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        url = f"{self.venue.http}/api/v3/{path}?{query}&signature={signature}"
        request = urllib.request.Request(url, headers={"X-MBX-APIKEY": self.venue.api_key})
        with _DIRECT.open(request, timeout=30) as reply:
            return json.load(reply)


def _held(carried: Carried) -> dict[str, float]:
    return {asset: round(float(total), 6) for asset, total in carried.balances.items() if total}


def _doubts(seen: Snapshot) -> list[str]:
    return [order.client_id for order in seen.orders if order.status == "UNKNOWN"]


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line: str = process.stdout.readline().strip()
    assert line, f"{process.args!r} ended: exit code {process.wait(5)}"
    return line


def _tell(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(word + "\n")
    process.stdin.flush()
