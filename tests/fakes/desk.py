"""An engine with a venue in memory, driven event by event: no clock, no sockets, no threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from midas.analysis.regime import RegimeRules
from midas.domain.carry import Carried
from midas.domain.command import Answer, Command
from midas.domain.decision import CommandAnswered, Decision
from midas.domain.event import (
    MARKET_EVENTS,
    CommandGiven,
    Event,
    LatchTripped,
    SessionOpened,
    Ticked,
)
from midas.domain.instrument import Instrument
from midas.domain.limits import Asset, Assets, Limits
from midas.domain.market import FeedStatus
from midas.domain.stops import NO_STOPS, StopRules
from midas.domain.time import MILLISECOND, SECOND
from midas.domain.triggers import TriggerRules
from midas.engine.audit import Audit, encode
from midas.engine.build import build_engine
from midas.engine.config import EngineConfig, StrategyConfig
from midas.engine.effect import (
    Effect,
    ReadRules,
    StopRuntime,
    SubmitOrder,
    TakeAccount,
    TripLatch,
    WithdrawOrder,
)
from midas.engine.snapshot import Assembly, Painter
from midas.execution.worker import ExecutionRules
from midas.ports.strategy import Strategy
from midas.state.snapshot import Snapshot
from midas.state.views.health import HealthView
from midas.statistics.sizing import SizingPolicy
from tests.fakes.venue import FakeVenue

BTC = Instrument(
    venue="binance", symbol="BTCUSDT", base="BTC", quote="USDT", tick_size=Decimal("0.01"),
    lot_size=Decimal("0.00001"), quantity_min=Decimal("0.00001"), quantity_max=Decimal(9000),
    notional_min=Decimal(5),
)  # fmt: skip
WELL = HealthView(True, True, 5.0, 2.0, 3.0, 1.0, 1.0, 0, 100.0, 0, 0, 0, 0, 1, 6000, 0, 0)
CASH = {"USDT": Decimal(10_000)}

# What the shipped config.toml says, for bars of one second.
LIMITS = Limits(
    profile="crypto-only", position_max=0.20, sector_max=0.90, correlation_max=0.70, usd_max=1.0,
    crypto_max=0.90, cash_min=0.10, order_rate_max=20, order_notional_max=2500.0, price_collar_bps=50.0,
    cluster_max=0.40, share_max=0.0, etf_max=0.0, forex_max=0.0, bond_max=0.0, commodity_max=0.0,
    strategy_max=0.90, duplicate_window=5 * SECOND, repeats_max=30, fat_finger_multiple=1e9,
    fat_finger_share=1.0, assets=Assets("cash", {a: Asset("crypto", "crypto") for a in ("BTC", "ETH")}),
)  # fmt: skip
TRIGGERS = TriggerRules()
REGIME = RegimeRules(
    stress_enter=40.0, stress_leave=35.0, crisis_enter=80.0, crisis_leave=65.0, atr_enter=4.0, atr_leave=3.5
)
EXECUTION = ExecutionRules(
    passive_timeout=5 * SECOND, reprice_ticks=1, reprice_age=SECOND // 2, take_collar_bps=10.0, attempts_max=6
)


def config(
    strategies: Sequence[Strategy],
    instruments: tuple[Instrument, ...] = (BTC,),
    *,
    limits: Limits = LIMITS,
    execution: ExecutionRules = EXECUTION,
    weight: float = 0.5,
    triggers: TriggerRules = TRIGGERS,
    stops: StopRules = NO_STOPS,
) -> EngineConfig:
    """The shipped settings with these strategies on all instruments."""
    ids = tuple(i.id for i in instruments)
    return EngineConfig(
        instruments=instruments, quote="USDT", period=SECOND, audit_every=30 * SECOND, regime=REGIME,
        limits=limits, sizing=SizingPolicy(), execution=execution, triggers=triggers,
        stops=stops,
        strategies=tuple(StrategyConfig(s.name, weight, ids, {}) for s in strategies),
    )  # fmt: skip


class Desk:
    """Feeds an engine; performs its effects on the venue after `latency` of wall time, in order."""

    def __init__(
        self,
        strategies: Sequence[Strategy],
        *,
        settings: EngineConfig | None = None,
        venue: FakeVenue | None = None,
        latency: int = 0,
    ) -> None:
        settings = settings or config(strategies)
        self.settings = settings
        self.engine = build_engine(settings, strategies)
        self.state = self.engine.state
        self.venue = venue or FakeVenue(settings.instruments, CASH)
        self.audits: list[Audit] = []
        self.fed: list[Event] = []  # what the engine was stepped with, answers included
        self.painter = Painter(self.engine, Assembly("fake", "0", "test", 1.0, settings.period))
        self.health = WELL  # what the shell measures of itself
        self.stopped = ""
        self.now = 0
        self.latency = latency
        self._effects: deque[tuple[int, Effect]] = deque()
        self._sequence = 0
        self._ticked_at = 0

    def open(
        self, at: int, carried: Carried | None = None, latch: str = "", session: str = "session-1"
    ) -> Desk:
        """Begin a session: both streams up, the account known."""
        carried = carried or Carried()
        self.feed(SessionOpened(session, at, "account-1", "SIM", latch, carried))
        self.feed(FeedStatus("binance", "market", at, True))
        self.feed(FeedStatus("binance", "user", at, True))
        while self.state.recovering:
            self.tick(self.now + SECOND)
        return self

    def feed(self, event: Event) -> list[Audit]:
        """One event, and everything that it brings about."""
        known = len(self.audits)
        self._perform(event.at)
        self.now = max(self.now, event.at)
        if type(event) in MARKET_EVENTS:
            for answer in self.venue.market(event):
                self._step(answer)
        self._step(event)
        self._perform(event.at)
        return self.audits[known:]

    def play(self, events: Iterable[Event]) -> None:
        """Feed many events, with a tick after each second of wall time."""
        for event in events:
            self._ticked_at = self._ticked_at or event.at
            while event.at >= self._ticked_at + SECOND:
                self.tick(self._ticked_at + SECOND)
            self.feed(event)

    def tick(self, at: int, feed_age: int = 0) -> list[Audit]:
        """A second of wall time has passed."""
        self._ticked_at = at
        return self.feed(Ticked(at, feed_age))

    def command(self, command: Command) -> Answer:
        """What a person is told."""
        audits = self.feed(CommandGiven("c1", "test", command, self.now))
        return next(d.answer for d in decisions(audits) if isinstance(d, CommandAnswered))

    def picture(self) -> Snapshot:
        """What a console would be shown now."""
        return self.painter.snapshot(self.now, self.health)

    def bytes(self) -> bytes:
        """All audits as the journal keeps them."""
        return b"\n".join(encode(audit) for audit in self.audits)

    def _step(self, event: Event) -> None:
        self._sequence += 1
        self.fed.append(event)
        audit = self.engine.step(self._sequence, event)
        if audit is not None:
            self.painter.observe(event, audit)
            self.audits.append(audit)
            self._effects.extend((event.at + self.latency, effect) for effect in audit.effects)

    def _perform(self, now: int) -> None:
        while self._effects and self._effects[0][0] <= now:
            due, effect = self._effects.popleft()
            for answer in self._answers(effect, max(due, self.now)):
                self._step(answer)

    def _answers(self, effect: Effect, now: int) -> list[Event]:
        if isinstance(effect, SubmitOrder):
            return self.venue.submit(effect.intent, now)
        if isinstance(effect, WithdrawOrder):
            return self.venue.cancel(effect.client_id, now)
        if isinstance(effect, TakeAccount) and not self.venue.deaf:
            known = {h.intent.client_id for h in self.venue.orders.values() if h.reason is None}
            unsettled = [i for i in self.state.orders.open if i not in known]
            return [self.venue.account(effect.purpose, unsettled, now + MILLISECOND)]  # a pass takes a while
        if isinstance(effect, ReadRules):
            read = self.venue.listed.get(effect.instrument)
            return [msgspec.structs.replace(read, at=now)] if read is not None else []
        if isinstance(effect, TripLatch):
            return [LatchTripped(effect.level, effect.by, effect.reason, now)]
        if isinstance(effect, StopRuntime):
            self.stopped = effect.reason
        return []


def decisions(audits: Iterable[Audit]) -> list[Decision]:
    """All decisions of these audits, in order."""
    return [decision for audit in audits for decision in audit.decisions]
