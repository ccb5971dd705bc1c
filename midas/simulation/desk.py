"""One life of the engine's process, wired as `assembly.session` wires it: real engine, runner, gate, broker.

`Desk` begins in a new session with what the disk holds, lives until somebody stops or kills it, and closes
nothing when it is killed.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from midas.agents.execution_agent import PREFIX
from midas.analysis.regime import RegimeRules
from midas.domain.carry import Carried
from midas.domain.command import Answer, Command
from midas.domain.event import AccountDoubted, CommandGiven, Event, SessionOpened
from midas.domain.limits import Asset, Assets, Limits
from midas.domain.stops import NO_STOPS, StopRules
from midas.domain.time import MINUTE, SECOND
from midas.domain.triggers import TriggerRules
from midas.engine.audit import Audit
from midas.engine.build import build_engine
from midas.engine.config import EngineConfig, StrategyConfig
from midas.engine.snapshot import Painter
from midas.errors import OutcomeUnknown, Unreachable
from midas.execution.worker import ExecutionRules
from midas.runtime.health import Vitals
from midas.runtime.inbox import Inbox
from midas.runtime.kill import KillListener, KillRequest
from midas.runtime.records import HEADER, Header, decode_header, encode_header
from midas.runtime.replay import fold_ledger
from midas.runtime.runner import Runner
from midas.runtime.shell import Paces, Shell
from midas.runtime.watching import Watch, Watches
from midas.simulation.client import SimClient
from midas.simulation.clock import MachineClock
from midas.simulation.feed import SimFeed
from midas.simulation.loop import Process, SimLoop
from midas.simulation.network import Asked, Network
from midas.simulation.storage import Disk, SimJournal, SimLatch, SimTape
from midas.simulation.trader import KINDS, Whim, strategies
from midas.simulation.venue import Venue
from midas.state.state import State
from midas.state.views.health import HealthView
from midas.statistics.sizing import SizingPolicy
from midas.venues.binance.broker import BinanceBroker
from midas.venues.binance.rest import Rest
from midas.venues.sim.floor.accounts import API_KEY

ACCOUNT = "sim-world"
HISTORY = 24  # bars, so that volatility is known from the start
_NOWHERE = Path("/nonexistent")  # of the kill socket, which nobody opens
WELL = HealthView(True, True, 5.0, 2.0, 3.0, 1.0, 1.0, 0, 100.0, 0, 0, 0, 0, 1, 6000, 0, 0)
LIMITS = Limits(
    profile="simulation", position_max=0.40, sector_max=0.90, correlation_max=0.90, usd_max=1.0,
    crypto_max=0.90, cash_min=0.05, order_rate_max=20, order_notional_max=4_000.0, price_collar_bps=50.0,
    duplicate_window=5 * SECOND,
    assets=Assets("cash", {a: Asset("crypto", "crypto") for a in ("BTC", "ETH")}),
)  # fmt: skip
TRIGGERS = TriggerRules(
    daily_loss_stop=0.05, weekly_loss_defensive=1.0, weekly_loss_stop=1.0, monthly_loss_stop=1.0
)
# Near enough that this market, which walks a few ticks at a time, reaches them.
STOPS = StopRules(
    percent=0.00005, trail_percent=0.00006, time=4 * MINUTE, time_gain=0.001, collar_bps=1.0, step_bps=0.1
)
EXECUTION = ExecutionRules(passive_timeout=5 * SECOND, reprice_ticks=2, take_collar_bps=10.0)


class Machine(msgspec.Struct):
    """What outlives a process on the desk's machine, and what it is connected to."""

    loop: SimLoop
    clock: MachineClock
    disk: Disk
    network: Network
    venue: Venue
    chance: random.Random
    whims: tuple[Whim, ...]
    paces: Paces
    quiet_s: float  # of the user stream, until it is asked whether it lives
    taped: bool = False  # keep tapes, for a replay
    stops: bool = False  # positions have stops


