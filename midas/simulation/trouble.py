"""What goes wrong in one world: each fault of its plan as it begins and as it ends."""

from __future__ import annotations

import contextvars
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from midas.domain.time import SECOND
from midas.simulation import plan as plans
from midas.simulation.desk import Desk, Machine
from midas.simulation.hands import Hands
from midas.simulation.network import RETRY_AFTER_S
from midas.simulation.plan import REQUESTS, Fault
from midas.simulation.trader import Person

SLOW_SYNC_S = 5.0
HOUR = 3_600 * SECOND
BANS = ("limited", "banned")  # they outlast their window
WHERE_THEY_HAPPEN = ("fill.race", "lagging")  # these are counted, not where their window opens
BETWEEN = {  # two writes, where a crash may come: one of these, by a fault's rate
    "crash.latch": ("latch", "latch named"),
    "crash.closing": ("closing", "synced", "sealed"),
}


class Trouble:
    """The plan's hand in a world; `disturbed` says when something last began, went on or ended."""

    def __init__(
        self, machine: Machine, person: Person, hands: Hands, chance: random.Random,
        desk: Callable[[], Desk], crash: Callable[[], None],
    ) -> None:  # fmt: skip
        self._machine = machine
        self._loop = machine.loop
        self._weather = machine.network.weather
        self._person = person
        self._hands = hands
        self._chance = chance
        self._desk = desk
        self._crash = crash
        self._nobody = contextvars.Context()
        self._ambush: list[Fault] = []  # each waits for the next order, or the next write
        self._hour = 0  # so wrong is the clock, nanoseconds
        self.hits: Counter[str] = Counter()
        self.disturbed = 0.0
        machine.disk.on_write = self._writes

    def begin(self, fault: Fault) -> None:
        """It is time."""
        kind = fault.kind
        self.disturbed = self._loop.now
        if kind in REQUESTS:
            self._weather.requests[kind] = fault.rate
            self._at(fault.until, self._closes, fault)
        elif kind in plans.STATES:
            self.hits[kind] += kind not in WHERE_THEY_HAPPEN
            self._state(fault, on=True)
            self._at(fault.until, self._closes, fault)
        elif kind == "guard":
            self._stand_still(on=True)
            acts_at = fault.at + fault.rate * (fault.until - fault.at)
            self._at(acts_at, self._by_hands, fault)
            self._at(fault.until, self._closes, fault)
        elif kind in plans.HANDS:
            self._by_hands(fault)
        elif kind in BETWEEN or kind.endswith(".midway"):
            self._lies_in_wait(fault)
        else:
            self.hits[kind] += self._moment(fault)

    def heal(self) -> None:
        """Nothing is wrong any more, and nothing will be."""
        machine = self._machine
        self.disturbed = self._loop.now
        self.forget()
        self._weather.clear()
        machine.disk.full, machine.disk.slow_s = False, 0.0
        machine.clock.mend()
        self._hour = 0
        for pair in machine.venue.pairs:
            machine.venue.halt(pair.symbol, "TRADING")
        machine.network.thaw()

    def forget(self) -> None:
        """Nothing lies in wait any more."""
        self._ambush.clear()

    def look(self) -> None:
        """Now and then: whether something is still wrong."""
        weather, disk, desk = self._weather, self._machine.disk, self._desk()
        ways = weather.requests or weather.slow or weather.cut or weather.deaf or weather.mute
        if ways or not desk.up or disk.full or disk.slow_s or self._loop.stopped(desk.process):
            self.disturbed = max(self.disturbed, self._loop.now)

    def left(self) -> bool:
        """An order's bytes leave; whether they are lost with the machine."""
        fault = self._waits("crash.midway")
        if fault is not None:
            self._at(self._loop.now, self._crash)
        return fault is not None and fault.rate < 0.5

    def planned(self) -> None:
        """An order waits for the disk."""
        if fault := self._waits("kill.midway"):
            self._at(self._loop.now, self._fright, fault)

    def _closes(self, fault: Fault) -> None:
        self.disturbed = self._loop.now + max(RETRY_AFTER_S.values()) * (fault.kind in BANS)
        if fault.kind in REQUESTS:
            self._weather.requests.pop(fault.kind, None)
        else:
            self._state(fault, on=False)

    def _state(self, fault: Fault, on: bool) -> None:
        weather, machine = self._weather, self._machine
        match fault.kind:
            case "slow.network":
                weather.slow = on
            case "half.open":
                weather.cut = on
            case "deaf":
                weather.deaf = on
            case "user.silent":
                weather.mute = on
            case "lagging":
                weather.lagging = on
            case "fill.race":
                weather.race = fault.rate if on else 0.0
            case "disk.full":
                machine.disk.full = on
            case "disk.slow":
                machine.disk.slow_s = SLOW_SYNC_S if on else 0.0
            case "stopped" | "guard":
                self._stand_still(on)
            case "halted":
                machine.venue.halt(machine.venue.pairs[0].symbol, "HALT" if on else "TRADING")
        if not on and not (weather.cut or weather.deaf):
            machine.network.thaw()

    def _stand_still(self, on: bool) -> None:
        if on:
            self._loop.suspend(self._desk().process)
        else:
            self._loop.proceed()
            self._machine.network.proceed()

    def _by_hands(self, fault: Fault) -> None:
        self.hits[fault.kind] += self._hands.do(fault)

    def _moment(self, fault: Fault) -> bool:
        """Whether there was somebody whom it met."""
        family, _, what = fault.kind.partition(".")
        if family in ("user", "market"):
            return self._breaks(family, what, fault.rate)
        if family == "clock":
            return self._misleads(what, fault.rate)
        match fault.kind:
            case "crash":
                self._crash()
            case "stop":
                return self._stops()
            case "kill":
                self._fright(fault)
            case "by.hand":
                self._machine.venue.by_hand(self._chance)
        return True

    def _breaks(self, stream: str, how: str, rate: float) -> bool:
        desk = self._desk()
        user = desk.client.socket.line if desk.client.socket is not None else None
        line = user if stream == "user" else desk.feed.line if desk.feed is not None else None
        if line is None:
            return False
        match how:
            case "drop":
                line.cut()
            case "duplicate":
                line.twice += 1 + int(rate * 10)
            case "skip":
                line.skips += 1 + int(rate * 3)
            case "gap" if desk.feed is not None:
                desk.feed.gaps += 1
        return True

    def _misleads(self, how: str, rate: float) -> bool:
        clock = self._machine.clock
        match how:
            case "jump":
                clock.jump(int((rate - 0.5) * 20 * SECOND))
            case "hour":
                step = -self._hour or (HOUR if rate < 0.5 else -HOUR)
                self._hour += step
                clock.jump(step)
            case "drift":
                clock.drift((rate - 0.5) * 2_000)
        return True

    def _stops(self) -> bool:
        desk = self._desk()
        if not desk.up or desk.runner is None:
            return False
        desk.runner.close("a simulated stop")
        return True

    def _fright(self, fault: Fault) -> None:
        desk = self._desk()
        if self._loop.stopped(desk.process):  # who listens for the kill stands still too
            self._at(self._loop.now + 1.0, self._fright, fault)
        elif fault.rate < 0.5 and desk.up:
            wait_s = 4.0 * fault.rate if fault.kind == "kill" else 0.0
            if wait_s:  # something of a person's rests, or is on its way to, when the kill comes
                self._person.rest(desk.engine, desk.command)
            self._at(self._loop.now + wait_s, self._kill_by_command)
        else:
            desk.pull(("halt", "all", "flatten")[int(fault.rate * 100) % 3], "a simulated fright")

    def _kill_by_command(self) -> None:
        desk = self._desk()
        if desk.up:
            self._person.kill(desk.engine, desk.command)

    # what waits for its moment

    def _lies_in_wait(self, fault: Fault) -> None:
        self._ambush.append(fault)
        if fault.kind == "crash.closing":
            self._stops()

    def _waits(self, kind: str) -> Fault | None:
        """The ambush of this kind, which happens now."""
        found = next((fault for fault in self._ambush if fault.kind == kind), None)
        if found is not None:
            self._ambush.remove(found)
            self.hits[kind] += 1
        return found

    def _writes(self, moment: str) -> None:
        """The disk is in the middle of something."""
        for fault in self._ambush:
            moments = BETWEEN.get(fault.kind, ())
            if moments and moments[int(fault.rate * 0.999 * len(moments))] == moment:
                self._ambush.remove(fault)
                self.hits[fault.kind] += 1
                self._crash()
                return

    def _at(self, at: float, call: Any, *arguments: Any) -> None:
        self._loop.call_at(at, call, *arguments, context=self._nobody)
