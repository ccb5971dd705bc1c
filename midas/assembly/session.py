"""One session of one engine: wired, run to its end, sealed."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec

from midas import __version__
from midas.agents.execution_agent import PREFIX
from midas.assembly.access import Access, identified, sockets
from midas.assembly.ahead import Ahead
from midas.assembly.config import engine_config, goals, strategies_of
from midas.assembly.inherit import inherited, refuse_left_behind
from midas.assembly.reload import reread
from midas.domain.carry import Carried
from midas.domain.command import Answer, Reload, SetMode
from midas.domain.event import (
    AccountDoubted,
    CandlesRead,
    CommandGiven,
    Remarked,
    RulesRead,
    SessionOpened,
)
from midas.domain.instrument import Instrument
from midas.domain.mode import KillLevel, Mode
from midas.domain.time import MILLISECOND, SECOND
from midas.engine.build import build_engine
from midas.engine.config import EngineConfig
from midas.engine.snapshot import Assembly, Painter
from midas.errors import ConfigInvalid, EngineFailed, StoreError, VenueError
from midas.runtime.beats import Pulse, beat_files
from midas.runtime.doors import LinkServer
from midas.runtime.health import Vitals
from midas.runtime.inbox import Inbox
from midas.runtime.kill import KillListener, KillRequest
from midas.runtime.records import HEADER, PRUNED, SEALED, Header, code_hash, encode_header
from midas.runtime.runner import Runner
from midas.runtime.shell import Shell
from midas.runtime.takeover import sales
from midas.settings import Settings
from midas.store import sessions
from midas.store.journal import Journal
from midas.store.latch import LATCH, KillLatch
from midas.store.lock import GUARD_LOCK, InstanceLock
from midas.store.retention import give_up_tapes, tape_bytes
from midas.store.tape import SealedSegment, Tape
from midas.venues.binance import instruments as listing
from midas.venues.binance.account import uid
from midas.venues.binance.broker import BinanceBroker
from midas.venues.binance.client import BinanceClient
from midas.venues.binance.emergency import EmergencyCanceller
from midas.venues.binance.feed import BinanceFeed
from midas.venues.binance.plan import FeedPlan
from midas.venues.binance.rest import Rest
from midas.venues.sim.runfile import NAME as EXCHANGE_FILE
from midas.venues.sim.runfile import pid_in
from midas.venues.task import insist
from midas.workspace import LoadedStrategy

Say = Callable[[str], None]

KEY_REFUSED = "the venue refuses our API key: check it, its rights and the addresses it may come from"
LEAVE_S = 2.0
RETAIN_EVERY_S = 10.0

log = logging.getLogger("midas.session")


class WallClock:
    """The machine's clocks."""

    def now(self) -> int:
        """Wall nanoseconds, UTC."""
        return time.time_ns()

    def monotonic(self) -> int:
        """Never goes back."""
        return time.monotonic_ns()


