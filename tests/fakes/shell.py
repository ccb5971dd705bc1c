"""What the runner needs of the world, in memory, one fake per port; `Log` keeps the order of events."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from midas.domain.event import (
    AccountReported,
    Event,
    OrderAccepted,
    OrderNotSent,
    OrderSent,
    RulesRead,
    Source,
)
from midas.domain.instrument import Instrument
from midas.domain.market import Bar
from midas.domain.mode import KillLevel
from midas.domain.order import BalanceReport, OrderIntent
from midas.domain.time import MILLISECOND, SECOND
from midas.errors import StoreError, StoreFull, Unreachable
from midas.ports.journal import LatchRecord
from midas.ports.venue import MaySend, Publish
from midas.runtime.health import Vitals

START = 1_767_960_000 * SECOND
Log = list[tuple[str, str]]


class FakeClock:
    """Time that passes with each question."""

    def __init__(self, step: int = MILLISECOND // 100) -> None:
        self.time = START
        self._step = step

    def now(self) -> int:
        self.time += self._step
        return self.time

    def monotonic(self) -> int:
        return self.now() - START

    def pass_by(self, span: int) -> None:
        """So much time at once."""
        self.time += span


class FakeJournal:
    """Keeps records; `full` refuses barriers, `closed` refuses everything, `hold` makes barriers wait."""

    def __init__(self, log: Log | None = None) -> None:
        self.log: Log = log if log is not None else []
        self.records: list[tuple[int, str, bytes]] = []
        self.durable = 0
        self.full = False
        self.refuses_kind = ""
        self.hold: asyncio.Event | None = None

    def append(self, sequence: int, kind: str, at: int, body: bytes) -> None:
        if kind == self.refuses_kind:
            raise StoreFull(f"the disk refuses the record {kind!r}")
        self.records.append((sequence, kind, body))

    async def barrier(self) -> None:
        known = len(self.records)
        if self.hold is not None:
            await self.hold.wait()
        if self.full:
            raise StoreFull("the disk is full")
        self.durable = max(self.durable, known)
        self.log.append(("barrier", str(known)))

    async def close(self) -> None:
        self.log.append(("journal", "closed"))

    def kinds(self) -> list[str]:
        """The kinds of the records, in order."""
        return [kind for _, kind, _ in self.records]


class FakeTape:
    """Keeps market events; `failure` is what a flush raises."""

    def __init__(self) -> None:
        self.events: list[tuple[int, bytes]] = []
        self.flushed = 0
        self.failure: StoreError | None = None

    def append(self, sequence: int, body: bytes) -> None:
        self.events.append((sequence, body))

    def flush(self) -> None:
        if self.failure is not None:
            raise self.failure
        self.flushed = len(self.events)

    def close(self) -> None:
        self.flush()


class FakeLatch:
    """A latch in memory that only rises; `failure` is what writing it raises."""

    def __init__(self, log: Log | None = None) -> None:
        self.log: Log = log if log is not None else []
        self.record: LatchRecord | None = None
        self.trips: list[tuple[KillLevel, str, str]] = []
        self.failure: StoreError | None = None

    @property
    def is_set(self) -> bool:
        return self.record is not None

    def read(self) -> LatchRecord | None:
        return self.record

    def trip(self, level: KillLevel, by: str, reason: str, at: int) -> LatchRecord:
        if self.failure is not None:
            raise self.failure
        standing, levels = self.record, list(KillLevel)
        if standing is None or levels.index(standing.level) < levels.index(level):
            standing = LatchRecord(level, by, reason, at)
        elif standing.readable:
            standing = msgspec.structs.replace(standing, repeated_at=at)
        self.record = standing
        self.trips.append((level, by, reason))
        self.log.append(("latch", level.value))
        return standing

    def release(self, known: LatchRecord, by: str, reason: str, at: int) -> bool:
        if self.failure is not None:
            raise self.failure
        if self.record not in (None, known):
            return False
        self.record = None
        self.log.append(("released", by))
        return True


class FakeBroker:
    """Accepts every order, has no fills; `error` is what a submit raises, `connecting` makes it wait."""

    def __init__(self, publish: Publish, clock: FakeClock, log: Log | None = None) -> None:
        self.log: Log = log if log is not None else []
        self.error: Exception | None = None
        self.connecting: asyncio.Event | None = None
        self.account_error: Exception | None = None
        self.balances = (BalanceReport("USDT", Decimal(10_000), Decimal(0)),)
        self.submitted: list[OrderIntent] = []
        self.canceled: list[str] = []
        self.passes: list[str] = []
        self.listing: RulesRead | None = None  # None: the question fails
        self.since: dict[str, dict[str, int]] = {}  # by purpose: from which trade on the newest pass listed
        self.closed = False
        self._publish = publish
        self._clock = clock

    async def start(self) -> None:
        self.closed = False

    async def submit(self, intent: OrderIntent, may_send: MaySend) -> None:
        self.log.append(("submit", intent.client_id))
        if self.connecting is not None:
            await self.connecting.wait()
        if self.error is not None:
            raise self.error
        if reason := may_send(intent):
            self._publish(OrderNotSent(intent.client_id, self._clock.now(), reason))
            return
        self.submitted.append(intent)
        now = self._clock.now()
        self._publish(OrderSent(intent.client_id, now, now + 15 * SECOND))
        self._publish(OrderAccepted(intent.client_id, str(len(self.submitted)), now, Source.ANSWER))

    async def cancel(self, client_id: str, instrument: str) -> None:
        self.log.append(("cancel", client_id))
        self.canceled.append(client_id)

    async def account(
        self, purpose: str, unsettled: Sequence[tuple[str, str]], trades_since: dict[str, int]
    ) -> AccountReported:
        self.passes.append(purpose)
        self.since[purpose] = trades_since
        if self.account_error is not None:
            raise self.account_error
        now = self._clock.now()
        return AccountReported(now, now, purpose, self.balances, (), (), (), ())

    async def rules(self, instrument: str) -> RulesRead:
        if self.listing is None:
            raise Unreachable("the venue didn't answer")
        return self.listing

    async def close(self) -> None:
        self.closed = True


class FakeFeed:
    """Publishes what a test puts in; keeps what was asked of it."""

    def __init__(self, publish: Publish) -> None:
        self.publish = publish
        self.resyncs: list[tuple[str, str]] = []
        self.relisted: list[Instrument] = []
        self.resting: set[str] = set()  # what doesn't trade
        self.closed = False

    async def start(self) -> None:
        self.closed = False

    async def close(self) -> None:
        self.closed = True

    def resync(self, instrument: str, reason: str) -> None:
        self.resyncs.append((instrument, reason))

    def relist(self, instrument: Instrument, trades: bool) -> None:
        self.relisted.append(instrument)
        (self.resting.discard if trades else self.resting.add)(instrument.id)

    async def history(self, instrument: Instrument, period: int, count: int) -> list[Bar]:
        return []


class FakeVitals:
    """The venue side's figures; `error` is what asking for them raises."""

    def __init__(self) -> None:
        self.vitals = Vitals()
        self.error: Exception | None = None

    def __call__(self) -> Vitals:
        if self.error is not None:
            raise self.error
        return self.vitals


def events_of(published: list[Event], kind: type) -> list[Event]:
    """The published events of one kind."""
    return [event for event in published if type(event) is kind]
