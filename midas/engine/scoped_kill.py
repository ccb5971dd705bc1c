"""Kills of less than everything: one order, strategy, instrument or venue; the rest goes on.

A scope is stopped by its gate, which a person closes and only a person opens: it outlives restarts as a
pause does. What the level takes away - orders, positions - follows from the gate in every step, so that a
crash in the middle forgets nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from midas.agents.orchestrator import Orchestrator
from midas.domain.command import CancelOrder, Kill, Resume, reasoned
from midas.domain.decision import Noted
from midas.domain.instrument import Instrument
from midas.domain.mode import KillLevel, Mode
from midas.domain.money import ZERO
from midas.domain.order import Purpose
from midas.engine.kill_preview import positions, residual
from midas.engine.reply import Asked, Reply
from midas.errors import OrderInvalid
from midas.execution.wanted import instrument_named, shown
from midas.state.control import LEVELS, Gate
from midas.state.ledger import Sleeve
from midas.state.state import BY_HAND, State

ORDER, STRATEGY, INSTRUMENT, VENUE = SCOPES = ("order", "strategy", "instrument", "venue")
Cancel = Callable[[CancelOrder, Asked], Reply]


class ScopedKills:
    """Answers kills and releases that name a scope."""

    def __init__(self, state: State, orchestrator: Orchestrator, cancel: Cancel) -> None:
        self._state = state
        self._orchestrator = orchestrator
        self._cancel = cancel
        self._reviewed: dict[str, Gate] = {}  # what a person has been shown

    def kill(self, command: Kill, asked: Asked) -> Reply:
        """Close the scope's gate, or only say what that would do. Raises OrderInvalid."""
        if command.level == KillLevel.DISCONNECT.value:
            return Reply(False, "level disconnect leaves the venue: it has no scope but all")
        if command.scope == ORDER:
            return self._order(command, asked)
        gate, what = self._named(command.scope, command.name)
        standing = self._state.control.gates.get(gate)
        if standing is not None and LEVELS.index(standing.level or LEVELS[0]) > LEVELS.index(command.level):
            return Reply(True, f"{what} is {standing.reason} already")
        effect = self._effect(gate, command.level)
        if command.preview:
            return Reply(True, f"kill {command.level} of {what}: {effect}; everything else goes on")
        why = f": {reason}" if (reason := command.reason.strip()) else ""
        stopped = f"killed ({command.level}) by {asked.actor}{why}"
        control, execution = self._state.control, self._orchestrator.execution
        instrument = gate if gate in self._state.instruments else ""
        strategy = gate if command.scope == STRATEGY else ""
        execution.forget_entries(self._state, instrument, strategy)
        closed = [*control.close_gate(gate, stopped, self._state.now, asked.actor, command.level)]
        ended = execution.forget_closes(self._state, gate) if command.level != KillLevel.HALT.value else []
        note = Noted("KILL", "error", f"{what} {stopped}")
        steps = self._orchestrator.proceed(self._state, asked.sequence)
        return Reply(True, f"{what} {stopped}: {effect}", decisions=[note, *closed, *ended], steps=steps)

    def reopen(self, command: Resume, asked: Asked) -> Reply:
        """The review; confirmed after it, the scope may trade again. Raises OrderInvalid."""
        if command.scope == ORDER:
            return Reply(False, "an order that was killed is gone: there is nothing to open")
        gate_name, what = self._named(command.scope, command.name)
        gate = self._state.control.gates.get(gate_name)
        if gate is None or not gate.by:
            return Reply(False, f"nobody has stopped {what}")
        if not reasoned(command.reason):
            return Reply(False, "opening it again needs a reason of at least 3 letters")
        if not command.confirmed:
            self._reviewed[gate_name] = gate
            return Reply(True, f"{what} is {gate.reason}; {self._holds(gate)}; confirm to let it trade again")
        if self._reviewed.pop(gate_name, None) != gate:
            return Reply(False, "resume takes two steps: ask without confirming first, and read the review")
        note = Noted("KILL", "warn", f"{what} opened again by {asked.actor}: {command.reason.strip()}")
        opened = self._state.control.open_gate(gate_name, asked.actor)
        return Reply(True, f"{what} may open new risk again", decisions=[note, *opened])

    def _order(self, command: Kill, asked: Asked) -> Reply:
        if KillLevel(command.level).mode is Mode.EMERGENCY:
            return Reply(False, "an order has no position to flatten: levels halt and all withdraw it")
        if command.preview:
            return Reply(True, "the order is withdrawn; everything else goes on")
        return self._cancel(CancelOrder(command.name), asked)

    def _named(self, scope: str, name: str) -> tuple[str, str]:
        """(gate, what a person calls it). Raises OrderInvalid."""
        instruments = list(self._state.instruments.values())
        if scope == INSTRUMENT:
            found = instrument_named(name, instruments)
            return found.id, found.name
        if scope == STRATEGY:
            return (known := self._one(name, self._strategies(), scope)), f"strategy {known}"
        if scope == VENUE:
            return (known := self._one(name, _venues(instruments), scope)), f"venue {known}"
        raise OrderInvalid(
            f"there is no scope {shown(scope)}; there are {', '.join(SCOPES)}, and none for all"
        )

    def _strategies(self) -> list[str]:
        return list(dict.fromkeys((*self._orchestrator.strategies.enrolled, *BY_HAND)))

    def _one(self, text: str, known: list[str], what: str) -> str:
        wanted = text.strip().lower()
        for name in known:
            if name.lower() == wanted:
                return name
        raise OrderInvalid(f"there is no {what} {shown(text)}; there are {', '.join(known)}")

    def _effect(self, gate: str, level: str) -> str:
        """What it takes away, by our own book."""
        orders = [
            o for o in self._state.orders.open.values()
            if self._behind(gate, o.intent.strategy, o.intent.instrument)
            and o.intent.purpose is not Purpose.FLATTEN
            and (level != KillLevel.HALT.value or o.increases_risk)
        ]  # fmt: skip
        held = [s for s in residual(self._state) if self._behind(gate, s.strategy, s.instrument)]
        withdrawn = f"{len(orders)} order{'' if len(orders) == 1 else 's'} withdrawn"
        if not held:
            return f"{withdrawn}, no position in it"
        what = positions(self._state, held)
        if KillLevel(level).mode is Mode.EMERGENCY:
            return f"{withdrawn}, closed: {what}, worth about {self._worth(held):,.2f} {self._state.quote}"
        managed = "its exits are managed" if level == KillLevel.HALT.value else "without an exit order"
        return f"{withdrawn}; {what} stays, {managed}"

    def _holds(self, gate: Gate) -> str:
        orders = sum(
            self._behind(gate.scope, o.intent.strategy, o.intent.instrument)
            for o in self._state.orders.open.values()
        )  # fmt: skip
        held = [s for s in residual(self._state) if self._behind(gate.scope, s.strategy, s.instrument)]
        return f"open orders {orders}, positions {positions(self._state, held) or 'none'}"

    def _behind(self, gate: str, strategy: str, instrument: str) -> bool:
        return gate in self._state.scopes(strategy, instrument)

    def _worth(self, held: list[Sleeve]) -> Decimal:
        worth = sum((float(s.quantity) * self._state.markets[s.instrument].mark for s in held), 0.0)
        return Decimal(repr(worth)) if worth == worth else ZERO


def reopening(state: State, gate: Gate) -> str:
    """The command by which a person opens what a person closed; empty where it opens by itself."""
    if not gate.by:
        return ""
    instrument = state.instruments.get(gate.scope)
    if instrument is not None:
        return f"midas resume WHY --{INSTRUMENT} {instrument.name}"
    if gate.scope in _venues(list(state.instruments.values())):
        return f"midas resume WHY --{VENUE} {gate.scope}"
    if gate.level:
        return f"midas resume WHY --{STRATEGY} {gate.scope}"
    return f"midas strategy {gate.scope} resume"


def _venues(instruments: list[Instrument]) -> list[str]:
    return sorted({instrument.venue for instrument in instruments})
