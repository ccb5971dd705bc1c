"""The exchange process: one port on this machine, Binance's wire protocol on it."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import secrets
import signal
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path

import msgspec
from aiohttp import web

from midas.costs import FeeSchedule
from midas.errors import ConfigInvalid, NotLoopback
from midas.venues.sim import plan, runfile
from midas.venues.sim.accounts import API_KEY, API_SECRET, OPENING, Account, AccountSpec
from midas.venues.sim.acts import ClockActs, DeskActs, PortActs, SocketActs
from midas.venues.sim.broadcast import Broadcast
from midas.venues.sim.control import Control
from midas.venues.sim.desk import Desk
from midas.venues.sim.disruptions import Disruptions
from midas.venues.sim.exchange import Exchange
from midas.venues.sim.gateway import Gateway
from midas.venues.sim.market import MarketEvent, Responsive
from midas.venues.sim.markets import SYNTHETIC, open_market
from midas.venues.sim.ordercounts import OrderCounts
from midas.venues.sim.pacer import Pacer
from midas.venues.sim.port import Port
from midas.venues.sim.rest import Rest
from midas.venues.sim.sockets import Sockets
from midas.venues.sim.streams import Hub
from midas.venues.sim.timings import SocketTimings
from midas.venues.sim.userstream import UserStreams
from midas.venues.sim.world.parameters import MEDIUM
from midas.venues.sim.world.truth import TruthFile
from midas.venues.sim.wsapi import WsApi

FIRST_UID = 700_001
SPEED_MAX = 10_000.0

Announce = Callable[[runfile.RunFile], None]


class ExchangeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How to run an exchange."""

    host: str = "127.0.0.1"
    port: int = 0  # 0: any free one
    market: str = SYNTHETIC  # or the path of a recording, of a world or of candles
    symbol: str = ""  # of candles that don't name theirs
    preset: str = MEDIUM  # of the market SYNTHETIC
    truth: Path | None = None  # where the truth about a synthetic market is written
    speed: float = 1.0  # market seconds in a wall second
    seed: int = 1
    run_file: Path | None = None
    maker_fee: Decimal = Decimal(0)
    taker_fee: Decimal = Decimal("0.0004")
    balances: Mapping[str, Decimal] = msgspec.field(default_factory=lambda: dict(OPENING))
    accounts: tuple[AccountSpec, ...] = ()  # none: one account that opens with `balances`
    order_latency_ms: float = 2.0
    idle_exit_s: float = 900.0  # 0: never
    control: int | None = None  # the control port: 0 any free one, None none
    plan: Path | None = None  # a script of fault hooks
    timings: SocketTimings = SocketTimings()