def config(venue: Venue, whims: tuple[Whim, ...], stops: bool = False) -> EngineConfig:
    """The engine's configuration in every world: all strategies on all pairs."""
    ids = tuple(pair.id for pair in venue.pairs)
    return EngineConfig(
        instruments=venue.pairs, quote="USDT", period=MINUTE, audit_every=60 * SECOND, regime=RegimeRules(),
        limits=LIMITS, sizing=SizingPolicy(), execution=EXECUTION, triggers=TRIGGERS,
        stops=STOPS if stops else NO_STOPS,
        strategies=tuple(
            StrategyConfig(kind.name, 0.3, ids, {"seed": whim.seed, "turns": whim.turns})
            for kind, whim in zip(KINDS, whims, strict=False)
        ),
    )  # fmt: skip


class Unmeasured:
    """Health that nobody reads: measuring it costs more than the engine's step."""

    def __init__(self, *_: object) -> None:
        pass

    def lag(self, at: int, late: int) -> None:
        """Not kept."""

    def barrier(self, at: int, took: int) -> None:
        """Not kept."""

    def compared(self, trouble: str) -> None:
        """Not kept."""

    def sample(self, now: int, sequence: int, vitals: Vitals, tape_trouble: str) -> HealthView:
        """All is well."""
        return WELL

    def view(self, now: int, vitals: Callable[[], Vitals]) -> HealthView:
        """All is well."""
        return WELL


class Blind(Painter):
    """A painter without a picture: nobody looks."""

    def __init__(self) -> None:
        self.seen: Callable[[Event, Audit], None] | None = None
        self._none: deque[int] = deque()

    @property
    def acks(self) -> deque[int]:
        """Not kept."""
        return self._none

    def observe(self, event: Event, audit: Audit) -> None:
        """Pass it on to whoever checks the world."""
        if self.seen is not None:
            self.seen(event, audit)

    def tick(self, now: int, health: HealthView) -> None:
        """Nothing to sample."""


class Desk:
    """One process: made, `live`, and then killed or ended."""

    def __init__(self, machine: Machine, number: int) -> None:
        self.machine = machine
        self.process = Process(f"desk-{number}")
        self.session = f"20260109-120000-{number:04d}"
        self.config = config(machine.venue, machine.whims, machine.stops)
        self.engine = build_engine(self.config, strategies(machine.whims))
        self.painter = Blind()
        self.watch: Callable[[State], Watches] = Watch
        self.inbox = Inbox()
        self.carried = inherited(machine.disk)
        self.journal = SimJournal(machine.disk, machine.loop, self.process)
        self.tape = SimTape(machine.taped)
        self.latch = SimLatch(machine.disk, self.process)
        self.client = SimClient(machine.network, machine.venue, machine.clock, self.process)
        self.runner: Runner | None = None
        self.feed: SimFeed | None = None
        self.life: asyncio.Task[None] | None = None
        self.ended = ""  # why, where it ended by itself
        self._commands = 0

    @property
    def state(self) -> State:
        """Of the engine."""
        return self.engine.state

    @property
    def up(self) -> bool:
        """Whether the account is known and it trades."""
        return self.process.alive and self.runner is not None and not self.ended and not self.state.recovering

    async def live(self) -> None:
        """From the start to the end, as a session runs. Raises MidasError."""
        machine, clock = self.machine, self.machine.clock
        rest = Rest(self.client, clock.now)
        broker = BinanceBroker(
            rest, self.config.instruments, self.inbox.put, self._gap, machine.chance.random, PREFIX,
            machine.quiet_s,
        )  # fmt: skip
        self.feed = feed = SimFeed(machine.network, machine.venue, clock, self.process, self.inbox.put)
        try:
            self.journal.append(0, HEADER, clock.now(), encode_header(self._header()))
            shell = Shell(clock, self.journal, self.tape, self.latch, feed, broker, self._vitals)
            shell.watch = self.watch
            shell.rest, shell.paces, shell.measures = _rest, machine.paces, Unmeasured
            shell.guards = self._guards_orders
            broker.recall(self.carried.orders)
            await broker.start()
            for instrument in self.config.instruments:
                for bar in await feed.history(instrument, self.config.period, HISTORY):
                    self.inbox.put(bar)
            await feed.start()
            self.runner = runner = Runner(self.engine, self.painter, shell, self.inbox)
            self.ended = await runner.run(self._opened())
        finally:
            await feed.close()
            await broker.close()
            await self.journal.close()

    def command(self, command: Command, answered: Callable[[Answer], None] = lambda _: None) -> None:
        """A person's command, through the door that every command takes."""
        if self.runner is not None and self.process.alive:
            self._commands += 1
            given = CommandGiven(
                f"{self.session}-{self._commands}", "person", command, self.machine.clock.now()
            )
            self.runner.command(given, answered)

    def pull(self, level: str, reason: str) -> None:
        """The kill switch, as the kill listener's thread pulls it."""
        if not self.process.alive:
            return
        machine = self.machine
        symbols = {pair.id: pair.symbol for pair in machine.venue.pairs}
        listener = KillListener(
            _NOWHERE, self.latch, Canceller(machine, self.process),
            lambda: list(self.state.orders.open.values()), symbols, self.inbox.put, machine.clock.now,
        )  # fmt: skip
        listener.pull(KillRequest(level, "person", reason, machine.clock.now()))

    def _guards_orders(self) -> list[tuple[str, str]]:
        ids = {pair.symbol: pair.id for pair in self.config.instruments}
        return [(sold.client_id, ids[sold.symbol]) for sold in self.machine.disk.guards_sales]

    def _gap(self) -> None:
        self.inbox.put(AccountDoubted(self.machine.clock.now(), "user stream"))

    def _vitals(self) -> Vitals:
        last = self.feed.last_at if self.feed is not None else 0
        return Vitals(feed_age_ns=max(0, self.machine.clock.now() - last) if last else 0)

    def _opened(self) -> SessionOpened:
        record, now = self.latch.read(), self.machine.clock.now()
        level, by, reason, at = "", "", "", 0
        if record is not None:
            level, by, reason, at = record.level.value, record.by, record.reason, record.at
        return SessionOpened(self.session, now, ACCOUNT, "SIM", level, self.carried, by, reason, at)

    def _header(self) -> Header:
        return Header(
            self.session, self.machine.clock.now(), "simulation", "", "", self.config, "binance", ACCOUNT,
            "SIM", "", 1.0,
        )  # fmt: skip