class Session:
    """Made by `open_session`; `run` once."""

    def __init__(
        self,
        settings: Settings,
        access: Access,
        rest: Rest,
        config: EngineConfig,
        plugins: list[LoadedStrategy],
        say: Say = lambda _: None,
        load: Callable[[], Settings] | None = None,
    ) -> None:
        self._settings = settings
        self._load = load or (lambda: settings)
        self._reloads: set[asyncio.Task[None]] = set()
        self._access = access
        self._rest = rest
        rest.on_key_refused = self._key_refused
        self._config = config
        self._plugins = plugins
        self._say = say
        self._clock = WallClock()
        self._chance = random.Random(secrets.randbits(64))
        self._history = settings.trading.history_bars
        self.name = session_name(self._clock.now(), sessions.begun(settings.home))
        self.directory = settings.home / sessions.SESSIONS / self.name
        self.latch = KillLatch(settings.home / LATCH)
        self.inbox = Inbox()
        self._guard = InstanceLock(settings.home / GUARD_LOCK)
        self.companions: dict[str, int] = {}  # processes of this desk that only the command line knows
        engine = build_engine(config, [plugin.make() for plugin in plugins])
        market = Path(access.market).name
        about = Assembly(
            "binance", __version__, config.limits.profile, access.speed, config.period, market,
            settings.guard.enabled, goals(settings.risk.kpis), config.regulation,
        )  # fmt: skip
        self.engine, self.painter = engine, Painter(engine, about)
        plan = self._plan()
        self._stream_silence = plan.stream_silence
        self.feed = BinanceFeed(plan, self.inbox.put, self._fetch, self._clock.now, self._chance.random)
        self.broker = BinanceBroker(
            rest, config.instruments, self.inbox.put, self._gap, self._chance.random, PREFIX
        )  # fmt: skip
        self._carried = Carried()
        self.problems: list[str] = []  # what a person should know of the sessions before
        self._kill: KillListener | None = None
        self._journal: Journal | None = None
        self._tape: Tape | None = None
        self._link: LinkServer | None = None

    def _key_refused(self) -> None:
        """Only a person can give it rights again: nothing new is begun until one has."""
        now = self._clock.now()
        self.remark("error", KEY_REFUSED)
        pause = SetMode(Mode.PAUSE.value, KEY_REFUSED, confirmed=True)
        self.inbox.put(CommandGiven(f"key-{now}", "binance", pause, now))

    def remark(self, severity: str, text: str) -> None:
        """A line about the processes around the engine, for its journal and the event pane."""
        self.inbox.put(Remarked(self._clock.now(), severity, text))

    def hold_back(self, resting: Iterable[RulesRead]) -> None:
        """These don't trade now: nothing new is opened there until they do, and their silence is none."""
        for rules in resting:
            assert rules.listed is not None
            self.feed.relist(rules.listed, trades=False)
            self.inbox.put(rules)

    async def listen(self) -> None:
        """Hear the market from here on, history first. Raises VenueError; whoever doesn't `run` ends it."""
        await self._warm()
        await self._read_past()
        self._say("connecting the market's streams")
        await self.feed.start()

    async def inherit(self, ahead: Ahead | None = None) -> None:
        """Take over what the sessions before left; `ahead` reads it already. Raises MidasError.

        The market may be heard meanwhile: its messages wait in the inbox, conflated where they are many.
        """
        left = await ahead.taken() if ahead is not None else None
        home, account = self._settings.home, self._access.account
        self._carried, self.problems = inherited(home, account, self._clock.now, left)
        refuse_left_behind(self._carried, self._config.instruments)
        self.broker.recall(self._carried.orders)

    async def run(
        self, beside: Callable[[Runner], Awaitable[None]], *others: Callable[[], Awaitable[None]]
    ) -> str:
        """Run to the end; `beside` and the others go on next to it until then. Returns why it ended."""
        async with AsyncExitStack() as stack:  # whatever was opened is closed, in the reverse order
            stack.push_async_callback(_leave, self._rest.client.close_connection)
            stack.push_async_callback(self.feed.close)
            journal = await Journal.open(self.directory)
            stack.push_async_callback(journal.close)
            self._journal = journal
            tape = Tape(self.directory, lambda sealed: self._seal(journal, sealed))
            stack.callback(tape.close)
            self._tape = tape
            journal.append(0, HEADER, self._clock.now(), encode_header(self._header()))
            shell = Shell(self._clock, journal, tape, self.latch, self.feed, self.broker, self._vitals)
            shell.guards = self._guards_orders
            shell.pulse = pulse = Pulse(*beat_files(self._settings.home))
            stack.callback(pulse.close)
            runner = Runner(self.engine, self.painter, shell, self.inbox)
            await self._connect(stack, runner)
            try:
                companions = (beside(runner), self._retain(journal, tape), *(other() for other in others))
                return await _together(runner, self._opened(), companions)
            except EngineFailed as failed:
                await asyncio.to_thread(self.halt, "engine failure", str(failed))
                raise

    def halt(self, by: str, reason: str = "") -> None:
        """The kill at level halt, from any thread of this process."""
        if self._kill is not None:
            self._kill.pull(KillRequest(by=by, reason=reason))
        else:
            self.latch.trip(KillLevel.HALT, by, reason, self._clock.now())

    async def _connect(self, stack: AsyncExitStack, runner: Runner) -> None:
        """Venue first, then the doors: who comes through them finds everything in place."""
        stack.push_async_callback(_leave, self.broker.close)
        await self.broker.start()
        link, kill = self._doors(runner)
        stack.callback(kill.close)
        kill.start()
        self._kill, self._link = kill, link
        stack.push_async_callback(link.close)
        await link.start()

    def _opened(self) -> SessionOpened:
        record = self.latch.read()
        level, by, reason, at = "", "", "", 0
        if record is not None:
            level, by, reason, at = record.level.value, record.by, record.reason, record.at
        return SessionOpened(
            self.name, self._clock.now(), self._access.account, self._settings.environment.value,
            level, self._carried, by, reason, at,
        )  # fmt: skip

    async def _retain(self, journal: Journal, tape: Tape) -> None:
        """Give up the oldest tape beyond what is kept; the journal says so before anything is deleted."""
        keep = self._settings.runtime.tape_keep_mb << 20
        while True:
            try:
                await asyncio.to_thread(self._give_up_old_tapes)
                await asyncio.sleep(RETAIN_EVERY_S)
                await give_up_tape(journal, tape, keep, (self.engine.sequence, self._clock.now()))
            except (StoreError, OSError) as error:
                log.error("the tapes keep more than they should: %s", error)
                await asyncio.sleep(RETAIN_EVERY_S)

    def _give_up_old_tapes(self) -> None:
        """Those of earlier sessions, as far as this one's tape leaves no room for them."""
        kept_mb, home = self._settings.runtime.tapes_keep_mb, self._settings.home
        old = [home / sessions.SESSIONS / name for name in sessions.names(home) if name != self.name]
        room = max(0, (kept_mb << 20) - tape_bytes(self.directory))
        for name in give_up_tapes(old, room, self._clock.now(), kept_mb):
            log.info("the tape of session %s is given up: all tapes together keep %d MB", name, kept_mb)

    def _seal(self, journal: Journal, sealed: SealedSegment) -> None:
        journal.append(self.engine.sequence, SEALED, self._clock.now(), sealed.encode())

    async def _warm(self) -> None:
        """History before the start, so that no indicator is cold."""
        instruments = self._config.instruments
        for number, instrument in enumerate(instruments, 1):
            self._say(f"history {number} of {len(instruments)}: {instrument.symbol}, {self._history} bars")
            ask = partial(self.feed.history, instrument, self._config.period, self._history)
            for bar in await insist(ask, self._chance.random):
                self.inbox.put(bar)

    async def _read_past(self) -> None:
        """Candles of each horizon of tail risk; a venue that has none keeps no engine from starting."""
        rules = self._config.tail
        for horizon in rules.horizons:
            if horizon == self._config.period:
                continue  # the bars themselves; asked again, some would never be published
            for instrument in self._config.instruments:
                self.inbox.put(await self._candles(instrument, horizon, rules.history + 1))

    async def _candles(self, instrument: Instrument, horizon: int, count: int) -> CandlesRead:
        try:
            bars = await self.feed.history(instrument, horizon, count)
        except VenueError as error:
            return CandlesRead(instrument.id, horizon, (), self._clock.now(), trouble=str(error))
        closes = tuple((bar.time, bar.close) for bar in bars if not bar.synthetic)
        made_up = len(bars) - len(closes)
        return CandlesRead(instrument.id, horizon, closes, self._clock.now(), made_up)

    def _doors(self, runner: Runner) -> tuple[LinkServer, KillListener]:
        link_path, kill_path = sockets(self._settings.home)
        link = LinkServer(
            link_path,
            runner.snapshot,
            partial(self._command, runner),
            self._clock.now,
            self._settings.runtime.snapshot_hz,
        )
        canceller = EmergencyCanceller(
            self._access.endpoints.rest, self._access.api_key, self._access.api_secret, self._clock.now,
            lambda: self._rest.clock.offset_ms,
        )  # fmt: skip
        symbols = {i.id: i.symbol for i in self._config.instruments}
        kill = KillListener(
            kill_path, self.latch, canceller, lambda: list(self.engine.state.orders.open.values()), symbols,
            self.inbox.put_from_thread, self._clock.now,
        )  # fmt: skip
        return link, kill

    def _command(self, runner: Runner, given: CommandGiven, answer: Callable[[Answer], None]) -> None:
        """A door's command; what the files say now is read before the engine hears of a reload."""
        if not isinstance(given.command, Reload):
            runner.command(given, answer)
            return
        task = asyncio.get_running_loop().create_task(self._reload(runner, given, given.command, answer))
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)

    async def _reload(
        self, runner: Runner, given: CommandGiven, asked: Reload, answer: Callable[[Answer], None]
    ) -> None:
        read = await asyncio.to_thread(reread, asked, self._load, self._config, self._access.speed)
        runner.command(msgspec.structs.replace(given, command=read), answer)

    def _plan(self) -> FeedPlan:
        return FeedPlan(
            streams_url=self._access.endpoints.streams,
            connection_silence=self._settings.runtime.feed_stale_seconds,
            instruments=self._config.instruments,
            periods=(self._config.period,),
            speed=self._access.speed,
        )

    async def _fetch(self, path: str, params: Mapping[str, str]) -> bytes:
        return await self._rest.public(path, params)

    def _gap(self) -> None:
        """Something on the user stream was missed or isn't ours."""
        self.inbox.put(AccountDoubted(self._clock.now(), "user stream"))

    def _vitals(self) -> Vitals:
        last, weights, journal = self.feed.last_at, self._rest.weights, self._journal
        return Vitals(
            feed_age_ns=self._clock.now() - last if last else 0,
            feed_latency_ms=self.feed.lag.latest / MILLISECOND,
            clock_offset_ms=self._rest.clock.offset_ms,
            weight_used=weights.used,
            weight_limit=weights.limits.weight_minute,
            stream_ages=self.feed.stream_ages(),
            stream_stale_ns=int(self._stream_silence * SECOND),
            latencies=self.feed.lag.taken(),
            processes=self._processes(),
            clients=self._link.clients if self._link is not None else 0,
            journal_records=journal.records if journal is not None else 0,
            tape_events=self._tape.records if self._tape is not None else 0,
            journal_trouble=journal.trouble if journal is not None else "",
        )

    def _processes(self) -> dict[str, int]:
        """The other processes of this desk; an exchange that ended and came back has another number."""
        exchange = pid_in(self._settings.home / EXCHANGE_FILE) if self._access.market else 0
        guard = self._guard.owner() or 0
        others = {"exchange": exchange, "guard": guard}
        return self.companions | {name: pid for name, pid in others.items() if pid}

    def _guards_orders(self) -> list[tuple[str, str]]:
        """What the guard sold instead of an engine: a pass asks whose trades those were."""
        ids = {i.symbol: i.id for i in self._config.instruments}
        return [
            (sold.client_id, ids[sold.symbol]) for sold in sales(self._settings.home) if sold.symbol in ids
        ]

    def _header(self) -> Header:
        return Header(
            self.name, self._clock.now(), __version__, code_hash([p.file for p in self._plugins]),
            self._config.digest(), self._config, "binance", self._access.account,
            self._settings.environment.value, self._settings.profile, self._access.speed,
        )  # fmt: skip


