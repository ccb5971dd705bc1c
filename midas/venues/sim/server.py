"""The exchange process: one port on this machine, Binance's wire protocol on it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import time
from collections.abc import Callable
from functools import partial

import msgspec
from aiohttp import web

from midas.costs import FeeSchedule
from midas.errors import AlreadyRunning, StoreFull
from midas.venues.sim import runfile
from midas.venues.sim.acts import ClockActs, DeskActs, PortActs, SocketActs
from midas.venues.sim.cashier import Cashier
from midas.venues.sim.config import ExchangeConfig, check, open_accounts
from midas.venues.sim.control import Control
from midas.venues.sim.doors.broadcast import Broadcast
from midas.venues.sim.doors.gateway import Gateway
from midas.venues.sim.doors.ordercounts import OrderCounts
from midas.venues.sim.doors.rest import Rest
from midas.venues.sim.doors.sockets import Sockets
from midas.venues.sim.doors.streams import Hub
from midas.venues.sim.doors.userstream import UserStreams
from midas.venues.sim.doors.wsapi import WsApi
from midas.venues.sim.faults import plan
from midas.venues.sim.faults.disruptions import Disruptions
from midas.venues.sim.faults.port import Port
from midas.venues.sim.faults.reach import Reach
from midas.venues.sim.floor.desk import Desk
from midas.venues.sim.floor.exchange import Exchange
from midas.venues.sim.kept.keeper import Keeper
from midas.venues.sim.kept.memory import Memory, identity_of, remembered
from midas.venues.sim.source.feed import Feed
from midas.venues.sim.source.market import MarketEvent, Responsive
from midas.venues.sim.source.markets import open_market
from midas.venues.sim.source.pacer import Pacer
from midas.venues.sim.world.truth import TruthFile

__all__ = ["ExchangeConfig", "ExchangeServer", "main", "serve"]

Announce = Callable[[runfile.RunFile], None]


class ExchangeServer:
    """One instance: everything wired, not yet listening."""

    def __init__(
        self, config: ExchangeConfig, wall: Callable[[], int], announce: Announce | None = None
    ) -> None:
        """`announce` is told where it listens as soon as it does."""
        self._announce = announce
        self.config = config
        self.port = 0
        self._failure: StoreFull | None = None
        self._real_wall = wall
        self._disruptions = disruptions = Disruptions(wall, config.speed, self._best_ask)
        self._plan = plan.read(config.plan) if config.plan is not None else []
        self._control = Control(disruptions.faults, self._touch)
        self._wall = wall = disruptions.clock
        self._truth = _truth_of(config)
        tell = self._truth.tell if self._truth is not None else None
        source = open_market(config.market, config.seed, config.preset, tell, config.symbol)
        self._market, self._waits = source.name, source.waits
        desks = [Desk(listing, source.start, source.lateness, config.seed) for listing in source.listings()]
        reach = self._reach = disruptions.faults.reach = _reach_of(config, desks)
        if config.plan is not None:
            plan.check(config.plan, self._plan, reach)
        if isinstance(source, Responsive):
            for desk in desks:
                desk.matcher.book.tell(partial(source.taken, desk.symbol))
        self._memory = Memory(config.state, identity_of(config)) if config.state is not None else None
        self.instance = self._memory.instance if self._memory is not None else secrets.token_hex(16)
        users = self._users = UserStreams(wall, disruptions.users)
        counts = OrderCounts(users)
        fees = FeeSchedule(config.maker_fee, config.taker_fee)
        feed = Feed(source)
        listener = counts if self._memory is None else self._memory.listen(counts)
        self._exchange = Exchange(
            desks, open_accounts(config, [desk.instrument for desk in desks]), fees, listener
        )
        self._keeper: Keeper | None = None
        if self._memory is not None:
            users.keep_back()
            self._exchange.settled = self._settled
            self._keeper = self._memory.open(self._exchange, feed, config.speed, wall())
        self._hub = Hub(self._start_market, disruptions.market)
        self._broadcast = Broadcast(self._exchange.desks, self._hub)
        self._pacer = Pacer(feed, config.speed, self._handle, self._batch_done)
        self._feed = feed
        if self._keeper is not None:
            self._pacer.events = self._keeper.events
        latency, steady = config.order_latency_ms / 1_000, disruptions.clock.right
        gateway = Gateway(
            self._exchange, wall, latency, counts, disruptions.requests, steady, config.weight_max
        )
        reach.paths = [*gateway.by_path, *gateway.by_method]
        self._rest = Rest(gateway, self._asked)
        self._sockets = Sockets(
            self._hub, WsApi(gateway, users), self._asked, wall, config.timings, disruptions.lines
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
            if self._goes_at_once():
                self._start_market()
            works = (self._pacer.run(), self._sockets.keep_alive(), port.keep())
            tasks = [asyncio.create_task(work) for work in works]
            try:
                await self._wait(stop, tasks)
            finally:
                await _end(tasks)
        finally:
            await self._close(runner)

    async def _close(self, runner: web.AppRunner) -> None:
        """Let go of everything, each whatever became of the others: from the last to the first."""
        async with contextlib.AsyncExitStack() as stack:
            if self.config.run_file is not None:
                stack.callback(runfile.remove, self.config.run_file, self.instance)
            if self._truth is not None:
                stack.callback(self._truth.close)
            if self._memory is not None:
                stack.callback(partial(self._memory.close, ended=self._pacer.ended))
            stack.push_async_callback(runner.cleanup)
            stack.callback(self._drop_clients)
            stack.push_async_callback(self._control.close)

    def _drop_clients(self) -> None:
        for client in list(self._sockets.clients):
            client.drop()

    async def _listen(self, runner: web.AppRunner) -> Port:
        config, faults = self.config, self._disruptions.faults
        if config.plan is not None:  # once more: the requests are known now
            plan.check(config.plan, self._plan, self._reach)
        port = self._bound(runner)
        await port.open()
        self.port = port.number
        if self._memory is not None:
            self._memory.remember_port(port.number)
        control = "" if config.control is None else await self._open_control(config.control)
        SocketActs(faults, self._sockets, self._users)
        PortActs(faults, port)
        ClockActs(faults, self._disruptions.clock)
        DeskActs(faults, self._exchange, self._disruptions.fills, self._wall)
        for order in self._plan:
            faults.arm(order)
        if self._truth is not None:  # after all that may fail: a second try finds no file in its way
            self._truth.open()
        content = self._run_content(control)
        if config.run_file is not None:
            runfile.write(config.run_file, content)
        if self._announce is not None:
            self._announce(content)
        return port

    async def _open_control(self, number: int) -> str:
        return await self._control.open(number, Cashier(self._exchange, self._wall).routes())

    def _bound(self, runner: web.AppRunner) -> Port:
        """The port that was asked for; where any will do, the one that clients know from before."""
        host, number = self.config.host, self.config.port
        if self._memory is not None and not number:
            with contextlib.suppress(AlreadyRunning):
                return Port(runner, host, self._memory.port)
        return Port(runner, host, number)

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
            api_key=config.specs[0].api_key,
            api_secret=config.specs[0].api_secret,
            begins=self._begins(),
            control=control,
        )

    def _goes_at_once(self) -> bool:
        return self._truth is not None or (self._keeper is not None and self._keeper.started)

    def _begins(self) -> str:
        if self._goes_at_once():
            return "now"
        return "with the first stream" if self._waits else "with the first request"

    async def _wait(self, stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
        """Until `stop`, or idleness; a task that failed ends the process with its error."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.5)
            for task in tasks:
                if task.done():
                    task.result()
            if self._failure is not None:
                raise self._failure
            if self._truth is not None and self._truth.failure is not None:
                raise self._truth.failure
            if self._sockets.clients:
                self._touch()
            idle = asyncio.get_running_loop().time() - self._touched_at
            if 0 < self.config.idle_exit_s < idle:
                return

    def _touch(self) -> None:
        self._touched_at = asyncio.get_running_loop().time()

    def _asked(self) -> None:
        """A client came, over any door of the venue."""
        self._touch()
        if not (self._waits or self._pacer.started):
            self._start_market()

    def _start_market(self) -> None:
        """Let the market run; calling it again changes nothing."""
        self._pacer.start()
        self._disruptions.faults.market_started()
        if self._keeper is not None:
            self._keeper.started = True

    def _best_ask(self, symbol: str) -> str:
        desk = self._exchange.desks[symbol]
        best = desk.matcher.book.asks.best()
        return desk.scale.price(best[0] if best is not None else desk.last_tick)

    def _handle(self, event: MarketEvent) -> None:
        if self._keeper is not None:
            self._keeper.handling(event)
        else:
            self._feed.done()
        closed = self._exchange.market(event, self._wall())
        self._broadcast.event(event, closed)

    def _batch_done(self) -> None:
        self._settled()
        self._hub.flush()

    def _settled(self) -> None:
        """What happened is made durable before anybody hears of it."""
        if self._keeper is None:
            return
        try:
            self._keeper.commit()
        except StoreFull as error:
            self._failure = error
            raise
        self._users.release()

    async def _status(self, request: web.Request) -> web.Response:
        """Not the venue's: what this process is and how far its market has come."""
        self._touch()
        status = {
            "instance": self.instance,
            "market": self._market,
            "speed": self.config.speed,
            "started": self._pacer.started,
            "ended": self._pacer.ended,
            "market_time_ns": max(desk.time for desk in self._exchange.desks.values()),
            "market_events": self._pacer.events,
            "accounts": len(self._exchange.accounts),
            "orders": len(self._exchange.orders),
            "orders_open": len(self._exchange.open),
            "trades": sum(len(deals) for deals in self._exchange.deals.values()),
            "clients": len(self._sockets.clients),
            "user_streams": self._users.open,
        }
        return web.Response(body=msgspec.json.encode(status), content_type="application/json")


async def serve(
    config: ExchangeConfig, stop: asyncio.Event | None = None, announce: Announce | None = None
) -> None:
    """Run an exchange until `stop` is set. Raises a UsageError for what the person can mend."""
    check(config)
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


def _truth_of(config: ExchangeConfig) -> TruthFile | None:
    if config.truth is None:
        return None
    return TruthFile(config.truth, goes_on=config.state is not None and remembered(config.state) is not None)


def _reach_of(config: ExchangeConfig, desks: list[Desk]) -> Reach:
    lots = {desk.symbol: desk.instrument.lot_size for desk in desks}
    return Reach(lots, [spec.name for spec in config.specs])


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
