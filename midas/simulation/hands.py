"""Busy hands on a desk: what a person does in a hurry, here and on the venue's page, and what the guard does.

Each act draws from a chance of its own, made of the seed and its place in the plan, so that leaving another
act out changes nothing of it. What a person was told is kept: a gate that a kill of theirs has closed stays
closed until they ask for it to be opened, and a position that is being closed goes on being closed until the
journal says why not, over every crash.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from midas.domain.command import (
    AcceptBreak,
    Answer,
    ClosePosition,
    Command,
    Kill,
    Reconcile,
    Resume,
    SetMode,
)
from midas.domain.decision import CloseMoved
from midas.domain.mode import KillLevel, Mode
from midas.simulation.desk import Desk, Machine
from midas.simulation.guard import SimGuard
from midas.simulation.page import Page
from midas.simulation.plan import Fault
from midas.simulation.trader import KINDS, Person, scope_of
from midas.state.state import MANUAL

LEVELS = (KillLevel.HALT, KillLevel.ALL, KillLevel.FLATTEN, KillLevel.FLATTEN)
FRIGHT = "a simulated fright"
LOOKED = "looked at it"
FORGOTTEN = "a crash would forget it"  # says an answer whose disk hasn't taken it yet


class Hands:
    """Everything that they do in one world; `do` says whether there was anything to do it to."""

    def __init__(self, seed: int, machine: Machine, person: Person, desk: Callable[[], Desk]) -> None:
        self._seed = seed
        self._machine = machine
        self._person = person
        self._desk = desk
        self._page = Page(machine.venue)
        self._killed: dict[str, str] = {}  # level of each scope's kill, as a person was told
        self._closing: set[tuple[str, str]] = set()  # whose position of what is being closed, as well
        self.guard = SimGuard(machine)

    def do(self, fault: Fault) -> bool:
        """One act of the plan; the guard's comes within its window."""
        chance = random.Random(f"{self._seed} {fault.kind} {fault.at} {fault.rate}")
        where, _, how = fault.kind.partition(".")
        if where == "web":
            return self._page.amend(chance) if how == "amend" else self._page.trade(how, chance)
        if where in ("deposit", "withdrawal"):
            return self._page.move(fault.kind, chance)
        if where == "guard":
            level = chance.choice((KillLevel.HALT, KillLevel.FLATTEN, KillLevel.FLATTEN))
            return self.guard.act(self._desk(), level, fault.until, chance)
        return self._desk().up and self._commands(fault.kind, chance)

    def ask(self, command: Command) -> None:
        """A person's command to the newest desk."""
        if isinstance(command, Resume) and command.confirmed:
            self._killed.pop(command.name, None)
        desk = self._desk()
        desk.command(command, lambda answer: self._told(desk, command, answer))

    def broken(self, desk: Desk) -> Iterator[str]:
        """What a person was told is so, and isn't any more."""
        if not desk.up:
            return
        gates = desk.state.control.gates
        for scope, level in self._killed.items():
            if scope not in gates or not gates[scope].level:
                yield f"{scope} was killed ({level}), nobody opened it again, and it is open"
        for key in sorted(self._closing - desk.state.closes_asked.keys()):
            yield f"{' '.join(key)} is no longer being closed for a person, and nothing has ended that"

    def ended(self, move: CloseMoved) -> None:
        """A close has come to an end, and the journal says so."""
        if not move.waits:
            self._closing.discard((move.strategy, move.instrument))

    def _told(self, desk: Desk, command: Command, answer: Answer) -> None:
        if not answer.accepted or FORGOTTEN in answer.message or not desk.process.alive:
            return
        match command:
            case Kill(scope="strategy" | "instrument" | "venue", name=name, level=level):
                gate = desk.state.control.gates.get(name)
                if gate is not None and gate.level:  # not opened again before this answer came
                    self._killed[name] = level
            case ClosePosition(instrument=instrument, strategy=strategy):
                if (strategy, instrument) in desk.state.closes_asked:
                    self._closing.add((strategy, instrument))

    def _commands(self, kind: str, chance: random.Random) -> bool:
        desk = self._desk()
        engine, state = desk.engine, desk.state
        match kind:
            case "kill.scope":
                strategies = [kind.name for kind in KINDS[: len(desk.config.strategies)]]
                name = chance.choice([*strategies, MANUAL, *state.instruments, *state.instruments, "binance"])
                level = chance.choice(LEVELS).value
                self.ask(Kill(level, FRIGHT, scope_of(name, engine), name))
            case "kill.order":
                if not state.orders.open:
                    return False
                self.ask(Kill(KillLevel.ALL.value, FRIGHT, "order", chance.choice(list(state.orders.open))))
            case "kill.twice":
                for level in chance.sample((KillLevel.HALT.value, KillLevel.FLATTEN.value), 2):
                    self.ask(Kill(level, FRIGHT))
            case "kill.resume":
                self.ask(Kill(chance.choice(LEVELS).value, FRIGHT))
                self._resume()
                self.ask(SetMode(Mode.NORMAL.value, "all is well", confirmed=True))
            case "resume":
                self._resume()
                self._person.reopen(engine, self.ask)
            case "reconcile":
                self.ask(Reconcile())
            case "accept":
                standing = [known.name for known in state.breaks.open()]
                if not standing:
                    return False
                name = chance.choice(standing)
                self.ask(AcceptBreak(name))
                self.ask(AcceptBreak(name, LOOKED, confirmed=True))
        return True

    def _resume(self) -> None:
        self.ask(Resume(LOOKED))
        self.ask(Resume(LOOKED, confirmed=True))
