"""`Engine.step`: one event in, one audit out. No await, no I/O, no clock and no chance of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from functools import cache
from typing import Any, NamedTuple

import msgspec

from midas.agents.breakers import BreakerKeeper
from midas.agents.execution_agent import Withdrawal, close_ended
from midas.agents.guardian import RESUMED, Guardian, blind
from midas.agents.orchestrator import Orchestrator
from midas.agents.stop_keeper import StopKeeper, StopStep
from midas.agents.strategy_manager import Enrolled
from midas.agents.tail_watch import TailWatch
from midas.costs import CostModel
from midas.domain.command import Answer
from midas.domain.decision import (
    Anomaly,
    CommandAnswered,
    Decision,
    FillBooked,
    FillBusted,
    LimitsChanged,
    ModeChanged,
    Noted,
    OrderBlocked,
    OrderMoved,
    OrderPlanned,
    Reconciled,
)
from midas.domain.event import (
    AccountDoubted,
    AccountReported,
    CancelRejected,
    CommandGiven,
    Event,
    FlowSeen,
    FundingSeen,
    LatchTripped,
    OrderAccepted,
    OrderRejected,
    OrderSent,
    OrderTriggered,
    OrderUncertain,
    Recorded,
    ReplaceRejected,
    RulesRead,
    SessionClosing,
    SessionOpened,
    Ticked,
    TradeBusted,
)
from midas.domain.market import Bar, BookDelta, BookLost, BookSnapshot, FeedStatus, Quote, Trade
from midas.domain.mode import KillLevel, Mode
from midas.domain.money import plain
from midas.domain.order import OrderIntent, Phase, Purpose, Side, TimeInForce
from midas.domain.time import SECOND
from midas.engine.adjusting import Adjuster
from midas.engine.audit import Audit
from midas.engine.commands import Commands
from midas.engine.counting import Counter
from midas.engine.downsizing import Downsizer
from midas.engine.effect import (
    Disconnect,
    Effect,
    ResyncBook,
    SubmitOrder,
    TripLatch,
    WithdrawOrder,
)
from midas.engine.flat_check import FlatCheck
from midas.engine.freshness import Freshness, pulled
from midas.engine.gatekeeper import judge, judge_disk
from midas.engine.glide import Ahead, Glide, Halt, MarketEvent, Note, Until
from midas.engine.listing import Listing
from midas.engine.passes import ASKED, Passes, returned
from midas.engine.reply import Asked
from midas.engine.throttle import COUNTS, Throttle
from midas.risk.limits import meets
from midas.state.control import JOURNAL
from midas.state.order import Order
from midas.state.requests import CANCEL_AGAIN_MAX
from midas.state.state import State

CANCEL_PATIENCE = SECOND  # before the same cancel is asked for again
NO_KINDS: Set[type] = frozenset()
ENTRY, STOP, BUY = Purpose.ENTRY, Purpose.STOP, Side.BUY  # asked of every order: a look into an Enum is slow
_TOUCHING = frozenset({FillBooked, FillBusted, OrderMoved})
_ACKNOWLEDGED = frozenset({OrderSent, OrderAccepted})


class Keepers(NamedTuple):
    """Those who look after what stands already."""

    breakers: BreakerKeeper
    stops: StopKeeper
    tail: TailWatch


class Glided(msgspec.Struct, frozen=True):
    """What was stepped in one call."""

    event: MarketEvent | None  # the newest; None: none was left
    audit: Audit | None  # of it
    noted: Sequence[Audit] = ()  # before it


class Engine:
    """The one path that back-test, simulation, paper and live share."""

    def __init__(
        self, state: State, orchestrator: Orchestrator, guardian: Guardian, audit_every: int,
        costs: CostModel, freshness: Freshness, keepers: Keepers,
    ) -> None:  # fmt: skip
        self.state = state
        self.orchestrator = orchestrator
        self.guardian = guardian
        self.costs = costs
        self._sequence = 0
        self._decisions: list[Decision] = []
        self._effects: list[Effect] = []
        self._adjuster = Adjuster(state)
        self._passes = Passes(state, audit_every, self._adjuster)
        self._freshness = freshness
        self.breakers, self.stops, self.tail = keepers
        self._flat = FlatCheck(state)
        self._listing = Listing(state)
        self._counter = Counter(state)
        self._downsizer = Downsizer(state, orchestrator.risk, orchestrator.execution)
        self._glide = Glide(state, orchestrator, self.stops, self.tail)
        self._hears_ticks = orchestrator.strategies.hears_ticks
        self._throttle = Throttle(state, orchestrator.risk, orchestrator.execution)
        self._commands = Commands(state, orchestrator, guardian, costs, self._adjuster, self.tail.desk)
        self._steps: dict[type, Callable[[Any], None]] = {
            Quote: self._quote,
            Trade: self._trade,
            BookDelta: self._delta,
            BookSnapshot: self._snapshot,
            BookLost: self._lost,
            Bar: self._bar,
        }
        self._follow_ups: dict[type, Callable[[Any], None]] = {
            SessionOpened: self._opened,
            SessionClosing: self._closing,
            CommandGiven: self._command,
            LatchTripped: self._latch,
            Ticked: self._tick,
            AccountReported: self._account,
            OrderRejected: self._rejected,
            OrderTriggered: self._triggered,
            OrderUncertain: self._doubt,
            CancelRejected: self._doubt,
            ReplaceRejected: self._doubt,
            TradeBusted: self._doubt,
            FeedStatus: self._stream,
            AccountDoubted: self._doubted,
            FlowSeen: self._flow,
            FundingSeen: self._funding,
            RulesRead: self._rules,
        }

    @property
    def passes(self) -> Passes:
        """The full passes over the account, to look at."""
        return self._passes

    @property
    def sequence(self) -> int:
        """Of the newest event."""
        return self._sequence

    def step(self, sequence: int, event: Event) -> Audit | None:
        """Fold one event and decide; None where nobody had anything to say."""
        self._sequence = sequence
        self.state.now = event.at
        handler = self._steps.get(type(event))
        if handler is not None:
            handler(event)
        else:
            self._recorded(event)  # type: ignore[arg-type]  # the market types are all in _steps
        return self._audit(event)

    def glide(self, instrument: str, ahead: Ahead, until: Until, *, listens: bool = True) -> Glided | None:
        """Step bars of one instrument until one leads to anything; None, and no bar taken, where any could.

        The first bar has the sequence after the newest one's, as with `step`. `listens`: a strategy that can
        hears many of them in one call.
        """
        speaker = self._glide.speaker(instrument)
        if speaker is None:
            return None
        return self._glided(
            speaker, instrument, self._glide.run(speaker, instrument, ahead, until, listens=listens)
        )

    def glide_ticks(self, instrument: str, ticks: Iterator[MarketEvent], until: Until) -> Glided | None:
        """The same with quotes and prints, up to any other event; the band is of the bid, in ticks."""
        speaker = self._glide.tick_speaker(instrument)
        if speaker is None:
            return None
        return self._glided(speaker, instrument, self._glide.run_ticks(speaker, instrument, ticks, until))

    def _glided(self, speaker: Enrolled, instrument: str, halt: Halt) -> Glided:
        """What came of the events in a glide, and of the one at which it ended."""
        noted = [self._noted(note) for note in halt.notes]
        self._sequence += halt.steps
        event = halt.event
        if event is None:
            return Glided(None, None, noted)
        if not halt.stepped:
            return Glided(event, self.step(self._sequence + 1, event), noted)
        if halt.answered:
            state, made = self.state, self._decisions
            self.orchestrator.answered(
                speaker, halt.opinion, state.markets[instrument], state, self._sequence, made
            )
            self._proceed(instrument)
            if type(event) is Bar and not event.time % self._glide.every:
                made.extend(self.tail.bar(event, state, self.orchestrator.risk.limits.assets))
            return Glided(event, self._audit(event), noted)
        return Glided(event, None, noted)

    def _noted(self, note: Note) -> Audit:
        sequence, bar = self._sequence + note.steps, note.bar
        return Audit(sequence, _name(Bar), bar.at, tuple(note.decisions), ())

    def _audit(self, event: Event) -> Audit | None:
        """What this event led to; None where nobody had anything to say."""
        if not self._decisions and not self._effects:
            return None
        decisions, effects = self._decisions, self._effects
        if not COUNTS.isdisjoint(map(type, decisions)):
            self._slow_down()
        audit = Audit(self._sequence, _name(type(event)), event.at, tuple(decisions), tuple(effects))
        decisions.clear()
        effects.clear()
        return audit

    def _slow_down(self) -> None:
        """A strategy that runs wild is stopped in the step that shows it."""
        stopped = self._throttle.watch(self._decisions)
        if stopped:
            self._decisions.extend(stopped)
            self._withdraw_unwanted()

    # market events

    def _quote(self, event: Quote) -> None:
        state = self.state
        state.market_events += 1
        state.markets[event.instrument].on_quote(event)
        if self._hears_ticks:
            self._heard_tick(event.instrument)

    def _trade(self, event: Trade) -> None:
        state = self.state
        state.market_events += 1
        state.markets[event.instrument].on_trade(event)
        if event.instrument in state.alerts.waiting:
            self._decisions.extend(_alerted(state, event))
        if self.stops.on_trade(event, state.markets[event.instrument]):
            self._keep_stops(event.instrument)
        if self._hears_ticks:
            self._heard_tick(event.instrument)

    def _heard_tick(self, instrument: str) -> None:
        made = self.orchestrator.on_tick(self.state.markets[instrument], self.state, self._sequence)
        if made:
            self._decisions += made
        self._proceed(instrument)

    def _delta(self, event: BookDelta) -> None:
        state = self.state
        state.market_events += 1
        market = state.markets[event.instrument]
        was_valid = market.book.valid
        if market.on_delta(event):
            made = self.orchestrator.on_book(market, state, self._sequence)
            if made:
                self._decisions += made
            self._proceed(event.instrument)
        elif was_valid:
            state.gaps += 1
            text = f"{market.instrument.name} book hidden: {market.book.reason}"
            self._decisions.append(Noted("FEED", "warn", text))
            self._effects.append(ResyncBook(event.instrument))

    def _snapshot(self, event: BookSnapshot) -> None:
        self.state.market_events += 1
        self._decisions.extend(self.state.on_snapshot(event))

    def _lost(self, event: BookLost) -> None:
        self._decisions.extend(self.state.on_lost(event))

    def _bar(self, event: Bar) -> None:
        state = self.state
        if not event.synthetic:
            state.market_events += 1
        if state.on_bar(event):
            made = self.orchestrator.on_bar(event, state.markets[event.instrument], state, self._sequence)
            if made:
                self._decisions += made
            self._proceed(event.instrument)
            if not event.synthetic and self.stops.concerned(state):
                self._keep_stops(event.instrument)
            if not event.time % self._glide.every:
                self._decisions.extend(self.tail.bar(event, state, self.orchestrator.risk.limits.assets))

    def _proceed(self, instrument: str) -> None:
        """A market moved: most of its moves concern no order and no target."""
        control = self.state.control
        idle = instrument in self.orchestrator.execution.idle and not control.gates
        if idle and not control.permissions.flattens:
            return
        self._work(self.orchestrator.proceed(self.state, self._sequence, instrument))

    # everything else

    def _recorded(self, event: Recorded) -> None:
        state, decisions = self.state, self._decisions
        decisions.extend(state.apply(event))
        if type(event) in _ACKNOWLEDGED and self._only_waits():
            return
        follow_up = self._follow_ups.get(type(event))
        if follow_up is not None:
            follow_up(event)
        kinds = set(map(type, decisions)) if decisions else NO_KINDS
        if FillBooked in kinds:
            self._stopped_out()
        touched = not _TOUCHING.isdisjoint(kinds)
        count = len(decisions)
        if touched:
            self._work(self.orchestrator.proceed(state, self._sequence))
            if len(decisions) != count:
                kinds = set(map(type, decisions))
        if Anomaly in kinds and self._unexplained(event):
            self._effects.extend(self._passes.look_again())
        if self._commands.waiting(kinds):
            self._work(self._commands.follow(decisions, self._sequence))
        else:
            self._verify_flat()
        if self.stops.concerned(state) and (touched or _touched(decisions)):
            self._keep_stops()  # after every other exit: those go first
        if state.orders.open:
            self._withdraw_unwanted()

    def _only_waits(self) -> bool:
        """Whether an order that got under way leads to nothing: as nearly always, where one is out."""
        state, decisions = self.state, self._decisions
        control = state.control
        if control.gates or control.latched or control.guarded or state.recovering or state.closing:
            return False
        permissions = control.permissions
        if permissions.flattens or not permissions.keeps_entries or state.stale_since:
            return False
        if len(decisions) != 1 or type(decisions[0]) is not OrderMoved or self._commands.concerned:
            return False
        return not self.stops.concerned(state) and self.orchestrator.execution.waits(state)

    def _stopped_out(self) -> None:
        """A stop at the venue has traded: its sleeve's older target is no longer wanted."""
        for made in self._decisions:
            if type(made) is FillBooked and made.purpose is STOP:
                self.orchestrator.execution.stopped_out(made.strategy, made.instrument, made.position)

    def _unexplained(self, event: Recorded) -> bool:
        """Whether only a full pass can say more; what a pass itself found waits for the next one."""
        kinds = [d.kind for d in self._decisions if isinstance(d, Anomaly)]
        return "unknown_order" in kinds or not isinstance(event, AccountReported)

    def _opened(self, event: SessionOpened) -> None:
        self.orchestrator.execution.resume(self.state)
        if event.latch:
            # A latch outlives every session, with its level: a crash right after it must not lose a flatten.
            cause, control = "the kill latch was still set", self.state.control
            # Who resumes has to read who stopped it, and why: nobody else can tell.
            by, reason = event.latch_by or "an earlier session", event.latch_reason or cause
            pulled_at = event.latch_at or event.at
            control.trip(event.latch, by, reason, pulled_at)
            mode = KillLevel(event.latch).mode
            if mode.safety > control.mode.safety:
                why = f"kill {event.latch}: {reason}"
                self._decisions.extend(control.set_mode(mode, by, why, RESUMED, pulled_at))
        elif self.state.control.mode is Mode.EMERGENCY:
            self._decisions.extend(self.guardian.calm_down(self.state))
        self._decisions.extend(self.orchestrator.execution.take_up(self.state))
        self._commands.opened()
        self._decisions.extend(self.orchestrator.calibrator.resume(self.state))
        self._effects.extend(self._passes.take("start"))

    def _closing(self, event: SessionClosing) -> None:
        self._close(event.reason)

    def _close(self, reason: str) -> None:
        """No new risk, orders withdrawn; full passes begin with the next tick."""
        self.state.closing = True
        self.orchestrator.execution.forget_entries(self.state)
        self._decisions.append(Noted("SESSION", "info", f"closing: {reason}"))
        for key in list(self.state.closes_asked):
            self._decisions.append(close_ended(self.state, *key))
        self._decisions.extend(self._counter.tell())
        self._passes.begin_closing()

    def _rejected(self, event: OrderRejected) -> None:
        order = self.state.orders.get(event.client_id)
        if order is not None:
            if order.protects:
                self.stops.refused(order, event.reason, self.state)
            else:
                self.orchestrator.execution.rejected(order)
            self._effects.extend(self._listing.refused(event))
            if order.intent.purpose is Purpose.FLATTEN and not self._passes.open:
                self._effects.extend(self._passes.take("kill"))  # somebody else may have sold it meanwhile

    def _triggered(self, event: OrderTriggered) -> None:
        order = self.state.orders.open.get(event.client_id)
        if order is not None:
            self._make_way(order.intent)  # until now it could meet nobody

    def _doubt(self, event: OrderUncertain | CancelRejected | ReplaceRejected | TradeBusted) -> None:
        self._effects.extend(self._passes.take("unknown"))

    def _stream(self, event: FeedStatus) -> None:
        if event.stream != "user" or self.state.recovering:
            return
        if not event.connected:
            closed = self.state.control.close_gate("venue", blind(self.state), event.at)
            self._decisions.extend(closed)
        self._effects.extend(self._passes.take("stream"))

    def _flow(self, event: FlowSeen) -> None:
        self._decisions.extend(self._adjuster.flow(event))

    def _funding(self, event: FundingSeen) -> None:
        self._decisions.extend(self._adjuster.funding(event))

    def _doubted(self, event: AccountDoubted) -> None:
        self._effects.extend(self._passes.look_again())

    def _rules(self, event: RulesRead) -> None:
        self._listing.read(event)
        self._decisions.extend(judge(self.state))

    def _tick(self, event: Ticked) -> None:
        state = self.state
        state.feed_age = event.feed_age_ns
        before = len(self._decisions)
        self._freshness.look(event)
        self._decisions.extend(judge(state))
        if event.journal or JOURNAL in state.control.gates:
            self._decisions.extend(judge_disk(state, event))
        self._decisions.extend(self.breakers.tick(event.at, state))
        self._decisions.extend(self.orchestrator.calibrator.tick(event.at, state))
        self._decisions.extend(self.guardian.tick(event, state))
        self._decisions.extend(self._counter.tick(event.at))
        self._decisions.extend(self.tail.tick(event.at, state, self.orchestrator.risk.limits.assets))
        self._after_modes(before)
        if not state.opening_equity and state.ledger.opened and (equity := state.equity()) == equity:
            state.opening_equity = equity
            state.equity_peak = max(state.equity_peak, state.opening_equity)
        self._decisions.extend(self._downsizer.sell())
        self._work(self._downsizer.withdraw(self.orchestrator.risk.limits.forced_sale_over))
        reason = self.guardian.stop_reason(state)
        if reason:
            self._effects.append(TripLatch(KillLevel.FLATTEN.value, "trigger", reason))
        self._work(self.orchestrator.proceed(state, self._sequence))
        self._keep_stops()
        self._effects.extend(self._passes.due(event.at, self._flat.pending))
        self._effects.extend(self._listing.due())

    def _account(self, event: AccountReported) -> None:
        done = next(d for d in reversed(self._decisions) if isinstance(d, Reconciled))
        for order in returned(self.state, self._decisions):
            self._withdraw(order, "cancelled before, and open again")
        decisions, effects = self._passes.folded(event, done)
        self._decisions.extend(decisions)
        self._effects.extend(effects)
        self._read_flat()

    # commands and modes

    def _command(self, event: CommandGiven) -> None:
        reply = self._commands.reply(event.command, Asked(event.actor or "somebody", self._sequence))
        if reply.closing:
            self._close(reply.closing)
        before = len(self._decisions)
        self._effects.extend(reply.effects)
        self._decisions.extend(reply.decisions)
        self._work(reply.steps)
        if reply.look:
            self._effects.extend(self._passes.take(ASKED))
        self._decisions.extend(judge(self.state))
        answer = Answer(event.id, reply.accepted, reply.message, self._sequence, reply.review, reply.asks)
        self._decisions.append(CommandAnswered(answer))
        self._after_modes(before)
        if any(isinstance(d, LimitsChanged) for d in reply.decisions):
            self._work(self._downsizer.withdraw(0.0))

    def _latch(self, event: LatchTripped) -> None:
        before = len(self._decisions)
        self._decisions.extend(self.guardian.latch(event, self.state))
        self._flat.begin()
        self.state.orders.cancel_anew()
        self.orchestrator.execution.begin_flatten()
        self.orchestrator.execution.forget_entries(self.state)
        if self.state.control.withdraws_exits:
            self._decisions.extend(self.orchestrator.execution.forget_closes(self.state))
        self._after_modes(before)
        self._work(self.orchestrator.proceed(self.state, self._sequence))
        # A flatten with nothing to cancel asks once it is flat: a pass now would only delay that one.
        control = self.state.control
        if self.state.orders.open or control.guarded or not control.permissions.flattens:
            self._effects.extend(self._passes.take("kill"))

    def _after_modes(self, before: int) -> None:
        """What a mode change does to open things (the mode table)."""
        control = self.state.control
        for change in [d for d in self._decisions[before:] if isinstance(d, ModeChanged)]:
            if change.after == Mode.DEFENSIVE.value:
                if not control.halved:
                    kept = self.guardian.rules.kept
                    self._decisions.extend(self.orchestrator.execution.reduce(self.state, kept))
                control.halved = True
            elif not control.permissions.entries:
                self.orchestrator.execution.forget_entries(self.state)
        if control.halved and control.mode is Mode.NORMAL:
            control.halved = False

    def _withdraw_unwanted(self) -> None:
        """Cancel what the present mode, latch or closing no longer allows to be open."""
        state, control = self.state, self.state.control
        reasons = control.latched or control.gates or state.closing or state.stale_since
        if not reasons and control.permissions.keeps_entries and not self._commands.unwants:
            return  # nearly always: no order has to be asked for
        for order in list(self.state.orders.open.values()):
            reason = self._unwanted(order)
            if reason:
                self._withdraw(order, reason)

    def _unwanted(self, order: Order) -> str:
        state = self.state
        control, purpose = state.control, order.intent.purpose
        if asked := self._commands.unwanted(order):
            return asked
        if state.recovering and not control.latched:
            return ""
        if control.latched and (order.increases_risk or control.withdraws_exits):
            return "kill" if purpose is not Purpose.FLATTEN else ""
        intent = order.intent
        if control.gates and purpose is not Purpose.FLATTEN:
            gate = control.killed(*state.scopes(intent.strategy, intent.instrument))
            if gate is not None and (order.increases_risk or gate.level != KillLevel.HALT.value):
                return f"kill {gate.level} of {gate.scope}"
        if order.increases_risk and not control.permissions.keeps_entries:
            return f"mode {control.mode.value}"
        if (
            order.increases_risk
            and control.gates
            and not order.unknown
            and (gate := control.blocked(*state.scopes(intent.strategy, intent.instrument)))
        ):
            return f"{gate.scope} is closed: {gate.reason}"
        if order.protects:
            return ""  # what isn't sent any more and what nobody watches needs its stop all the more
        if (
            order.intent.time_in_force is not TimeInForce.IOC
            and purpose is not Purpose.FLATTEN
            and not order.intent.ticket
            and (silence := pulled(state, order.intent.instrument))
        ):
            return silence
        return "closing" if state.closing else ""

    def _withdraw(self, order: Order, reason: str) -> None:
        """One cancel at a time; an order still on its way is cancelled once the venue has it."""
        now = self.state.now
        waits = order.pending_cancel and _just(order.cancel_sent_at, now)
        refused = now < order.cancel_after <= now + CANCEL_AGAIN_MAX
        if order.phase is Phase.QUEUED or waits or refused:
            return
        if order.phase is Phase.INFLIGHT and _just(order.sent_at, now):
            return
        self._decisions.extend(self.state.orders.cancel_sent(order.intent.client_id, now, reason))
        self._effects.append(WithdrawOrder(order.intent.client_id, order.intent.instrument, reason))

    def _keep_stops(self, instrument: str = "") -> None:
        """What the stops need now; a position that one of them sells leaves in this very step."""
        if not self.stops.concerned(self.state):
            return
        before = len(self._decisions)
        self._work(self.stops.look(self.state, self._sequence, instrument))
        if any(type(d) is Noted and d.kind == "STOP" for d in self._decisions[before:]):
            self._work(self.orchestrator.proceed(self.state, self._sequence, instrument or None))

    def _work(self, steps: Iterable[StopStep]) -> None:
        """Intents enter the state in this very step, so that their exposure is reserved at once."""
        for step in steps:
            if isinstance(step, OrderIntent):
                self._plan(step)
            elif isinstance(step, Withdrawal):
                self._withdraw(step.order, step.reason)
            else:
                self._decisions.append(step)
        self._verify_flat()

    def _plan(self, intent: OrderIntent) -> None:
        state = self.state
        breach = self.orchestrator.risk.admit(intent, state)
        if breach is not None:
            self._decisions.append(OrderBlocked(intent, breach))
            if breach.limit == "self-trade" and intent.purpose is Purpose.EXIT and not intent.ticket:
                self._make_way(intent)
            return
        self._within_parent(intent)
        state.plan(intent)
        self._decisions.append(OrderPlanned(intent))
        self._effects.append(SubmitOrder(intent))

    def _within_parent(self, child: OrderIntent) -> None:
        """What a strategy holds and all that may still fill for it stays within its target, with this order.

        No limit would notice a few times too much of little: it is compared with what was entered (F52).
        """
        if child.purpose is not ENTRY or child.ticket:
            return
        state, sleeve = self.state, (child.strategy, child.instrument)
        parent = self.orchestrator.execution.parent(*sleeve)
        would_hold = state.ledger.sleeve(*sleeve).quantity + child.quantity
        for order in state.orders.working(*sleeve):
            if order.intent.side is BUY:
                would_hold += order.reserved
        assert parent is not None and would_hold <= parent, (
            f"{child.strategy} would hold {would_hold} of the {parent} that were approved"
        )

    def _make_way(self, leaving: OrderIntent) -> None:
        """Entries of our own that an exit would trade with are cancelled first; it is asked for again."""
        for order in list(meets(leaving, self.state)):
            other, execution = order.intent, self.orchestrator.execution
            execution.forget_entries(self.state, other.instrument, other.strategy)
            self._withdraw(order, f"{leaving.strategy} leaves, and would meet it")

    def _verify_flat(self) -> None:
        """Flat here: have the venue say so, as fast as it answers; no longer flat: say that."""
        if not (self.state.control.permissions.flattens or self._flat.asked):
            return  # nothing is to be flat, and no count of passes to forget
        if lost := self._flat.lost():
            self._decisions.append(Noted("KILL", "error", lost))
        if not self._passes.open and self._flat.wants_pass():
            self._effects.extend(self._passes.take("kill"))

    def _read_flat(self) -> None:
        """A pass is in: it may have completed the proof, or another one is asked at once."""
        if not self._flat.read():
            self._verify_flat()
            return
        self._decisions.append(Noted("KILL", "warn", self._flat.sentence()))
        if self.state.control.level == KillLevel.DISCONNECT.value:
            self._effects.append(Disconnect("kill level disconnect"))


@cache
def _name(kind: type[msgspec.Struct]) -> str:
    """Of a kind of event, as audits and journals call it."""
    return str(kind.__struct_config__.tag)


def _touched(decisions: list[Decision]) -> bool:
    """Whether something became of an order."""
    return not _TOUCHING.isdisjoint(map(type, decisions))


def _just(then: int, now: int) -> bool:
    """Whether it was a moment ago; what our clock says is still to come was before it was set back."""
    return 0 <= now - then < CANCEL_PATIENCE


def _alerted(state: State, event: Trade) -> list[Noted]:
    """What this print tells those who set an alert on it."""
    instrument = state.instruments[event.instrument]
    last, notes = plain(instrument.price(event.price)), list[Noted]()
    for alert in state.alerts.on_trade(event.instrument, event.price, event.at):
        moved = f"{instrument.name} {'rose' if alert.above else 'fell'} to {last}"
        text = f"{moved}: alert {alert.id} at {plain(alert.price)} by {alert.set_by}"
        notes.append(Noted("ALERT", "warn", text))
    return notes
