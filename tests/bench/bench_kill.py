"""From the kill chord to the wire, and from a flatten to a desk that is flat. `make bench-kill`.

The value: a real console on a pseudo-terminal is attached to the real runner, which steps the recorded
market with both strategies, with 100,000 events always waiting and 5,000 more a second arriving, over the
real journal, tape, latch, link and kill listener. A second process types the chord into the terminal and is
the venue: it takes the time from the byte on the terminal to the first byte of a cancel at its own listener.
After each kill the desk is resumed. `flat_p99_ms`: see `tests.bench.flat`. Prints one JSON object.

    python -m tests.bench.bench_kill [--kills N] [--flats N]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import json
import logging
import os
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import uvloop

from midas.assembly.access import sockets
from midas.assembly.session import WallClock
from midas.cli.running import LOCK, RUN_FILE, EngineFile
from midas.domain.carry import Carried
from midas.domain.command import Answer, Resume, SetMode
from midas.domain.event import CommandGiven, SessionOpened
from midas.domain.market import FeedStatus
from midas.domain.order import OrderIntent, OrderType, Purpose, Side
from midas.engine.build import build_engine
from midas.engine.snapshot import Assembly, Painter
from midas.runtime.doors import LinkServer
from midas.runtime.health import Vitals
from midas.runtime.inbox import Inbox
from midas.runtime.kill import KillListener
from midas.runtime.runner import Runner
from midas.runtime.shell import Shell
from midas.state.order import Order
from midas.store.journal import Journal
from midas.store.latch import LATCH, KillLatch
from midas.store.lock import InstanceLock
from midas.store.tape import Tape
from midas.venues.binance.emergency import EmergencyCanceller
from tests.bench.bench_engine import recording, rounds, strategies
from tests.bench.flat import flat_times
from tests.bench.running import PATIENCE_S, Screen
from tests.fakes.desk import BTC, config
from tests.fakes.recorded_market import RecordedMarket
from tests.fakes.shell import FakeBroker, FakeClock, FakeFeed

KILLS = 150
FLATS = 30
CHORD = b"\x1c"
LOST_NS = 5_000_000_000
SNAPSHOT_HZ = 10.0
BACKLOG = 100_000
ARRIVING = 5_000  # a second
REFILL = 150  # events put back at each turn of the loop, until the backlog stands again
ENDLESS = 10**9
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


# the other process: whoever pulls the kill, and the venue


class RawVenue:
    """Answers every request with 200 and notes when the bytes of a DELETE arrive."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listening.getsockname()[1]
        self.first_cancel = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self.listening.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        while data := connection.recv(65_536):
            if data.startswith(b"DELETE"):
                self.first_cancel = self.first_cancel or time.monotonic_ns()
            connection.sendall(OK)


def pull(kills: int) -> None:
    """Say the port, hear the home, press the chord so many times, say how long each took."""
    venue, chance, took = RawVenue(), random.Random(1), []
    print(venue.port, flush=True)
    home = Path(json.loads(sys.stdin.readline()))
    screen = Screen(home, "attach")
    seen = screen.read(PATIENCE_S, lambda text: "HALT" in text)
    assert "HALT" in seen, seen[-300:]
    threading.Thread(target=screen.drain, daemon=True).start()
    time.sleep(2.0)
    latch = home / LATCH
    for number in range(kills):
        while latch.exists():
            time.sleep(0.001)
        time.sleep(chance.uniform(0.35, 0.45))  # chords that are closer together are one that is held
        venue.first_cancel = 0
        began = time.monotonic_ns()
        os.write(screen.descriptor, CHORD)
        while not venue.first_cancel and time.monotonic_ns() - began < LOST_NS:
            time.sleep(0.0005)
        assert venue.first_cancel, f"kill {number}: no cancel reached the venue"
        took.append(venue.first_cancel - began)
        if number % 2:
            os.write(screen.descriptor, b"\x1b")  # every second one is pressed in the open panel
    os.kill(screen.pid, signal.SIGKILL)
    os.waitpid(screen.pid, 0)
    print(json.dumps(took), flush=True)


# this process: the engine


