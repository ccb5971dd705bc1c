"""How long a start takes that finds a crashed session of 100,000 records and as many messages waiting.

`make bench-recovery`. The session is a desk's own, traded in virtual time with a venue in memory; the
exchange then opens with the balances that it ended with, so that both sides agree. The value is the median
time from the start of `midas --no-ui` until it trades: the old journal proven and folded, the account
reconciled, both streams up. Between engine and exchange lies a proxy that sends the messages as soon as the
market stream is open. `empty_s` is the same start in an empty home; `fold_s` is what proving and folding take
by themselves, most of which another process does while the engine loads. Prints one JSON object.

    python -m tests.bench.bench_recovery [--records N] [--messages N] [--runs N] [--rest SECONDS]

`--rest`: before each start, on a machine that gives less of itself the longer it works.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from midas.assembly.inherit import inherited
from midas.cli.exchange import RUN_FILE
from midas.domain.event import MARKET_EVENTS, Event
from midas.domain.time import SECOND
from midas.engine.audit import encode
from midas.runtime.records import AUDIT, EVENT, HEADER, Header, encode_event, encode_header
from midas.store.journal import Journal
from midas.venues.sim.runfile import RunFile, write
from tests.bench.bench_soak import CHURN, SoakDesk
from tests.bench.running import MIDAS, REPOSITORY, environment, prepare, resident_mb, until_live
from tests.fakes.proxy import FaultProxy
from tests.fakes.scripted_market import ScriptedMarket

RECORDS = 100_000
MESSAGES = 100_000
RUNS = 5
STREAM = "GET /stream"
OWN_TRADES = 10**12  # no id of the exchange that takes over
TRADE = (
    '{"stream":"btcusdt@trade","data":{"e":"trade","E":1795248017100,"s":"BTCUSDT","t":1,"p":"60000.00000000",'
    '"q":"0.00100000","T":1795248017100,"m":true,"M":true}}'
)
Record = tuple[int, str, int, bytes]


class Scribe(SoakDesk):
    """Keeps what its journal would hold."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[Record] = []
        self.venue.number_trades_from(OWN_TRADES)

    def _step(self, event: Event) -> None:
        self._sequence += 1
        if type(event) not in MARKET_EVENTS:
            self.records.append((self._sequence, EVENT, event.at, encode_event(event)))
        audit = self.engine.step(self._sequence, event)
        if audit is not None:
            self.records.append((self._sequence, AUDIT, event.at, encode(audit)))
            self.painter.observe(event, audit)
            self._effects.extend((event.at + self.latency, effect) for effect in audit.effects)


def traded(least: int) -> Scribe:
    """A desk that made so many records, with no order open."""
    desk, market, chance = Scribe(), ScriptedMarket(), random.Random(1)
    market.step = SECOND // 12
    for bar in market.history(600):
        desk.feed(bar)
    desk.open(market.now - SECOND)
    desk.play(market.begin())
    while len(desk.records) < least or desk.state.orders.open:
        desk.play(market.move(chance.randint(-3, 3)))
        desk.venue.forget()
    return desk


async def stored(desk: Scribe, folder: Path, account: str) -> None:
    """Its journal, as a crash leaves it: no seal."""
    header = Header(
        folder.name, 0, "bench", "", desk.settings.digest(), desk.settings, "binance", account, "SIM", "", 1.0
    )  # fmt: skip
    journal = await Journal.open(folder.with_name("living"))
    journal.append(0, HEADER, 0, encode_header(header))
    for number, (sequence, kind, at, body) in enumerate(desk.records):
        journal.append(sequence, kind, at, body)
        if number % 1_000 == 0:
            await journal.barrier()
    await journal.barrier()
    shutil.copytree(folder.with_name("living"), folder, ignore=shutil.ignore_patterns("*-shm"))
    await journal.close()
    shutil.rmtree(folder.with_name("living"))


