"""Full passes over the account: when one is due, and what the evidence of one means for the desk."""

from __future__ import annotations

from midas.agents.execution_agent import PREFIX
from midas.domain.decision import Decision, Noted, Reconciled
from midas.domain.event import AccountReported
from midas.domain.order import Phase
from midas.domain.time import SECOND
from midas.engine.effect import Effect, StopRuntime, TakeAccount, WithdrawOrder
from midas.state.state import State

START_PASSES = 5
STOP_PASSES = 8
PROOF_PASSES = 24  # one a second: an order that never arrived is proven absent after about 17 s
DOUBT_EVERY = 2 * SECOND
PASS_PATIENCE = 10 * SECOND  # for a pass that brings nothing: it has failed

Outcome = tuple[list[Decision], list[Effect]]


class Passes:
    """Counts them; asked by the engine, which performs what they lead to."""

    def __init__(self, state: State, audit_every: int) -> None:
        self._state = state
        self._audit_every = audit_every
        self._count = 0
        self._clean = 0
        self._asked_at = 0
        self.open = False  # one was asked for and has not come
        self._differed: frozenset[str] = frozenset()
        self._stopped = False

    def take(self, purpose: str) -> list[Effect]:
        """Ask for one now."""
        self.open, self._asked_at = True, self._state.now
        return [TakeAccount(purpose)]

    def look_again(self) -> list[Effect]:
        """Something isn't explained by what is known here: one at once, unless one is on its way."""
        return [] if self._state.recovering or self.open else self.take("stream")

    def begin_closing(self) -> None:
        """The session ends: those until now don't count."""
        self._count = 0

    def due(self, at: int, flat_pending: bool) -> list[Effect]:
        """While doubts last, when closing, and on the audit's rhythm."""
        state, waited = self._state, at - self._asked_at
        if self.open and waited < (DOUBT_EVERY if flat_pending else PASS_PATIENCE):
            return []
        if state.recovering:
            return self.take("start")
        if state.closing:
            settled = all(o.phase is not Phase.QUEUED for o in state.orders.open.values())
            return self.take("stop") if settled and not self._stopped else []
        if flat_pending and waited >= DOUBT_EVERY:
            return self.take("kill")
        if state.orders.unknown and waited >= DOUBT_EVERY:
            return self.take("unknown")
        return self.take("audit") if waited >= self._audit_every else []

    def folded(self, event: AccountReported, done: Reconciled) -> Outcome:
        """One has been folded into the state: what that leads to."""
        self.open = False
        disowned = self._disowned(event)
        if self._state.recovering:
            decisions, effects = self._recovered(done)
        elif self._state.closing:
            decisions, effects = [], self._finished(done)
        else:
            decisions, effects = self._compared(done), []
        return decisions, [*disowned, *effects]

    def _recovered(self, done: Reconciled) -> Outcome:
        """E8: passes repeat until two in a row change nothing; never "does not start"."""
        state = self._state
        self._count += 1
        self._clean = self._clean + 1 if done.equal and not done.changed else 0
        if self._clean < 2 and self._count < START_PASSES:
            return [], self.take("start")
        state.recovering = False
        if done.equal:
            return [Noted("SESSION", "info", f"account reconciled after {self._count} passes")], []
        text = f"account differs: {'; '.join(done.differences)}"
        closed = state.control.close_gate("account", text, state.now)
        return [Noted("SESSION", "error", text), *closed], []

    def _finished(self, done: Reconciled) -> list[Effect]:
        state = self._state
        self._count += 1
        waits_for_proof = bool(state.orders.unknown) and self._count < PROOF_PASSES
        if (done.equal and not state.orders.open) or (self._count >= STOP_PASSES and not waits_for_proof):
            self._stopped = True
            return [StopRuntime("reconciled" if done.equal else "; ".join(done.differences))]
        return []

    def _compared(self, done: Reconciled) -> list[Decision]:
        """A difference must stand in two passes before it closes the gate; one equal pass opens it."""
        control = self._state.control
        # Its figures may move between the passes; what they are about doesn't.
        subjects = frozenset(text.partition(":")[0] for text in done.differences)
        stands, self._differed = bool(subjects & self._differed), subjects
        if done.equal:
            return [*control.open_gate("account")]
        if not stands:
            return []
        text = f"account differs: {'; '.join(done.differences)}"
        return [*control.close_gate("account", text, self._state.now)]

    def _disowned(self, event: AccountReported) -> list[Effect]:
        """An order with our mark that nobody here planned: the journal lost it, so it is withdrawn."""
        return [
            WithdrawOrder(report.client_id, report.instrument, "not in the journal")
            for report in event.open_orders
            if report.client_id.startswith(PREFIX) and self._state.orders.get(report.client_id) is None
        ]
