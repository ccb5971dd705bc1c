"""Full passes over the account: when one is due, and what the evidence of one means for the desk."""

from __future__ import annotations

from decimal import Decimal

from midas.agents.guardian import blind
from midas.domain.decision import Anomaly, Decision, GateMoved, Noted, Reconciled
from midas.domain.event import AccountReported
from midas.domain.money import ZERO, plain
from midas.domain.order import Phase
from midas.domain.time import SECOND
from midas.engine.adjusting import Adjuster
from midas.engine.effect import Effect, StopRuntime, TakeAccount, WithdrawOrder
from midas.engine.gatekeeper import judge
from midas.state.breaks import Kind
from midas.state.order import Order
from midas.state.reconcile import OURS
from midas.state.state import State

START_PASSES = 5
STOP_PASSES = 8
# One a second. An order that never arrived is proven absent after about 17 s; a cancel whose request was
# lost is sent again once it has waited some 10 s for its answer.
PROOF_PASSES = 24
ASKED = "asked"  # the purpose of a pass that a person asked for
FLOWS = "flows"  # the purpose of a pass that also lists deposits and withdrawals
DOUBT_EVERY = 2 * SECOND
BLIND_HURRY = 30 * SECOND  # without the user stream: longer than that, request weight matters more
BLIND_EVERY = 5 * SECOND
PASS_PATIENCE = 10 * SECOND  # for a pass that brings nothing: it has failed

Outcome = tuple[list[Decision], list[Effect]]


