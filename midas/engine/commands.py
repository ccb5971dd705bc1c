"""What the doors may ask: one handler a command, the same for every door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from midas.agents.execution_agent import Withdrawal
from midas.agents.guardian import Guardian
from midas.agents.orchestrator import Orchestrator
from midas.domain.command import (
    Acknowledge,
    AddAlert,
    CancelOrder,
    Command,
    DropAlert,
    Kill,
    Resume,
    SetMode,
    Stop,
)
from midas.domain.mode import KillLevel, Mode
from midas.engine.effect import ReleaseLatch, TripLatch
from midas.engine.reply import Asked, Reply
from midas.state.control import LEVELS
from midas.state.state import State


class Commands:
    """Answers commands; what they lead to is performed by the engine, in the step that heard them."""

    def __init__(self, state: State, orchestrator: Orchestrator, guardian: Guardian) -> None:
        self._state = state
        self._orchestrator = orchestrator
        self._guardian = guardian
        self._handlers: dict[type, Callable[[Any, Asked], Reply]] = {
            SetMode: self._set_mode,
            Kill: self._kill,
            Resume: self._resume,
            CancelOrder: self._cancel,
            AddAlert: self._alert,
            DropAlert: self._alert,
            Acknowledge: self._alert,
            Stop: self._stop,
        }

    def reply(self, command: Command, asked: Asked) -> Reply:
        """What is said and done about one command."""
        handler = self._handlers.get(type(command))
        if handler is None:
            return Reply(False, f"this engine doesn't know the command {type(command).__name__}")
        return handler(command, asked)

    def _set_mode(self, command: SetMode, asked: Asked) -> Reply:
        if command.mode.strip().upper() == Mode.EMERGENCY.value:
            trip = TripLatch(KillLevel.HALT.value, asked.actor, command.reason or "mode EMERGENCY")
            return Reply(True, "halt latched; choose a kill level to flatten", effects=[trip])
        accepted, message, decisions = self._guardian.set_mode(command, asked.actor, self._state)
        return Reply(accepted, message, decisions=decisions)

    def _kill(self, command: Kill, asked: Asked) -> Reply:
        if command.level not in LEVELS:
            return Reply(False, f"there is no kill level {command.level!r}; there are {', '.join(LEVELS)}")
        trip = TripLatch(command.level, asked.actor, command.reason)
        return Reply(True, f"kill level {command.level}", effects=[trip])

    def _resume(self, command: Resume, asked: Asked) -> Reply:
        accepted, message, decisions = self._guardian.resume(command, asked.actor, self._state)
        released = accepted and command.confirmed
        effects = [ReleaseLatch(asked.actor, command.reason)] if released else []
        return Reply(accepted, message, decisions=decisions, effects=[*effects])

    def _cancel(self, command: CancelOrder, asked: Asked) -> Reply:
        order = self._state.orders.open.get(command.client_id)
        if order is None:
            return Reply(False, f"order {command.client_id} isn't open")
        sentence = f"cancel of {command.client_id} sent"
        return Reply(True, sentence, steps=[Withdrawal(order, "asked for by a person")])

    def _alert(self, command: AddAlert | DropAlert | Acknowledge, asked: Asked) -> Reply:
        state = self._state
        accepted, message = state.alerts.obey(command, asked.actor, state.now, state.markets)
        return Reply(accepted, message)

    def _stop(self, command: Stop, asked: Asked) -> Reply:
        sentence = "stopping: orders are withdrawn and the account is reconciled"
        return Reply(True, sentence, closing=command.reason or asked.actor)
