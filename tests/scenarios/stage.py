"""A whole engine on the exchange in memory, in virtual time: an account of 10,000 that can lose any amount.

A tick of the price moves equity by 0.001 USDT, so that every threshold is met exactly, just missed and just
passed. A restart reads what the journal alone says, as the next start does.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from midas.agents.guardian import FEED_STALE
from midas.domain.breakers import BreakerRules
from midas.domain.carry import Carried, SleeveCarried
from midas.domain.command import PlaceOrder, Resume
from midas.domain.decision import ModeChanged
from midas.domain.event import MARKET_EVENTS, ComponentReported, SessionOpened, Ticked
from midas.domain.limits import Limits
from midas.domain.market import FeedStatus
from midas.domain.mode import Mode
from midas.domain.opinion import Opinion
from midas.domain.time import DAY, SECOND
from midas.domain.triggers import TriggerRules
from midas.engine.audit import Audit, encode
from midas.engine.effect import TripLatch
from midas.runtime.records import AUDIT, EVENT, MARKS, Header, Marks, encode_event, encode_marks
from midas.runtime.replay import Row, fold_ledger
from midas.state.state import MANUAL, State
from tests.engine.scene import of
from tests.fakes.desk import BTC, LIMITS, Desk, config
from tests.fakes.scripted_market import NOON, ScriptedMarket
from tests.fakes.strategy import Puppet
from tests.fakes.venue import FakeVenue

EQUITY = 10_000.0
HELD = Decimal("0.1")
WORTH_OF_A_TICK = 0.001  # USDT of equity, for what is held
BEGIN = 6_000_000  # ticks of the best bid: 60,000
CASH = Decimal("3999.9995")  # and half a tick of what is held: 10,000 to the last digit
Latch = tuple[str, str, str, int]  # level, by whom, why, since when
UNLATCHED: Latch = ("", "", "", 0)
# Only what a scenario is about may bind: what is held is six tenths of the account.
FREE = msgspec.structs.replace(
    LIMITS, position_max=1.0, sector_max=1.0, crypto_max=1.0, cluster_max=1.0, strategy_max=1.0,
    cash_min=0.0, order_notional_max=1e9,
)  # fmt: skip


def wall(text: str, zone: str = "UTC") -> int:
    """Nanoseconds of a local time such as "2026-03-29 23:30"."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * SECOND


