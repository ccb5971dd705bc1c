"""One seed: a world that begins well, goes wrong, is healed, and then has to agree with its venue.

Phases, in virtual seconds: calm (0 to 30), faults as the plan says (to 480), healing, agreement within 120,
a last crash and start, a clean stop. What was violated is told as sentences; an empty list is the proof.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from midas.domain.time import SECOND
from midas.errors import EngineFailed, MidasError
from midas.runtime.shell import Paces
from midas.simulation.agreement import MONEY, differences
from midas.simulation.chance import Chance
from midas.simulation.clock import MachineClock, TrueClock
from midas.simulation.desk import Desk, Machine
from midas.simulation.hands import Hands
from midas.simulation.invariants import Inspector, Violation
from midas.simulation.loop import MANNERS, Process, SimLoop, SimulationError
from midas.simulation.network import Asked, Network, Weather
from midas.simulation.plan import HANDS, RESTART_S, Plan
from midas.simulation.repeat import differing
from midas.simulation.storage import Disk
from midas.simulation.trader import TURNS, Person, Whim
from midas.simulation.trouble import Trouble
from midas.simulation.venue import PAIRS, Venue, drive
from midas.venues.binance.client import Reply

AGREE_S = 120.0  # after healing: no order UNKNOWN, here as there
RESTART_MAX_S = 10.0  # where a desk doesn't come up
PERSON_S = 30.0  # mean wait of a person between two commands
MARKET_S = 6.0  # mean wait of one pair's market
LAG = 15 * SECOND  # two answers that count can't both fall into it
KILL_STANDS_S = 45.0  # after healing: nobody resumes before it was seen what it has left
CLOCKS = ("clock.jump", "clock.hour", "clock.drift")
LOOK_S = 10.0  # between two looks at what takes time to come right
QUIETS = (10.0, 30.0, 30.0, 30.0)  # seconds of silence on the user stream until it is asked
STOPS_EVERY = 4  # worlds: in those, positions have stops
TAPED_EVERY = 8  # worlds: a replay costs as much again as its engine's steps
TICKS = (1, *(5,) * 11)  # seconds between two ticks: a quiet desk costs the most


class Verdict(msgspec.Struct, frozen=True):
    """What one world came to."""

    seed: int
    violations: tuple[str, ...]
    virtual_seconds: float
    orders: int
    faults: dict[str, int]  # what really happened, by kind
    lives: int
    steps: int
    trace: str
    pairs: dict[str, int] = {}  # what orders met, by state and event
    place: int = 0  # of its plan
    plan: Plan | None = None  # of a world that violated something
    hands: dict[str, int] = {}  # what a busy person and the guard really did, by kind


class World:
    """Made of a plan; `run` once."""

    def __init__(self, plan: Plan, taped: bool = False, stops: bool | None = None) -> None:
        """`taped`: keep what a replay needs. `stops`: give positions stops; None: as the seed says."""
        self.plan = plan
        self.chance = chance = Chance(plan.seed)
        draw = chance.stream("world")
        self.loop = loop = SimLoop(chance.stream("loop"), draw.choice(MANNERS))
        self._crash_steps = list(plan.crash_steps)
        loop.crash_at, loop.on_crash = self._next_crash(0), self._crash_here
        self.weather = Weather()
        self.disk = Disk(loop, chance.stream("disk"))
        self.disk.refused_call = plan.disk_call
        pairs = PAIRS[: draw.choice((1, 1, 2))]
        self.venue = Venue(TrueClock(loop), chance.stream("venue"), pairs)
        self.network = Network(loop, chance.stream("net"), self.weather, self._served)
        self.network.on_left = self._left
        self.network.nth, self.network.nth_kind = plan.request, plan.request_kind
        turns = plan.turns or TURNS
        whims = tuple(Whim(draw.getrandbits(32), turns) for _ in range(draw.choice((1, 2))))
        paces = Paces(draw.choice(TICKS) * SECOND, 60 * SECOND)
        self.machine = Machine(
            loop, MachineClock(loop), self.disk, self.network, self.venue, chance.stream("broker"), whims,
            paces, draw.choice(QUIETS), taped or plan.seed % TAPED_EVERY == 0,
            plan.seed % STOPS_EVERY == STOPS_EVERY - 1 if stops is None else stops,
        )  # fmt: skip
        self.person = Person(chance.stream("trader"))
        self.violations: list[Violation] = []
        self.inspector = Inspector(plan.seed, self.venue, self.disk, self.network, self.violate)
        self.hands = hands = Hands(plan.seed, self.machine, self.person, lambda: self.desk)
        hands.guard.on_latched = self.inspector.guard_acts
        self._busy = any(fault.kind in HANDS for fault in plan.faults)
        self.trouble = Trouble(
            self.machine, self.person, hands, chance.stream("plan"), lambda: self.desk, self.crash
        )
        self.inspector.on_planned = self.trouble.planned
        self.inspector.on_close = hands.ended
        self.desks: list[Desk] = []
        self._chance = chance.stream("plan")
        self._nobody = contextvars.Context()
        self._person_s = plan.person_s or PERSON_S
        self._healed = False
        self.healed_at_step = 0
        self._over = False
        self._wait_s = RESTART_S
        self._end: asyncio.Future[None] = loop.create_future()

    @property
    def desk(self) -> Desk:
        """The newest life."""
        return self.desks[-1]

    def run(self) -> Verdict:
        """Everything; never raises for what the world does to the desk."""
        loop = self.loop
        try:
            drive(
                self.venue, self.network.later, self.chance.stream("market"), self.plan.market_s or MARKET_S
            )
            for fault in self.plan.faults:
                self._at(fault.at, self.trouble.begin, fault)
            self._at(self.plan.heal, self._heal)
            self._at(min(10.0, self._person_s), self._person)
            self._at(1.0, self._second)
            story = loop.spawn(Process("world"), self._story())
            story.add_done_callback(lambda _: self._end_now(), context=self._nobody)
            loop.run(self._end)
            if story.done():
                story.result()
                self._replayed()
        except SimulationError as error:
            self.violate("I9", f"{type(error).__name__}: {error}")
        finally:
            self.venue.ended = True
            self._bury()
        return self._verdict()

    def violate(self, invariant: str, evidence: str) -> None:
        """Something that must never be has been: it is told, and this world ends with the step."""
        self.violations.append(Violation(invariant, self.plan.seed, self.loop.steps, self.loop.now, evidence))
        self._end_now()

    def _end_now(self) -> None:
        if not self._end.done():
            self._end.set_result(None)

    # the phases

    async def _story(self) -> None:
        self._born()
        await asyncio.sleep(self.plan.heal)
        desk, passes = self.desk, self.inspector.passes
        await self._agreed()
        await asyncio.sleep(max(0.0, self.plan.ends - self.loop.now))
        idle = self.plan.ends - self.plan.heal >= AGREE_S and desk is self.desk
        if idle and self.inspector.passes == passes:
            self.violate("I9", f"no pass over the account in {AGREE_S:.0f} s")
        self.crash()
        await self._agreed()
        await self._stopped()

    def _born(self) -> None:
        """A life begins; the supervisor sees its end, whatever ends it."""
        desk = Desk(self.machine, len(self.desks) + 1)
        self.desks.append(desk)
        self.inspector.meet(desk)
        desk.life = life = self.loop.spawn(desk.process, desk.live())
        life.add_done_callback(lambda _: self._ended(desk), context=self._nobody)

    def _ended(self, desk: Desk) -> None:
        if desk.process.alive and not self._over:
            assert desk.life is not None
            self._judge_end(desk.life)
            desk.process.alive = False
            desk.journal.cut(desk.journal.durable)  # what it held in memory is gone with it
            self._wait_s = RESTART_S if desk.runner is not None else min(RESTART_MAX_S, 2 * self._wait_s)
            self._at(self.loop.now + self._wait_s, self._born)

    def _judge_end(self, ended: asyncio.Task[Any]) -> None:
        error = ended.exception() if ended.done() and not ended.cancelled() else None
        if isinstance(error, EngineFailed) or not (error is None or isinstance(error, MidasError)):
            self.violate("I9", f"the engine failed: {type(error).__name__}: {error}")

    async def _agreed(self) -> None:
        """Wait until desk and venue agree."""
        deadline, told = self.loop.now + AGREE_S, [""]
        while self.loop.now < deadline:
            await asyncio.sleep(1.0)
            told = list(self._differences()) if self.desk.up else ["the desk doesn't come up"]
            if not told:
                return
        name = "I1" if any(one.startswith(MONEY) for one in told) else "I9"
        self.violate(name, f"no agreement within {AGREE_S:.0f} s: {'; '.join(told)}")

    async def _stopped(self) -> None:
        desk = self.desk
        if desk.runner is None or desk.life is None:
            return
        self._over = True
        desk.runner.close("the world ends")
        await asyncio.wait([desk.life], timeout=AGREE_S)
        if not desk.life.done():
            self.violate("I9", f"a clean stop took more than {AGREE_S:.0f} s")
            return
        self._judge_end(desk.life)
        # A stop that is left at the venue goes on trading there without us.
        alone = any(order.protects for order in desk.state.orders.open.values())
        for difference in () if alone else self._differences():
            self.violate("I9", f"after a clean stop: {difference}")
        self.inspector.dying(desk)

    def _replayed(self) -> None:
        """I8 for every decision, in the worlds that kept their tapes."""
        for desk in self.desks if self.machine.taped else ():
            for difference in differing(desk):
                self.violate("I8", difference)

    # what goes wrong

    def _crash_here(self) -> None:
        if self.desks:
            self.crash()
        self.loop.crash_at = self._next_crash(self.loop.steps)

    def _next_crash(self, now: int) -> int:
        return now + self._crash_steps.pop(0) if self._crash_steps else 0

    def crash(self) -> None:
        """SIGKILL and a power cut at once."""
        desk = self.desk
        if desk.process.alive:
            self.loop.kill(desk.process)
            desk.client.session.closed = True
            if desk.client.socket is not None:
                desk.client.socket.hang_up()
            if desk.feed is not None and desk.feed.line is not None:
                desk.feed.line.close()
            self.inspector.dying(desk)
            self.disk.lose(desk.journal)
            self._at(self.loop.now + RESTART_S, self._born)

    def _heal(self) -> None:
        self._healed = True
        self.healed_at_step = self.loop.steps
        self.trouble.heal()

    def _person(self) -> None:
        """A person looks now and then, does something, and sets right what stands still."""
        if self._over:
            return
        looked_at = self.disk.latched is None or self.loop.now > self.plan.heal + KILL_STANDS_S
        if self.desk.up and (looked_at or not self._healed):
            if self._chance.random() < 0.5 or self._healed:
                self.person.calm(self.desk.engine, self.hands.ask)
            else:
                self.person.act(self.desk.engine, self.hands.ask)
        self._at(self.loop.now + self._chance.expovariate(1 / self._person_s), self._person)

    def _at(self, at: float, call: Any, *arguments: Any) -> None:
        self.loop.call_at(at, call, *arguments, context=self._nobody)

    # what must hold

    def _served(self, asked: Asked) -> Any:
        if asked.place == "DELETE order" and self._chance.random() < self.weather.race:
            self.trouble.hits["fill.race"] += self.venue.fill_first(asked, self._chance)
        reply = self.venue.serve(asked)
        if self.weather.lagging and asked.place == "GET order" and reply.status == 200:
            reply = self._lagged(asked, reply)
        self.inspector.served(self.desk, asked, reply.status)
        self.loop.note(reply.status ^ len(reply.body))
        return reply

    def _lagged(self, asked: Asked, reply: Reply) -> Reply:
        """A part of the venue that hasn't heard of a young order; under a wrong clock nobody can tell age."""
        client_id, number = (asked.parameters.get(name) for name in ("origClientOrderId", "orderId"))
        order = self.venue.exchange.find(
            self.venue.account, asked.parameters["symbol"], int(number) if number else None, client_id
        )
        wrong_clock = any(self.trouble.hits[kind] for kind in CLOCKS)
        if order is None or wrong_clock or self.venue.now() - order.created_at > LAG:
            return reply
        self.trouble.hits["lagging"] += 1
        return Reply(400, reply.headers, b'{"code":-2013,"msg":"Order does not exist."}')

    def _left(self, client_id: str) -> bool:
        self.inspector.left(self.desk, client_id)
        return self.trouble.left()

    def _second(self) -> None:
        self.trouble.look()
        self.inspector.second(self.desk, self.loop.now, self.trouble.disturbed)
        for evidence in self.hands.broken(self.desk):
            self.violate("I12", evidence)
        self._at(self.loop.now + LOOK_S, self._second)

    def _differences(self) -> Iterator[str]:
        return differences(self.desk.state, self.venue, self._over, self._busy)

    def _bury(self) -> None:
        """Let go of every task of every life, silently: what their `finally` says is of no effect."""
        self.trouble.forget()
        before, sys.unraisablehook = sys.unraisablehook, lambda _: None
        try:
            for desk in self.desks:
                desk.process.alive = False
                for task in desk.process.tasks:
                    task._log_destroy_pending = False  # type: ignore[attr-defined]
                    with contextlib.suppress(RuntimeError):  # it would wait for something once more
                        task.get_coro().close()
                desk.process.tasks.clear()
            self.loop.forget()
        finally:
            sys.unraisablehook = before

    def _verdict(self) -> Verdict:
        sent, met = len(self.network.left), self.trouble.hits + self.weather.hits
        acts = {kind: met.pop(kind) for kind in HANDS if kind in met}
        return Verdict(
            self.plan.seed, tuple(map(str, self.violations)), self.loop.now, sent,
            dict(met), len(self.desks), self.loop.steps, f"{self.loop.trace:016x}",
            dict(self.inspector.pairs), self.plan.place, self.plan if self.violations else None,
            acts,
        )  # fmt: skip
