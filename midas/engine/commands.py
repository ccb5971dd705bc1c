"""What the doors may ask: one handler a command, the same for every door."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from midas.agents.execution_agent import Step
from midas.agents.guardian import Guardian
from midas.agents.orchestrator import Orchestrator
from midas.costs import CostModel
from midas.domain.command import (
    AcceptBreak,
    Acknowledge,
    AddAlert,
    AmendOrder,
    CancelEntries,
    CancelOrder,
    ClosePosition,
    Command,
    DropAlert,
    Kill,
    PlaceOrder,
    Reconcile,
    Reload,
    Resume,
    SetMode,
    SetStrategy,
    Stop,
)
from midas.domain.decision import AmendmentMoved, Anomaly, Decision, Noted
from midas.domain.mode import KillLevel, Mode
from midas.engine.adjusting import Adjuster
from midas.engine.alarms import known
from midas.engine.amending import AmendDesk
from midas.engine.closing import CloseDesk
from midas.engine.effect import ReleaseLatch, TripLatch
from midas.engine.lookup import SHORT, enters_again, open_order
from midas.engine.manual import ManualDesk
from midas.engine.reloading import Reloader
from midas.engine.reply import Asked, Reply
from midas.engine.review import Reviewer
from midas.engine.scoped_kill import STRATEGY, ScopedKills
from midas.errors import OrderInvalid
from midas.execution.wanted import amount, instrument_named, shown
from midas.risk.tail import TailDesk
from midas.state.alerts import NAME
from midas.state.control import LEVELS
from midas.state.order import Order
from midas.state.state import State

BY_PERSON = "asked for by a person"
BEFORE = "withdrawn in the last session"
HALTED = "halt latched, mode PAUSE; EMERGENCY closes positions only with `midas kill --level flatten`"


class Commands:
    """Answers commands; what they lead to is performed by the engine, in the step that heard them."""

    def __init__(
        self,
        state: State,
        orchestrator: Orchestrator,
        guardian: Guardian,
        costs: CostModel,
        adjuster: Adjuster,
        tail: TailDesk,
    ) -> None:
        self._state = state
        self._orchestrator = orchestrator
        self._guardian = guardian
        self._unwanted: dict[str, str] = {}  # orders that a person wants cancelled, until they are closed
        reviewer = Reviewer(state, orchestrator.risk, costs, tail)
        self._manual = ManualDesk(state, orchestrator.risk, orchestrator.execution, reviewer)
        self._amending = AmendDesk(state, orchestrator.risk, self._manual, reviewer)
        self._closing = CloseDesk(state, orchestrator, reviewer)
        self._reloading = Reloader(orchestrator.risk, tail)
        self._scoped = ScopedKills(state, orchestrator, self._cancel)
        self._handlers: dict[type, Callable[[Any, Asked], Reply]] = {
            SetMode: self._set_mode,
            Kill: self._kill,
            Resume: self._resume,
            PlaceOrder: self._place,
            AmendOrder: self._amending.amend,
            CancelOrder: self._cancel,
            CancelEntries: self._cancel_entries,
            ClosePosition: self._close_position,
            SetStrategy: self._set_strategy,
            AddAlert: self._alert,
            DropAlert: self._alert,
            Acknowledge: self._acknowledge,
            AcceptBreak: adjuster.accept,
            Reconcile: self._take_pass,
            Reload: self._reloading.reload,
            Stop: self._stop,
        }

    def reply(self, command: Command, asked: Asked) -> Reply:
        """What is said and done about one command."""
        handler = self._handlers.get(type(command))
        if handler is None:
            return Reply(False, f"this engine doesn't know the command {type(command).__name__}")
        try:
            return handler(command, asked)
        except OrderInvalid as error:
            return Reply(False, str(error))

    def waiting(self, kinds: Collection[type]) -> bool:
        """Whether `follow` has anything to look at among decisions of these kinds."""
        return Anomaly in kinds or bool(self._amending.pending or self._manual.waiting)

    def follow(self, decisions: list[Decision], sequence: int) -> Iterator[Step]:
        """What earlier commands lead to after this event, whose decisions so far are given."""
        late = [d.subject for d in decisions if type(d) is Anomaly and d.kind == "late_fill"]
        for client_id in dict.fromkeys(late):  # one pass may tell several fills of one order
            yield from self._amending.on_late_fill(client_id, decisions)
        if self._amending.pending:
            yield from self._amending.follow(sequence)
        if self._manual.waiting:
            yield from self._manual.follow(sequence)

    @property
    def concerned(self) -> bool:
        """Whether any order of an earlier command may lead to something, whatever happens."""
        return bool(self._unwanted or self._amending.pending or self._manual.waiting)

    @property
    def unwants(self) -> bool:
        """Whether a person has lately wanted any order cancelled."""
        return bool(self._unwanted)

    def unwanted(self, order: Order) -> str:
        """Why a person wants this order cancelled; empty where nobody does."""
        return self._unwanted.get(order.intent.client_id, "")

    def opened(self) -> None:
        """A session begins: what a person's order was withdrawn for in the last one holds still."""
        orders = self._state.orders.open.values()
        self._unwanted = {o.intent.client_id: BEFORE for o in orders if o.withdrawn and o.intent.ticket}

    def _set_mode(self, command: SetMode, asked: Asked) -> Reply:
        if command.mode.strip().upper() == Mode.EMERGENCY.value:
            trip = TripLatch(KillLevel.HALT.value, asked.actor, command.reason or "mode EMERGENCY")
            return Reply(True, HALTED, effects=[trip])
        asks = self._guardian.asks(command, self._state)
        accepted, message, decisions = self._guardian.set_mode(command, asked.actor, self._state)
        return Reply(accepted, message, decisions=decisions, asks=asks)

    def _kill(self, command: Kill, asked: Asked) -> Reply:
        if command.level not in LEVELS:
            return Reply(False, f"there is no kill level {command.level!r}; there are {', '.join(LEVELS)}")
        if command.scope:
            return self._scoped.kill(command, asked)
        trip = TripLatch(command.level, asked.actor, command.reason)
        return Reply(True, f"kill level {command.level}", effects=[trip])

    def _resume(self, command: Resume, asked: Asked) -> Reply:
        if command.scope:
            return self._scoped.reopen(command, asked)
        accepted, message, decisions = self._guardian.resume(command, asked.actor, self._state)
        released = accepted and command.confirmed
        effects = [ReleaseLatch(asked.actor, command.reason)] if released else []
        behind = not accepted and self._state.control.guarded  # what the guard did isn't all booked
        return Reply(accepted, message, decisions=decisions, effects=[*effects], look=behind)

    def _place(self, command: PlaceOrder, asked: Asked) -> Reply:
        return self._amending.became(command.ticket) or self._manual.place(command, asked)

    def _cancel(self, command: CancelOrder, asked: Asked) -> Reply:
        order = open_order(command.client_id, self._state)
        intent, short = order.intent, order.intent.client_id[-SHORT:]
        after = ""
        if not intent.ticket:
            leaving = f"{intent.strategy} is leaving and sends another one"
            after = f"; {enters_again(intent.strategy)}" if order.increases_risk else f"; {leaving}"
            if order.protects:
                after = "; a position isn't left without its stop: it is placed again"
        if order.increases_risk:
            execution = self._orchestrator.execution
            execution.forget_entries(self._state, intent.instrument, intent.strategy)
        return Reply(True, f"{short} is being cancelled{after}", steps=self._withdraw([order]))

    def _cancel_entries(self, command: CancelEntries, asked: Asked) -> Reply:
        state, wanted = self._state, command.instrument.strip()
        instrument = instrument_named(wanted, state.instruments.values()) if wanted else None
        where = instrument.id if instrument is not None else ""
        entries = [
            o for o in state.orders.open.values()
            if o.increases_risk and o.intent.instrument == (where or o.intent.instrument)
        ]  # fmt: skip
        self._orchestrator.execution.forget_entries(state, where)
        steps = self._withdraw(entries)
        if not entries:
            return Reply(
                True, f"no entry is open{f' in {instrument.name}' if instrument else ''}", steps=steps
            )
        ids = ", ".join(o.intent.client_id[-SHORT:] for o in entries)
        return Reply(True, f"entries being cancelled: {ids}; strategies may enter again", steps=steps)

    def _withdraw(self, orders: list[Order]) -> list[AmendmentMoved | Noted]:
        """Until each of them is closed it is asked for; nothing is sent in the place of one."""
        self._unwanted = {i: why for i, why in self._unwanted.items() if i in self._state.orders.open}
        self._unwanted |= {order.intent.client_id: BY_PERSON for order in orders}
        return [note for o in orders for note in self._amending.forget(o.intent.client_id, BY_PERSON)]

    def _close_position(self, command: ClosePosition, asked: Asked) -> Reply:
        reply = self._closing.close(command, asked)
        if command.confirmed and reply.accepted:
            for order in list(self._state.orders.open.values()):
                if self._orchestrator.execution.closes(order.intent.strategy, order.intent.instrument):
                    reply.decisions += self._amending.forget(order.intent.client_id, "its position is closed")
        return reply

    def _set_strategy(self, command: SetStrategy, asked: Asked) -> Reply:
        state, enrolled = self._state, self._orchestrator.strategies.enrolled
        wanted = command.name.strip().lower()
        name = next((known for known in enrolled if known.lower() == wanted), None)
        if name is None:
            names = ", ".join(enrolled) or "none"
            return Reply(False, f"there is no strategy {shown(command.name)}; there are {names}")
        gate = state.control.paused(name)
        if not command.running:
            if gate is not None:
                return Reply(True, f"{name} is {gate.reason} already")
            why = f": {reason}" if (reason := command.reason.strip()) else ""
            state_reason = f"paused by {asked.actor}{why}"
            self._orchestrator.execution.forget_entries(state, strategy=name)
            closed = state.control.close_gate(name, state_reason, state.now, asked.actor)
            return Reply(True, f"{name} opens nothing new; its exits are managed", decisions=[*closed])
        if failed := enrolled[name].failed:
            return Reply(
                False, f"{name} is switched off ({failed}): a new start of the engine loads it again"
            )
        if gate is None:
            return Reply(True, f"{name} isn't paused")
        if gate.level:
            return self._scoped.reopen(Resume(command.reason, command.confirmed, STRATEGY, name), asked)
        if not command.confirmed:
            return Reply(True, f"{name} is {gate.reason}; confirm to let it open new risk again")
        opened = state.control.open_gate(name, asked.actor)
        return Reply(True, f"{name} may open new risk again", decisions=[*opened])

    def _alert(self, command: AddAlert | DropAlert | Acknowledge, asked: Asked) -> Reply:
        state = self._state
        if isinstance(command, AddAlert):
            amount(command.price, "price")  # an exponent of millions would stop the engine
        accepted, message = state.alerts.obey(command, asked.actor, state.now, state.markets)
        return Reply(accepted, message)

    def _acknowledge(self, command: Acknowledge, asked: Asked) -> Reply:
        name = command.name
        if name and not name.startswith(NAME) and not known(name, self._state, self._orchestrator.strategies):
            return Reply(False, f"there is no alarm {shown(name)} now")
        return self._alert(command, asked)

    def _take_pass(self, command: Reconcile, asked: Asked) -> Reply:
        return Reply(True, "the account is being compared with the venue", look=True)

    def _stop(self, command: Stop, asked: Asked) -> Reply:
        sentence = "stopping: orders are withdrawn and the account is reconciled"
        return Reply(True, sentence, closing=command.reason or asked.actor)