class Stage:
    """One strategy that holds 0.1 BTC and does what it is told, on a desk whose time a test makes."""

    def __init__(
        self, start: int = NOON, *, puppet: Puppet | None = None, warm: bool = False, limits: Limits = FREE,
        triggers: TriggerRules | None = None, breakers: BreakerRules | None = None,
    ) -> None:  # fmt: skip
        self.puppet = puppet or Puppet()
        self.market = ScriptedMarket(bid=BEGIN, start=start)
        self.venue = FakeVenue((BTC,), {"USDT": CASH, "BTC": HELD})
        made = config([self.puppet], limits=limits, weight=0.15, triggers=triggers or TriggerRules())
        self.settings = msgspec.structs.replace(made, breakers=breakers or BreakerRules())
        self._warm, self._starts = warm, 0
        self._heard_at = start
        sleeve = SleeveCarried(
            strategy=self.puppet.name, instrument=BTC.id, quantity=HELD, cost=Decimal(6_000),
            realised=Decimal(0), fees=Decimal(0), fills=1, opened_at=start,
        )  # fmt: skip
        before = dict(self.venue.balances)
        self.desk = self._started(
            Carried(from_session="earlier", balances=before, opened=True, sleeves=(sleeve,))
        )

    # time and market

    @property
    def heard_at(self) -> int:
        """When the market last spoke."""
        return self._heard_at

    @property
    def now(self) -> int:
        """Wall time."""
        return self.desk.now

    def move(self, ticks: int = 0) -> None:
        """The market speaks, at another price or at the same."""
        self._turn_to(self.now)
        for event in self.market.move(ticks):
            self.desk.feed(event)
        self._heard_at = self.market.now

    def lose(self, amount: float) -> None:
        """The price at which the first 10,000 have lost `amount`, if nothing was sold."""
        self.move(BEGIN - round(amount / WORTH_OF_A_TICK) - self.market.bid)

    def tick(self, seconds: int = 1, *, quiet: bool = False, journal: str = "") -> list[Audit]:
        """Seconds pass one by one; the market speaks in each unless it is `quiet`."""
        known = len(self.desk.audits)
        for _ in range(seconds):
            if not quiet:
                self.move()
            self._tick(max(self.now + 1, (self.now // SECOND + 1) * SECOND), journal)
        return self.desk.audits[known:]

    def until(self, at: int, *, quiet: bool = False, journal: str = "") -> list[Audit]:
        """Nothing happens until a wall time, but for a last word of a market that isn't `quiet`."""
        known = len(self.desk.audits)
        if not quiet:
            self._turn_to(at - SECOND // 2)
            self.move()
        self._tick(at, journal)
        return self.desk.audits[known:]

    def days(self, count: int) -> None:
        """So many days, looked at once each."""
        for _ in range(count):
            self.until(self.now + DAY)

    def say(self, opinion: Opinion) -> list[Audit]:
        """The strategy changes its mind; the next bar asks it."""
        self.puppet.opinion = opinion
        self._turn_to(self.now)
        self._heard_at = self.now
        return self.desk.feed(self.market.bar())

    def doubt(self, count: int) -> list[Audit]:
        """A person's orders leave in the same moment, and the venue answers nothing from then on."""
        self.venue.losing = self.venue.deaf = True
        self.desk.latency = SECOND
        for n in range(count):
            price = f"{59_000 + n}.00"
            asked = PlaceOrder(f"doubt-{n}", BTC.name, "BUY", "LIMIT", "0.001", price, MANUAL, True)
            assert self.desk.command(asked).accepted
        audits = self.until(self.now + SECOND)
        self.desk.latency, self.venue.losing = 0, False
        assert len(self.state.orders.unknown) == count
        return audits

    def broker(self, up: bool) -> list[Audit]:
        """The user stream breaks, or comes back."""
        return self.desk.feed(FeedStatus("binance", "user", self.now, up))

    def tell(self, component: str, ok: bool, detail: str = "") -> None:
        """A component speaks of itself."""
        self.desk.feed(ComponentReported(component, self.now, ok, detail))

    # the desk

    def restart(self, latch: str | None = None) -> Stage:
        """The process dies; the next one reads the journal, finds the latch and asks the venue.

        `latch`: another than the engine knew of; empty: somebody took it away.
        """
        control = self.state.control
        level = (control.level if control.latched else "") if latch is None else latch
        told = (level, control.kill_by, control.kill_reason, control.tripped_at)
        self.desk = self._started(self.journaled(), told if level else UNLATCHED)
        return self

    def journaled(self, marks: bool = True) -> Carried:
        """What the journal tells of this session; without `marks` decisions alone tell it."""
        desk, rows = self.desk, list[Row]()
        audits = {audit.sequence: audit for audit in desk.audits}
        for sequence, event in enumerate(desk.fed, 1):
            if type(event) not in MARKET_EVENTS:
                rows.append(Row(sequence, EVENT, encode_event(event)))
            if (audit := audits.get(sequence)) is not None:
                rows.append(Row(sequence, AUDIT, encode(audit)))
        if marks:
            rows.append(Row(len(desk.fed), MARKS, encode_marks(self._marks())))
        session = desk.state.session
        header = Header(session, 0, "0", "", "", self.settings, "binance", "account-1", "SIM", "", 1.0)
        return fold_ledger(header, rows)

    def resume(self, reason: str = "looked at it") -> str:
        """A person's two steps; the review that the first one showed."""
        review = self.desk.command(Resume(reason))
        assert self.state.control.latched, "a review alone releases nothing"
        assert self.desk.command(Resume(reason, confirmed=True)).accepted
        return review.message

    @property
    def state(self) -> State:
        """What the engine knows."""
        return self.desk.state

    def mode(self) -> Mode:
        """The mode now."""
        return self.state.control.mode

    @property
    def position(self) -> Decimal:
        """What the strategy holds."""
        return self.state.ledger.sleeve(self.puppet.name, BTC.id).quantity

    @property
    def alarms(self) -> set[str]:
        """The names of the alarms that a console would show now."""
        return {alarm.name for alarm in self.desk.picture().alarms}

    def _started(self, carried: Carried, latch: Latch = UNLATCHED) -> Desk:
        desk = Desk([self.puppet], settings=self.settings, venue=self.venue)
        if self._warm:
            for bar in self.market.history():
                desk.feed(bar)
        at = self.market.now
        level, by, reason, since = latch
        self._starts += 1  # no two sessions have a name in common, so no two orders an id
        session = f"session-{self._starts}"
        desk.feed(SessionOpened(session, at, "account-1", "SIM", level, carried, by, reason, since))
        desk.feed(FeedStatus("binance", "market", at, True))
        desk.feed(FeedStatus("binance", "user", at, True))
        while desk.state.recovering:
            desk.tick(desk.now + SECOND)
        self.market.now = desk.now
        for event in self.market.begin():
            desk.feed(event)
        self._heard_at = self.market.now
        self.desk = desk
        self._tick((desk.now // SECOND + 1) * SECOND, "")
        return desk

    def _tick(self, at: int, journal: str) -> None:
        self.desk.feed(Ticked(at, max(0, at - self._heard_at), {}, journal))

    def _turn_to(self, at: int) -> None:
        """The market's clock follows the wall, never back."""
        self.market.now = max(self.market.now, at)

    def _marks(self) -> Marks:
        state, control = self.state, self.state.control
        day, day_equity, week, week_equity, month, month_equity = state.budgets.openings
        return Marks(
            state.equity_peak, day, day_equity, control.floor.value, state.alerts.all, state.alerts.last_id,
            week, week_equity, month, month_equity, state.budgets.day_made,
        )  # fmt: skip


def changes(audits: list[Audit]) -> list[str]:
    """The modes that were begun."""
    return [change.after for change in of(ModeChanged, audits)]


def tripped(audits: list[Audit]) -> list[TripLatch]:
    """The kills that the engine asked for by itself."""
    return [effect for audit in audits for effect in audit.effects if isinstance(effect, TripLatch)]


SILENT = FEED_STALE // SECOND + 1
