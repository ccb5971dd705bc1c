"""The driver: feeds events in the order of time to the engine's own step, and carries its effects out.

Nothing is decided here. Signals, sizes, limits, orders and the ledger are the engine's, as they are live.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from msgspec.structs import replace

from midas.backtest.assumptions import Assumptions
from midas.backtest.record import Charge, Record
from midas.backtest.reel import Reel
from midas.backtest.venue import BarVenue, Unheard
from midas.backtest.watch import Watch
from midas.domain.carry import Carried
from midas.domain.decision import ClaimDecided, FillBooked
from midas.domain.event import (
    AccountReported,
    Event,
    FundingSeen,
    LatchTripped,
    OrderFilled,
    OrderSent,
    SessionOpened,
    Ticked,
)
from midas.domain.market import Bar, FeedStatus
from midas.domain.mode import Environment
from midas.domain.money import ZERO, from_float
from midas.domain.order import OrderIntent
from midas.domain.time import SECOND
from midas.engine.audit import Audit
from midas.engine.effect import SubmitOrder, TakeAccount, TripLatch, WithdrawOrder
from midas.engine.engine import Engine
from midas.engine.glide import NEVER

SESSION = "backtest"
CENT = Decimal("1e-8")
ROUNDS = 64  # of order and answer within one bar; past it they go on in the next one


class Venue(Protocol):
    """What every venue of a back-test does for an engine."""

    def submit(self, intent: OrderIntent, at: int) -> OrderSent:
        """The request leaves."""

    def cancel(self, client_id: str, at: int) -> None:
        """The request leaves."""

    def account(self, purpose: str, at: int) -> AccountReported:
        """A full pass."""

    def pay(self, asset: str, amount: Decimal) -> None:
        """Its balance moves, and no trade made it."""


class Stepper:
    """One engine on one venue: steps events and carries out what they ask for."""

    def __init__(self, engine: Engine, venue: Venue, given: Assumptions, record: Record) -> None:
        self._engine = engine
        self._answers = venue
        self._record = record
        self._rate, self._every = given.funding, given.funding_every
        self._funded_at = NEVER  # the next time
        self._watch = Watch(given.tick_every, given.equity_step, engine.guardian.rules.zone)

    def open(self, at: int) -> None:
        """Begin a session: both streams stand, and the account is known."""
        state = self._engine.state
        name = next(iter(state.instruments.values())).venue
        opening: tuple[Event, ...] = (
            SessionOpened(SESSION, at, SESSION, Environment.BACKTEST.value, "", Carried()),
            FeedStatus(name, "market", at, True),
            FeedStatus(name, "user", at, True),
        )
        # The account is asked for once both streams stand: else nobody could tell what was missed meanwhile.
        for audit in [self._engine.step(n, event) for n, event in enumerate(opening, 1)]:
            if audit is not None:
                self._heard(audit)
        if self._rate:
            self._funded_at = (at // self._every + 1) * self._every
        while state.recovering:
            at += SECOND
            self._step(Ticked(at, 0))
        self._step(Ticked(at, 0))

    def _fund(self, until: int) -> None:
        """Who holds pays at every multiple of the interval, at the newest mark; `until`: time of the market.

        A long bar and a hole in the data hold several of them. A fill counts from its own date, whenever the
        engine hears of it.
        """
        if until < self._funded_at:
            return
        unheard = self._unheard()
        for at in sorted({filled.time for filled in unheard if filled.time < until}):
            self._pay(at, unheard)
        self._pay(until, unheard)

    def _unheard(self) -> Sequence[Unheard]:
        """What was filled at the venue while the answer is still on its way."""
        return ()

    def _pay(self, until: int, unheard: Sequence[Unheard]) -> None:
        """What fell due, for what was held then."""
        if until < self._funded_at:
            return
        state, times = self._engine.state, (until - self._funded_at) // self._every + 1
        newest = self._funded_at + (times - 1) * self._every
        self._funded_at = newest + self._every
        held = {(sleeve.strategy, sleeve.instrument): sleeve.quantity for sleeve in state.sleeves()}
        for filled in unheard:
            if filled.time < until:
                owner = filled.strategy, filled.instrument
                held[owner] = held.get(owner, ZERO) + filled.quantity
        charges = [
            Charge(strategy, instrument, newest, -from_float(
                float(quantity) * state.markets[instrument].mark * self._rate * times, CENT
            ))
            for (strategy, instrument), quantity in held.items() if quantity
        ]  # fmt: skip
        self._record.charges += charges
        amount = sum((charge.amount for charge in charges), ZERO)
        if amount:
            self._answers.pay(state.quote, amount)
            self._step(FundingSeen(state.quote, amount, newest, max(until, state.now)))

    def _until(self) -> int:
        """When something is due at the latest, whatever the market does."""
        return min(self._watch.due_at, self._funded_at)

    def _step(self, event: Event) -> None:
        audit = self._engine.step(self._engine.sequence + 1, event)
        if audit is not None:
            self._heard(audit, event.fill.time if type(event) is OrderFilled else 0)
        if type(event) is Ticked:
            state = self._engine.state
            self._watch.looked(event.at, state, self._engine.guardian.earliest(state))

    def _heard(self, audit: Audit, filled_at: int = 0) -> None:
        """Keep it, and do what it asks for."""
        self._record.add(audit, filled_at)
        for decision in audit.decisions:
            if type(decision) is FillBooked:
                self._watch.moved(self._engine.state)
            elif type(decision) is ClaimDecided:
                self._watch.hurry()
        for effect in audit.effects:
            match effect:
                case SubmitOrder():
                    self._step(self._answers.submit(effect.intent, audit.at))
                case WithdrawOrder():
                    self._answers.cancel(effect.client_id, audit.at)
                case TakeAccount():
                    self._step(self._answers.account(effect.purpose, audit.at))
                case TripLatch():
                    self._step(LatchTripped(effect.level, effect.by, effect.reason, audit.at))
                case _:  # there is no book to fetch again, no rule to read, no process to end
                    pass


class Driver(Stepper):
    """Bars, from the first one to the last."""

    def __init__(self, engine: Engine, venue: BarVenue, given: Assumptions, record: Record) -> None:
        super().__init__(engine, venue, given, record)
        self._venue = venue
        self.bars = 0

    def run(self, bars: Iterable[Bar]) -> None:
        """Step every bar, by the time at which it is heard."""
        for _, group in groupby(bars, key=attrgetter("at")):
            self._run_group(list(group))

    def run_single(self, reel: Reel, *, listens: bool = True) -> None:
        """The same with bars of one instrument, none of them at one time: most in long glides.

        `listens`: a strategy that can hears many of them in one call.
        """
        instrument, venue = reel.instrument, self._venue
        while reel.more():
            if venue.busy:
                self._meet_first((reel.peek(),))
            if venue.busy or not self._glide(instrument, reel, listens):
                bar, rests = reel.peek(), venue.busy
                reel.skip(1)
                self._step(bar)
                self.bars += 1
                self._look(bar, rests=rests)
                self._settle((bar,))

    def _glide(self, instrument: str, reel: Reel, listens: bool) -> bool:
        """Bars in one call, until something is decided or a look is due; False where none was taken."""
        before = self._engine.sequence
        until = self._watch.next(self._funded_at)
        glided = self._engine.glide(instrument, reel, until, listens=listens)
        if glided is None:
            return False
        taken = self._engine.sequence - before
        self.bars += taken
        for audit in glided.noted:
            self._heard(audit)
        if glided.audit is not None:
            self._heard(glided.audit)
        if type(glided.event) is Bar:
            self._look(glided.event)
        return taken > 0

    def _look(self, bar: Bar, *, rests: bool = False) -> None:
        """The guardian looks where it is time to, or equity may have moved.

        What falls due at the bar's end waits for what rests at the venue: it trades inside of the bar.
        """
        self._fund(bar.time - rests)
        if bar.at >= self._watch.due_at or self._watch.left(bar):
            self._step(Ticked(bar.at, 0))

    def _unheard(self) -> Sequence[Unheard]:
        return self._venue.unheard() if self._venue.busy else ()

    def _run_group(self, bars: Sequence[Bar]) -> None:
        """Bars of one time: the venue trades with all of them before the engine hears the first."""
        if self._venue.busy:
            self._meet_first(bars)
        rests = self._venue.busy
        for bar in bars:
            self._step(bar)
        self.bars += len(bars)
        watch = self._watch
        self._fund(bars[0].time - rests)
        if bars[0].at >= watch.due_at or any(watch.left(bar) for bar in bars):
            self._step(Ticked(bars[0].at, 0))
        self._settle(bars)

    def _settle(self, bars: Sequence[Bar]) -> None:
        """What rested at the venue is heard of once the bars are."""
        if self._venue.busy:
            for event in self._venue.settle(bars):
                self._answered(event)
        self._fund(bars[0].time)

    def _meet_first(self, bars: Sequence[Bar]) -> None:
        """What fell due before they open is paid for what was held then."""
        self._fund(max([bar.time - bar.period for bar in bars]))
        self._meet(bars)

    def _meet(self, bars: Sequence[Bar]) -> None:
        """Until nobody has anything to say: an answer may lead to an order that meets the same bar."""
        for _ in range(ROUNDS):
            told = self._venue.meet(bars)
            if not told:
                return
            for event in told:
                self._answered(event)
            if not self._venue.busy:
                return

    def _answered(self, event: Event) -> None:
        """One answer. What is earlier than the newest is told as of now: the engine's clock never goes back.

        A stop is told as of the bar's end, and what was sent at its opening is answered in the next round.
        Until the date of a fill what was held before it pays funding.
        """
        if type(event) is OrderFilled:
            self._fund(event.fill.time)
        now = self._engine.state.now
        self._step(event if event.at >= now else replace(event, at=now))
