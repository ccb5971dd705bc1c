"""What is armed. The exchange asks at its seams; with nothing armed that costs one truth test."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from midas.errors import ConfigInvalid
from midas.venues.sim.faults.arming import Armed, Order, Target
from midas.venues.sim.faults.hooks import ACTS, LASTS, Value
from midas.venues.sim.faults.reach import Reach

Handler = Callable[[Armed], None]
LOG_MAX = 1_000


class Firing(msgspec.Struct, frozen=True):
    """One time that a hook did its work."""

    armed: int
    hook: str
    at: int  # wall nanoseconds
    target: Target


class Faults:
    """Arms, disarms and hands out hooks."""

    def __init__(self, wall: Callable[[], int], speed: float = 1.0) -> None:
        self._wall = wall
        self._speed = speed
        self._armed: dict[int, Armed] = {}
        self._active: dict[str, list[Armed]] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._begins: dict[str, Handler] = {}
        self._ends: dict[str, Handler] = {}
        self._next = 1
        self.reach: Reach | None = None  # None: whatever is armed may find its target
        self._market_began: float | None = None
        self.log: deque[Firing] = deque(maxlen=LOG_MAX)

    def __bool__(self) -> bool:
        return bool(self._active)

    def on(self, hook: str, begin: Handler, end: Handler | None = None) -> None:
        """Who does a hook's work when it is due, and who ends it."""
        self._begins[hook] = begin
        if end is not None:
            self._ends[hook] = end

    def arm(self, order: Order) -> Armed:
        """Make a hook ready; it begins when its time has come. Raises ConfigInvalid if it never could."""
        if self.reach is not None:
            self.reach.check(order)
        armed = Armed(self._next, order)
        self._next += 1
        self._armed[armed.id] = armed
        if order.at_s is None:
            self._begin_in(order.after_s, armed)
        elif self._market_began is not None:
            self._begin_at_market(armed)
        return armed

    def fire(self, order: Order) -> Armed:
        """Now, and once."""
        once = 0 if order.kind == LASTS else 1
        return self.arm(msgspec.structs.replace(order, count=once, after_s=0.0, at_s=None))

    def armed(self) -> list[Armed]:
        """What is armed, oldest first."""
        return list(self._armed.values())

    def disarm(self, number: int) -> None:
        """Take one back; what it does at the moment ends. Raises ConfigInvalid."""
        if number not in self._armed:
            raise ConfigInvalid(f"nothing armed has the id {number}; it may have been used up")
        self._end(self._armed[number])

    def disarm_named(self, hook: str) -> None:
        """Take every `hook` back. Raises ConfigInvalid where none is armed."""
        found = [armed for armed in self.armed() if armed.order.hook == hook]
        if not found:
            raise ConfigInvalid(f"no {hook} is armed; it may have been used up")
        for armed in found:
            self._end(armed)

    def disarm_all(self) -> None:
        """Take everything back."""
        for armed in self.armed():
            self._end(armed)

    def market_started(self) -> None:
        """Times after the market's start count from now."""
        if self._market_began is None:
            self._market_began = asyncio.get_running_loop().time()
            for armed in self.armed():
                if armed.order.at_s is not None:
                    self._begin_at_market(armed)

    def find(self, hook: str, target: Target, **wanted: Value) -> Armed | None:
        """The oldest active `hook` that fits and whose parameters are as `wanted`; it stays as it is."""
        for armed in self._active.get(hook, ()):
            if armed.order.matches(target) and armed.order.has(wanted):
                return armed
        return None

    def take(self, hook: str, target: Target, **wanted: Value) -> Order | None:
        """The oldest active `hook` that fits: it does its work once more."""
        armed = self.find(hook, target, **wanted)
        if armed is None:
            return None
        self.used(armed, target)
        return armed.order

    def used(self, armed: Armed, target: Target) -> None:
        """`armed` did its work; the last time ends it."""
        armed.fired += 1
        self.log.append(Firing(armed.id, armed.order.hook, self._wall(), target))
        if armed.order.kind != LASTS and armed.fired == armed.order.count:
            self._end(armed)

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """What a hook still has to do, after a while."""
        asyncio.get_running_loop().call_later(seconds, call)

    def _begin_at_market(self, armed: Armed) -> None:
        assert self._market_began is not None and armed.order.at_s is not None
        due = self._market_began + armed.order.at_s / self._speed
        self._begin_in(due - asyncio.get_running_loop().time(), armed)

    def _begin_in(self, seconds: float, armed: Armed) -> None:
        if seconds <= 0:
            self._begin(armed)
        else:
            self._later(seconds, self._begin, armed)

    def _begin(self, armed: Armed) -> None:
        order, begin = armed.order, self._begins.get(armed.order.hook)
        armed.active = True
        if order.kind == ACTS:
            self._act(armed)
            return
        self._active.setdefault(order.hook, []).append(armed)
        if order.for_s > 0:
            self._later(order.for_s, self._end, armed)
        if order.kind == LASTS:
            self.used(armed, Target(symbol=order.symbol, account=order.account))
        if begin is not None:
            begin(armed)

    def _act(self, armed: Armed) -> None:
        """Do it, and again after a while where it is to be done more often."""
        self._begins[armed.order.hook](armed)
        self.used(armed, Target(symbol=armed.order.symbol, account=armed.order.account))
        if armed.id in self._armed:
            self._later(armed.order.every_s, self._act, armed)

    def _end(self, armed: Armed) -> None:
        self._armed.pop(armed.id, None)
        if (timer := self._timers.pop(armed.id, None)) is not None:
            timer.cancel()
        active = self._active.get(armed.order.hook, [])
        if armed not in active:
            return
        active.remove(armed)
        if not active:
            del self._active[armed.order.hook]
        if (end := self._ends.get(armed.order.hook)) is not None:
            end(armed)

    def _later(self, seconds: float, call: Handler, armed: Armed) -> None:
        self._timers[armed.id] = asyncio.get_running_loop().call_later(seconds, call, armed)