class Bench:
    """An engine with a backlog."""

    def __init__(self, home: Path, journal: Journal) -> None:
        clock, traders = WallClock(), strategies()
        market = RecordedMarket(recording())
        settings = config(traders, (market.instrument,))
        engine = build_engine(settings, traders)
        self.latch = KillLatch(home / LATCH)
        self.inbox = Inbox(late=ENDLESS, full=ENDLESS)
        self.broker = FakeBroker(self.inbox.put, FakeClock())
        shell = Shell(
            clock, journal, Tape(home, lambda _: None), self.latch, FakeFeed(self.inbox.put), self.broker,
            Vitals,
        )  # fmt: skip
        about = Assembly("binance", "bench", "bench", 1.0, settings.period)
        self.runner = Runner(engine, Painter(engine, about), shell, self.inbox)
        self.arriving = rounds(list(market.events()), ENDLESS)
        self.history = market.history(600)
        self.waits: list[int] = []
        self.painter = self.runner.painter
        self._journal = journal

    def fill(self, count: int) -> None:
        """Put the next market events into the inbox."""
        for event in itertools.islice(self.arriving, count):
            self.inbox.put(event)

    async def refill(self) -> None:
        """Keep the backlog standing."""
        while True:
            self.fill(min(REFILL, max(0, BACKLOG - len(self.inbox))))
            await asyncio.sleep(0)

    async def arrive(self) -> None:
        """5,000 more events a second."""
        while True:
            self.fill(ARRIVING // 200)
            await asyncio.sleep(0.005)

    async def intents(self) -> None:
        """A barrier every few milliseconds, as orders ask for it."""
        while True:
            self._journal.append(self.runner.engine.sequence, "bench", 0, b'{"kind":"order.intent"}' * 8)
            began = time.monotonic_ns()
            await self._journal.barrier()
            self.waits.append(time.monotonic_ns() - began)
            await asyncio.sleep(0.002)

    def command(self, given: CommandGiven, answer: Callable[[Answer], None]) -> None:
        """As the console gives them."""
        self.runner.command(given, answer)

    async def resume(self) -> None:
        """After each kill: release the latch in its two steps, and back to NORMAL."""
        control = self.runner.engine.state.control
        for number in itertools.count():
            await asyncio.sleep(0.005)
            if control.latched:
                self._ask(f"r{number}", Resume("drill"))
                self._ask(f"c{number}", Resume("drill", confirmed=True))
                self._ask(f"n{number}", SetMode("NORMAL", "drill", confirmed=True))

    def _ask(self, name: str, command: Resume | SetMode) -> None:
        self.runner.command(CommandGiven(name, "bench", command, time.time_ns()), _nobody)


def _nobody(_: Answer) -> None:
    """The bench doesn't read answers."""


def working() -> Order:
    """An order that a halt withdraws."""
    intent = OrderIntent(
        client_id="md-bench", instrument=BTC.id, strategy="bench", side=Side.BUY,
        type=OrderType.LIMIT_MAKER, time_in_force=None, quantity=Decimal("0.001"), price=Decimal(60_000),
        purpose=Purpose.ENTRY, decision=1, mode="NORMAL", regime="BULL",
        market_time=0, created_at=1, reason="bench",
    )  # fmt: skip
    order = Order(intent)
    order.sent_at = 1
    return order


async def measure(home: Path, kills: int) -> dict[str, object]:
    """Run the engine until the other process has pulled all its kills."""
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.bench_kill", "--pull", "--kills", str(kills),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20,
    )  # fmt: skip
    assert other.stdin is not None
    assert other.stdout is not None
    port = int(await other.stdout.readline())
    bench = Bench(home, await Journal.open(home))
    listener = _listener(home, port, bench)
    listener.start()
    link = LinkServer(sockets(home)[0], bench.runner.snapshot, bench.command, time.time_ns, SNAPSHOT_HZ)
    await link.start()
    lock = InstanceLock(home / LOCK)
    lock.acquire()
    (home / RUN_FILE).write_bytes(msgspec.json.encode(EngineFile(os.getpid(), "bench", time.time_ns())))
    for bar in bench.history:
        bench.inbox.put(bar)
    for stream in ("market", "user"):
        bench.inbox.put(FeedStatus("binance", stream, time.time_ns(), True))
    bench.fill(BACKLOG)
    gc.freeze()
    opened = SessionOpened("bench", time.time_ns(), "bench", "SIM", "", Carried())
    running = asyncio.create_task(bench.runner.run(opened))
    beside = [
        asyncio.create_task(work)
        for work in (bench.refill(), bench.arrive(), bench.intents(), bench.resume())
    ]
    began, sequence = time.monotonic(), bench.runner.engine.sequence
    other.stdin.write(json.dumps(str(home)).encode() + b"\n")
    took = json.loads(await other.stdout.readline())
    rate = (bench.runner.engine.sequence - sequence) / (time.monotonic() - began)
    bench.runner.give_up("measured")
    await running
    for task in beside:
        task.cancel()
    await link.close()
    listener.close()
    lock.release()
    await other.wait()
    return _result(sorted(took), sorted(bench.waits), rate, bench.painter.counts().signals)


def _listener(home: Path, port: int, bench: Bench) -> KillListener:
    canceller = EmergencyCanceller(f"http://127.0.0.1:{port}/api", "key", "secret", time.time_ns, lambda: 0.0)
    order = working()
    return KillListener(
        sockets(home)[1], bench.latch, canceller, lambda: [order], {BTC.id: BTC.symbol},
        bench.inbox.put_from_thread, time.time_ns,
    )  # fmt: skip


def _result(took: list[int], waits: list[int], rate: float, signals: int) -> dict[str, object]:
    check = {
        "kills": len(took),
        "p50_ms": _percentile(took, 0.5),
        "max_ms": round(took[-1] / 1e6, 3),
        "barriers": len(waits),
        "barrier_p99_ms": _percentile(waits, 0.99),
        "events_per_second": round(rate),
        "signals": signals,
    }
    return {"bench": "kill", "value": _percentile(took, 0.99), "unit": "ms", "check": check}


def _percentile(ordered: list[int], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1e6, 3)


def main() -> None:
    """Run once and print the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--flats", type=int, default=FLATS)
    parser.add_argument("--pull", action="store_true", help="be the other process")
    arguments = parser.parse_args()
    if arguments.pull:
        pull(arguments.kills)
        return
    logging.disable()
    with (
        tempfile.TemporaryDirectory() as home,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        result = runner.run(measure(Path(home), arguments.kills))
    flats = flat_times(arguments.flats) or [0]
    result["check"] |= {  # type: ignore[operator]  # it is a dict
        "flats": len(flats), "flat_p50_ms": _percentile(flats, 0.5), "flat_p99_ms": _percentile(flats, 0.99),
    }  # fmt: skip
    print(json.dumps(result))


if __name__ == "__main__":
    main()
