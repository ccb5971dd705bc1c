"""The runner: recorded before decided, durable before sent, safe whatever fails."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest

from midas.domain.carry import Carried
from midas.domain.command import Answer, Command, Kill, Resume, SetMode
from midas.domain.event import (
    CommandGiven,
    Event,
    LatchTripped,
    OrderNotSent,
    OrderUncertain,
    SessionOpened,
)
from midas.domain.market import BookDelta, FeedStatus, MessageRefused, Quote
from midas.domain.mode import KillLevel
from midas.domain.order import CloseReason, Purpose
from midas.engine.build import build_engine
from midas.engine.snapshot import Assembly, Painter
from midas.errors import EngineFailed, StoreFull, Unreachable
from midas.runtime.inbox import Inbox
from midas.runtime.records import AUDIT, EVENT, FAILURE, MARKS, decode_event, decode_marks
from midas.runtime.runner import Runner, Shell
from midas.state.orders import Order
from tests.fakes.desk import config
from tests.fakes.scripted_market import ScriptedMarket
from tests.fakes.shell import (
    START,
    FakeBroker,
    FakeClock,
    FakeFeed,
    FakeJournal,
    FakeLatch,
    FakeTape,
    FakeVitals,
    Log,
)
from tests.fakes.strategy import Puppet, long

E = TypeVar("E")


class Bench:
    """A runner over fakes, with a strategy that says what it is told to."""

    def __init__(self) -> None:
        self.log: Log = []
        self.clock = FakeClock()
        self.inbox = Inbox()
        self.journal, self.tape = FakeJournal(self.log), FakeTape()
        self.latch = FakeLatch(self.log)
        self.broker = FakeBroker(self.inbox.put, self.clock, self.log)
        self.feed, self.vitals = FakeFeed(self.inbox.put), FakeVitals()
        self.puppet = Puppet()
        self.market = ScriptedMarket()
        settings = config([self.puppet], weight=0.1)
        self.engine = build_engine(settings, [self.puppet])
        self.state = self.engine.state
        shell = Shell(self.clock, self.journal, self.tape, self.latch, self.feed, self.broker, self.vitals)
        about = Assembly("binance", "test", "test", 1.0, settings.period)
        self.runner = Runner(self.engine, Painter(self.engine, about), shell, self.inbox)
        self.answers: list[Answer] = []
        self._numbers = itertools.count()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[str]]:
        """The account known, the book whole; ended at the end."""
        opened = SessionOpened("session-1", START, "account-1", "SIM", "", Carried())
        self.put(self.market.history())
        self.put(FeedStatus("binance", stream, START, True) for stream in ("market", "user"))
        run = asyncio.create_task(self.runner.run(opened))
        try:
            await self.until(lambda: not self.state.recovering)
            self.put(self.market.begin())
            yield run
        finally:
            self.runner.give_up("the test is over")
            await asyncio.gather(run, return_exceptions=True)

    def put(self, events: Iterable[Event]) -> None:
        for event in events:
            self.inbox.put(event)

    def buy(self) -> None:
        """The strategy wants to be long, and is asked."""
        self.puppet.opinion = long()
        self.put([self.market.bar()])

    def command(self, command: Command) -> None:
        given = CommandGiven(f"c{next(self._numbers)}", "test", command, self.clock.now())
        self.runner.command(given, self.answers.append)

    def recorded(self, kind: type[E]) -> list[E]:
        """The journalled events of one kind."""
        events = [decode_event(body) for _, what, body in self.journal.records if what == EVENT]
        return [event for event in events if isinstance(event, kind)]

    async def until(self, condition: Callable[[], bool], timeout: float = 5.0) -> None:
        async with asyncio.timeout(timeout):
            while not condition():
                await asyncio.sleep(0.002)

    async def an_order(self) -> Order:
        """The order that the strategy's wish led to, as soon as it is planned."""
        await self.until(lambda: bool(self.state.orders.open))
        return next(iter(self.state.orders.open.values()))


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_an_intent_is_durable_before_its_order_is_sent(bench: Bench) -> None:
    async with bench.running():
        bench.buy()
        await bench.until(lambda: bool(bench.broker.submitted))
    client_id = bench.broker.submitted[0].client_id
    planned = next(
        n for n, (_, kind, body) in enumerate(bench.journal.records, 1)
        if kind == AUDIT and client_id.encode() in body and b'"planned"' in body
    )  # fmt: skip
    sent = bench.log.index(("submit", client_id))
    assert any(what == "barrier" and int(known) >= planned for what, known in bench.log[:sent])


