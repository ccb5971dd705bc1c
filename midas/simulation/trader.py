"""Who trades in a simulated world: two strategies without sense, and a person who uses every command.

A strategy's own chance comes from its parameters and is moved by what it is shown alone, so that a replay of
its session hears it say the same.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import ClassVar

import msgspec

from midas.domain.command import (
    AmendOrder,
    CancelEntries,
    CancelOrder,
    ClosePosition,
    Command,
    Kill,
    PlaceOrder,
    Resume,
    SetMode,
    SetStrategy,
)
from midas.domain.mode import KillLevel, Mode
from midas.domain.opinion import Family, Opinion, Urgency
from midas.engine.engine import Engine
from midas.ports.strategy import Briefing, Hears, MarketView, Strategy
from midas.state.state import MANUAL

TURNS = 0.07
FAR = 60  # ticks: an order that rests until somebody withdraws it
Ask = Callable[[Command], None]


class Whim(msgspec.Struct, frozen=True):
    """How often a strategy changes its mind, and from which seed."""

    seed: int
    turns: float = TURNS  # of the book's changes
    rush: float = 0.4  # of the opinions are in a hurry


class Wanderer:
    """Wants in and out for no reason."""

    name: ClassVar[str] = "wanderer"
    family: ClassVar[Family] = Family.SCALPING
    hears: ClassVar[str] = Hears.BOOK
    trades_unknown: ClassVar[bool] = True
    Parameters: ClassVar[type[msgspec.Struct]] = Whim

    def __init__(self, parameters: msgspec.Struct) -> None:
        assert isinstance(parameters, Whim)
        self._whim = parameters
        self._chance = random.Random(parameters.seed)
        self._wants: dict[str, Opinion] = {}

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        """The same as before, mostly."""
        chance, name = self._chance, market.instrument.id
        if chance.random() < self._whim.turns:
            hurry = chance.random() < self._whim.rush
            self._wants[name] = Opinion(
                direction=1.0 if chance.random() < 0.5 else 0.0,
                confidence=1.0 if chance.random() < 0.5 else 0.5,
                urgency=Urgency.AGGRESSIVE if hurry else Urgency.PASSIVE,
                reason="a whim",
            )
        return self._wants.get(name)


class Drifter(Wanderer):
    """Another of the kind, so that two share an account."""

    name: ClassVar[str] = "drifter"


KINDS: tuple[type[Wanderer], ...] = (Wanderer, Drifter)


def strategies(whims: tuple[Whim, ...]) -> list[Strategy]:
    """One strategy a whim."""
    return [kind(whim) for kind, whim in zip(KINDS, whims, strict=False)]


def scope_of(name: str, engine: Engine) -> str:
    """What a name names: a strategy, an instrument or the venue."""
    state = engine.state
    if name in state.instruments:
        return "instrument"
    return "venue" if name in {pair.venue for pair in state.instruments.values()} else "strategy"


class Person:
    """Gives one command at a time, drawn from its chance; what needs two steps gets both."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._tickets = 0

    def act(self, engine: Engine, ask: Ask) -> None:
        """Do something."""
        chance = self._chance
        act = chance.choice((self._place, self._place, self._place, self._amend, self._amend, self._cancel,
                             self._cancel_entries, self._close, self._mode, self._strategy))  # fmt: skip
        act(engine, ask)

    def rest(self, engine: Engine, ask: Ask) -> None:
        """Place an order that stays."""
        market = self._chance.choice(list(engine.state.markets.values()))
        if market.bid_lots:
            self._tickets += 1
            quantity, price = market.instrument.quantity(50), market.instrument.price(market.bid - FAR)
            ask(
                PlaceOrder(
                    f"t{self._tickets}", market.instrument.id, "BUY", "LIMIT", str(quantity), str(price),
                    MANUAL, True,
                )
            )  # fmt: skip

    def kill(self, engine: Engine, ask: Ask) -> None:
        """Stop, at any level but the one that leaves the venue for good."""
        level = self._chance.choice((KillLevel.HALT, KillLevel.ALL, KillLevel.FLATTEN))
        ask(Kill(level.value, "a simulated fright"))

    def calm(self, engine: Engine, ask: Ask) -> None:
        """Set everything going again: latch, mode, strategies."""
        control = engine.state.control
        if control.latched:
            ask(Resume("looked at it"))
            ask(Resume("looked at it", confirmed=True))
        elif control.mode is not Mode.NORMAL:
            ask(SetMode(Mode.NORMAL.value, "all is well", confirmed=True))
        for kind in KINDS:
            if control.paused(kind.name) is not None:
                ask(SetStrategy(kind.name, running=True, confirmed=True))
        self.reopen(engine, ask)

    def reopen(self, engine: Engine, ask: Ask) -> None:
        """Open whatever the kill of a scope has closed, in both steps at once."""
        for gate in list(engine.state.control.gates.values()):
            if gate.level:
                scope = scope_of(gate.scope, engine)
                ask(Resume("looked at it", False, scope, gate.scope))
                ask(Resume("looked at it", True, scope, gate.scope))

    def _place(self, engine: Engine, ask: Ask) -> None:
        chance = self._chance
        market = chance.choice(list(engine.state.markets.values()))
        if not market.bid_lots or not market.ask_lots:
            return
        side, kind = chance.choice(("BUY", "SELL")), chance.choice(("LIMIT", "LIMIT_MAKER", "MARKET"))
        away = chance.choice((chance.randint(0, 5), FAR))
        ticks = market.bid - away if side == "BUY" else market.ask + away
        price = "" if kind == "MARKET" else str(market.instrument.price(ticks))
        self._tickets += 1
        command = PlaceOrder(
            f"t{self._tickets}", market.instrument.id, side, kind,
            str(market.instrument.quantity(chance.randint(10, 400))), price, MANUAL, True,
        )  # fmt: skip
        ask(command)
        if chance.random() < 0.1:
            ask(command)  # the key was held

    def _amend(self, engine: Engine, ask: Ask) -> None:
        mine = [o for o in engine.state.orders.open.values() if o.intent.ticket and o.intent.price]
        if mine:
            order = self._chance.choice(mine)
            pair = engine.state.instruments[order.intent.instrument]
            assert order.intent.price is not None
            price = order.intent.price + pair.price(self._chance.randint(-4, 4))
            quantity = pair.quantity(self._chance.randint(10, 400))
            self._tickets += 1
            ask(AmendOrder(f"t{self._tickets}", order.intent.client_id, str(quantity), str(price), True))

    def _cancel(self, engine: Engine, ask: Ask) -> None:
        if engine.state.orders.open:
            ask(CancelOrder(self._chance.choice(list(engine.state.orders.open))))

    def _cancel_entries(self, engine: Engine, ask: Ask) -> None:
        ask(CancelEntries())

    def _close(self, engine: Engine, ask: Ask) -> None:
        held = [s for s in engine.state.sleeves() if s.quantity > 0]
        if held:
            sleeve = self._chance.choice(held)
            ask(ClosePosition(sleeve.instrument, sleeve.strategy, confirmed=True))

    def _mode(self, engine: Engine, ask: Ask) -> None:
        mode = self._chance.choice((Mode.DEFENSIVE, Mode.OBSERVATION, Mode.PAUSE))
        ask(SetMode(mode.value, "a simulated doubt", confirmed=True))

    def _strategy(self, engine: Engine, ask: Ask) -> None:
        ask(SetStrategy(self._chance.choice(KINDS).name, running=False, reason="a simulated doubt"))
