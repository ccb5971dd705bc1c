"""The runner: recorded before decided, durable before sent, safe whatever fails."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TypeVar

import msgspec
import pytest

from midas.domain.carry import Carried
from midas.domain.command import AddAlert, Answer, Command, Kill, Reconcile, Resume, SetMode
from midas.domain.event import (
    CommandGiven,
    ComponentReported,
    Event,
    LatchTripped,
    OrderClosed,
    OrderFilled,
    OrderNotSent,
    OrderRejected,
    OrderUncertain,
    RulesRead,
    SessionOpened,
    Source,
    Ticked,
)
from midas.domain.market import BookDelta, FeedStatus, MessageRefused, Quote
from midas.domain.mode import KillLevel
from midas.domain.order import CloseReason, Fill, Purpose
from midas.domain.time import SECOND
from midas.engine.build import build_engine
from midas.engine.snapshot import Assembly, Painter
from midas.errors import EngineFailed, StoreFull, Unreachable
from midas.ports.journal import LatchRecord
from midas.runtime.beats import Beat
from midas.runtime.health import Vitals
from midas.runtime.inbox import Inbox
from midas.runtime.records import AUDIT, EVENT, FAILURE, MARKS, decode_event, decode_marks
from midas.runtime.runner import Runner
from midas.runtime.shell import Paces, Shell
from midas.state.order import Order
from tests.fakes.desk import BTC, config
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
from tests.fakes.strategy import Puppet, flat, long

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
        shell.paces = Paces(tick=SECOND // 200, flush=SECOND // 100)
        self.shell = shell
        about = Assembly("binance", "test", "test", 1.0, settings.period)
        self.runner = Runner(self.engine, Painter(self.engine, about), shell, self.inbox)
        self.answers: list[Answer] = []
        self._numbers = itertools.count()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[str]]:
        """The account known, the book whole; ended at the end."""
        record = self.latch.record
        level, by, reason = (record.level.value, record.by, record.reason) if record else ("", "", "")
        opened = SessionOpened("session-1", START, "account-1", "SIM", level, Carried(), by, reason)
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

    async def until(self, condition: Callable[[], bool], timeout: float = 30.0) -> None:
        async with asyncio.timeout(timeout):
            while not condition():
                await asyncio.sleep(0.002)

    async def ticks(self, count: int) -> None:
        """So many more of them."""
        known = len(self.recorded(Ticked))
        await self.until(lambda: len(self.recorded(Ticked)) >= known + count)

    async def an_order(self) -> Order:
        """The order that the strategy's wish led to, as soon as it is planned."""
        await self.until(lambda: bool(self.state.orders.open))
        return next(iter(self.state.orders.open.values()))

    async def a_position(self) -> None:
        """Bought, filled, and nothing open."""
        self.buy()
        await self.until(lambda: bool(self.broker.submitted))
        bought, now = self.broker.submitted[0], self.clock.now()
        assert bought.price is not None
        fill = Fill(
            trade_id=1, price=bought.price, quantity=bought.quantity, fee=Decimal(0), fee_asset="USDT",
            maker=True, time=now,
        )  # fmt: skip
        self.inbox.put(OrderFilled(bought.client_id, "1", bought.instrument, fill, now, Source.STREAM))
        self.inbox.put(OrderClosed(bought.client_id, CloseReason.FILLED, bought.quantity, now, Source.STREAM))
        await self.until(lambda: bool(self.state.ledger.sleeves) and not self.state.orders.open)

    async def an_exit(self) -> Order:
        """The order that closes a position, waiting for the disk."""
        await self.a_position()
        self.journal.hold = asyncio.Event()
        self.puppet.opinion = flat()
        self.clock.pass_by(2 * SECOND)
        self.put([self.market.bar()])
        order = await self.an_order()
        assert order.intent.purpose is Purpose.EXIT
        return order


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
        bench.latch.trip(KillLevel.HALT, "test", "", 1)
        bench.journal.hold.set()
        await bench.until(lambda: bool(bench.recorded(OrderNotSent)))
    unsent, *again = bench.recorded(OrderNotSent)  # until the engine hears of it, it may try once more
    assert (unsent.client_id, unsent.reason) == (order.intent.client_id, "the kill latch is set (halt)")
    assert {each.reason for each in again} <= {unsent.reason}
    assert order.intent.purpose is Purpose.ENTRY
    assert not bench.broker.submitted


async def test_a_latch_set_while_the_broker_connects_stops_the_order(bench: Bench) -> None:
    bench.broker.connecting = asyncio.Event()
    async with bench.running():
        bench.buy()
        order = await bench.an_order()
        await bench.until(lambda: ("submit", order.intent.client_id) in bench.log)
        bench.latch.trip(KillLevel.HALT, "test", "", 1)
        bench.broker.connecting.set()
        await bench.until(lambda: bool(bench.recorded(OrderNotSent)))
    assert not bench.broker.submitted
    assert order.close_reason is CloseReason.NEVER_SENT


