"""The runner: takes events from the inbox, numbers, records and steps them, and performs the effects.

Pacing (measured, see docs/ARCHITECTURE.md): a loop that never rests retakes the interpreter lock at each
poll and starves every other thread of the process, the journal's and the kill listener's too. So after
each half millisecond of stepping it sleeps 50 us, with a switch interval of 0.5 ms. (Not `asyncio.sleep`:
uvloop's timers count whole milliseconds and don't pause for less.)
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

from midas.domain.command import Answer
from midas.domain.decision import CommandAnswered, Noted
from midas.domain.event import (
    MARKET_EVENTS,
    CommandGiven,
    Event,
    LatchTripped,
    OrderNotSent,
    SessionClosing,
    SessionOpened,
    Ticked,
)
from midas.domain.mode import KillLevel
from midas.domain.order import OrderIntent, Phase, Purpose
from midas.domain.time import SECOND
from midas.engine.audit import Audit, encode
from midas.engine.effect import (
    Disconnect,
    Effect,
    ReleaseLatch,
    ResyncBook,
    StopRuntime,
    SubmitOrder,
    TakeAccount,
    TripLatch,
    WithdrawOrder,
)
from midas.engine.engine import Engine
from midas.engine.snapshot import Painter
from midas.errors import StoreError, VenueError
from midas.ports.clock import Clock
from midas.ports.journal import Journal, Latch, Tape
from midas.ports.venue import Broker, Feed
from midas.runtime.health import Rate, Vitals, Window
from midas.runtime.inbox import Inbox
from midas.runtime.records import AUDIT, EVENT, encode_event, encode_market
from midas.state.snapshot import HealthView, Snapshot

SLICE_NS = 500_000  # of stepping between two rests
REST_S = 50e-6
TURNS = 3  # of the loop after a rest: a commit's end, the task that waited for it, and what that starts
SWITCH_INTERVAL_S = 0.0005
FLUSH_EVERY = SECOND // 4
KEPT_TRADES = 200  # an audit looks this far back for executions that were missed

log = logging.getLogger("midas.runner")


class Shell:
    """Everything around the engine that effects need; plain attributes, set by the assembly."""

    def __init__(
        self, clock: Clock, journal: Journal, tape: Tape, latch: Latch, feed: Feed, broker: Broker,
        vitals: Callable[[], Vitals],
    ) -> None:  # fmt: skip
        self.clock = clock
        self.journal = journal
        self.tape = tape
        self.latch = latch
        self.feed = feed
        self.broker = broker
        self.vitals = vitals


class Runner:
    """One engine, running. `run` returns the reason why it stopped."""

    def __init__(self, engine: Engine, painter: Painter, shell: Shell, inbox: Inbox) -> None:
        self.engine = engine
        self.painter = painter
        self.inbox = inbox
        self._shell = shell
        self._now = shell.clock.now
        self._monotonic = shell.clock.monotonic
        self._sequence = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked: dict[str, Callable[[Answer], None]] = {}
        self._stopped: str | None = None
        self._lag, self._barriers, self._rate = Window(), Window(), Rate()
        self._flushed_at = 0
        self._pass_running = False
        self.disconnected = False

    async def run(self, opened: SessionOpened) -> str:
        """Step until the engine asks to stop. An error of ours latches a halt before it ends the run."""
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self.inbox.bind(asyncio.get_running_loop())
        self._step(opened)
        timer = asyncio.create_task(self._tick())
        try:
            while self._stopped is None:
                await self.inbox.wait()
                self._drain()
                time.sleep(REST_S)  # noqa: ASYNC251 - lets the other threads run, see above
                for _ in range(TURNS):
                    await asyncio.sleep(0)
        except Exception as error:
            self._fail_safe(error)
            raise
        finally:
            timer.cancel()
            await self._settle()
        return self._stopped

    def close(self, reason: str) -> None:
        """Begin to end: no new risk, orders withdrawn, account compared; `run` returns once that is done."""
        self.inbox.put(SessionClosing(self._now(), reason))

    def give_up(self, reason: str) -> None:
        """End without waiting for the account any longer."""
        self._stopped = self._stopped or reason
        self.inbox.put(Ticked(self._now(), 0))

    def command(self, given: CommandGiven, answer: Callable[[Answer], None]) -> None:
        """A door's command; `answer` is called from the loop once the engine has decided."""
        self._asked[given.id] = answer
        self.inbox.put(given)

    def snapshot(self) -> Snapshot:
        """The picture as of now."""
        return self.painter.snapshot(self._now(), self._health())

    # stepping

    def _drain(self) -> None:
        """Step for one slice, or until nothing waits."""
        take, monotonic = self.inbox.take, self._monotonic
        end = monotonic() + SLICE_NS
        count = 0
        while (event := take()) is not None:
            self._step(event)
            count += 1
            if count & 7 == 0 and monotonic() > end:
                break
        now = monotonic()
        if now - self._flushed_at > FLUSH_EVERY:
            self._flushed_at = now
            self._flush()

    def _step(self, event: Event) -> None:
        """Number, record, decide - in this order, so that whatever was decided on can be read again."""
        self._sequence = sequence = self._sequence + 1
        if type(event) in MARKET_EVENTS:
            self._shell.tape.append(sequence, encode_market(event))
        else:
            self._shell.journal.append(sequence, EVENT, event.at, encode_event(event))
        audit = self.engine.step(sequence, event)
        if audit is not None:
            self._shell.journal.append(sequence, AUDIT, event.at, encode(audit))
            self.painter.observe(audit)
            self._act(audit)

    def _flush(self) -> None:
        try:
            self._shell.tape.flush()
        except StoreError as error:
            log.error("tape: %s", error)

    def _act(self, audit: Audit) -> None:
        for decision in audit.decisions:
            if type(decision) is CommandAnswered:
                answer = self._asked.pop(decision.answer.id, None)
                if answer is not None:
                    answer(decision.answer)
            elif type(decision) is Noted:
                log.log(logging.ERROR if decision.severity == "error" else logging.INFO, "%s", decision.text)
        for effect in audit.effects:
            self._perform(effect)

    # effects

    def _perform(self, effect: Effect) -> None:
        match effect:
            case SubmitOrder(intent=intent):
                self._spawn(self._submit(intent))
            case WithdrawOrder(client_id=client_id, instrument=instrument):
                self._spawn(self._shell.broker.cancel(client_id, instrument))
            case TakeAccount(purpose=purpose):
                if not self._pass_running:
                    self._pass_running = True
                    self._spawn(self._account(purpose))
            case ResyncBook(instrument=instrument):
                self._shell.feed.resync(instrument, "crossed here")
            case TripLatch():
                self._trip(effect)
            case ReleaseLatch(by=by, reason=reason):
                self._shell.latch.release(by, reason, self._now())
            case Disconnect(reason=reason):
                self.disconnected = True
                self._spawn(self._disconnect(reason))
            case StopRuntime(reason=reason):
                self._stopped = reason

    async def _submit(self, intent: OrderIntent) -> None:
        """Durable before sent; the latch is asked after the wait, right before the first byte."""
        began = self._monotonic()
        try:
            await self._shell.journal.barrier()
        except StoreError as error:
            self.inbox.put(OrderNotSent(intent.client_id, self._now(), str(error)))
            return
        self._barriers.add(self._monotonic() - began)
        if intent.purpose is Purpose.ENTRY and self._shell.latch.is_set:
            self.inbox.put(OrderNotSent(intent.client_id, self._now(), "the kill latch is set"))
            return
        await self._shell.broker.submit(intent)

    async def _account(self, purpose: str) -> None:
        """One full pass. A failed one is no evidence: the engine asks again on its own rhythm."""
        state = self.engine.state
        unsettled = [
            (o.intent.client_id, o.intent.instrument) for o in state.orders.open.values() if o.phase is not Phase.QUEUED
        ]  # fmt: skip
        since = {i: self._trades_since(i, purpose) for i in state.instruments}
        try:
            report = await self._shell.broker.account(purpose, unsettled, since)
        except VenueError as error:
            log.warning("account pass (%s): %s", purpose, error)
            await asyncio.sleep(0.5)
        else:
            self.inbox.put(report)
        finally:
            self._pass_running = False

    def _trades_since(self, instrument: str, purpose: str) -> int:
        known = self.engine.state.ledger.trades(instrument)
        if not known:
            return 0
        return min(known) - 1 if purpose == "stop" else min(known[-KEPT_TRADES:]) - 1

    def _trip(self, effect: TripLatch) -> None:
        """An automatic trigger or a command: on disk first, then the engine hears of it."""
        now = self._now()
        try:
            self._shell.latch.trip(KillLevel(effect.level), effect.by, effect.reason, now)
        except StoreError as error:
            log.error("the kill latch is not durable: %s", error)
        self.inbox.put(LatchTripped(effect.level, effect.by, effect.reason, now))

    async def _disconnect(self, reason: str) -> None:
        log.warning("closing the venue sessions: %s", reason)
        await self._shell.feed.close()
        await self._shell.broker.close()

    # around

    async def _tick(self) -> None:
        """Once a second of wall time; its own lateness is the loop's lag."""
        due = self._monotonic() + SECOND
        while True:
            await asyncio.sleep(max(0.0, (due - self._monotonic()) / 1e9))
            self._lag.add(max(0, self._monotonic() - due))
            due += SECOND
            self._rate.mark(self._monotonic(), self._sequence)
            self.inbox.put(Ticked(self._now(), self._shell.vitals().feed_age_ns))

    def _health(self) -> HealthView:
        state, vitals = self.engine.state, self._shell.vitals()
        return HealthView(
            feed_connected=state.feed_up,
            user_stream_connected=state.user_up,
            feed_age_ms=vitals.feed_age_ns / 1e6,
            feed_latency_ms=vitals.feed_latency_ms,
            clock_offset_ms=vitals.clock_offset_ms,
            loop_p99_ms=self._lag.p99_ms(),
            barrier_p99_ms=self._barriers.p99_ms(),
            inbox_depth=len(self.inbox),
            events_per_second=self._rate.value,
            conflated=self.inbox.conflated,
            gaps=state.gaps,
            resyncs=state.resyncs,
            refused_messages=state.refused_messages,
            weight_used=vitals.weight_used,
            weight_limit=vitals.weight_limit,
            orders_unknown=len(state.orders.unknown),
            started_at=state.started_at,
        )

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an effect failed: %s", type(error).__name__, exc_info=error)

    async def _settle(self) -> None:
        """Give running effects a moment, then let them go."""
        if self._tasks:
            _, pending = await asyncio.wait(list(self._tasks), timeout=1.0)
            for task in pending:
                task.cancel()

    def _fail_safe(self, error: Exception) -> None:
        """A bug of ours: latch a halt, so that nothing trades until a person has looked."""
        log.critical("the engine stops at sequence %d", self._sequence, exc_info=error)
        reason = f"{type(error).__name__} at sequence {self._sequence}"
        self._shell.latch.trip(KillLevel.HALT, "engine failure", reason, self._now())