class Canceller:
    """The kill listener's own connection: blocking, so its requests take no virtual time."""

    def __init__(self, machine: Machine, process: Process) -> None:
        self._machine = machine
        self._process = process

    def cancel(self, symbol: str, client_id: str) -> tuple[int, int]:
        """One cancel; HTTP status and the venue's code. Raises VenueError."""
        machine = self._machine
        if machine.network.weather.cut or not self._process.alive:
            raise Unreachable("the venue can't be reached")
        parameters = {
            "symbol": symbol, "origClientOrderId": client_id,
            "timestamp": str(machine.venue.now() // 1_000_000),
        }  # fmt: skip
        reply = machine.venue.serve(Asked("DELETE order", parameters, API_KEY))
        if machine.network.weather.deaf:
            raise OutcomeUnknown("no answer from the venue")
        if reply.status == 200:
            return 200, 0
        return reply.status, int(msgspec.json.decode(reply.body)["code"])

    def ping(self) -> bool:
        """It always works or fails when it is needed."""
        return True

    def close(self) -> None:
        """Nothing is open."""


def inherited(disk: Disk) -> Carried:
    """What the newest session left that took a step, as `assembly.inherit` finds it."""
    for journal in reversed(disk.sessions):
        if len(journal.rows) > 1 and journal.rows[0].kind == HEADER:
            carried = folded(journal)
            if carried.from_session:
                return carried
    return Carried()


def folded(journal: SimJournal) -> Carried:
    """What these rows leave behind; folded once where none of them gets lost meanwhile."""
    rows = journal.rows
    if journal.folded is None or journal.folded[0] != len(rows):
        journal.folded = len(rows), fold_ledger(decode_header(rows[0].body), rows[1:])
    return journal.folded[1]


async def _rest() -> None:
    """Nobody needs the interpreter's lock here; others run when the inbox is empty."""