async def test_an_intent_that_cannot_become_durable_is_not_sent(bench: Bench) -> None:
    bench.journal.full = True
    async with bench.running():
        bench.buy()
        await bench.until(lambda: bool(bench.recorded(OrderNotSent)))
        closed = list(bench.state.orders.closed.values())
    assert closed[0].close_reason is CloseReason.NEVER_SENT
    assert not bench.broker.submitted


async def test_a_latch_set_between_plan_and_send_stops_the_order(bench: Bench) -> None:
    bench.journal.hold = asyncio.Event()
    async with bench.running():
        bench.buy()
        order = await bench.an_order()
        bench.latch.is_set = True
        bench.journal.hold.set()
        await bench.until(lambda: bool(bench.recorded(OrderNotSent)))
    [unsent] = bench.recorded(OrderNotSent)
    assert (unsent.client_id, unsent.reason) == (order.intent.client_id, "the kill latch is set")
    assert order.intent.purpose is Purpose.ENTRY
    assert not bench.broker.submitted


async def test_cancels_never_wait_for_the_disk(bench: Bench) -> None:
    async with bench.running():
        bench.buy()
        await bench.until(lambda: bool(bench.broker.submitted))
        bench.journal.hold = asyncio.Event()
        bench.command(Kill("halt", "drill"))
        await bench.until(lambda: bool(bench.broker.canceled))
        assert not bench.journal.hold.is_set()
    assert bench.broker.canceled == [bench.broker.submitted[0].client_id]


async def test_a_command_to_stop_is_on_the_disk_before_anything_is_withdrawn(bench: Bench) -> None:
    async with bench.running():
        bench.buy()
        await bench.until(lambda: bool(bench.broker.submitted))
        bench.command(Kill("halt", "drill"))
        await bench.until(lambda: bool(bench.broker.canceled))
    kinds = [what for what, _ in bench.log]
    assert kinds.index("latch") < kinds.index("cancel")
    assert bench.latch.trips[0][0] is KillLevel.HALT


async def test_a_level_that_nobody_knows_is_refused_and_the_engine_goes_on(bench: Bench) -> None:
    async with bench.running() as run:
        bench.command(Kill("flaten", "typo"))
        await bench.until(lambda: bool(bench.answers))
        assert not run.done()
    assert not bench.answers[0].accepted
    assert not bench.latch.trips


async def test_a_bug_in_a_step_latches_a_halt_and_ends_with_one_sentence(bench: Bench) -> None:
    stray = Quote("nowhere", START, START, 1, 1, 2, 1, 1)
    async with bench.running() as run:
        bench.put([stray])
        with pytest.raises(
            EngineFailed, match=r"failed at sequence \d+ \(KeyError: 'nowhere'\); a halt is latched"
        ):
            await run
    assert bench.latch.trips[0][:2] == (KillLevel.HALT, "engine failure")
    assert bench.journal.kinds()[-1] == FAILURE


async def test_a_journal_that_takes_no_more_halts_instead_of_going_on_unrecorded(bench: Bench) -> None:
    async with bench.running() as run:
        bench.journal.refuses_kind = AUDIT
        bench.buy()
        with pytest.raises(EngineFailed, match="the disk refuses the record 'audit'"):
            await run
    assert bench.latch.is_set
    assert not bench.broker.submitted


async def test_a_failure_without_a_latch_says_so(bench: Bench) -> None:
    async with bench.running() as run:
        bench.latch.failure = StoreFull("the disk is full")
        bench.put([Quote("nowhere", START, START, 1, 1, 2, 1, 1)])
        with pytest.raises(EngineFailed, match="a halt can't be latched: the disk is full"):
            await run


async def test_an_engine_without_its_timer_ends(bench: Bench) -> None:
    async with bench.running() as run:
        bench.vitals.error = ZeroDivisionError("a bug")
        with pytest.raises(EngineFailed, match="ZeroDivisionError"):
            await asyncio.wait_for(run, 5.0)
    assert bench.latch.is_set


async def test_a_submit_that_fails_unexpectedly_leaves_the_order_uncertain(bench: Bench) -> None:
    bench.broker.error = RuntimeError("a bug of the broker")
    async with bench.running() as run:
        bench.buy()
        await bench.until(lambda: bool(bench.recorded(OrderUncertain)))
        assert not run.done()
    [doubt] = bench.recorded(OrderUncertain)
    assert doubt.cause == "unexpected RuntimeError"
    assert bench.state.orders.unknown