async def give_up_tape(journal: Journal, tape: Tape, keep_bytes: int, moment: tuple[int, int]) -> None:
    """Delete the oldest segments beyond `keep_bytes`; `moment` is (sequence, now). Raises StoreError."""
    pruned = tape.prunable(keep_bytes)
    if pruned is not None:
        sequence, now = moment
        journal.append(sequence, PRUNED, now, pruned.encode())
        await journal.barrier()
        tape.prune(pruned)


async def open_session(
    settings: Settings, access: Access, say: Say = lambda _: None, ahead: Ahead | None = None,
    load: Callable[[], Settings] | None = None,
) -> Session:  # fmt: skip
    """Reach the venue, choose instruments, load plugins, hear the market, take over what was left.

    `say` hears each step; `ahead` reads the last session; `load` reads the settings from their sources once
    more, for a reload. Raises MidasError.
    """
    say("asking the venue for its instruments")
    client = BinanceClient(access.endpoints, access.api_key, access.api_secret)
    async with AsyncExitStack() as stack:  # what was opened is closed where the session can't begin
        stack.push_async_callback(client.close_connection)
        rest = Rest(client, time.time_ns)
        if access.told_by_venue:
            access = identified(access, await insist(partial(uid, rest), random.Random().random))
        rules = await _rules(rest, settings.trading.instruments, access)
        instruments = tuple(rule.listed for rule in rules if rule.listed is not None)
        config = engine_config(settings, instruments, access.speed)
        plugins = strategies_of(settings.workspace, config)
        session = Session(settings, access, rest, config, plugins, say, load)
        stack.push_async_callback(session.feed.close)
        session.hold_back([rule for rule in rules if rule.status])
        await session.listen()
        await session.inherit(ahead)
        stack.pop_all()
        return session