class Passes:
    """Counts them; asked by the engine, which performs what they lead to."""

    def __init__(self, state: State, audit_every: int, adjuster: Adjuster) -> None:
        self._state = state
        self._audit_every = audit_every
        self._adjuster = adjuster
        self._count = 0
        self._clean = 0
        self._asked_at = 0
        self._purpose = ""  # of the one asked for last
        self._owed = False  # a person asked while another one, of shorter lists, was on its way
        self.open = False  # one was asked for and has not come
        self._again = False  # something was to be looked for while one was open
        self._stopped = False

    def take(self, purpose: str) -> list[Effect]:
        """Ask for one now; nothing is asked while another one is on its way."""
        self._owed = self.open if purpose == ASKED else self._owed
        self.open, self._again, self._asked_at, self._purpose = True, False, self._state.now, purpose
        return [TakeAccount(purpose)]

    def look_again(self) -> list[Effect]:
        """Something isn't explained by what is known here: one at once, or soon after one on its way.

        That one may have read the list already that would have told it.
        """
        self._again = self._again or self.open
        return [] if self._state.recovering or self.open else self.take("stream")

    def begin_closing(self) -> None:
        """The session ends: those until now don't count."""
        self._count = 0

    @property
    def next_at(self) -> int:
        """When the next one is asked for at the latest."""
        if self.open:
            return self._asked_at + PASS_PATIENCE
        hurried = self._again or self._state.orders.unknown
        return self._asked_at + (DOUBT_EVERY if hurried else self._blind_every or self._audit_every)

    @property
    def _blind_every(self) -> int:
        """How often, where the user stream is down or nothing has told yet what it missed; 0: it isn't."""
        state = self._state
        if not state.stream_doubt or state.recovering:
            return 0
        return DOUBT_EVERY if state.now - state.stream_doubt < BLIND_HURRY else BLIND_EVERY

    def due(self, at: int, flat_pending: bool) -> list[Effect]:
        """While doubts last, when closing, and on the audit's rhythm."""
        self._asked_at = min(self._asked_at, at)  # our clock may have been set back meanwhile
        state, waited = self._state, at - self._asked_at
        if self.open and waited < (DOUBT_EVERY if flat_pending else PASS_PATIENCE):
            return []
        # It has failed. An audit comes again by itself; what any other was to look for is still to be found.
        self._again = self._again or (self.open and self._purpose != "audit")
        if state.recovering:
            return self.take("start")
        if state.closing:
            settled = all(o.phase is not Phase.QUEUED for o in state.orders.open.values())
            return self.take("stop") if settled and not self._stopped else []
        if flat_pending and waited >= DOUBT_EVERY:
            return self.take("kill")
        if state.orders.unknown and waited >= DOUBT_EVERY:
            return self.take("unknown")
        if self._again and waited >= DOUBT_EVERY:
            return self.take("stream")
        if self._blind_every and waited >= self._blind_every:
            return self.take("stream")
        return self.take("audit") if waited >= self._audit_every else []

    def folded(self, event: AccountReported, done: Reconciled) -> Outcome:
        """One has been folded into the state: what that leads to."""
        self.open = False
        owed, self._owed = self._owed and event.purpose != ASKED, False
        effects = self._disowned(event)
        self._see_again(event, done)
        self._again = self._again or bool(done.undecided)
        decisions = self._adjuster.dust()
        told = self._adjuster.listed(event) if event.purpose == FLOWS else []
        decisions += told
        if self._state.recovering:
            decided, asked = self._recovered(done)
            decisions, effects = [*decisions, *decided], [*effects, *asked]
        elif self._state.closing:
            effects = [*effects, *self._finished(done, event.purpose)]
        if owed and not (self._state.recovering or self._state.closing):
            effects = [*effects, *self.take(ASKED)]
        elif told:
            effects = [*effects, *self.take("stream")]
        elif not self._state.recovering and not self._state.closing:
            effects = [*effects, *self._ask_for_flows()]
        return [*decisions, *self._blinded(), *judge(self._state)], effects

    def _blinded(self) -> list[GateMoved]:
        """A stream that was lost while the account was being recovered closes the gate as it opens for us."""
        state = self._state
        if state.recovering or "venue" in state.control.gates or not (reason := blind(state)):
            return []
        return state.control.close_gate("venue", reason, state.now)

    def _ask_for_flows(self) -> list[Effect]:
        """A balance that differs and stands may have moved while nobody listened: asked for once."""
        breaks = self._state.breaks
        new = any(
            k.difference.kind is Kind.ASSET and not k.tried and breaks.standing(n)
            for n, k in breaks.known.items()
        )
        return self.take(FLOWS) if new else []

    def _see_again(self, event: AccountReported, done: Reconciled) -> None:
        """A pass taken since the stream is back that changes nothing tells all that was missed."""
        state, breaks = self._state, self._state.breaks
        explained = not done.undecided and all(breaks.standing(d.name) for d in breaks.open())
        state.user_up_at = min(state.user_up_at, event.at)  # as above: then the next pass tells
        if state.user_up and event.asked >= state.user_up_at and not done.changed and explained:
            state.stream_doubt = 0

    def _recovered(self, done: Reconciled) -> Outcome:
        """E8: passes repeat until two in a row change nothing; never "does not start"."""
        state = self._state
        self._count += 1
        self._clean = self._clean + 1 if done.equal and not done.changed else 0
        if self._clean < 2 and self._count < START_PASSES:
            return [], self.take("start")
        state.recovering = False
        if done.equal:
            text = f"account reconciled after {self._count} passes"
            return [Noted("SESSION", "info", text), *self._unprotected()], []
        state.breaks.stand()
        text = f"account differs: {'; '.join((*done.differences, *done.undecided))}"
        return [Noted("SESSION", "error", text), *self._unprotected()], []

    def _unprotected(self) -> list[Decision]:
        """Nothing at the venue would close these positions while no engine runs: said once a start."""
        held = [
            f"{plain(quantity)} {pair.base}"
            for i, pair in self._state.instruments.items()
            if (quantity := self._without_stop(i)) > ZERO and quantity >= pair.quantity_min
        ]
        text = f"held without a stop order at the venue: {', '.join(held)}"
        return [Noted("SESSION", "info", text)] if held else []

    def _without_stop(self, instrument: str) -> Decimal:
        orders = self._state.orders.of_instrument(instrument)
        protected = sum((o.leaves for o in orders if o.protects and _rests(o)), ZERO)
        return self._state.ledger.position(instrument) - protected

    def _finished(self, done: Reconciled, purpose: str) -> list[Effect]:
        """An audit that was on its way leaves alone what moves: it ends nothing."""
        state = self._state
        self._count += 1
        # A stop stays at the venue with the position that it protects; anything else is withdrawn.
        left = [i for i, o in state.orders.open.items() if not (o.protects and _rests(o))]
        settled = done.equal and not left and purpose != "audit"
        doubted = left or state.orders.unknown
        if settled or self._count >= (PROOF_PASSES if doubted else STOP_PASSES):
            self._stopped = True
            open_still = [f"order {client_id} is left open" for client_id in left]
            lacking = (*done.differences, *done.undecided, *open_still)
            return [StopRuntime("; ".join(lacking) or "reconciled")]
        return []

    def _disowned(self, event: AccountReported) -> list[Effect]:
        """An order with our mark that nobody here planned: the journal lost it, so it is withdrawn.

        Adopting it would need what it was for - strategy, purpose, target - and only the journal knew that.
        """
        return [
            WithdrawOrder(report.client_id, report.instrument, "not in the journal")
            for report in event.open_orders
            if report.client_id.startswith(OURS) and self._state.orders.get(report.client_id) is None
        ]


def _rests(order: Order) -> bool:
    return order.phase is Phase.WORKING and not order.unknown and not order.pending


def returned(state: State, decisions: list[Decision]) -> list[Order]:
    """Orders that we had asked to be cancelled and that stand again: not wanted then, not wanted now."""
    risen = [d.subject for d in decisions if isinstance(d, Anomaly) and d.kind == "resurrected"]
    return [o for i in risen if (o := state.orders.open.get(i)) is not None and o.cancels]