async def test_an_account_pass_that_fails_is_no_evidence_and_can_be_asked_for_again(bench: Bench) -> None:
    async with bench.running():
        known = len(bench.broker.passes)
        bench.broker.account_error = Unreachable("gone")
        bench.command(Kill("halt"))
        await bench.until(lambda: len(bench.broker.passes) > known)
        assert bench.state.reconciled


async def test_market_events_go_to_the_tape_and_the_rest_to_the_journal_in_one_sequence(bench: Bench) -> None:
    async with bench.running():
        bench.put(bench.market.move(1))
        await bench.until(lambda: not len(bench.inbox))
    events = [sequence for sequence, kind, _ in bench.journal.records if kind == EVENT]
    taped = [sequence for sequence, _ in bench.tape.events]
    assert sorted(events + taped) == list(range(1, bench.engine.sequence + 1))


async def test_what_was_stepped_reaches_the_system_in_a_quiet_market_too(bench: Bench) -> None:
    async with bench.running():
        await bench.until(lambda: not len(bench.inbox))
        taped = len(bench.tape.events)
        await bench.until(lambda: bench.tape.flushed >= taped)
    assert bench.tape.flushed == taped > 0


async def test_a_tape_that_refuses_is_told_once_and_stops_nothing(bench: Bench) -> None:
    async with bench.running() as run:
        bench.tape.failure = StoreFull("the tape's disk is full")
        await bench.until(lambda: bool(bench.recorded(MessageRefused)))
        await asyncio.sleep(0.6)
        assert not run.done()
        bench.tape.failure = None
    [told] = bench.recorded(MessageRefused)
    assert told.reason == "the tape's disk is full"


async def test_a_latch_that_another_process_set_reaches_the_engine(bench: Bench) -> None:
    async with bench.running():
        bench.latch.is_set = True
        await bench.until(lambda: bench.state.control.latched)
    assert bench.state.control.kill_reason == "found on the disk"


async def test_a_kill_that_crossed_a_release_is_latched_again(bench: Bench) -> None:
    async with bench.running():
        bench.inbox.put_from_thread(LatchTripped("flatten", "kill socket", "", bench.clock.now()))
        await bench.until(lambda: bench.state.control.latched)
        assert bench.latch.is_set
    assert bench.latch.trips == [(KillLevel.FLATTEN, "kill socket", "")]


async def test_a_latch_that_cannot_be_released_stays_in_force(bench: Bench) -> None:
    async with bench.running():
        bench.command(Kill("halt"))
        await bench.until(lambda: bench.state.control.latched)
        bench.latch.failure = StoreFull("the disk is full")
        bench.command(Resume("checked"))
        bench.command(Resume("checked", confirmed=True))
        await bench.until(lambda: len(bench.recorded(LatchTripped)) == 2)
        assert bench.state.control.latched
    assert bench.latch.is_set


async def test_every_command_is_answered_to_whoever_gave_it(bench: Bench) -> None:
    async with bench.running():
        bench.command(SetMode("PAUSE", "test"))
        bench.command(SetMode("NOTHING"))
        await bench.until(lambda: len(bench.answers) == 2)
    assert [answer.accepted for answer in bench.answers] == [True, False]


async def test_a_book_that_breaks_here_is_fetched_anew(bench: Bench) -> None:
    async with bench.running():
        gap: BookDelta = bench.market.gap()
        bench.put([gap])
        await bench.until(lambda: bool(bench.feed.resyncs))
    assert bench.feed.resyncs[0][0] == gap.instrument


async def test_what_follows_from_prices_is_recorded_when_it_changes(bench: Bench) -> None:
    async with bench.running():
        bench.command(SetMode("PAUSE", "test"))
        await bench.until(lambda: bool(bench.answers))
    marks = [decode_marks(body) for _, kind, body in bench.journal.records if kind == MARKS]
    assert marks[-1].floor == "PAUSE"
    assert len(marks) == len(set(map(str, marks)))


async def test_a_clean_close_ends_reconciled(bench: Bench) -> None:
    async with bench.running() as run:
        bench.runner.close("asked to")
        assert await asyncio.wait_for(run, 10.0) == "reconciled"
    assert bench.broker.passes[-1] == "stop"