class Place:
    """Workspace, exchange and proxy; engines come and go."""

    def __init__(self, folder: Path, desk: Scribe, messages: int) -> None:
        self.folder = folder
        self.workspace = folder / "workspace"
        shutil.copytree(CHURN, self.workspace, ignore=shutil.ignore_patterns("__pycache__"))
        config = (self.workspace / "config.toml").read_text()
        balances = "".join(f'{asset} = "{total}"\n' for asset, total in desk.state.ledger.balances.items())
        config = re.sub('USDT = "[0-9]+"\n', balances, config)
        config = re.sub("instruments = .*", 'instruments = ["BTCUSDT"]', config)
        (self.workspace / "config.toml").write_text(config)
        self.exchange = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.crash_processes", "exchange", str(folder / "exchange.json")],
            cwd=self.workspace, env=self._environ(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.exchange.stdout is not None
        self.exchange.stdout.readline()
        self.venue = msgspec.json.decode((folder / "exchange.json").read_bytes(), type=RunFile)
        self.account = f"sim-{self.venue.instance[:12]}"
        self._messages = messages
        self._through: dict[bool, int] = {}
        ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._proxies(ready)), daemon=True).start()
        ready.wait()

    async def _proxies(self, ready: threading.Event) -> None:
        for flooding in (False, True):
            proxy = FaultProxy(urlsplit(self.venue.http).port or 0)
            if flooding and self._messages:
                proxy.arm("flood", STREAM, times=0, rate=self._messages, body=TRADE)
            await proxy.start()
            self._through[flooding] = proxy.port
        ready.set()
        await asyncio.Event().wait()

    @contextmanager
    def home(self, old: Path | None, *, flooded: bool) -> Iterator[Path]:
        """A home whose exchange lies behind the proxy, with a copy of the old session."""
        home = Path(tempfile.mkdtemp(dir=self.folder))
        if old is not None:
            shutil.copytree(old, home / "sessions" / old.name)
        port = self._through[flooded]
        behind = {"http": f"http://127.0.0.1:{port}", "ws": f"ws://127.0.0.1:{port}"}
        write(home / RUN_FILE, msgspec.structs.replace(self.venue, **behind))
        try:
            yield home
        finally:
            shutil.rmtree(home, ignore_errors=True)

    def start(self, old: Path | None, *, flooded: bool, rest: float = 0.0) -> tuple[float, float]:
        """Seconds until an engine trades, and its MB then."""
        with self.home(old, flooded=flooded) as home, (home / "bench.log").open("wb") as log:
            time.sleep(rest)
            began = time.monotonic()
            process = subprocess.Popen(
                [*MIDAS, "--no-ui"], cwd=self.workspace, env=self._environ(home),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
            try:
                until_live(home)
                return time.monotonic() - began, resident_mb(process.pid)
            finally:
                process.kill()
                process.wait()

    def _environ(self, home: Path) -> dict[str, str]:
        return environment(home) | {"PYTHONPATH": str(REPOSITORY)}

    def close(self) -> None:
        """End the exchange."""
        assert self.exchange.stdin is not None
        self.exchange.stdin.close()
        self.exchange.wait(10)


def measure(folder: Path, records: int, messages: int, runs: int, rest: float = 0.0) -> dict[str, object]:
    """Medians of so many starts, with and without the old journal; `rest`: seconds before each."""
    desk = traded(records)
    place = Place(folder, desk, messages)
    try:
        old = folder / "old" / "20260101-000000-0000"
        old.parent.mkdir()
        asyncio.run(stored(desk, old, place.account))
        with place.home(old, flooded=False) as home:
            time.sleep(rest)
            began = time.monotonic()
            carried, problems = inherited(home, place.account)
            folding = time.monotonic() - began
        assert carried.from_session, problems
        full = [place.start(old, flooded=True, rest=rest) for _ in range(runs)]
        quiet = [place.start(old, flooded=False, rest=rest) for _ in range(runs)]
        empty = [place.start(None, flooded=False, rest=rest) for _ in range(runs)]
    finally:
        place.close()
    check = {
        "records": len(desk.records),
        "messages": messages,
        "fills_carried": sum(len(ids) for ids in carried.trade_ids.values()),
        "fold_s": round(folding, 3),
        "without_messages_s": round(statistics.median(took for took, _ in quiet), 3),
        "empty_s": round(statistics.median(took for took, _ in empty), 3),
        "starts_s": [round(took, 2) for took, _ in full],
        "rss_mb": round(statistics.median(mb for _, mb in full)),
    }
    value = round(statistics.median(took for took, _ in full), 3)
    return {"bench": "recovery", "value": value, "unit": "s", "check": check}


def main() -> None:
    """Run once and print the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--rest", type=float, default=0.0)
    arguments = parser.parse_args()
    prepare()
    with tempfile.TemporaryDirectory(prefix="midas-recovery-") as folder:
        result = measure(Path(folder), arguments.records, arguments.messages, arguments.runs, arguments.rest)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
