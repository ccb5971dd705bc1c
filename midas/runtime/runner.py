"""The runner: takes events from the inbox, numbers, records and steps them, and performs the effects.

Pacing (measured, see docs/ARCHITECTURE.md): a loop that never rests retakes the interpreter lock at each
poll and starves every other thread of the process, the journal's and the kill listener's too. So after
each half millisecond of stepping it sleeps 50 us, with a switch interval of 0.5 ms. (Not `asyncio.sleep`:
uvloop's timers count whole milliseconds and don't pause for less.)
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import traceback
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import msgspec

from midas.domain.breakers import Component
from midas.domain.command import Answer
from midas.domain.decision import CloseMoved, CommandAnswered, GateMoved, Noted
from midas.domain.event import (
    MARKET_EVENTS,
    CommandGiven,
    ComponentReported,
    Event,
    LatchTripped,
    OrderNotSent,
    OrderUncertain,
    Recorded,
    Remarked,
    SessionClosing,
    SessionOpened,
    Ticked,
)
from midas.domain.market import MessageRefused
from midas.domain.mode import KillLevel
from midas.domain.order import OrderIntent, Phase
from midas.domain.time import MILLISECOND, SECOND
from midas.engine.audit import Audit, encode
from midas.engine.effect import (
    Disconnect,
    Effect,
    ReadRules,
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
from midas.errors import EngineFailed, MidasError, StoreError, VenueError
from midas.ports.venue import MaySend
from midas.runtime.beats import Beat
from midas.runtime.gate import SendGate
from midas.runtime.health import Backlog
from midas.runtime.inbox import Inbox
from midas.runtime.latching import Latching
from midas.runtime.records import (
    AUDIT,
    EVENT,
    FAILURE,
    MARKS,
    Marks,
    encode_event,
    encode_market,
    encode_marks,
)
from midas.runtime.shell import Shell
from midas.state.snapshot import Snapshot

SLICE_NS = 500_000  # of stepping between two rests
SWITCH_INTERVAL_S = 0.0005
KEPT_TRADES = 200  # an audit looks this far back for executions that were missed
# These look back to the first one: a difference that stands may be a trade that others have overtaken.
WHOLE_LISTS = frozenset({"stop", "flows", "asked"})

log = logging.getLogger("midas.runner")


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
        self._tasks: dict[asyncio.Task[None], None] = {}  # in the order of their beginning
        self._asked: dict[str, Callable[[Answer], None]] = {}
        self._stopped: str | None = None
        self._health = shell.measures(
            engine.state, painter.acks, lambda: Backlog(len(inbox), inbox.conflated)
        )  # fmt: skip
        self._marks: tuple[object, ...] | None = None
        self._clock_ok = True
        self._tape_failure = ""
        self._latching = Latching(shell.latch, engine.state, shell.clock.now, inbox.put)
        self._gate = SendGate(engine.state, shell.latch, shell.clock)
        self._watch = shell.watch(engine.state)
        self._broken: BaseException | None = None
        self._pass_running = False
        self.disconnected = False

    async def run(self, opened: SessionOpened) -> str:
        """Step until the engine asks to stop. Raises EngineFailed, with a halt latched, for a bug of ours."""
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self.inbox.bind(asyncio.get_running_loop())
        timers = [asyncio.create_task(work) for work in (self._tick(), self._keep_tape())]
        for timer in timers:
            timer.add_done_callback(self._timer_ended)
        try:
            self._latching.begin()
            self._step(opened)
            self._beat()
            while self._stopped is None:
                await self.inbox.wait()
                self._drain()
                await self._shell.rest()
                if self._broken is not None:
                    raise self._broken
        except Exception as error:  # the seam around the runner's loop: whatever it is, nothing trades on
            self._gate.shut("the engine has failed")
            raise self._fail_safe(error) from error
        finally:
            self._gate.shut("the engine has ended")  # nobody would hear what became of it
            for timer in timers:
                timer.cancel()
            await self._settle()
            self._beat(ended=True)
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
        now = self._now()
        return self.painter.snapshot(now, self._health.view(now, self._shell.vitals))

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

    def _step(self, event: Event) -> None:
        """Number, record, decide - in this order, so that whatever was decided on can be read again."""
        self._sequence = sequence = self._sequence + 1
        kind, journal = type(event), self._shell.journal
        if kind in MARKET_EVENTS:
            self._shell.tape.append(sequence, encode_market(event))
            audit = self.engine.step(sequence, event)
            if audit is not None:
                journal.append(sequence, AUDIT, event.at, encode(audit))
                self.painter.observe(event, audit)
                self._act(audit)
            return
        journal.append(sequence, EVENT, event.at, encode_event(event))
        audit = self.engine.step(sequence, event)
        if audit is not None:
            journal.append(sequence, AUDIT, event.at, encode(audit))
        self._mark(event.at)
        if breach := self._watch.after(event, audit):
            self._breached(breach)
        if audit is not None:
            self.painter.observe(event, audit)
            self._act(audit)
        if kind is Ticked:
            self._beat()
        elif type(event) is LatchTripped:
            self._latching.keep(event)

    def _beat(self, ended: bool = False) -> None:
        """Once a second of stepping: whoever doesn't hear it any more may act instead of us."""
        state = self.engine.state
        level = state.control.level if state.control.latched else ""
        now, monotonic = self._now(), self._monotonic()
        self._shell.pulse(Beat(os.getpid(), state.session, self._sequence, now, monotonic, level, ended))

    def _mark(self, at: int) -> None:
        """What follows from prices and must survive a restart goes to the journal when it changes."""
        state = self.engine.state
        budgets, floor, alerts = state.budgets, state.control.floor, state.alerts
        day, week, month = budgets.day, budgets.week, budgets.month
        marks = (
            state.equity_peak, day.key, day.equity, floor, alerts.all, alerts.last_id, week.key, week.equity,
            month.key, month.equity, budgets.day_made,
        )  # fmt: skip
        if marks != self._marks:
            self._marks = marks
            told = Marks(*marks[:3], floor.value, *marks[4:])  # type: ignore[arg-type]
            self._shell.journal.append(self._sequence, MARKS, at, encode_marks(told))

    def _breached(self, breach: str) -> None:
        """A book that contradicts itself opens nothing new; what is open is still followed and withdrawn."""
        log.critical("an invariant is broken: %s", breach)
        self.inbox.put(Remarked(self._now(), "error", f"an invariant is broken, so a halt is set: {breach}"))
        self._latching.trip(TripLatch(KillLevel.HALT.value, "invariant", breach))

    def _act(self, audit: Audit) -> None:
        kept = any(type(m) is CloseMoved or (type(m) is GateMoved and m.by) for m in audit.decisions)
        for decision in audit.decisions:
            if type(decision) is CommandAnswered:
                answer = self._asked.pop(decision.answer.id, None)
                if answer is not None and kept:
                    self._spawn(self._answer_kept(answer, decision.answer), self._refused)
                elif answer is not None:
                    answer(decision.answer)
            elif type(decision) is Noted:
                log.log(logging.ERROR if decision.severity == "error" else logging.INFO, "%s", decision.text)
        for effect in audit.effects:
            self._perform(effect)

    # effects

    def _perform(self, effect: Effect) -> None:
        match effect:
            case SubmitOrder(intent=intent):
                work = self._submit(intent, self._gate.opened())
                self._spawn(work, partial(self._uncertain, intent.client_id))
            case WithdrawOrder(client_id=client_id, instrument=instrument):
                self._spawn(self._shell.broker.cancel(client_id, instrument), self._refused)
            case TakeAccount(purpose=purpose):
                if not self._pass_running:
                    self._pass_running = True
                    self._spawn(self._account(purpose), self._refused)
            case ResyncBook(instrument=instrument):
                self._shell.feed.resync(instrument, "crossed here")
            case ReadRules(instrument=instrument):
                self._spawn(self._rules(instrument), self._refused)
            case TripLatch():
                self._latching.trip(effect)
            case ReleaseLatch(by=by, reason=reason):
                self._latching.release(by, reason)
            case Disconnect(reason=reason):
                self.disconnected = True
                self._spawn(self._disconnect(reason), self._refused)
            case StopRuntime(reason=reason):
                self._stopped = reason

    async def _submit(self, intent: OrderIntent, may_send: MaySend) -> None:
        """Durable before sent; what has closed meanwhile is asked after the wait, and at the first byte."""
        began = self._monotonic()
        try:
            await self._shell.journal.barrier()
        except StoreError as error:
            self.inbox.put(OrderNotSent(intent.client_id, self._now(), str(error)))
            return
        self._health.barrier(self._now(), self._monotonic() - began)
        if reason := may_send(intent):
            self.inbox.put(OrderNotSent(intent.client_id, self._now(), reason))
            return
        await self._shell.broker.submit(intent, may_send)

    async def _answer_kept(self, answer: Callable[[Answer], None], told: Answer) -> None:
        """A person's gate or close is in force at once; that it outlives a crash is told once it would."""
        try:
            await asyncio.wait_for(self._shell.journal.barrier(), self._shell.paces.answer / SECOND)
        except (StoreError, TimeoutError) as error:
            why = str(error).rstrip(".") or "the disk has not taken it yet"
            told = msgspec.structs.replace(told, message=f"{told.message}; a crash would forget it: {why}")
        answer(told)

    async def _account(self, purpose: str) -> None:
        """One full pass. A failed one is no evidence: the engine asks again on its own rhythm."""
        state = self.engine.state
        sent = (o for o in state.orders.open.values() if o.phase is not Phase.QUEUED)
        unsettled = [(o.intent.client_id, o.intent.instrument) for o in sent]
        unsettled += self._shell.guards() if state.control.latched else []
        since = {i: self._trades_since(i, purpose) for i in state.instruments}
        try:
            report = await self._shell.broker.account(purpose, unsettled, since)
        except VenueError as error:
            log.warning("account pass (%s): %s", purpose, error)
            self._health.compared(str(error) or type(error).__name__)
            await asyncio.sleep(0.5)
        else:
            self._health.compared("")
            self.inbox.put(report)
        finally:
            self._pass_running = False

    async def _rules(self, instrument: str) -> None:
        """A failed question is none: the engine asks again. Nothing may come between feed and event."""
        try:
            read = await self._shell.broker.rules(instrument)
        except VenueError as error:
            log.warning("the rules of %s: %s", instrument, error)
            return
        listed = read.listed or self.engine.state.instruments[instrument]
        self._shell.feed.relist(listed, trades=not read.status)
        self.inbox.put(read)

    def _trades_since(self, instrument: str, purpose: str) -> int:
        known = self.engine.state.ledger.trades(instrument)
        if not known:
            return 0
        return min(known) - 1 if purpose in WHOLE_LISTS else min(known[-KEPT_TRADES:]) - 1

    async def _disconnect(self, reason: str) -> None:
        log.warning("closing the venue sessions: %s", reason)
        await self._shell.feed.close()
        await self._shell.broker.close()

    # around

    async def _tick(self) -> None:
        """Once a second of wall time; its own lateness is the loop's lag."""
        pace = self._shell.paces.tick
        due = self._monotonic() + pace
        while True:
            await asyncio.sleep(max(0.0, (due - self._monotonic()) / 1e9))
            now, late = self._now(), self._monotonic() - due
            due += pace
            self._health.lag(now, late)
            vitals = self._shell.vitals()
            health = self._health.sample(now, self._sequence, vitals, self._tape_failure)
            self.painter.tick(now, health)
            self.inbox.put(Ticked(now, vitals.feed_age_ns, vitals.stream_ages, vitals.journal_trouble))
            self._watch_clock(now, vitals.clock_offset_ms)
            self._latching.watch()

    def _watch_clock(self, now: int, offset_ms: float) -> None:
        """The engine hears of a clock that is off the venue's, and once it is right again."""
        ok = not abs(offset_ms) > self.engine.breakers.rules.clock / MILLISECOND
        if ok is not self._clock_ok:
            self._clock_ok = ok
            detail = "" if ok else f"our clock is {offset_ms:+.0f} ms off the venue's"
            self.inbox.put(ComponentReported(Component.CLOCK.value, now, ok, detail))

    async def _keep_tape(self) -> None:
        """What was stepped reaches the system every quarter of a second, also in a quiet market."""
        pace = self._shell.paces.flush
        while True:
            began = self._monotonic()
            await asyncio.sleep(pace / SECOND)
            self._health.lag(self._now(), self._monotonic() - began - pace)
            failure = ""
            try:
                self._shell.tape.flush()
            except StoreError as error:
                failure = str(error)
            if failure and not self._tape_failure:
                log.error("tape: %s", failure)
                self.inbox.put(MessageRefused("midas", "tape", self._now(), failure))
            self._tape_failure = failure

    def _timer_ended(self, timer: asyncio.Task[None]) -> None:
        """Without its timers the engine would be blind to losses and silence: that ends it."""
        if not timer.cancelled() and (error := timer.exception()) is not None:
            self._broken = error
            self.inbox.put(Ticked(self._now(), 0))

    def _spawn(self, work: Coroutine[Any, Any, None], failed: Callable[[str], Recorded]) -> None:
        task = asyncio.create_task(work)
        self._tasks[task] = None
        task.add_done_callback(partial(self._done, failed))

    def _done(self, failed: Callable[[str], Recorded], task: asyncio.Task[None]) -> None:
        """An effect that fails unexpectedly comes back as an event, as its result would."""
        self._tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            # Class and place only: its text could carry a signed URL.
            place = traceback.extract_tb(error.__traceback__)[-1]
            log.error("an effect failed: %s in %s:%s", type(error).__name__, place.name, place.lineno)
            self.inbox.put(failed(f"unexpected {type(error).__name__}"))

    def _uncertain(self, client_id: str, cause: str) -> Recorded:
        return OrderUncertain(client_id, cause, self._now())

    def _refused(self, cause: str) -> Recorded:
        return MessageRefused("midas", "effect", self._now(), cause)

    async def _settle(self) -> None:
        """Give running effects a moment, then let them go."""
        if running := list(self._tasks):
            await asyncio.wait(running, timeout=1.0)
            for task in running:
                task.cancel()

    def _fail_safe(self, error: Exception) -> EngineFailed:
        """Latch a halt, so that nothing trades until a person has looked; the sentence for that person."""
        log.critical("the engine stops at sequence %d", self._sequence, exc_info=error)
        what = str(error) if isinstance(error, MidasError) else f"{type(error).__name__}: {error}"
        done = "a halt is latched: see midas.log, then `midas resume`"
        try:
            self._shell.latch.trip(KillLevel.HALT, "engine failure", what, self._now())
        except StoreError as refused:
            done = f"and a halt can't be latched: {refused}"
        with contextlib.suppress(StoreError):
            self._shell.journal.append(self._sequence, FAILURE, self._now(), what.encode())
        return EngineFailed(f"the engine failed at sequence {self._sequence} ({what}); {done}")