class ExchangeServer:
    """One instance: everything wired, not yet listening."""

    def __init__(
        self, config: ExchangeConfig, wall: Callable[[], int], announce: Announce | None = None
    ) -> None:
        """`announce` is told where it listens as soon as it does."""
        self._announce = announce
        self.config = config
        self.instance = secrets.token_hex(16)
        self.port = 0
        self._real_wall = wall
        self._disruptions = disruptions = Disruptions(wall, config.speed, self._best_ask)
        self._plan = plan.read(config.plan) if config.plan is not None else []
        self._control = Control(disruptions.faults, self._touch)
        self._wall = wall = disruptions.clock
        self._truth = TruthFile(config.truth) if config.truth is not None else None
        tell = self._truth.tell if self._truth is not None else None
        source = open_market(config.market, config.seed, config.preset, tell, config.symbol)
        self._market = source.name
        desks = [Desk(listing, source.start, source.lateness, config.seed) for listing in source.listings()]
        if isinstance(source, Responsive):
            for desk in desks:
                desk.matcher.book.tell(partial(source.taken, desk.symbol))
        users = self._users = UserStreams(wall, disruptions.users)
        counts = OrderCounts(users)
        fees = FeeSchedule(config.maker_fee, config.taker_fee)
        self._exchange = Exchange(desks, _accounts(config), fees, counts)
        self._hub = Hub(self._first_subscriber, disruptions.market)
        self._broadcast = Broadcast(self._exchange.desks, self._hub)
        self._pacer = Pacer(source, config.speed, self._handle, self._hub.flush)
        gateway = Gateway(self._exchange, wall, config.order_latency_ms / 1_000, counts, disruptions.requests)
        self._rest = Rest(gateway, self._touch)
        self._sockets = Sockets(
            self._hub, WsApi(gateway, users), self._touch, wall, config.timings, disruptions.lines
        )
        self._touched_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Listen, run the market, and stop cleanly when `stop` is set or nobody came for too long."""
        app = web.Application()
        app.add_routes([web.get("/sim/status", self._status), *self._sockets.routes(), *self._rest.routes()])
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        try:
            port = await self._listen(runner)
            self._touch()
            works = (self._pacer.run(), self._sockets.keep_alive(), port.keep())
            tasks = [asyncio.create_task(work) for work in works]
            try:
                await self._wait(stop, tasks)
            finally:
                await _end(tasks)
        finally:
            await self._control.close()
            for client in list(self._sockets.clients):
                client.drop()
            await runner.cleanup()
            if self._truth is not None:
                self._truth.close()
            if self.config.run_file is not None:
                runfile.remove(self.config.run_file, self.instance)

    async def _listen(self, runner: web.AppRunner) -> Port:
        config, faults = self.config, self._disruptions.faults
        port = Port(runner, config.host, config.port)
        await port.open()
        self.port = port.number
        control = "" if config.control is None else await self._control.open(config.control)
        SocketActs(faults, self._sockets, self._users)
        PortActs(faults, port)
        ClockActs(faults, self._disruptions.clock)
        DeskActs(faults, self._exchange, self._disruptions.fills, self._wall)
        for order in self._plan:
            faults.arm(order)
        content = self._run_content(control)
        if config.run_file is not None:
            runfile.write(config.run_file, content)
        if self._announce is not None:
            self._announce(content)
        return port

    def _run_content(self, control: str) -> runfile.RunFile:
        config = self.config
        return runfile.RunFile(
            pid=os.getpid(),
            instance=self.instance,
            http=f"http://{_bracketed(config.host)}:{self.port}",
            ws=f"ws://{_bracketed(config.host)}:{self.port}",
            market=self._market,
            preset=config.preset,
            speed=config.speed,
            seed=config.seed,
            started_at=self._real_wall(),
            api_key=API_KEY,
            api_secret=API_SECRET,
            control=control,
        )

    async def _wait(self, stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
        """Until `stop`, or idleness; a task that failed ends the process with its error."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.5)
            for task in tasks:
                if task.done():
                    task.result()
            if self._sockets.clients:
                self._touch()
            idle = asyncio.get_running_loop().time() - self._touched_at
            if 0 < self.config.idle_exit_s < idle:
                return

    def _touch(self) -> None:
        self._touched_at = asyncio.get_running_loop().time()

    def _first_subscriber(self) -> None:
        self._pacer.start()
        self._disruptions.faults.market_started()

    def _best_ask(self, symbol: str) -> str:
        desk = self._exchange.desks[symbol]
        best = desk.matcher.book.asks.best()
        return desk.scale.price(best[0] if best is not None else desk.last_tick)

    def _handle(self, event: MarketEvent) -> None:
        closed = self._exchange.market(event, self._wall())
        self._broadcast.event(event, closed)

    async def _status(self, request: web.Request) -> web.Response:
        """Not the venue's: what this process is and how far its market has come."""
        self._touch()
        status = {
            "instance": self.instance,
            "market": self._market,
            "speed": self.config.speed,
            "seed": self.config.seed,
            "started": self._pacer.started,
            "ended": self._pacer.ended,
            "market_time_ns": max(desk.time for desk in self._exchange.desks.values()),
            "market_events": self._pacer.events,
            "accounts": len(self._exchange.accounts),
            "orders": len(self._exchange.orders),
            "orders_open": len(self._exchange.open),
            "trades": sum(len(deals) for deals in self._exchange.deals.values()),
            "clients": len(self._sockets.clients),
        }
        return web.Response(body=msgspec.json.encode(status), content_type="application/json")


async def serve(
    config: ExchangeConfig, stop: asyncio.Event | None = None, announce: Announce | None = None
) -> None:
    """Run an exchange until `stop` is set. Raises a UsageError for what the person can mend."""
    _check(config)
    await ExchangeServer(config, time.time_ns, announce).run(stop or asyncio.Event())


def main(config: ExchangeConfig, announce: Announce | None = None) -> int:
    """Run an exchange as this process until SIGTERM or SIGINT; the exit code."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_until_signal(config, announce))
    return 0


async def _until_signal(config: ExchangeConfig, announce: Announce | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(config, stop, announce)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _check(config: ExchangeConfig) -> None:
    try:
        loopback = config.host == "localhost" or ipaddress.ip_address(config.host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise NotLoopback(
            f"the embedded exchange listens on this machine only, not on {config.host!r}; use 127.0.0.1"
        )
    if not 0 < config.speed <= SPEED_MAX:
        raise ConfigInvalid(
            f"speed {config.speed} is not above 0 and at most {SPEED_MAX:g} market seconds a second"
        )


def _accounts(config: ExchangeConfig) -> list[Account]:
    """The accounts to open, whose names and keys must differ."""
    specs = config.accounts or (AccountSpec(balances=config.balances),)
    for field in ("name", "api_key"):
        named = [getattr(spec, field) for spec in specs]
        if len(set(named)) < len(named):
            raise ConfigInvalid(f"two accounts of the exchange have one {field}; give each its own")
    return [Account.opened(uid, spec) for uid, spec in enumerate(specs, FIRST_UID)]


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