@pytest.mark.parametrize(
    ("closes", "reason"),
    [
        (lambda bench: bench.command(SetMode("PAUSE", "test")), "mode PAUSE opens nothing new"),
        (lambda bench: bench.runner.close("the end"), "the session is closing"),
        (lambda bench: bench.inbox.put(FeedStatus("binance", "user", START, False)), "venue is closed"),
        (lambda bench: bench.clock.pass_by(60 * SECOND), "it is stale"),
    ],
    ids=["mode", "closing", "gate", "stalled disk"],
)
async def test_whatever_closes_between_plan_and_send_stops_the_order(
    bench: Bench, closes: Callable[[Bench], None], reason: str
) -> None:
    bench.journal.hold = asyncio.Event()
    async with bench.running():
        bench.buy()
        order = await bench.an_order()
        closes(bench)
        await bench.ticks(2)  # the feed's gate closes with the tick
        bench.journal.hold.set()
        await bench.until(lambda: bool(bench.recorded(OrderNotSent)))
        unsent = bench.recorded(OrderNotSent)[0]
        assert unsent.client_id == order.intent.client_id
        assert reason in unsent.reason
    assert order.intent.client_id not in [intent.client_id for intent in bench.broker.submitted]


@pytest.mark.parametrize("level", [KillLevel.ALL, KillLevel.FLATTEN, KillLevel.DISCONNECT])
async def test_above_halt_no_exit_leaves_that_was_planned_before(bench: Bench, level: KillLevel) -> None:
    async with bench.running():
        order = await bench.an_exit()
        bench.latch.trip(level, "test", "", 1)
        assert bench.journal.hold is not None
        bench.journal.hold.set()
        await bench.until(lambda: bool(bench.recorded(OrderNotSent)))
    assert order.close_reason is CloseReason.NEVER_SENT
    assert Purpose.EXIT not in [intent.purpose for intent in bench.broker.submitted]


async def test_at_halt_an_exit_leaves(bench: Bench) -> None:
    async with bench.running():
        await bench.an_exit()
        bench.latch.trip(KillLevel.HALT, "test", "", 1)
        assert bench.journal.hold is not None
        bench.journal.hold.set()
        await bench.until(lambda: len(bench.broker.submitted) == 2)
    assert bench.broker.submitted[1].purpose is Purpose.EXIT


async def test_a_latch_that_cannot_be_read_lets_no_exit_pass(bench: Bench) -> None:
    async with bench.running():
        order = await bench.an_exit()
        bench.latch.record = LatchRecord(KillLevel.HALT, "midas", "can't be read", 0, readable=False)
        assert bench.journal.hold is not None
        bench.journal.hold.set()
        await bench.until(lambda: bool(bench.recorded(OrderNotSent)))
    assert order.close_reason is CloseReason.NEVER_SENT


@pytest.mark.parametrize("failure", [None, StoreFull("the disk refuses the latch")])
async def test_a_flatten_closes_the_position_also_where_the_disk_refuses_its_latch(
    bench: Bench, failure: StoreFull | None
) -> None:
    async with bench.running():
        await bench.a_position()
        bench.latch.failure = failure
        bench.command(Kill("flatten", "test"))
        await bench.until(lambda: len(bench.broker.submitted) == 2)
    assert bench.broker.submitted[1].purpose is Purpose.FLATTEN


async def test_nothing_leaves_an_engine_that_has_failed(bench: Bench) -> None:
    async with bench.running() as run:
        await bench.an_exit()
        bench.put([Quote("nowhere", START, START, 1, 1, 2, 1, 1)])
        await bench.until(lambda: bench.latch.is_set)
        assert bench.journal.hold is not None
        bench.journal.hold.set()
        with pytest.raises(EngineFailed):
            await run
    assert [intent.purpose for intent in bench.broker.submitted] == [Purpose.ENTRY]
    assert bench.latch.trips[0][0] is KillLevel.HALT  # at which an exit of a sound engine leaves


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
            await asyncio.wait_for(run, 30.0)
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