def session_name(now: int, before: Sequence[str] = ()) -> str:
    """`20261121-094600-3f2a`: sorts by start, unique by chance.

    Behind those `before` it also where the clock was set back: the next start goes on from the newest name.
    """
    at = datetime.fromtimestamp(now // SECOND, UTC)
    taken = [second for name in before if (second := _named_at(name)) is not None]
    if taken and max(taken) >= at:
        at = max(taken) + timedelta(seconds=1)
    return f"{at:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def _named_at(name: str) -> datetime | None:
    try:
        return datetime.strptime(name[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None  # not a name of ours


async def _leave(close: Callable[[], Awaitable[None]]) -> None:
    """Close towards the venue politely, but not for longer than a person waits: it may have gone silent."""
    with suppress(TimeoutError):
        await asyncio.wait_for(close(), LEAVE_S)


async def _together(runner: Runner, opened: SessionOpened, companions: Iterable[Awaitable[None]]) -> str:
    """The runner's reason to end; a companion that fails ends it and is what is told."""
    tasks = [asyncio.ensure_future(companion) for companion in companions]
    for task in tasks:
        task.add_done_callback(lambda done: _give_up(runner, done))
    try:
        reason = await runner.run(opened)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise EngineFailed(
                f"what runs beside the engine failed ({type(error).__name__}: {error})"
            ) from error
    return reason


def _give_up(runner: Runner, done: asyncio.Future[None]) -> None:
    if not done.cancelled() and done.exception() is not None:
        runner.give_up("what runs beside the engine failed")


async def _rules(rest: Rest, wanted: tuple[str, ...], access: Access) -> list[RulesRead]:
    """What is configured and never more; a recording, which serves one symbol, may lack the others."""
    if access.leave_unlisted:
        listed = await listing.listed(rest, resting=True)
        if len(listed) == 1 and listed[0] in wanted:
            wanted = listed
        if missing := [name for name in wanted if name not in listed]:
            held, names = ", ".join(listed), ", ".join(f'"{name}"' for name in listed)
            raise ConfigInvalid(
                f"the market {access.market or 'of this exchange'} holds {held}, not {', '.join(missing)}; "
                f"set trading.instruments = [{names}] in config.toml, or MIDAS_TRADING__INSTRUMENTS"
            )
    return await listing.read(rest, wanted)