async def test_a_failed_effect_tells_the_log_its_class_and_place_and_not_its_text(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.broker.error = RuntimeError("https://venue/api/v3/order?signature=5ec4e7")
    async with bench.running():
        bench.buy()
        await bench.until(lambda: bool(bench.recorded(OrderUncertain)))
    assert "an effect failed: RuntimeError in submit" in caplog.text
    assert "5ec4e7" not in caplog.text


async def test_an_account_pass_that_fails_is_no_evidence_and_can_be_asked_for_again(bench: Bench) -> None:
    async with bench.running():
        known = len(bench.broker.passes)
        bench.broker.account_error = Unreachable("gone")
        bench.command(Kill("halt"))
        await bench.until(lambda: len(bench.broker.passes) > known)
        assert bench.state.reconciled


async def test_a_difference_that_stands_is_looked_for_among_all_trades(bench: Bench) -> None:
    for trade_id in range(1_000):
        bench.state.ledger.remember(BTC.id, trade_id)
    async with bench.running():
        bench.command(Reconcile())
        await bench.until(lambda: "asked" in bench.broker.since)
    assert bench.broker.since["start"] == {BTC.id: 799}
    assert bench.broker.since["asked"] == {BTC.id: -1}


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
        await bench.ticks(10)
        assert not run.done()
        bench.tape.failure = None
    [told] = bench.recorded(MessageRefused)
    assert told.reason == "the tape's disk is full"


async def test_a_latch_that_another_process_set_reaches_the_engine(bench: Bench) -> None:
    async with bench.running():
        bench.latch.trip(KillLevel.FLATTEN, "midas kill", "news", 1)
        await bench.until(lambda: bench.state.control.latched)
    control = bench.state.control
    assert (control.level, control.kill_by, control.kill_reason) == ("flatten", "midas kill", "news")


async def test_a_level_that_another_process_raised_reaches_the_engine(bench: Bench) -> None:
    async with bench.running():
        bench.command(Kill("halt", "first"))
        await bench.until(lambda: bench.state.control.latched)
        bench.latch.trip(KillLevel.FLATTEN, "midas kill", "", 1)
        await bench.until(lambda: bench.state.control.level == "flatten")
    assert bench.state.control.kill_reason == "found on the disk"


async def test_a_release_spares_the_latch_of_a_kill_that_nobody_reviewed(bench: Bench) -> None:
    async with bench.running():
        bench.command(Kill("halt", "first"))
        await bench.until(lambda: bench.state.control.latched)
        bench.command(Resume("checked"))
        await bench.until(lambda: bench.state.control.reviewed)
        bench.latch.trip(KillLevel.FLATTEN, "kill socket", "newer", 2)  # its event is still on its way
        bench.command(Resume("checked", confirmed=True))
        await bench.until(lambda: len(bench.recorded(LatchTripped)) == 2)
        assert bench.state.control.level == "flatten"
    assert bench.latch.is_set
    assert ("released", "test") not in bench.log


async def test_a_resume_releases_what_was_reviewed_also_after_a_start_on_a_set_latch(bench: Bench) -> None:
    bench.latch.trip(KillLevel.HALT, "Ada", "overnight", 1)
    async with bench.running():
        await bench.until(lambda: bench.state.control.latched)
        bench.command(Resume("checked"))
        bench.command(Resume("checked", confirmed=True))
        await bench.until(lambda: not bench.latch.is_set)
    assert "stopped by Ada at level halt (overnight)" in bench.answers[0].message
    assert ("released", "test") in bench.log


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


async def test_a_level_on_the_disk_that_cannot_be_released_holds_again(bench: Bench) -> None:
    async with bench.running():
        bench.latch.trip(KillLevel.FLATTEN, "midas kill", "news", 1)
        await bench.until(lambda: bench.state.control.level == "flatten")
        bench.latch.failure = StoreFull("the disk is full")
        bench.command(Resume("checked"))
        bench.command(Resume("checked", confirmed=True))
        await bench.until(lambda: len(bench.recorded(LatchTripped)) >= 2)
        await bench.until(lambda: bench.state.control.level == "flatten")
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
        bench.put([bench.market.trade()])
        await bench.until(lambda: bool(bench.answers) and not len(bench.inbox))
        bench.command(AddAlert(BTC.name, "1"))
        await bench.until(lambda: len(bench.answers) == 2)
    marks = [decode_marks(body) for _, kind, body in bench.journal.records if kind == MARKS]
    assert marks[-1].floor == "PAUSE"
    assert [str(alert.price) for alert in marks[-1].alerts] == ["1"]
    assert len(marks) == len(set(map(str, marks)))


async def test_a_clean_close_ends_reconciled(bench: Bench) -> None:
    async with bench.running() as run:
        bench.runner.close("asked to")
        assert await asyncio.wait_for(run, 30.0) == "reconciled"
    assert bench.broker.passes[-1] == "stop"


async def test_an_engine_that_the_guard_has_replaced_sends_nothing_when_it_wakes(bench: Bench) -> None:
    async with bench.running():
        await bench.a_position()
        bench.latch.record = LatchRecord(KillLevel.FLATTEN, "midas guard", "hung", 1, guarded="session-1")
        await bench.until(lambda: bench.state.control.guarded)
        await bench.ticks(2)  # what the guard sold may still stand in our books
        assert bench.state.control.permissions.flattens
    assert [intent.purpose for intent in bench.broker.submitted] == [Purpose.ENTRY]


async def test_what_was_planned_before_the_guard_came_is_not_sent_either(bench: Bench) -> None:
    async with bench.running():
        await bench.an_exit()
        bench.latch.record = LatchRecord(KillLevel.HALT, "midas guard", "hung", 1, guarded="session-1")
        assert bench.journal.hold is not None
        bench.journal.hold.set()
        await bench.until(lambda: bool(bench.recorded(OrderNotSent)))
    assert bench.recorded(OrderNotSent)[0].reason.startswith("the guard acts instead of this engine")
    assert [intent.purpose for intent in bench.broker.submitted] == [Purpose.ENTRY]


async def test_the_engine_after_one_that_the_guard_replaced_closes_what_is_left(bench: Bench) -> None:
    async with bench.running():
        await bench.a_position()
        bench.latch.record = LatchRecord(KillLevel.FLATTEN, "midas guard", "hung", 1, guarded="session-0")
        await bench.until(lambda: len(bench.broker.submitted) == 2)
    assert bench.broker.submitted[1].purpose is Purpose.FLATTEN


async def test_it_beats_while_it_steps_and_says_when_it_ends(bench: Bench) -> None:
    beats: list[Beat] = []
    bench.shell.pulse = beats.append
    async with bench.running():
        await bench.until(lambda: len(beats) >= 3)
        bench.command(Kill("halt"))
        await bench.until(lambda: beats[-1].level == "halt")
    sequences = [beat.sequence for beat in beats[:-1]]
    assert sequences == sorted(set(sequences))
    assert {beat.session for beat in beats} == {"session-1"}
    assert [beat.ended for beat in beats] == [False] * (len(beats) - 1) + [True]


async def test_a_filter_that_refuses_has_the_rules_read_by_the_feed_and_by_the_engine(bench: Bench) -> None:
    coarse = msgspec.structs.replace(BTC, lot_size=Decimal("0.001"))
    async with bench.running():
        bench.buy()
        order = await bench.an_order()
        await bench.until(lambda: bool(bench.broker.submitted))
        bench.broker.listing = RulesRead(BTC.id, "", coarse, bench.clock.now())
        bench.put([OrderRejected(order.intent.client_id, -1013, "LOT_SIZE", bench.clock.now(), rules=True)])
        await bench.until(lambda: bool(bench.recorded(RulesRead)))
        assert bench.feed.relisted == [coarse]
        assert bench.state.instruments[BTC.id] == coarse


async def test_an_engine_that_wakes_hears_of_a_latch_once_however_many_ticks_it_has_missed(
    bench: Bench,
) -> None:
    async with bench.running():
        bench.latch.record = LatchRecord(KillLevel.FLATTEN, "midas guard", "hung", 1, guarded="session-1")
        bench.clock.pass_by(4 * SECOND)  # two hundred ticks are late
        await bench.until(lambda: bench.state.control.guarded)
        await bench.ticks(5)
        assert len(bench.recorded(LatchTripped)) == 1


async def test_the_feed_waits_for_no_word_of_what_is_delisted(bench: Bench) -> None:
    async with bench.running():
        bench.broker.listing = RulesRead(BTC.id, "not listed", None, bench.clock.now())
        bench.put([FeedStatus("binance", "market", START, True)])
        bench.buy()
        order = await bench.an_order()
        refused = OrderRejected(order.intent.client_id, -1121, "Invalid symbol.", bench.clock.now(), True)
        bench.put([refused])
        await bench.until(lambda: BTC.id in bench.state.control.gates)
    assert (bench.feed.relisted, bench.feed.resting) == ([BTC], {BTC.id})


@pytest.mark.parametrize(("offset_ms", "told"), [(1000.0, 0), (-1000.0, 0), (1000.1, 1), (-1000.1, 1)])
async def test_a_clock_more_than_a_second_off_the_venues_is_told_once_and_again_when_it_is_right(
    bench: Bench, offset_ms: float, told: int
) -> None:
    bench.vitals.vitals = Vitals(clock_offset_ms=offset_ms)
    async with bench.running():
        await bench.ticks(5)
        assert [word.ok for word in bench.recorded(ComponentReported)] == [False] * told
        bench.vitals.vitals = Vitals(clock_offset_ms=0.0)
        await bench.ticks(5)
    assert [word.ok for word in bench.recorded(ComponentReported)] == [False, True][: 2 * told]
